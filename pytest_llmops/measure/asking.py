"""What is asked of one measurement: which statistics are judged, and what each is compared with."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmops.judge.looks import Rule
from pytest_llmops.judge.schedule import LONG_CALL_S, MIN_N, RECORDED_CALLS, TAIL_LOOKS
from pytest_llmops.measure.references import Accepted, Before, InTurns, plain, points_of
from pytest_llmops.samples import PARTS, metrics_of, split_statistic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmops.judge.verdict import Design
    from pytest_llmops.measure.bench import Bench
    from pytest_llmops.measure.references import Reference, References
    from pytest_llmops.measure.sampling import Sampler, Side
    from pytest_llmops.samples import Series, Workload
    from pytest_llmops.target.load import Target


TAIL = ".p95"
"""What is judged beside the median where a measurement is compared with one before a change."""

WITHIN_THE_HOUR = 0.03
"""Spread of log latency between unchanged runs on the same host within the hour: the upper bound of tau0 there."""


OWN_DOING_S = 0.01
"""By so much a call may take longer for no other reason than what else the machine does by then: before and after are
not called in turns, which alone would tell that apart."""


class Asking:
    """What is asked of one measurement.

    Args:
        name: of the measurement.
        bench: where it happens.
        workload: its prompts.
        twin: the side that is called in turns with the target, if there is one.

    Attributes:
        primary: metrics that gate, and statistics of metrics; empty: all gate.
        compared: statistics of this measurement that are compared as ``typical`` is: those that gate or have a point.
        references: where the runs come from.

    Raises:
        BaselineError: a baseline file is damaged, or a point cannot be read.
    """

    def __init__(self, name: str, bench: Bench, workload: Workload, twin: Side | None = None) -> None:
        self.name = name
        self.bench = bench
        self.workload = workload
        self.twin = twin
        self.metrics = [name + part for part in PARTS]
        self.thresholds = bench.target.table.thresholds
        self.primary = [self._as_here(plain(one)) for one in bench.target.table.baseline.primary]
        self.references = _references(name, bench, workload, twin)
        self.points = points_of(name, bench.target) if bench.store and not twin and not bench.before else {}
        self.compared = tuple(self._statistics([*self.primary, *self.points])) if bench.store or twin else ()
        if bench.before:
            self.primary, self.compared = [], (f"{name}{TAIL}",)

    def _as_here(self, name: str) -> str:
        """What a metric, or a statistic, of the measurement that this one is like is called here."""
        like = self.bench.like
        of_that = like and split_statistic(name)[0] in {like + part for part in PARTS}
        return self.name + name.removeprefix(like) if of_that else name

    @property
    def rule(self) -> Rule:
        """What ``judge`` goes by."""
        rule = rule_of(self.bench.target, self.compared, self.points, "interleaved" if self.twin else "stored")
        if self.bench.before is None:
            return rule
        return replace(rule, tau0=min(rule.tau0, WITHIN_THE_HOUR), floor=max(rule.floor, OWN_DOING_S))

    @cached_property
    def fingerprint(self) -> dict[str, str | int]:
        """What must be alike before runs are compared; asked for once calls were made, which tell the model."""
        return self.bench.fingerprint(self.workload)

    def runs(self, metric: str) -> Reference | None:
        """The runs that a metric may be compared with; None where thresholds alone judge it."""
        known = metric in self.metrics and not self.bench.only_recorded(metric)
        return self.references.of(metric) if known else None

    def find(self, name: str) -> Reference | None:
        """What a metric, or a statistic of it, is compared with; None where thresholds alone judge it."""
        if name in self.points:
            return self.points[name]
        found = self.runs(split_statistic(name)[0])
        if self.points and name not in self.primary and found and not (found.series or found.differs):
            return None  # the team's own number is this measurement's baseline: no run is missed
        return found

    def baselines(self) -> dict[str, Sequence[Series]]:
        """Runs by metric."""
        found = {metric: self.runs(metric) for metric in self.metrics}
        return {metric: reference.series for metric, reference in found.items() if reference and reference.series}

    def expected(self) -> list[str]:
        """Metrics that some call has to yield: those that have a baseline."""
        return [metric for metric, series in self.baselines().items() if any(one.values for one in series)]

    def statistics_of(self, metric: str) -> list[str]:
        """Statistics of a metric that are compared or have a threshold."""
        asked = dict.fromkeys((*self.compared, *self.thresholds))
        return [name for name in asked if split_statistic(name)[0] == metric and name != metric]

    def first(self, look: int, *, slow: bool) -> int:
        """Calls to begin with: those of the first look, or as many as a run that is recorded has to have.

        Args:
            look: calls of the first look.
            slow: whether a warm call takes more than ``LONG_CALL_S``.
        """
        longer = self.bench.recording and not slow and not self.rule.looks
        return max(look, RECORDED_CALLS) if longer else look

    def lacking(self, sampler: Sampler) -> int:
        """Further calls that statistics need for lack of values; slow calls get none for tails."""
        runs = [metrics_of(self.name, run)[0].series for run in sampler.own.runs]
        last, together = len(runs[-1].values), sum(len(series.values) for series in runs)
        slow = sampler.slow or sampler.seconds_a_call / len(sampler.sides) > LONG_CALL_S
        made = dict.fromkeys(self._statistics(self.thresholds), together)
        if not self.rule.looks:  # a second run has to have as many values as the first
            made |= dict.fromkeys(self.compared, last)
        split = {name: split_statistic(name)[1] for name in made}
        wanted = [MIN_N[which] - made[name] for name, which in split.items() if not (slow and which in TAIL_LOOKS)]
        return max(0, *wanted) if wanted else 0

    def _statistics(self, names: Iterable[str]) -> list[str]:
        """Those that are statistics of this measurement's metrics."""
        return _statistics(self.name, names)


def _references(name: str, bench: Bench, workload: Workload, twin: Side | None) -> References:
    """Where the runs come from that it is compared with."""
    if twin:
        return InTurns(name, bench, twin)
    return Before(name, bench.before) if bench.before else Accepted(name, bench, workload)


def compared(name: str, target: Target, points: Mapping[str, Reference]) -> tuple[str, ...]:
    """Statistics of a measurement that are compared as ``typical`` is: those that gate or have a point."""
    return tuple(_statistics(name, [*map(plain, target.table.baseline.primary), *points]))


def rule_of(
    target: Target, statistics: tuple[str, ...], points: Mapping[str, Reference], design: Design = "stored"
) -> Rule:
    """What a measurement of a target is judged by, when it is made and whenever it is judged again."""
    rule = target.table.baseline
    return Rule(
        threshold=rule.threshold,
        floor=rule.floor,
        tau0=rule.tau0,
        design=design,
        statistics=statistics,
        points={name: found.point for name, found in points.items() if found.point is not None},
        looks=tuple(rule.looks),
    )


def _statistics(name: str, names: Iterable[str]) -> list[str]:
    split = {one: split_statistic(one)[0] for one in names}
    metrics = {name + part for part in PARTS}
    return [one for one, metric in split.items() if metric in metrics and one != metric]
