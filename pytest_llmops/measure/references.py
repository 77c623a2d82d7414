"""What a measurement is compared with: accepted runs, a number, the side called in turns, or how it was before."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge.estimate import statistic
from pytest_llmops.judge.points import point_value
from pytest_llmops.samples import PARTS, metrics_of, split_statistic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.baselines import Match
    from pytest_llmops.measure.bench import Bench
    from pytest_llmops.measure.results import Measurement
    from pytest_llmops.measure.sampling import Side
    from pytest_llmops.samples import Series, Workload
    from pytest_llmops.target.load import Target

RATES = {"1/s": "", "tokens/s": ".tpot"}
"""Of a rate: the metric whose time is its reciprocal."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What one metric is compared with.

    Attributes:
        series: the runs; empty where there is none that is alike.
        words: what is compared with, for people.
        differs: why nothing is compared, although something is known.
        point: a number in place of runs.
        taken: what of these runs was taken as like on trust.
        kind: runs that were accepted, the other side, a number, or a measurement that was made before a change.
    """

    series: Sequence[Series] = ()
    words: str = ""
    differs: str = ""
    point: float | None = None
    taken: str = ""
    kind: Literal["accepted", "in turns", "point", "before"] = "accepted"

    @property
    def values(self) -> tuple[float, ...]:
        """Those of all runs together."""
        return tuple(value for series in self.series for value in series.values)

    @property
    def error_rate(self) -> float:
        """The share of failed calls in all runs together."""
        return sum(series.failures for series in self.series) / max(1, sum(series.calls for series in self.series))

    def value(self, which: str) -> float | None:
        """A statistic of it; None where there is nothing."""
        return self.point if self.point is not None else statistic(self.values, which) if self.values else None


class References(Protocol):
    """Where the runs come from that a measurement's metrics are compared with."""

    known: bool
    """Whether any accepted run has this measurement, under whatever conditions."""

    def of(self, metric: str) -> Reference | None:
        """None where nothing is to be compared."""


class Accepted:
    """The accepted runs that are like this one.

    Args:
        name: of the measurement.
        bench: where it happens.
        workload: its prompts.

    Raises:
        BaselineError: a baseline file is damaged.
    """

    def __init__(self, name: str, bench: Bench, workload: Workload) -> None:
        self.bench = bench
        self.workload = workload
        self.name = name
        self.like = bench.like or name
        self.known = bool(bench.store and any(run.find(self.like) for run in bench.store.runs(bench.target.name)))
        self._found: dict[str, Reference | None] = {}

    @cached_property
    def fingerprint(self) -> dict[str, str | int]:
        """What must be alike; first asked for when calls were made, which tell the model."""
        return self.bench.fingerprint(self.workload)

    def of(self, metric: str) -> Reference | None:
        """None where there is no store."""
        if metric not in self._found:
            store, target = self.bench.store, self.bench.target.name
            there = self.like + metric.removeprefix(self.name)
            self._found[metric] = accepted(store.find(target, there, self.fingerprint)) if store else None
        return self._found[metric]


class InTurns:
    """The other side's calls, which are this run's too: nothing else is consulted.

    Args:
        name: of the measurement.
        bench: where it happens.
        side: the other side.
        how: it was called.
    """

    known = False

    def __init__(self, name: str, bench: Bench, side: Side, how: str = "called in turns") -> None:
        self.name = name
        self.how = how
        self.against = bench.against
        self.side = side

    def of(self, metric: str) -> Reference:
        """Its series so far."""
        runs = [one for run in self.side.runs for one in metrics_of(self.name, run)]
        series = [one.series for one in runs if one.name == metric and one.series.calls]
        words, differs = f"{self.against}, {self.how}", ""
        if not any(one.values for one in series):
            last = f"; the last: {str(self.side.failures[-1]).rstrip('.')}" if self.side.failures else ""
            differs = f"no call to {self.against} yielded {metric}{last}"
        return Reference(series, words, differs, kind="in turns")


class Before:
    """A measurement of this very run, made before something was changed: nothing else is consulted.

    Args:
        name: of the measurement that is compared with it.
        before: that one.
    """

    known = False

    def __init__(self, name: str, before: Measurement) -> None:
        self.name = name
        self.before = before
        self._series = {one.metric.name.removeprefix(before.name): one.metric.series for one in before.recordings}

    def of(self, metric: str) -> Reference:
        """Its values."""
        series = self._series.get(metric.removeprefix(self.name))
        differs = "" if series and series.values else f"no call of {self.before.name} yielded it"
        return Reference([series] if series else [], f"{self.before.name}, measured before", differs, kind="before")


def points_of(name: str, target: Target) -> dict[str, Reference]:
    """The team's own numbers for a measurement, by the name of the metric or statistic.

    Raises:
        BaselineError: a file or its number is missing or wrong, or is not counted in what the metric is.
    """
    found = {}
    for asked, point in target.table.baseline.points.items():
        metric = split_statistic(asked)[0]
        if metric not in {name + part for part in PARTS}:
            continue
        value = point_value(target.root, asked, point)
        if point.metric_unit != "s":
            value = 1 / value  # a rate is judged as the time that one takes
            if metric != name + RATES[point.metric_unit]:
                raise BaselineError(
                    f'baseline.points."{asked}": a number in {point.unit} is for {name + RATES[point.metric_unit]}; '
                    f"of {metric} give the time."
                )
        found[plain(asked)] = Reference(words=f"{point.value} in {point.file}", point=value, kind="point")
    return found


def plain(name: str) -> str:
    """The name of a metric, or of a statistic of it; ``typical`` goes without saying."""
    return name.removesuffix(".typical")


def accepted(match: Match) -> Reference:
    """What the store found, in words."""
    newest = f" of {match.newest:%Y-%m-%d %H:%M}" if match.newest else ""
    runs = len(match.series)
    words = f"the accepted run{newest}" if runs == 1 else f"{runs} accepted runs, the newest{newest}"
    return Reference(match.series, words, match.differs, taken=match.taken)
