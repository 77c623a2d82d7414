"""Figures out of a page of Prometheus metrics, as the tables of ``figures`` describe them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prometheus_client.parser import text_string_to_metric_families

from pytest_llmops.errors import Unsupported, Vacuous

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.target.figures import FromMetrics


@dataclass(frozen=True, slots=True)
class Point:
    """One line of the page."""

    name: str
    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """A page of metrics as it was at one moment.

    Attributes:
        component: whose page it is.
        points: its lines; ``_created`` series are left out.
        declared: families that it names, those without a single line included.
        at: epoch seconds; 0 where nobody has to know.
    """

    component: str
    points: tuple[Point, ...]
    declared: frozenset[str] = frozenset()
    at: float = 0.0

    @classmethod
    def parse(cls, component: str, text: str, at: float = 0.0) -> MetricsPage:
        """Read the text format.

        Raises:
            ValueError: it is not in that format.
        """
        families = list(text_string_to_metric_families(text))
        points = [
            Point(sample.name, sample.labels, sample.value)
            for family in families
            for sample in family.samples
            if not sample.name.endswith("_created")
        ]
        return cls(component, tuple(points), frozenset(family.name for family in families), at)

    def since(self, earlier: MetricsPage, series: Sequence[str]) -> MetricsPage:
        """What these series counted between two pages: the rise of each counter.

        Raises:
            Vacuous: one of them fell.
        """
        before = {(point.name, tuple(sorted(point.labels.items()))): point.value for point in earlier.points}
        risen = []
        for point in (one for one in self.points if one.name in series):
            rise = point.value - before.get((point.name, tuple(sorted(point.labels.items()))), 0.0)
            if rise < 0:
                raise Vacuous(
                    f"{self.component}: {point.name} fell between two looks at the metrics page: the service was "
                    f"restarted, or several processes answer in turn."
                )
            risen.append(replace(point, value=rise))
        return replace(self, points=tuple(risen))

    @property
    def names(self) -> set[str]:
        """Every series name."""
        return {point.name for point in self.points}

    def total(self, series: str, **where: str) -> float:
        """The sum of a series' lines, 0 without one; ``where``: label to a regular expression of its whole value."""
        return self._sum([series], where)

    def figure(self, name: str, figure: FromMetrics) -> float:
        """The figure that a table with ``from = "metrics"`` describes.

        Raises:
            Unsupported: the page has none of its series, or they have not the labels that it asks for.
            Vacuous: the series are there and have counted nothing.
        """
        self._require(name, [*figure.metric, *figure.over])
        self._require_labels(name, figure.metric, figure.where)
        self._require_labels(name, figure.over, figure.over_where)
        if figure.quantile is not None:
            return figure.scale * self._quantile(name, figure)
        part = self._sum(figure.metric, figure.where)
        return figure.scale * (part / self._whole(name, figure) if figure.over else part)

    def figure_since(self, earlier: MetricsPage, name: str, figure: FromMetrics) -> float:
        """The figure of what was counted since an earlier page, each second if it is a rate.

        Raises:
            Unsupported, Vacuous: as in :meth:`figure` and :meth:`since`.
        """
        counted = self.since(earlier, [*figure.metric, *figure.over]).figure(name, figure)
        return counted / (self.at - earlier.at) if figure.rate else counted

    def shares(self, name: str, figure: FromMetrics) -> dict[str, float]:
        """The figure split by the label ``figure.by``: value of the label to its share.

        Raises:
            Unsupported: as in :meth:`figure`; also where the series are not split by that label.
            Vacuous: as in :meth:`figure`.
        """
        self._require(name, figure.metric)
        self._require_labels(name, figure.metric, {**figure.where, figure.by or "": ".+"})
        whole = self._whole(name, figure)
        values = sorted({point.labels.get(figure.by or "", "") for point in self.points if point.name in figure.metric})
        return {
            value: figure.scale * self._sum(figure.metric, {**figure.where, figure.by or "": re.escape(value)}) / whole
            for value in values
        }

    def _require(self, name: str, series: Sequence[str]) -> None:
        """Some series has to be there; one that is declared and has no line yet has counted nothing."""
        if set(series) & self.names:
            return
        if any(one.startswith(family) for one in series for family in self.declared):
            raise Vacuous(f"{self.component}: {name} says nothing, {' + '.join(series)} has counted nothing yet.")
        absent = ", ".join(sorted(set(series)))
        raise Unsupported(f"{self.component}: {name} needs {absent}, which its metrics do not have.")

    def _require_labels(self, name: str, series: Sequence[str], where: Mapping[str, str]) -> None:
        """A label that no line has would make the figure 0 for ever, and green with it."""
        labels = [point.labels for point in self.points if point.name in series]
        for label, pattern in where.items():
            if labels and not re.fullmatch(pattern, "") and not any(label in found for found in labels):
                said = f"{self.component}: {name} needs the label {label!r}, which {' + '.join(series)} does not have."
                raise Unsupported(said)

    def _whole(self, name: str, figure: FromMetrics) -> float:
        whole = self._sum(figure.over, figure.over_where)
        if not whole:
            raise Vacuous(f"{self.component}: {name} says nothing, {' + '.join(figure.over)} has counted nothing yet.")
        return whole

    def _sum(self, names: Sequence[str], where: Mapping[str, str]) -> float:
        return sum(
            point.value
            for point in self.points
            if point.name in names
            and all(re.fullmatch(pattern, point.labels.get(label, "")) for label, pattern in where.items())
        )

    def _quantile(self, name: str, figure: FromMetrics) -> float:
        """A histogram's quantile, linear within its bucket, as Prometheus' histogram_quantile reckons."""
        counts: dict[float, float] = {}
        for point in self.points:
            if point.name in figure.metric and all(
                re.fullmatch(pattern, point.labels.get(label, "")) for label, pattern in figure.where.items()
            ):
                bound = float(point.labels.get("le", "inf"))
                counts[bound] = counts.get(bound, 0.0) + point.value
        bounds = sorted(counts)
        total = counts[bounds[-1]] if bounds else 0.0
        if not total:
            raise Vacuous(
                f"{self.component}: {name} says nothing, {' + '.join(figure.metric)} has counted nothing yet."
            )
        rank = (figure.quantile or 0.0) * total
        below, start = 0.0, 0.0
        for bound in bounds:
            if counts[bound] >= rank:
                if bound == float("inf"):
                    return start
                return start + (bound - start) * (rank - below) / (counts[bound] - below)
            below, start = counts[bound], bound
        return start
