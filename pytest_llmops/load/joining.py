"""Figures of a deployment over the time of a load run: what Prometheus remembers of it, others looked at meanwhile."""

from __future__ import annotations

import contextvars
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from pytest_llmops.errors import LlmopsError, Unsupported, Vacuous
from pytest_llmops.judge.trends import FEWEST, trend
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.figures import FromMachine, FromMetrics, FromPrometheus, FromTraffic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.clients.figures import Figures
    from pytest_llmops.target.figures import Figure

EVERY_S = 1.0
"""Between two looks."""

LAST_ROUND_S = 10.0
"""For so long a round of looks that began under load may go on after it: a short load is over before the first ends."""

MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Course:
    """How a figure went while load ran.

    Attributes:
        name: in the target's ``figures``.
        unit: of its values.
        source: where it comes from.
        points: epoch seconds and value of each look, in time order.
    """

    name: str
    unit: str
    source: str
    points: tuple[tuple[float, float], ...]

    @property
    def mean(self) -> float:
        """Of all looks."""
        return sum(value for _, value in self.points) / len(self.points)

    @property
    def peak(self) -> float:
        """The highest."""
        return max(value for _, value in self.points)

    @property
    def rise(self) -> float | None:
        """By how much it rises in a minute beyond doubt (95 %, Theil and Sen), 0 where it may be stable.

        None of so few looks that nothing is beyond doubt: six at the least.
        """
        if len(self.points) < FEWEST:
            return None
        line = trend([at / MINUTE for at, _ in self.points], [value for _, value in self.points])
        return max(0.0, line.low) if math.isfinite(line.low) else None

    def __str__(self) -> str:
        (began, first), *_, (ended, last) = self.points[0], *self.points
        over = spoken(ended - began)
        return f"from {first:.4g} to {last:.4g} {self.unit} in {over}, {len(self.points)} looks"


class Joining:
    """Looks at figures from when it is entered until it is left.

    Args:
        figures: of the target.
        names: which.
        every_s: between two looks.

    Raises:
        Unsupported: the target has no such figure, or it is read off calls of its own, which would be load, too.
        ConfigError: it has none of that name, and a similar one.
    """

    def __init__(self, figures: Figures, names: Sequence[str], every_s: float = EVERY_S) -> None:
        self._figures = figures
        self._names = tuple(dict.fromkeys(names))
        self._every_s = every_s
        self._tables = {name: figures.table(name) for name in self._names}
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._points: dict[str, list[tuple[float, float]]] = {name: [] for name in self._names}
        self._said: dict[str, LlmopsError] = {}
        self._began = self._ended = 0.0
        if asks := [name for name, table in self._tables.items() if _asks(table)]:
            raise Unsupported(
                f"figures.{asks[0]} is read off calls that it makes itself, so it cannot stand beside load."
            )

    def __enter__(self) -> Self:
        self._began = time.time()
        if looked := [name for name in self._names if not isinstance(self._tables[name], FromPrometheus)]:
            run = contextvars.copy_context().run
            self._thread = threading.Thread(target=run, args=(self._looking, looked), name="llmops-beside", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended = time.time()
        self._over.set()
        if self._thread is not None:
            self._thread.join(LAST_ROUND_S)

    def _looking(self, names: Sequence[str]) -> None:
        while not self._over.is_set():
            for name in names:
                try:
                    found = self._figures.read(name, during=self._pause if _counts(self._tables[name]) else None)
                except LlmopsError as error:  # under load an answer may not come: the next look tells more
                    self._said[name] = error
                else:
                    self._points[name].append((found.at, found.value))
            self._pause()

    def _pause(self) -> None:
        """What happens meanwhile is the load: what counts since a start is read as what it counted in this time."""
        self._over.wait(self._every_s)

    def courses(self) -> dict[str, Course]:
        """How each went, by its name.

        Raises:
            Vacuous: Prometheus has no value of that time.
            LlmopsError: not one look at one of them succeeded: what the last of them said.
        """
        found = {}
        for name, table in self._tables.items():
            points = self._points[name]
            if isinstance(table, FromPrometheus):
                points = [(one.at, one.value) for one in self._figures.between(name, self._began, self._ended)]
            if not points:
                raise self._said.get(name) or Vacuous(f"figures.{name}: {table.place} has no value of that time.")
            unit = getattr(table, "counted_in", table.unit)
            found[name] = Course(name, unit, table.place, tuple(sorted(points)))
        return found


def _asks(table: Figure) -> bool:
    """Whether a figure is read off calls that are made for it."""
    return isinstance(table, FromTraffic) or (isinstance(table, FromMachine) and table.during is not None)


def _counts(table: Figure) -> bool:
    """Whether a figure is of what was counted in a time, and no level that there is at any moment."""
    return isinstance(table, FromMetrics) and bool(table.during or table.over or table.quantile or table.by)
