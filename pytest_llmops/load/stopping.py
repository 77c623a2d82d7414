"""When a load is given up because its target has had enough, and at which rate that was: its breaking point."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.load.result import LoadResult
    from pytest_llmops.target.loads import Stops

SLOWEST = 0.05
"""A p95 is above its limit where more than this share of the calls is."""


class StopRule:
    """The error rate and the p95 of the calls of the last seconds, one call after the other.

    Args:
        stops: the rule.
    """

    def __init__(self, stops: Stops) -> None:
        self._stops = stops
        self._recent: deque[tuple[float, bool, bool]] = deque()

    def after(self, now: float, seconds: float, *, failed: bool) -> str:
        """Take a call that is over; why load has to end now, in words, else empty.

        Args:
            now: when it was over, in seconds; never less than before.
            seconds: what it took since it was due.
            failed: whether it failed.
        """
        stops, recent = self._stops, self._recent
        slow = stops.p95 is not None and seconds > stops.p95
        recent.append((now, failed, slow))
        while recent[0][0] < now - stops.window:
            recent.popleft()
        if len(recent) < stops.least:
            return ""
        if failed and stops.error_rate is not None:
            share_failed = sum(one for _, one, _ in recent) / len(recent)
            if share_failed > stops.error_rate:
                return (
                    f"{100 * share_failed:.0f} % of the last {len(recent)} calls failed, more than "
                    f"{100 * stops.error_rate:.0f} %"
                )
        if slow and stops.p95 is not None and sum(one for _, _, one in recent) > SLOWEST * len(recent):
            return f"the p95 of the last {len(recent)} calls is above {spoken(stops.p95)}"
        return ""


@dataclass(frozen=True, slots=True)
class BreakingPoint:
    """The rate at which a target had enough, or the highest that it was sent without.

    Attributes:
        rate: calls a second.
        why: the rule that came up, in words; empty where none did.
        after_s: seconds from the first call until then; until the last one was due where none did.
    """

    rate: float
    why: str
    after_s: float

    def __str__(self) -> str:
        if self.why:
            return f"{self.why}, {spoken(self.after_s)} after the start"
        return f"at least: it did not break in {spoken(self.after_s)}, up to {self.rate:.3g} calls/s"


def breaking_point(result: LoadResult) -> BreakingPoint | None:
    """Where a target broke under rising load, by the calls of its run; None where something else ended that.

    It broke at the rate at which those of the last calls were due that were too slow or had failed (their median
    moment): what breaks a server shows as late as calls are.

    Args:
        result: of open-loop arrivals whose plan has a rule of giving up.
    """
    plan, stops, calls = result.plan, result.plan.stops, result.recording.calls
    took, due = calls["delay_s"] + calls["service_s"], calls["started"] - calls["delay_s"] - result.started
    over, failed = due + took, calls["kind"] > 0
    rules: dict[int, StopRule] = {}
    for place in np.argsort(over, kind="stable"):
        rule = rules.setdefault(int(calls["worker"][place]), StopRule(stops))
        now = float(over[place])
        if why := rule.after(now, float(took[place]), failed=bool(failed[place])):
            last = (over <= now) & (over >= now - stops.window)
            late = took > stops.p95 if stops.p95 is not None else np.zeros(len(calls), bool)
            return BreakingPoint(plan.rate_at(float(np.median(due[last & (failed | late)]))), why, now)
    return BreakingPoint(plan.peak, "", plan.lasts_s) if result.whole else None
