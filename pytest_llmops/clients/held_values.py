"""What the values of a Redis cache hold: the keys are found whose name or value has one of some texts."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_llmops.clients.redis import Redis

MOST = 20_000
"""Keys of a cache that are read at most."""

AT_ONCE = 500

_READ: dict[bytes, tuple[str, tuple[Any, ...]]] = {
    b"string": ("get", ()),
    b"list": ("lrange", (0, -1)),
    b"set": ("smembers", ()),
    b"zset": ("zrange", (0, -1)),
    b"hash": ("hgetall", ()),
    b"stream": ("xrange", ()),
}
"""Type of a key to the command of the library that reads all of it."""


class HeldValues:
    """The values of a cache.

    Args:
        client: of the server.

    Raises:
        Unsupported: the target does not say which keys are a cache.
    """

    def __init__(self, client: Redis) -> None:
        self._patterns: list[str] = getattr(client.part, "cache", [])
        if not self._patterns:
            raise Unsupported(
                f"{client.component}: nothing says which of its keys are a cache; give components.{client.component}."
                f"cache, such as ['shop:cache:*']"
            )
        self._client = client
        self._library = client.library

    def holding(self, texts: Iterable[str]) -> list[bytes]:
        """The keys with one of the texts in their name or value, in capitals or not.

        Raises:
            Unsupported: there are too many keys to be read.
            CallFailed: the server failed.
        """
        wanted = [text.lower().encode() for text in texts]
        keys = sorted({key for pattern in self._patterns for key in self._matching(pattern)})
        if len(keys) > MOST:
            raise Unsupported(
                f"{self._client.component}: its cache has {len(keys)} keys, more than the {MOST} that are read"
            )
        values = {key: value for part in _in_parts(keys) for key, value in self._values(part).items()}
        return [key for key in keys if any(text in one for one in (key.lower(), values[key]) for text in wanted)]

    def delete(self, keys: Sequence[bytes]) -> None:
        """Delete keys."""
        if keys:
            self._client.send(
                "DEL", lambda: self._library.delete(*keys), *(key.decode(errors="replace") for key in keys)
            )

    def _matching(self, pattern: str) -> list[bytes]:
        found = self._client.send(
            "SCAN", lambda: [*self._library.scan_iter(match=pattern, count=1000)], "0", "MATCH", pattern
        )
        return list(found)

    def _values(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """All that keys hold, in small letters; nothing of one that is gone meanwhile, or of a type of its own."""
        kinds = self._all("TYPE", [("type", (key,)) for key in keys])
        known = {key: _READ[kind] for key, kind in zip(keys, kinds, strict=True) if kind in _READ}
        found = self._all("GET", [(command, (key, *more)) for key, (command, more) in known.items()])
        values = {key: b"\n".join(_flat(value)).lower() for key, value in zip(known, found, strict=True)}
        return {**dict.fromkeys(keys, b""), **values}

    def _all(self, command: str, asks: Iterable[tuple[str, tuple[Any, ...]]]) -> list[Any]:
        """Send commands of the library in one go; of one that failed its failure."""
        pipe = self._library.pipeline(transaction=False)
        for name, words in asks:
            getattr(pipe, name)(*words)
        return list(self._client.send(command, lambda: pipe.execute(raise_on_error=False)))


def _in_parts(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    left = iter(keys)
    while part := list(islice(left, AT_ONCE)):
        yield part


def _flat(value: Any) -> Iterator[bytes]:
    """The bytes in whatever a read came to."""
    if isinstance(value, bytes):
        yield value
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _flat(pair)
    elif isinstance(value, list | tuple | set):
        for one in value:
            yield from _flat(one)
