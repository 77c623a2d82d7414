"""Pages of Markdown on what runs recorded over time: growth, usage, patterns of the day and the week."""

from __future__ import annotations

import datetime as dt
import math
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING

from pytest_llmops.report.creep_words import said
from pytest_llmops.report.markdown import escaped, table
from pytest_llmops.target.durations import DAY_S
from pytest_llmops.target.moments import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmops.clients.figures import Reading
    from pytest_llmops.report.creeps import Creeping
    from pytest_llmops.report.over_time_values import Growth
    from pytest_llmops.state.history.over_time import EarlierRun, Kept
    from pytest_llmops.state.history.signing import SignOff

WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def growth_page(target: str, growths: Sequence[Growth], absent: Sequence[str], now: float) -> str:
    """How much more there is of each metric in a month, and when its limit is reached; and what cannot grow."""
    rows = [
        (
            escaped(one.says),
            _said(one.now, one.unit),
            f"{one.per_month:+.4g} ({_bound(one.line.low)} to {_bound(one.line.high)})",
            _forecast(one),
            f"{one.line.values} over {one.line.days:.0f} days",
            _used_up(one, now),
        )
        for one in growths
    ]
    head = ("what", "now", "a month (95 %)", "in 30 days (95 %)", "values", "used up")
    note = "The line through a metric's values is Theil and Sen's: single odd days do not bend it."
    lacking = "".join(f"\nNot there: {escaped(one, None)}.\n" for one in absent)
    return f"# Growth on {target}\n\n{moment(now)}. {note}\n\n{_table(head, rows)}{lacking}"


def _forecast(one: Growth) -> str:
    """Where it is in a month, as the line goes, and by both ends of its slope's interval."""
    ahead, least, most = one.forecast
    if not (math.isfinite(least) and math.isfinite(most)):
        return f"{_said(ahead, one.unit)} (unknown)"
    return f"{_said(ahead, one.unit)} ({_said(least, '')} to {_said(most, '')})"


def _used_up(one: Growth, now: float) -> str:
    if one.left is None:
        return "no limit is given"
    limit = f"of {_said(one.limit or 0.0, one.unit)}"
    if math.isinf(one.left.days):
        return f"never, as it goes now; {limit}"
    if not one.left.days:
        return f"now; {limit}"
    known = math.isfinite(one.line.low) and math.isfinite(one.line.high)
    between = f"{_day(now, one.left.earliest)} to {_day(now, one.left.latest)}" if known else "unknown"
    return f"{_day(now, one.left.days)} ({between}); {limit}"


def usage_page(
    target: str,
    days: float,
    kept: Mapping[str, Sequence[Kept]],
    runs: Sequence[EarlierRun],
    signed: Iterable[SignOff],
    creeps: Sequence[Creeping],
    now: float,
) -> str:
    """Each metric over some days and on how many of them it has values, the runs, what creeps, the sign-offs."""
    rows = [(name, *_summed(values)) for name, values in kept.items()]
    head = ("metric", "values", "days", "mean", "least", "most", "first", "last")
    outcomes = sum((Counter(run.outcomes) for run in runs), Counter[str]())
    checks = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items())) or "none"
    lines = [f"- {moment(one.at)}: {escaped(f'{one.procedure}, by {one.by}: {one.note}', None)}" for one in signed]
    people = "\n\n## Signed off\n\n" + "\n".join(lines) if lines else ""
    none = ["No time that runs measured became longer beyond doubt."]
    slower = [f"- {escaped(said(asdict(one)))}" for one in creeps] or none
    trends = "\n## Creeps\n\n" + "\n".join(slower)
    first = f"# Usage of {target}\n\n{moment(now)}, the last {days:g} days. {len(runs)} runs; checks: {checks}."
    return f"{first}\n\n{_table(head, rows)}{trends}{people}"


def _summed(values: Sequence[Kept]) -> tuple[str, ...]:
    numbers, unit = [one.value for one in values], values[-1].unit
    whole = (math.fsum(numbers) / len(numbers), min(numbers), max(numbers), numbers[0], numbers[-1])
    return str(len(numbers)), str(len(days_of(values))), *(_said(value, unit) for value in whole)


def days_of(values: Iterable[Kept]) -> set[dt.date]:
    """The days, in UTC, on which something was recorded."""
    return {dt.datetime.fromtimestamp(one.at, dt.UTC).date() for one in values}


def pattern_page(target: str, kept: Mapping[str, Sequence[Kept] | Sequence[Reading]], now: float) -> str:
    """The mean of each metric by the hour and by the day of the week."""
    parts = [f"# {target} by hour and day\n\n{moment(now)}; hours and days are in UTC."]
    for metric, values in kept.items():
        hours: dict[str, list[float]] = {f"{hour:02d}:00": [] for hour in range(24)}
        week: dict[str, list[float]] = {day: [] for day in WEEK}
        for one in values:
            when = dt.datetime.fromtimestamp(one.at, dt.UTC)
            hours[f"{when.hour:02d}:00"].append(one.value)
            week[WEEK[when.weekday()]].append(one.value)
        parts.append(f"## {metric}\n\n{len(values)} values.")
        means = (("hour", hours), ("day", week))
        parts += [_table((name, "values", "mean"), _means(found, values[-1].unit)) for name, found in means]
    return "\n\n".join(parts)


def _means(found: Mapping[str, Sequence[float]], unit: str) -> list[tuple[str, ...]]:
    return [(name, str(len(ones)), _said(math.fsum(ones) / len(ones), unit)) for name, ones in found.items() if ones]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    return "\n".join(table(head, ([cell.replace("|", "/") for cell in row] for row in rows))).strip("\n") + "\n"


def _said(value: float, unit: str) -> str:
    return f"{value:.4g} {unit}".strip() if abs(value) < 10_000 else f"{value:,.0f} {unit}".strip()


def _bound(per_day: float) -> str:
    return f"{per_day * 30:+.4g}" if math.isfinite(per_day) else "unknown"


def _day(now: float, days: float) -> str:
    if math.isinf(days) or days > 36_500:
        return "never"
    return f"{dt.datetime.fromtimestamp(now + days * DAY_S, dt.UTC):%Y-%m-%d}"
