"""What earlier runs recorded, over time: values, trends, when something is used up, and the pages that say so."""

from __future__ import annotations

import time
from itertools import pairwise
from statistics import median
from typing import TYPE_CHECKING

from pytest_llmops.errors import Unsupported, Vacuous
from pytest_llmops.judge.thresholds import breach, said, threshold_for
from pytest_llmops.judge.trends import exhaustion, trend
from pytest_llmops.report.creeps import creeping
from pytest_llmops.report.over_time_pages import days_of, growth_page, pattern_page, usage_page
from pytest_llmops.report.over_time_values import MONTH, Beside, Growth, Room
from pytest_llmops.state.history import over_time
from pytest_llmops.state.history.timed import timed
from pytest_llmops.target.durations import DAY_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pytest_llmops.report.creeps import Creeping
    from pytest_llmops.state.history.over_time import EarlierRun, Kept, Listed
    from pytest_llmops.state.history.place import Place
    from pytest_llmops.state.history.signing import SignOff
    from pytest_llmops.target.load import Target

WEEK = 7
"""Days within which what was beyond a limit is still remembered as such."""

LEAST_DAYS_OF_MONTH = 15
"""Days with values; of fewer it is no report of a month: runs on weekdays alone are 20, and some of them may fail."""

LEAST_MONTH = 20
"""Days after which a run counts as last month's: a month has 28 of them, and maintenance may be late."""

QUARTER = 90
"""Days that a trend is drawn through."""

COUNTED = 45
"""Days through which a counter is followed: monthly runs are a little more than thirty days apart."""

LEAST_VALUES = 4
LEAST_DAYS = 3.0
"""A trend of less is chance: of three values the interval is unbounded, and one day has a shape of its own."""


