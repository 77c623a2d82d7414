"""What a load run shows beside its percentiles: who waited for a slot, how a spike ended, what a change brought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_llmops.errors import Vacuous
from pytest_llmops.judge.shift import shift

if TYPE_CHECKING:
    from numpy.typing import NDArray

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


def recovery_s(result: LoadResult, stage: int) -> float:
    """Seconds from the end of a stage until calls are as quick again as before it began.

    That is: until the median of five in a row, failed ones counted as endless, is below 1.5 times the median of all
    that were due before. Where that does not come about, until the last call was due.

    Args:
        result: of open-loop arrivals.
        stage: which of its stages is the spike, from 0 on.

    Raises:
        Vacuous: too few calls were due before it or after it.
    """
    calls, due, begins, ends = _due(result, stage)
    times = np.where(calls["kind"] == 0, calls["delay_s"] + calls["service_s"], np.inf)
    before, after = times[due < begins], times[due >= ends]
    if min(len(before), len(after)) < TOGETHER:
        raise Vacuous(f"{len(before)} calls before a spike and {len(after)} after it are too few to compare.")
    usual = float(np.median(before))
    medians = np.median(np.lib.stride_tricks.sliding_window_view(after, TOGETHER), axis=1)
    slow = np.flatnonzero(~(medians <= SLOWER * usual))
    return float(due[due >= ends][slow[-1] + TOGETHER - 1] - ends) if len(slow) else 0.0


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
    calls, due, begins, ends = _due(result, stage)
    kinds = calls["kind"][(due >= begins) & (due < ends)]
    if not len(kinds):
        raise Vacuous(f"no call was due from {begins:g} to {ends:g} s, so none could be refused.")
    refusals = [number for number, kind in enumerate(result.recording.kinds, 1) if kind in REFUSED]
    return 100 * float(np.isin(kinds, refusals).mean())


def _due(result: LoadResult, stage: int) -> tuple[NDArray[Any], NDArray[np.float64], float, float]:
    """Every call, the seconds at which it was due, and those at which a stage begins and ends."""
    lasts = [one.seconds for one in result.plan.stages]
    calls = result.recording.calls
    due = calls["started"] - calls["delay_s"] - result.started
    return calls, due, sum(lasts[:stage]), sum(lasts[: stage + 1])
