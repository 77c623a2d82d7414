"""The points of a Qdrant collection that belong to one user: counted, deleted; one is written in a user's name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pytest_llmops.clients.kept_collection import result_of
from pytest_llmops.errors import Unsupported
from pytest_llmops.samples import Prompt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.vectors import Vectors


_ONE = Prompt("one", "")
"""Stands for the one vector that is asked for."""


class OwnedPoints:
    """The points of a user in the target's own collection.

    Args:
        client: of the server.
        user: id of the user.

    Raises:
        Unsupported: the target does not say by which key of its payload a point belongs to somebody.
    """

    def __init__(self, client: Vectors, user: str) -> None:
        if client.config.owner is None:
            raise Unsupported(
                f"{client.component}: nothing says which key of a point's payload holds the user's id; give the "
                f"component owner = …"
            )
        self._client = client
        self._path = f"/collections/{client.own()}/points"
        self._theirs = {"must": [{"key": client.config.owner, "match": {"value": user}}]}

    def count(self) -> int:
        """How many there are."""
        body = {"filter": self._theirs, "exact": True}
        return int(result_of(self._client.http.call("POST", f"{self._path}/count", body=body))["count"])

    def delete(self) -> None:
        """Delete them, and wait until that is so."""
        self._client.http.call("POST", f"{self._path}/delete?wait=true", body={"filter": self._theirs}).ok()

    def write(self, payload: Mapping[str, Any]) -> None:
        """Write one, as far as can be from what is there: no search of anybody else comes upon it.

        Args:
            payload: its own; the key of the owner is in it.

        Raises:
            CallFailed: the collection has no points, so nobody knows what one is made of; or it was not written.
        """
        [near] = self._client.stored([_ONE]).values()
        far = [-number for number in near]
        named = {self._client.config.vector: far} if self._client.config.vector else far
        body = {"points": [{"id": str(uuid4()), "vector": named, "payload": dict(payload)}]}
        result_of(self._client.http.call("PUT", f"{self._path}?wait=true", body=body))
