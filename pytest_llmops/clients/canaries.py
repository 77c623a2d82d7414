"""Canaries: numbers written one after the other to a place of their own in a store, and read back from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pytest_llmops.clients.kept_collection import result_of
from pytest_llmops.clients.redis import Redis
from pytest_llmops.clients.vectors import Vectors

if TYPE_CHECKING:
    from pytest_llmops.clients.client import Client

KEPT_S = 3600
"""After which Redis drops them of itself, should nobody have removed them."""

MOST = 10_000
"""Canaries that are read back at the most."""


class Canaries(Protocol):
    """A place for canaries in a store."""

    @property
    def there(self) -> bool:
        """Whether the place is there.

        Raises:
            CallFailed: the store does not answer.
        """
        ...

    @property
    def by_hand(self) -> str:
        """How a person removes it."""
        ...

    def make(self) -> None:
        """Make the place, with the canary 0 in it.

        Raises:
            CallFailed: it was not made.
        """
        ...

    def write(self, number: int) -> None:
        """Write a canary; it is acknowledged once this returns.

        Raises:
            CallFailed: it was not written, as far as anybody knows.
        """
        ...

    def read(self) -> set[int]:
        """The canaries that are there; none where the place is not.

        Raises:
            CallFailed: the store does not answer.
        """
        ...

    def remove(self) -> None:
        """Remove the place with all that is in it.

        Raises:
            CallFailed: it may still be there.
        """
        ...


def canaries(client: Client, name: str) -> Canaries | None:
    """The canaries of a name in a store; None where nothing can be written to it that touches nobody's data.

    Args:
        client: of the store.
        name: of the place, such as ``llmops-canary-1f2e``.
    """
    if isinstance(client, Redis):
        return InRedis(client, name)
    if isinstance(client, Vectors):
        return InQdrant(client, name)
    return None


class InRedis:
    """Canaries as a list under one key, which expires."""

    def __init__(self, client: Redis, key: str) -> None:
        self._client = client
        self._key = key

    @property
    def there(self) -> bool:
        """Whether the key is there."""
        return bool(self._client.send("EXISTS", lambda: self._client.library.exists(self._key), self._key))

    @property
    def by_hand(self) -> str:
        """A command of redis-cli."""
        return f"in redis-cli: DEL {self._key}"

    def make(self) -> None:
        """Write the canary 0."""
        self.write(0)

    def write(self, number: int) -> None:
        """Append it."""
        put: Any = self._client.library.pipeline(transaction=True).rpush(self._key, number).expire(self._key, KEPT_S)
        self._client.send("RPUSH", put.execute, self._key, str(number))

    def read(self) -> set[int]:
        """All of the list."""
        return {int(one) for one in self._client.send("LRANGE", self._range, self._key, "0", "-1")}

    def remove(self) -> None:
        """Delete the key."""
        self._client.send("DEL", lambda: self._client.library.delete(self._key), self._key)

    def _range(self) -> list[bytes]:
        return list(self._client.library.lrange(self._key, 0, -1))


class InQdrant:
    """Canaries as points of a collection of their own, which holds nothing else; the number is the point's id."""

    def __init__(self, client: Vectors, collection: str) -> None:
        self._client = client
        self._collection = collection
        self._path = f"/collections/{collection}"

    @property
    def there(self) -> bool:
        """Whether the collection is there."""
        return self._collection in self._client.collections()

    @property
    def by_hand(self) -> str:
        """A request."""
        return f"DELETE {self._path} of {self._client.component}"

    def make(self) -> None:
        """Make the collection, and write the canary 0."""
        body = {"vectors": {"size": 2, "distance": "Dot"}}
        self._client.http.call("PUT", self._path, body=body).ok()
        self.write(0)

    def write(self, number: int) -> None:
        """Write a point, and wait until it is stored."""
        body = {"points": [{"id": number, "vector": [1.0, 1.0], "payload": {"by": "llmops"}}]}
        result_of(self._client.http.call("PUT", f"{self._path}/points?wait=true", body=body))

    def read(self) -> set[int]:
        """The ids of all points."""
        if not self.there:
            return set()
        body = {"limit": MOST, "with_vector": False, "with_payload": False}
        found = result_of(self._client.http.call("POST", f"{self._path}/points/scroll", body=body))
        return {int(point["id"]) for point in found.get("points", [])}

    def remove(self) -> None:
        """Drop the collection."""
        self._client.http.call("DELETE", self._path).ok()
