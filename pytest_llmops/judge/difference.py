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
        log: natural logarithm of the ratio current/baseline.
        level: the statistic in the baseline, in its unit.
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

    def part(self, levels: Sequence[float], within: float, current_runs: int) -> tuple[float, float]:
        """(variance, df) of the offset between runs.

        ``levels``: the log level of each baseline run; ``within``: mean sampling variance of those levels.
        """
        if self.interleaved:
            return 0.0, _EXACT
        runs = len(levels)
        seen = max(0.0, float(np.var(levels, ddof=1)) - within) if runs > 1 else 0.0
        df = TAU_WEIGHT + runs - 1
        tau2 = (TAU_WEIGHT * self.tau0**2 + (runs - 1) * seen) / df
        return tau2 * (1 / runs + 1 / current_runs), df


def unpaired(name: str, baseline: Sequence[Values], current: Sequence[Values], between: Between) -> Difference:
    """Compare all values of both sides; each run: shape (n,), finite and above zero, in time order."""
    factor = inflation([np.log(run) for run in (*baseline, *current)])
    before = [log_statistic(run, name) for run in baseline]
    now = [log_statistic(run, name) for run in current]
    within = factor * float(np.mean([one.variance for one in before]))
    offset = between.part([one.log for one in before], within, len(current))
    level = float(np.mean([one.log for one in before]))
    if name == "typical":
        shift = log_shift(np.concatenate(baseline), np.concatenate(current))
        noise = factor * shift.variance
        shrinking = noise if between.interleaved else noise * share_of_current(baseline, current)
        return Difference(shift.log, math.exp(level), ((noise, shift.df), offset), shrinking)
    was, own = _pooled(before, factor), _pooled(now, factor)
    shrinking = was[0] + own[0] if between.interleaved else own[0]
    log = float(np.mean([one.log for one in now])) - level
    return Difference(log, math.exp(level), (was, own, offset), shrinking)


def _pooled(estimates: Sequence[Estimate], factor: float) -> tuple[float, float]:
    variance = factor * sum(one.variance for one in estimates) / len(estimates) ** 2
    return variance, sum(one.df for one in estimates)


def share_of_current(baseline: Sequence[Values], current: Sequence[Values]) -> float:
    """Of a variance that goes with 1/n + 1/m, the share of the current side's 1/m."""
    n, m = sum(map(len, baseline)), sum(map(len, current))
    return n / (n + m)
