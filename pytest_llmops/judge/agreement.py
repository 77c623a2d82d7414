"""Do the runs of a baseline agree? Runs of one normal differ by what runs differ by when nobody changed anything."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtri

from pytest_llmops.judge.baselines import KEPT
from pytest_llmops.judge.estimate import inflation, log_statistic
from pytest_llmops.judge.likeness import differences
from pytest_llmops.judge.schedule import MIN_N

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.baselines import Store
    from pytest_llmops.judge.recording import BaselineRun, Recording
    from pytest_llmops.samples import Metric

ALPHA = 0.01
"""Probability of refusing runs of one normal, over all metrics together."""


@dataclass
class Company:
    """Like runs of one metric, which are compared with together.

    Attributes:
        like: one of them.
        runs: what each is called, and its values, oldest first.
    """

    like: Recording
    runs: list[tuple[str, Metric]]

    @property
    def metric(self) -> str:
        """The metric's name."""
        return self.like.metric.name

    def takes(self, one: Recording) -> bool:
        """Whether a recording belongs here."""
        return self.metric == one.metric.name and not differences(self.like.fingerprint, one.fingerprint)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A metric whose runs are not of one normal.

    Attributes:
        metric: its name.
        unit: of its values; those that are no times are better when they are higher.
        run: the one that is farthest from the others.
        others: what the others are called, where it is but one; else empty.
        ratio: its level over the median level of the others.
        limit: how many times apart runs would be that are spread alike and just pass for one normal; above 1.
    """

    metric: str
    unit: str
    run: str
    others: str
    ratio: float
    limit: float

    def __str__(self) -> str:
        up, down = ("slower", "faster") if self.unit == "s" else ("higher", "lower")
        apart = f"{max(self.ratio, 1 / self.ratio):.2f} times {up if self.ratio > 1 else down}"
        whom = self.others or "the median of the others"
        return (
            f"{self.metric}: {self.run} is {apart} than {whom}; runs of one normal differ by {self.limit:.2f} at most"
        )


def companies(store: Store | None, candidates: Sequence[BaselineRun]) -> list[Company]:
    """What will be compared with together once these candidates are accepted.

    Args:
        store: holds the runs that they join; None where they join none.
        candidates: oldest first.

    Raises:
        BaselineError: an accepted file is damaged.
    """
    found: list[Company] = []
    for run in candidates:
        for one in run.recordings:
            company = next((known for known in found if known.takes(one)), None)
            if company is None:
                before = store.like(run.target, one.metric.name, one.fingerprint) if store else []
                company = Company(one, [(f"{then.number:04d}", recording.metric) for then, recording in before])
                found.append(company)
            company.runs.append((run.path.name if run.path else "", one.metric))
    return [Company(company.like, company.runs[-KEPT:]) for company in found]


def disagreements(joined: Sequence[Company], tau0: float, floor: float) -> list[Disagreement]:
    """The metrics whose runs disagree.

    The spread of the runs' log levels is tested (chi-square; the more metrics, the stricter) against what is expected:
    ``tau0`` between runs, and the sampling error within them.

    Args:
        joined: runs that are compared with together.
        tau0: assumed standard deviation of a run's log offset.
        floor: differences below this, in the metric's unit, are nobody's problem.
    """
    # A run with too few values is judged by nobody, so it disagrees with nobody.
    judged = [[(run, m) for run, m in one.runs if len(m.series.values) >= MIN_N["typical"]] for one in joined]
    several = [runs for runs in judged if len(runs) > 1]
    found = [_apart(runs, ALPHA / len(several), tau0, floor) for runs in several]
    return [one for one in found if one is not None]


def _apart(runs: Sequence[tuple[str, Metric]], alpha: float, tau0: float, floor: float) -> Disagreement | None:
    names, metric = [name for name, _ in runs], runs[0][1]
    values = [np.asarray(one.series.values, dtype=np.float64) for _, one in runs]
    estimates = [log_statistic(run, "typical") for run in values]
    logs = np.array([one.log for one in estimates])
    within = inflation([np.log(run) for run in values]) * float(np.mean([one.variance for one in estimates]))
    spread = float(np.sum((logs - logs.mean()) ** 2)) / (tau0**2 + within)
    allowed = float(chdtri(len(logs) - 1, alpha))
    if spread <= allowed or math.exp(logs.max()) - math.exp(logs.min()) < floor:
        return None
    offsets = [float(log - np.median(np.delete(logs, place))) for place, log in enumerate(logs)]
    farthest = max(range(len(logs)), key=lambda place: (abs(offsets[place]), place))  # of two, the newer one is named
    others = names[1 - farthest] if len(names) == 2 else ""
    limit = math.exp(abs(offsets[farthest]) * math.sqrt(allowed / spread))
    return Disagreement(metric.name, metric.unit, names[farthest], others, math.exp(offsets[farthest]), limit)
