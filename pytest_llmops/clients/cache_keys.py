"""The keys of a Redis database that are a cache: counted, set aside under other names, put back, deleted."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

import redis

from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pytest_llmops.clients.redis import Redis

ASIDE = b"llmops-aside:"
"""What the name of a key begins with that is set aside; its time to live goes on meanwhile."""

AT_ONCE = 500
GONE = "no such key"
"""How Redis says that a key has expired, or was deleted, in between."""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many keys a database has.

    Attributes:
        cache: that may be cleared.
        spared: that are among them, and stay.
        others: all further ones, which nobody touches; those that are set aside are not counted.
    """

    cache: int
    spared: int
    others: int


class CacheKeys:
    """The cache's keys.

    Args:
        client: of the server.
        cache: patterns of its keys.
        spare: patterns of keys among them that are none.
    """

    def __init__(self, client: Redis, cache: Sequence[str], spare: Sequence[str]) -> None:
        self._client = client
        self._library = client.library
        self._cache = cache
        self._spare = spare

    def count(self) -> Counted:
        """All keys by what they are."""
        cache, spared = self._keys()
        everything = {key for key in self._matching("*") if not key.startswith(ASIDE)}
        return Counted(len(cache), len(spared), len(everything - cache - spared))

    @property
    def aside(self) -> bool:
        """Whether any key is set aside."""
        pattern = f"{ASIDE.decode()}*"
        found = self._client.send("SCAN", lambda: next(self._library.scan_iter(match=pattern, count=1000), None))
        return found is not None

    def set_aside(self) -> None:
        """Rename all of them, so that nobody finds them; each keeps its time to live."""
        for keys in _in_parts(self._keys()[0]):
            self._all("RENAME", keys, lambda pipe, key: pipe.rename(key, ASIDE + key))

    def put_back(self) -> None:
        """Give them their names again; where a new one is there meanwhile, that stays."""
        for keys in _in_parts(self._matching(f"{ASIDE.decode()}*")):
            done = self._all("RENAMENX", keys, lambda pipe, key: pipe.renamenx(key, key.removeprefix(ASIDE)))
            there = [key for key, renamed in zip(keys, done, strict=True) if renamed is False or renamed == 0]
            if there:
                self._all("UNLINK", there, lambda pipe, key: pipe.unlink(key))

    def delete(self) -> None:
        """Delete those that are set aside."""
        for keys in _in_parts(self._matching(f"{ASIDE.decode()}*")):
            self._all("UNLINK", keys, lambda pipe, key: pipe.unlink(key))

    def _keys(self) -> tuple[set[bytes], set[bytes]]:
        """Those of the cache, and those among them that are spared."""
        spared = {key for pattern in self._spare for key in self._matching(pattern)}
        found = {key for pattern in self._cache for key in self._matching(pattern) if not key.startswith(ASIDE)}
        return found - spared, found & spared

    def _matching(self, pattern: str) -> list[bytes]:
        found = self._client.send(
            "SCAN", lambda: sorted(set(self._library.scan_iter(match=pattern, count=1000))), "0", "MATCH", pattern
        )
        return list(found)

    def _all(self, command: str, keys: Sequence[bytes], add: Callable[[Any, bytes], object]) -> list[Any]:
        """Send a command for each key; one that is gone meanwhile is none any more.

        Raises:
            CallFailed: one was refused, as in a cluster, where a key cannot be renamed to another slot.
        """
        pipe = self._library.pipeline(transaction=False)
        for key in keys:
            add(pipe, key)
        done: list[Any] = self._client.send(command, lambda: pipe.execute(raise_on_error=False))
        wrong = [one for one in done if isinstance(one, redis.RedisError) and GONE not in str(one).lower()]
        if wrong:
            component = self._client.component
            raise CallFailed(component, "bad-answer", f"{component}: {command} failed: {str(wrong[0]).rstrip('.')}.")
        return done


def _in_parts(keys: Iterable[bytes]) -> Iterator[list[bytes]]:
    left = iter(keys)
    while part := list(islice(left, AT_ONCE)):
        yield part
