"""What a load run shows beside its percentiles: who waited for a slot, how a spike ended, what a change brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_llmops.errors import Vacuous
from pytest_llmops.judge.shift import shift

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_llmops.load.plan import Stage
    from pytest_llmops.load.result import LoadResult

TOGETHER = 5
"""Calls whose median is looked at: a single slow one is no trouble."""

REFUSED = ("throttled", "http-429")
"""Kinds of failure of calls that were answered 429, whether or not their answer is read."""

SLOWER = 1.5
"""Times as slow as before a spike, from which on calls still suffer from it."""


def waited(calls: NDArray[Any], alone: NDArray[Any]) -> int:
    """How many streamed answers began later than they would have without others, by half an answer and more.

    Args:
        calls: of a load (``recording.RECORD``).
        alone: of the same questions, one after the other.

    Raises:
        Vacuous: none of either was streamed and answered.
    """
    well, usual = (some[(some["kind"] == 0) & ~np.isnan(some["ttft_s"])] for some in (calls, alone))
    if not len(well) or not len(usual):
        raise Vacuous("no streamed answer came, so nothing says who waited for a slot.")
    late_s = float(np.median(usual["ttft_s"]) + np.median(usual["service_s"]) / 2)
    return int((well["ttft_s"] > late_s).sum())


def recovery_s(result: LoadResult) -> float:
    """Seconds from the end of the spike until calls are as quick again as before it began.

    The spike is what rises above the rate at the beginning: from the first such stage to the end of the last. They are
    as quick again once the median of five in a row, failed ones counted as endless, is below 1.5 times the median of
    all that were due before. Where that does not come about, until the last call was due.

    Args:
        result: of open-loop arrivals.

    Raises:
        Vacuous: no stage rises; too few calls were due before the spike or after it; or most of those before failed.
    """
    first, last = _spike(result.plan.stages)
    calls, due, begins, _ = _due(result, first)
    ends = _due(result, last)[3]
    times = np.where(calls["kind"] == 0, calls["delay_s"] + calls["service_s"], np.inf)
    before, after = times[due < begins], times[due >= ends]
    if min(len(before), len(after)) < TOGETHER:
        raise Vacuous(f"{len(before)} calls before a spike and {len(after)} after it are too few to compare.")
    usual = float(np.median(before))
    if not np.isfinite(usual):
        failed = int(np.isinf(before).sum())
        raise Vacuous(
            f"{failed} of {len(before)} calls before the spike failed: there is nothing usual to come back to."
        )
    medians = np.median(np.lib.stride_tricks.sliding_window_view(after, TOGETHER), axis=1)
    slow = np.flatnonzero(~(medians <= SLOWER * usual))
    return float(due[due >= ends][slow[-1] + TOGETHER - 1] - ends) if len(slow) else 0.0


def _spike(stages: Sequence[Stage]) -> tuple[int, int]:
    """The first and the last stage in which calls come faster than at the beginning."""
    above = [place for place, one in enumerate(stages) if max(one.rate, one.end_rate) > stages[0].rate]
    if not above:
        raise Vacuous(
            f"none of {len(stages)} stages rises above the first, so there is no spike: give the shape a stage of more "
            f"times, such as load.shapes.spike."
        )
    return above[0], above[-1]


def quicker_pct(before: LoadResult, after: LoadResult) -> float:
    """By how many % calls are quicker after a change, on the mean, beyond doubt (95 %); 0 where they may not be.

    Raises:
        Vacuous: too few calls were answered.
    """
    return shift(before.times().tolist(), after.times().tolist()).down_pct


def refused_pct(result: LoadResult, stage: int) -> float:
    """Calls due in a stage that were answered 429, in % of these.

    Raises:
        Vacuous: none was due.
    """
    refusals = [number for number, kind in enumerate(result.recording.kinds, 1) if kind in REFUSED]
    return 100 * float(np.isin(_kinds(result, stage), refusals).mean())


def failed_pct(result: LoadResult, stage: int) -> float:
    """Calls due in a stage that failed in whatever way, refused ones too, in % of these.

    Raises:
        Vacuous: none was due.
    """
    return 100 * float((_kinds(result, stage) > 0).mean())


def _kinds(result: LoadResult, stage: int) -> NDArray[Any]:
    """What became of each call that was due in a stage: 0, or the number of its kind of failure."""
    calls, due, begins, ends = _due(result, stage)
    kinds: NDArray[Any] = calls["kind"][(due >= begins) & (due < ends)]
    if not len(kinds):
        raise Vacuous(f"no call was due from {begins:g} to {ends:g} s, so none could be refused or fail.")
    return kinds


def _due(result: LoadResult, stage: int) -> tuple[NDArray[Any], NDArray[np.float64], float, float]:
    """Every call, the seconds at which it was due, and those at which a stage begins and ends."""
    lasts = [one.seconds for one in result.plan.stages]
    calls = result.recording.calls
    due = calls["started"] - calls["delay_s"] - result.started
    return calls, due, sum(lasts[:stage]), sum(lasts[: stage + 1])