def daily(at: Sequence[float], values: Sequence[float]) -> tuple[list[float], list[float]]:
    """One moment and value for each day, its medians: those of one day are alike, a trend of all would be too sure.

    Args:
        at: moments in days since the epoch, whose days are those of UTC.
        values: as many.
    """
    found: dict[int, list[tuple[float, float]]] = {}
    for one in zip(at, values, strict=True):
        found.setdefault(int(one[0]), []).append(one)
    return [median(when for when, _ in day) for day in found.values()], [
        median(value for _, value in day) for day in found.values()
    ]


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
        """The metrics of the target's ``growth`` table, but for what the system does not have."""
        return tuple(name for name, table in self._target.table.growth.items() if not table.absent)

    @property
    def never_grows(self) -> list[str]:
        """What the runbook looks at over time and the system does not have, each with the reason."""
        return [
            f"{name}: {table.absent.rstrip('.')}" for name, table in self._target.table.growth.items() if table.absent
        ]

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

    def beside(self, metric: str, days: float = WEEK) -> Beside:
        """What runs recorded of a metric in the last days, and in as many days before.

        Raises:
            Vacuous: none was recorded in one of them.
        """
        known, since = self.values(metric, 2 * days), self._now() - days * DAY_S
        before = [one.value for one in known if one.at < since]
        now = [one.value for one in known if one.at >= since]
        if not before or not now:
            when = "before" if now else "of late"
            raise Vacuous(
                f"{metric} was recorded {len(known)} times in the last {2 * days:g} days on {self._target.name}, and "
                f"not {when}, so that two periods of {days:g} days cannot be compared."
            )
        return Beside(before, now, known[-1].unit)

    def peak(self, metric: str, beyond: str, days: float = WEEK) -> Kept:
        """The highest value of the last days, where it broke a limit: what came of it since can be held against it.

        Args:
            metric: its name.
            beyond: the metric whose thresholds it broke.
            days: how far back.

        Raises:
            Vacuous: none was recorded, or none broke them.
        """
        highest = max(self.values(metric, days), key=lambda one: one.value)
        limits = threshold_for(beyond, self._target.table.thresholds)
        if limits is None or breach(beyond, highest.value, highest.unit, limits) is None:
            most = said(highest.value, highest.unit)
            raise Vacuous(
                f"{metric} was {most} at most in the last {days:g} days, within the limits of {beyond}, so there is "
                "nothing that had to become less."
            )
        return highest

    def listed(self, metric: str, counted: str, *, least_days: float = LEAST_MONTH, days: float = QUARTER) -> Listed:
        """The names that a run of last month recorded as ``METRIC[NAME]``: ``at`` (seconds since the epoch), ``names``.

        Args:
            metric: before the brackets.
            counted: the metric of how many there were, which is recorded where there were none, too.
            least_days: so long ago at least; the newest such run is taken.
            days: so long ago at most.

        Raises:
            Vacuous: no run of that time recorded it.
        """
        until, since = (self._now() - ago * DAY_S for ago in (least_days, days))
        found = over_time.listed(self._place, self._target.name, metric, counted, since, until)
        if found is None:
            raise Vacuous(
                f"no run of {least_days:g} to {days:g} days ago recorded {counted} on {self._target.name}, so there is "
                "nothing to compare with; run the suites that do every month."
            )
        return found

    def usual(self, metric: str, days: float = MONTH, *, least: float = 0.0) -> float:
        """The median of what runs recorded of a metric; single odd days do not move it.

        Args:
            metric: its name.
            days: how far back.
            least: the median counts as at least this, so that a rise from one to three is no alarm.

        Raises:
            HistoryError: the history cannot be read.
            Vacuous: too few of the last days recorded it, or it is nothing that could be risen above.
        """
        known = [one.value for one in self.values(metric, days)]
        middle = max(median(known), least)
        if len(known) < LEAST_VALUES or middle <= 0:
            raise Vacuous(
                f"{metric} was recorded {len(known)} times in the last {days:g} days, with a median of {middle:g}; "
                f"at least {LEAST_VALUES} values, with a median above 0, are needed to say what is usual."
            )
        return middle

    def deviation_pct(self, metric: str, now: float, days: float = MONTH, *, least: float = 0.0) -> float:
        """By how many % a value is another than what is usual, in either direction; ``least`` as of :meth:`usual`.

        Raises:
            HistoryError, Vacuous: as of :meth:`usual`.
        """
        usual = self.usual(metric, days, least=least)
        return 100 * abs(now - usual) / usual

    def fallen_pct(self, metric: str, now: float, days: float = MONTH) -> float:
        """By how many % a value is below what is usual; 0 where it is not.

        Raises:
            HistoryError, Vacuous: as of :meth:`usual`.
        """
        usual = self.usual(metric, days)
        return max(0.0, 100 * (usual - now) / usual)

    def risen_pct(self, metric: str, now: float, days: float = MONTH) -> float:
        """By how many % a value is above what is usual; 0 where it is not.

        Raises:
            HistoryError, Vacuous: as of :meth:`usual`.
        """
        usual = self.usual(metric, days)
        return max(0.0, 100 * (now - usual) / usual)

    def share_changes(
        self, metric: str, counted: str, shares: Mapping[str, float], days: float = MONTH
    ) -> dict[str, float]:
        """By how many points each of several shares is another than what is usual, in either direction.

        Args:
            metric: recorded as ``METRIC[NAME]``.
            counted: the metric of how many names there were, which is recorded beside them.
            shares: name to its share now, in %; one that the newest run did not record had none, and one that it
                recorded and is not among them has none now.
            days: how far back.

        Raises:
            HistoryError: the history cannot be read.
            Vacuous: no run of that time recorded it.
        """
        since = self._now() - days * DAY_S
        found = over_time.listed(self._place, self._target.name, metric, counted, since, self._now())
        if found is None:
            raise Vacuous(
                f"no run of the last {days:g} days recorded {counted} on {self._target.name}, so there are no shares "
                "to compare with; run the suites that do for a while, and ask again."
            )
        usual = {name: median(one.value for one in self.values(f"{metric}[{name}]", days)) for name in found.names}
        return {name: abs(shares.get(name, 0.0) - usual.get(name, 0.0)) for name in {**usual, **shares}}

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

    def limited(self, *metrics: str) -> tuple[str, ...]:
        """Those of some metrics that the target's ``growth`` table gives a limit.

        Raises:
            Unsupported: none of them has one.
        """
        found = tuple(metric for metric in metrics if self._limit(metric) is not None)
        if not found:
            raise Unsupported(
                f"{self._target.where} names no limit of a plan; where there is one give "
                f"[targets.{self._target.name}.growth.METRIC] a limit, METRIC being {' or '.join(metrics)}."
            )
        return found

    def room(self, metric: str, now: float, *, limit: float | None = None) -> Room:
        """How much of a metric's limit is used: ``left used_pct``; whatever earlier runs recorded.

        Args:
            metric: its name.
            now: its live value.
            limit: of it there is no more than this; that of the target's ``growth`` table by default.

        Raises:
            Unsupported: nobody says a limit.
        """
        limit = self._limit(metric) if limit is None else limit
        if limit is None:
            raise Unsupported(f"{self._target.where} names no limit of {metric}; give growth.{metric} a limit.")
        return Room(now, limit)

    def monthly(self, metric: str, now: float, days: float = COUNTED) -> float:
        """By how much a counter rises in thirty days, by what it rose in the last days; one that fell began anew.

        Args:
            metric: its name.
            now: its live value.
            days: how far back.

        Raises:
            Vacuous: no run of the last days recorded it, or all did only just now.
        """
        known = self.values(metric, days)
        over_days = self._now() / DAY_S - known[0].at / DAY_S
        if over_days < LEAST_DAYS:
            raise Vacuous(
                f"{metric} was recorded first {over_days:.2g} days ago; what it comes to in a month needs "
                f"{LEAST_DAYS:g} days at least. Run the suites that record it for a while, and ask again."
            )
        levels = [*(one.value for one in known), now]
        risen = sum(later - earlier if later >= earlier else later for earlier, later in pairwise(levels))
        return risen / over_days * MONTH

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
        limit = limit if limit is not None else self._limit(metric)
        line = trend(*daily(at, levels))
        left = exhaustion(line, limit, now) if limit is not None else None
        says = table.says if table and table.says else metric
        return Growth(metric, says, known[-1].unit, levels[-1], line, limit, left, self._now())

    def _limit(self, metric: str) -> float | None:
        table = self._target.table.growth.get(metric)
        return table.limit if table else None

    def all_growth(self, now: Mapping[str, float] | None = None) -> list[Growth]:
        """The growth of each metric of the target's ``growth`` table, as `growth` has it; see `untold_growth`.

        Raises:
            Vacuous: the target says of nothing that it grows, or every one of them has too few values.
        """
        if not self.growing:
            raise Vacuous(
                f"{self._target.where} says of nothing that it grows; "
                f"add [targets.{self._target.name}.growth.METRIC] with the name of a metric that runs record."
            )
        told = [self._growth_or_why(metric, now) for metric in self.growing]
        found = [one for one in told if not isinstance(one, str)]
        if not found:
            raise Vacuous(" ".join(one for one in told if isinstance(one, str)))
        return found

    def untold_growth(self, now: Mapping[str, float] | None = None) -> list[str]:
        """Of which metrics of the ``growth`` table no growth can be told, for want of values, a sentence each."""
        return [one for metric in self.growing if isinstance(one := self._growth_or_why(metric, now), str)]

    def _growth_or_why(self, metric: str, now: Mapping[str, float] | None) -> Growth | str:
        try:
            return self.growth(metric, (now or {}).get(metric))
        except Vacuous as error:
            return str(error)

    def growth_report(self, growths: Iterable[Growth]) -> str:
        """A page of Markdown: each metric now, a month's growth with its interval, when its limit is reached.

        What the system does not have is named below.
        """
        return growth_page(self._target.name, list(growths), self.never_grows, self._now())

    def usage_report(self, *metrics: str, days: float = MONTH) -> str:
        """A page of Markdown: each metric over the last days, the runs and their outcomes, what creeps, the sign-offs.

        Raises:
            Vacuous: one of the metrics was not recorded.
        """
        kept = {metric: self.values(metric, days) for metric in metrics}
        return usage_page(
            self._target.name, days, kept, self.runs(days), self.sign_offs(days), self.creeps(), self._now()
        )

    def creeps(self) -> list[Creeping]:
        """The times that became longer over the last runs, by less than the gate sees, the most first.

        Each has ``metric``, ``pct``, ``per_run_pct`` and its first bad run: ``run``, ``started``, ``commit``.
        """
        return creeping(timed(self._place, self._target.name, None, self._now()))

    def days_of_month(self, *metrics: str) -> dict[str, int]:
        """On how many days of the last month, in UTC, each metric was recorded.

        Raises:
            Vacuous: one of them on too few for a report of the month.
        """
        found = {metric: len(days_of(self.values(metric, MONTH))) for metric in metrics}
        few = [f"{metric} of {days}" for metric, days in found.items() if days < LEAST_DAYS_OF_MONTH]
        if few:
            raise Vacuous(
                f"of the last {MONTH} days there are values of {', '.join(few)}; a report of the month needs "
                f"{LEAST_DAYS_OF_MONTH} days at least. Run the suites that record them every day, and ask again."
            )
        return found

    def pattern_report(self, *metrics: str, days: float = MONTH) -> str:
        """A page of Markdown: the mean of each metric by hour of the day and by day of the week, in UTC.

        Raises:
            Vacuous: one of the metrics was not recorded.
        """
        kept = {metric: self.values(metric, days) for metric in metrics}
        return pattern_page(self._target.name, kept, self._now())
