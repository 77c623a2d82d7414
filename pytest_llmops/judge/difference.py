"""The log difference between baseline and current runs, and everything that makes it uncertain."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pytest_llmops.judge.estimate import Estimate, inflation, log_shift, log_statistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.estimate import Values

TAU_WEIGHT = 10
"""How many baseline runs the assumed spread between runs (tau0) is worth."""
_EXACT = 1e9  # degrees of freedom of what is known, not estimated


@dataclass(frozen=True, slots=True)
class Difference:
    """Log of current over baseline, with its variances.

    Attributes:
        log: natural logarithm of the ratio current/baseline: above zero is worse.
        level: the statistic in the baseline, in the unit that is judged.
        parts: (variance, degrees of freedom) of each independent source of error.
        shrinking: the share of the variance that more calls in the current run would shrink, as a variance.
    """

    log: float
    level: float
    parts: tuple[tuple[float, float], ...]
    shrinking: float

    @property
    def variance(self) -> float:
        """Of ``log``, all sources together."""
        return sum(variance for variance, _ in self.parts)

    @property
    def df(self) -> float:
        """Degrees of freedom of ``variance``, by Satterthwaite (1946)."""
        return self.variance**2 / sum(variance**2 / df for variance, df in self.parts if variance)


@dataclass(frozen=True, slots=True)
class Between:
    """What is assumed of runs that nobody changed anything between.

    Attributes:
        interleaved: both sides were called in turns, so that no offset between runs exists.
        tau0: assumed standard deviation of a run's log offset.
    """

    interleaved: bool
    tau0: float

    def part(self, levels: Sequence[float], within: float, share: float) -> tuple[float, float]:
        """(variance, df) of the offset between runs.

        Args:
            levels: the log level of each baseline run.
            within: mean sampling variance of those levels.
            share: of one run's variance, what is in the difference of the sides' means: 1/K + 1/M for equal runs.
        """
        if self.interleaved:
            return 0.0, _EXACT
        runs = len(levels)
        seen = max(0.0, float(np.var(levels, ddof=1)) - within) if runs > 1 else 0.0
        df = TAU_WEIGHT + runs - 1
        tau2 = (TAU_WEIGHT * self.tau0**2 + (runs - 1) * seen) / df
        return tau2 * share, df


def unpaired(name: str, baseline: Sequence[Values], current: Sequence[Values], between: Between) -> Difference:
    """Compare all values of both sides; each run: shape (n,), finite and above zero, in time order."""
    factor = drift([np.log(run) for run in baseline], [np.log(run) for run in current], between)
    before = [log_statistic(run, name) for run in baseline]
    now = [log_statistic(run, name) for run in current]
    within = factor * float(np.mean([one.variance for one in before]))
    levels = [one.log for one in before]
    level = float(np.mean(levels))
    if name == "typical":
        # All values of a side are in one pot, so that a longer run weighs more.
        offset = between.part(levels, within, share_of_a_run(baseline) + share_of_a_run(current))
        shift = log_shift(np.concatenate(baseline), np.concatenate(current))
        noise = factor * shift.variance
        shrinking = noise if between.interleaved else noise * share_of_current(baseline, current)
        return Difference(shift.log, math.exp(level), ((noise, shift.df), offset), shrinking)
    offset = between.part(levels, within, 1 / len(baseline) + 1 / len(current))
    was, own = _pooled(before, factor), _pooled(now, factor)
    shrinking = was[0] + own[0] if between.interleaved else own[0]
    log = float(np.mean([one.log for one in now])) - level
    return Difference(log, math.exp(level), (was, own, offset), shrinking)


def from_point(name: str, log: float, current: Sequence[Values], between: Between) -> Difference:
    """Compare the current runs with a known log level, found on another day: a baseline run without noise."""
    now = [log_statistic(run, name) for run in current]
    own = _pooled(now, inflation([np.log(run) for run in current]))
    offset = between.part([log], 0.0, 1 + 1 / len(current))
    return Difference(float(np.mean([one.log for one in now])) - log, math.exp(log), (own, offset), own[0])


def drift(baseline: Sequence[Values], current: Sequence[Values], between: Between) -> float:
    """How much autocorrelation inflates the variances; each run: log values in time order.

    What drifts while both sides are called in turns drifts for both: of that counts no more than is left in the
    differences of calls side by side.
    """
    factor = inflation([*baseline, *current])
    if not between.interleaved or len(baseline) != len(current):
        return factor
    together = zip(baseline, current, strict=True)
    return min(factor, inflation([now[: len(before)] - before[: len(now)] for before, now in together]))


def _pooled(estimates: Sequence[Estimate], factor: float) -> tuple[float, float]:
    variance = factor * sum(one.variance for one in estimates) / len(estimates) ** 2
    return variance, sum(one.df for one in estimates)


def share_of_current(baseline: Sequence[Values], current: Sequence[Values]) -> float:
    """Of a variance that goes with 1/n + 1/m, the share of the current side's 1/m."""
    n, m = sum(map(len, baseline)), sum(map(len, current))
    return n / (n + m)


def share_of_a_run(runs: Sequence[Values]) -> float:
    """Of one run's offset variance, what is left in the mean of all values of these runs."""
    sizes = [len(run) for run in runs]
    return sum(size**2 for size in sizes) / sum(sizes) ** 2
