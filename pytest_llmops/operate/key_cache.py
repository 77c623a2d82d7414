"""A cache in Redis: emptied in a way that can be taken back, and what comes of it is seen by asking."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from pytest_llmops.clients.cache_keys import CacheKeys
from pytest_llmops.errors import CallFailed, StepFailed, Unsupported
from pytest_llmops.operate.aside_keys import BY_HAND
from pytest_llmops.target.settings import AsideKeys, endpoint_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmops.clients.cache_keys import Counted
    from pytest_llmops.clients.redis import Redis
    from pytest_llmops.control.change import Change

CALLS = 10
"""Answers by which it is seen how many fail."""

QUICKER = 1.2
"""The plugin's rule: times quicker from which it matters."""


@dataclass(frozen=True, slots=True)
class Mitigated:
    """What emptying a cache came to that answers with errors.

    Attributes:
        before_pct, after_pct: share of answers that failed; the same where it was left alone.
        keys: before it was emptied; None where it was left alone.
        last: what the last failure said; empty for none.
    """

    before_pct: float
    after_pct: float
    keys: Counted | None
    last: str = ""

    @property
    def helped(self) -> bool:
        """Whether at most half as many answers fail, where there was something to help."""
        return self.keys is None or 2 * self.after_pct <= self.before_pct

    @property
    def said(self) -> str:
        """All of it, in a sentence."""
        if self.keys is None:
            return f"{self.before_pct:.0f} % of answers fail, so the cache is left alone"
        left = f"{self.keys.spared} spared keys and {self.keys.others} others stay"
        last = f"; the last failure: {self.last.rstrip('.')}" if self.last else ""
        return (
            f"{self.before_pct:.0f} % of answers failed before the {self.keys.cache} keys of the cache were set aside, "
            f"and {self.after_pct:.0f} % do so now ({left}){last}"
        )


@dataclass(frozen=True, slots=True)
class Warmed:
    """What a cache is good for.

    Attributes:
        cold_s, warm_s: median time of an answer that it does not have yet, and of the same asked again.
        least: times by which the one that gained least is quicker.
        keys: that the cache has then.
    """

    cold_s: float
    warm_s: float
    least: float
    keys: int

    @property
    def pays(self) -> bool:
        """Whether each is quicker by enough to matter."""
        return self.keys > 0 and self.least >= QUICKER


class KeyCache:
    """The cache that a target has in Redis; what is not deleted is put back at the end of the test.

    Only keys that the target declares are touched, by ``components.redis.cache``: FLUSHDB, as of Django's
    ``cache.clear()``, takes with it whatever else is in the database, sessions and queues.

    Args:
        client: of the server.
        change: makes the changes.

    Raises:
        Unsupported: the target does not say which keys are a cache.
    """

    def __init__(self, client: Redis, change: Change) -> None:
        part = change.target.table.components.redis
        if part is None or not part.cache:
            raise Unsupported(
                f"{client.component}: nothing says which of its keys are a cache, and sessions or queues may lie "
                f"beside them; give components.{client.component}.cache, such as ['shop:cache:*']."
            )
        self._change = change
        self._keys = CacheKeys(client, part.cache, part.spare)
        self._setting = f"cache in {client.component}"
        table = AsideKeys(
            driver="aside-keys",
            component=client.component,
            endpoint=endpoint_of(part),
            cache=part.cache,
            spare=part.spare,
        )
        change.also(self._setting, table)

    def set_aside(self) -> Counted:
        """Have the cache empty for who asks it, in a way that can be taken back; how many keys there were before.

        Raises:
            StepFailed: keys lie aside already; nothing was done.
            ControlError: a key could not be renamed.
        """
        if self._keys.aside:
            raise StepFailed(
                f"{self._setting}: keys are set aside already, of a run that did not put them back, so nothing is "
                f"done. Run llmops recover where that run was; where there is no journal of it, {BY_HAND}."
            )
        before = self._keys.count()
        if before.cache:
            self._change.set(self._setting, aside=True)
        return before

    def delete(self) -> None:
        """Delete for good what was set aside; it cannot be taken back from here on."""
        self._change.keep(self._setting)
        self._keys.delete()

    def mitigate(self, ask: Callable[[], object], from_pct: float) -> Mitigated:
        """Empty the cache where so many answers fail, and delete what was in it once fewer do so.

        Args:
            ask: asks for an answer that the cache may have; raises ``CallFailed`` where it fails.
            from_pct: share of failures, in percent, from which the cache is emptied.

        Raises:
            ControlError: a key could not be renamed.
        """
        before, last = _failing(ask)
        if before < from_pct:
            return Mitigated(before, before, None, last)
        keys = self.set_aside()
        after, last = _failing(ask)
        done = Mitigated(before, after, keys, last)
        if done.helped:
            self.delete()
        return done

    def warm(self, asks: Iterable[Callable[[], object]]) -> Warmed:
        """Ask each twice in a row: first the cache does not have the answer, then it does.

        Raises:
            CallFailed: an answer failed.
        """
        pairs = [(_timed(ask), _timed(ask)) for ask in asks]
        cold, warm = (median(side) for side in zip(*pairs, strict=True))
        return Warmed(cold, warm, min(one / other for one, other in pairs), self._keys.count().cache)


def _failing(ask: Callable[[], object]) -> tuple[float, str]:
    """Share of answers that fail, in percent, and what the last failure said."""
    failures = []
    for _ in range(CALLS):
        try:
            ask()
        except CallFailed as error:
            failures.append(str(error))
    return 100.0 * len(failures) / CALLS, failures[-1] if failures else ""


def _timed(ask: Callable[[], object]) -> float:
    start = time.perf_counter()
    ask()
    return time.perf_counter() - start
