"""What earlier runs recorded, over time: values, trends, when something is used up, and the pages that say so."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import Vacuous
from pytest_llmops.judge.trends import Exhaustion, Trend, exhaustion, trend
from pytest_llmops.report.over_time_pages import growth_page, pattern_page, usage_page
from pytest_llmops.state.history import over_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llmops.state.history.over_time import EarlierRun, Kept
    from pytest_llmops.state.history.place import Place
    from pytest_llmops.state.history.signing import SignOff
    from pytest_llmops.target.load import Target

DAY_S = 86_400.0
MONTH = 30
"""Days that a monthly report looks back."""

QUARTER = 90
"""Days that a trend is drawn through."""

CENTURY = 36_525
"""Days; what takes longer is no forecast."""

LEAST_VALUES = 4
LEAST_DAYS = 3.0
"""A trend of less is chance: of three values the interval is unbounded, and one day has a shape of its own."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How a metric went.

    Attributes:
        name: of the metric.
        says: what it is.
        unit: of its values.
        now: the newest value.
        line: through all values, per day.
        limit: of it there is no more than this; None where nobody says.
        left: when that is reached; None without a limit.
    """

    name: str
    says: str
    unit: str
    now: float
    line: Trend
    limit: float | None
    left: Exhaustion | None

    @property
    def per_month(self) -> float:
        """By how much it grows in thirty days."""
        return self.line.per_day * MONTH

    @property
    def room(self) -> float:
        """How much of it there is left until the limit; infinite without one."""
        return float("inf") if self.limit is None else self.limit - self.now

    @property
    def time_left_s(self) -> float | None:
        """Seconds until the limit is reached; None where it is not within a century, or there is none."""
        if self.left is None or self.left.days > CENTURY:
            return None
        return self.left.days * DAY_S

    @property
    def month(self) -> str:
        """The month in which the limit is reached, such as ``2027-03``; empty where `time_left_s` is None."""
        left_s = self.time_left_s
        return "" if left_s is None else time.strftime("%Y-%m", time.gmtime(time.time() + left_s))


class History:
    """The runs of a target that its project remembers.

    Args:
        target: the deployment.
        place: where they are kept.
        now: seconds since the epoch.
    """

    def __init__(self, target: Target, place: Place, now: Callable[[], float] = time.time) -> None:
        self._target = target
        self._place = place
        self._now = now

    def __repr__(self) -> str:
        return f"History({self._target.name})"

    @property
    def growing(self) -> tuple[str, ...]:
        """The metrics of the target's ``growth`` table."""
        return tuple(self._target.table.growth)

    def values(self, metric: str, days: float = QUARTER) -> list[Kept]:
        """What runs recorded of a metric, oldest first: ``at`` (seconds since the epoch), ``value``, ``unit``.

        Raises:
            HistoryError: the history cannot be read.
            Vacuous: none of the last days recorded it.
        """
        found = over_time.values(self._place, self._target.name, metric, self._now() - days * DAY_S)
        if not found:
            raise Vacuous(
                f"no run of the last {days:g} days recorded {metric} on {self._target.name}; "
                "run the suites that do for a while, and ask again."
            )
        return found

    def runs(self, days: float = MONTH) -> list[EarlierRun]:
        """The runs, oldest first: ``at``, ``exit_status``, ``outcomes``."""
        return over_time.runs(self._place, self._target.name, self._now() - days * DAY_S)

    def sign_offs(self, days: float = MONTH) -> list[SignOff]:
        """What people carried out by hand: ``procedure``, ``by``, ``note``, ``at``."""
        return over_time.sign_offs(self._place, self._target.name, self._now() - days * DAY_S)

    def age(self, *metrics: str, days: float = QUARTER) -> float:
        """Seconds since a run last recorded them; of several, since the one that was recorded longest ago.

        Raises:
            Vacuous: one of them was not recorded at all.
        """
        return self._now() - min(self.values(metric, days)[-1].at for metric in metrics or self.growing)

    def growth(
        self,
        metric: str,
        now: float | None = None,
        *,
        limit: float | None = None,
        room: float | None = None,
        days: float = QUARTER,
    ) -> Growth:
        """How a metric went, and when its limit is reached: the line through the values of runs.

        Args:
            metric: its name.
            now: its live value, which is one more; without it the newest recorded one is.
            limit: of it there is no more than this; that of the target's ``growth`` table by default.
            room: in place of a limit, how much more there is room for.
            days: how far back.

        Raises:
            Vacuous: too few values, or of too short a time, to draw a line through.
        """
        known = self.values(metric, days)
        at = [one.at / DAY_S for one in known] + ([self._now() / DAY_S] if now is not None else [])
        levels = [one.value for one in known] + ([now] if now is not None else [])
        if len(at) < LEAST_VALUES or at[-1] - at[0] < LEAST_DAYS:
            raise Vacuous(
                f"{metric} was recorded {len(at)} times in {at[-1] - at[0]:.2g} days; a trend needs {LEAST_VALUES} "
                f"values of {LEAST_DAYS:g} days at least. Run the suites that record it for a while, and ask again."
            )
        table = self._target.table.growth.get(metric)
        if room is not None:
            limit = levels[-1] + room
        limit = limit if limit is not None else table.limit if table else None
        line = trend(at, levels)
        left = exhaustion(line, limit, now) if limit is not None else None
        says = table.says if table and table.says else metric
        return Growth(metric, says, known[-1].unit, levels[-1], line, limit, left)

    def all_growth(self, now: Mapping[str, float] | None = None) -> list[Growth]:
        """The growth of every metric of the target's ``growth`` table, as `growth` has it.

        Raises:
            Vacuous: the target says of nothing that it grows, or one of them has too few values.
        """
        if not self.growing:
            raise Vacuous(
                f"{self._target.where} says of nothing that it grows; "
                f"add [targets.{self._target.name}.growth.METRIC] with the name of a metric that runs record."
            )
        live = now or {}
        return [self.growth(metric, live.get(metric)) for metric in self.growing]

    def growth_report(self, growths: Iterable[Growth]) -> str:
        """A page of Markdown: each metric now, a month's growth with its interval, when its limit is reached."""
        return growth_page(self._target.name, list(growths), self._now())

    def usage_report(self, *metrics: str, days: float = MONTH) -> str:
        """A page of Markdown: each metric over the last days, the runs with their outcomes, what people signed off.

        Raises:
            Vacuous: one of the metrics was not recorded.
        """
        kept = {metric: self.values(metric, days) for metric in metrics}
        return usage_page(self._target.name, days, kept, self.runs(days), self.sign_offs(days), self._now())

    def pattern_report(self, *metrics: str, days: float = MONTH) -> str:
        """A page of Markdown: the mean of each metric by hour of the day and by day of the week, in UTC.

        Raises:
            Vacuous: one of the metrics was not recorded.
        """
        kept = {metric: self.values(metric, days) for metric in metrics}
        return pattern_page(self._target.name, kept, self._now())
