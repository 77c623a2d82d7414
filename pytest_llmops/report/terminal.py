"""The summary at the terminal: failures first, then every metric, then what it cost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

from pytest_llmops.report.creep_words import said as creeps_said
from pytest_llmops.report.last_good import told
from pytest_llmops.report.metric import (
    ACCEPT,
    is_quiet_rate,
    is_timed,
    missing_by_reason,
    names_by_reason,
    names_in,
    number,
    so_many,
    state_of,
    times,
    worded,
    worst_first,
)
from pytest_llmops.report.outcomes import counted
from pytest_llmops.report.page import flowing, page
from pytest_llmops.report.says_nothing import by_kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

COLORS = {
    "ok": "green",
    "recorded": "",
    "improvement": "cyan",
    "regression": "bold red",
    "inconclusive": "yellow",
    "suspect": "bold yellow",
    "no-baseline": "yellow",
    "not-comparable": "yellow",
    "void": "bold red",
    "broken": "bold red",
}
FIRST_COLUMN = 12
SKIPPED = {"unsupported": "unsupported", "optional-unreachable": "not there"}
"""Checks that are named beside what is vacuous: their category, and the word in the first column."""

UNTOLD = "which metrics have a baseline and were not measured cannot be told:"
LONGEST_HEADING = 10
OPEN = frozenset({"regression", "void", "suspect", "inconclusive"})
"""States that a value with a limit can be in whether it holds or not, as a golden dataset's pass rate can."""

LONGEST_WORD = len("inconclusive")
GAP = 2
NARROW = 16
"""Columns that limits are given however long the names beside them are."""


def summary(result: dict[str, Any], *, color: bool, width: int, verbose: bool) -> list[str]:
    """The lines of the summary.

    Args:
        result: the run, as in ``run.json``.
        color: whether the terminal takes colors.
        width: columns.
        verbose: a line of its own also for quiet error rates and for what was merely recorded without a limit.
    """
    return page(lambda console: _fill(console, result, verbose=verbose), color=color, width=width)


def _fill(console: Console, result: dict[str, Any], *, verbose: bool) -> None:
    _failures(console, result["checks"])
    _missing(console, result["missing"])
    metrics = [metric for check in result["checks"] for metric in check["metrics"]]
    twin = result.get("twin")
    _timed(console, [m for m in metrics if is_timed(m)], twin["called"] if twin else "")
    _values(console, [m for m in metrics if not is_timed(m) and (verbose or not _quiet(m))])
    if not verbose:
        _recorded(console, [m for m in metrics if not is_timed(m) and m["threshold"] is None and number(m, "value")])
    for kind, names in by_kind(result.get("vacuous", [])).items():
        first, *more = (_broken(name, console) for name in names)
        _list(console, "vacuous", [f"{kind}: {first}", *more])
    for one in result.get("creeps", []):
        _say(console, "creeps", Text(creeps_said(one)))
    for category, word in SKIPPED.items():
        skipped = [check["test"] for check in result["checks"] if check["category"] == category]
        _list(console, word, [_broken(test, console) for test in skipped])
    if reached := _reached(result["preflight"]):
        _say(console, "components", Text(reached))
    _totals(console, result, metrics)


def _failures(console: Console, checks: Sequence[dict[str, Any]]) -> None:
    """One line per check that is not green, and one per unreachable component however many tests it cost."""
    lost = Counter(check["reason"] for check in checks if check["category"] == "unreachable")
    for cause, count in lost.items():
        not_made = f" ({so_many(count, 'check')} not made)"
        _say(console, "UNREACHABLE", Text(cause.partition("\n")[0] + not_made), "bold red")
    seen: dict[tuple[str, str], list[str]] = {}
    for check in checks:
        if check["outcome"] in {"failed", "error", "waived"} and check["category"] != "unreachable":
            word = "WAIVED" if check["outcome"] == "waived" else check["category"].upper()
            seen.setdefault((word, "\n".join(told(check))), []).append(check["test"])
    for (word, reason), tests in seen.items():
        for index, test in enumerate(tests):
            _say(console, "" if index else word, Text(_broken(test, console), "bold"), "bold red")
        for line in reason.splitlines():
            _say(console, "", Text(line))
    if any(check["outcome"] in {"failed", "error", "waived"} for check in checks):
        console.print()


def _missing(console: Console, missing: Sequence[dict[str, Any]]) -> None:
    """What has a baseline and was not measured: a renamed or deleted test does not pass silently."""
    for reason, names in missing_by_reason(missing).items():
        _say(console, "MISSING", Text(", ".join(filter(None, names)) or UNTOLD, "bold"), "bold red")
        _say(console, "", Text(reason))
    if missing:
        console.print()


def _say(console: Console, word: str, text: Text, style: str = "dim") -> None:
    """A word in the first column, which is whole also where it is long, and its text beside it, however many lines."""
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=max(FIRST_COLUMN, cell_len(word)), style=style)
    row.add_column(overflow="fold")  # a test's name may be longer than a line, and is not cut
    row.add_row(word, text)
    console.print(row)


def _broken(name: str, console: Console) -> str:
    """A test's name; where a line does not hold it, it goes on below with its function."""
    return name if cell_len(name) < console.width - FIRST_COLUMN - GAP else name.replace("::", "\n::", 1)


def _list(console: Console, word: str, items: Sequence[str]) -> None:
    """A word, and items beside it: a line ends between two of them, not within one that fits."""
    if items:
        _say(console, word, Text(flowing(items, console.width - FIRST_COLUMN - 2)))


def _quiet(metric: dict[str, Any]) -> bool:
    """An error rate of zero, or a value without any limit."""
    return is_quiet_rate(metric) or metric["threshold"] is None


def _timed(console: Console, metrics: Sequence[dict[str, Any]], against: str) -> None:
    if not metrics:
        return
    gap = 2 if console.width >= 92 else 1
    table = Table(box=None, padding=(0, gap, 0, 0), header_style="dim")
    table.add_column("metric", overflow="fold")  # where there is no room, names fold and numbers stay whole
    other = "baseline" if not against else against if len(against) <= LONGEST_HEADING else "there"
    for heading in ("now", other, "times slower", "calls", "verdict"):
        table.add_column(heading, justify="left" if heading == "verdict" else "right", no_wrap=True)
    for metric in worst_first(metrics):
        state = state_of(metric)
        table.add_row(
            metric["name"],
            number(metric, "value"),
            number(metric, "baseline"),
            times(metric),
            str(metric["n"]),
            Text(worded(metric), COLORS[state]),
        )
    console.print(table)
    _undecided(console, metrics)
    if not against:
        _improved(console, metrics)
    console.print()


def _undecided(console: Console, metrics: Sequence[dict[str, Any]]) -> None:
    """Why some metrics block a gate without being red, once for all that share the reason."""
    for reason, names in names_by_reason(metrics, "suspect").items():
        if reason:
            _say(console, "suspect", Text(f"{', '.join(names)}: {reason}"), "bold yellow")
    for reason, names in names_by_reason(metrics, "not-comparable").items():
        _say(console, "not compared", Text(f"{reason} ({so_many(len(names), 'metric')})"), "yellow")


def _improved(console: Console, metrics: Sequence[dict[str, Any]]) -> None:
    """What is better than its baseline, which then lets a later slowdown pass unseen."""
    if names := names_in(metrics, "improvement"):
        _say(console, "improvement", Text(f"{', '.join(names)}; to make that the normal: {ACCEPT}"), "cyan")


def _values(console: Console, metrics: Sequence[dict[str, Any]]) -> None:
    if not metrics:
        return
    table = Table(box=None, padding=(0, GAP, 0, 0), header_style="dim")
    for heading in ("value", "now", "limits", ""):
        table.add_column(heading, justify="right" if heading == "now" else "left", no_wrap=heading != "limits")
    rows = [_row(metric) for metric in worst_first(metrics)]
    widest = max(cell_len(name) for name, *_ in rows) + max(cell_len(now) for _, now, *_ in rows)
    room = console.width - widest - LONGEST_WORD - 4 * GAP
    for name, now, limits, word, color in dict.fromkeys(rows):  # two checks may record the same
        table.add_row(name, now, flowing(limits, max(NARROW, room)), Text(word, color))
    console.print(table)
    _undecided(console, metrics)
    console.print()


def _row(metric: dict[str, Any]) -> tuple[str, str, tuple[str, ...], str, str]:
    """Name, value, limits, whether they hold, and the color of that."""
    state = state_of(metric)
    limits = tuple(f"{level} {text}" for level, text in (metric["threshold"] or {}).items() if level != "broken")
    word = "broken" if state == "broken" else "holds" if metric["threshold"] else "recorded"
    word = state if state in OPEN else word
    return metric["name"], number(metric, "value"), limits, word, COLORS[state]


def _recorded(console: Console, metrics: Sequence[dict[str, Any]]) -> None:
    """What has no limit, in passing."""
    words = [f"{metric['name']} {number(metric, 'value')}" for metric in metrics if not is_quiet_rate(metric)]
    _list(console, "recorded", words)


def _reached(preflight: Sequence[dict[str, Any]]) -> str:
    levels: dict[str, list[str]] = {}
    for found in preflight:
        if found["ok"]:
            levels.setdefault(found["level"], []).append(found["component"])
    return "; ".join(f"{level}: {', '.join(names)}" for level, names in levels.items())


def _totals(console: Console, result: dict[str, Any], metrics: Sequence[dict[str, Any]]) -> None:
    twin = result.get("twin")
    left_out = sum(result["not_applicable"].values())
    said = [counted(result["checks"]), f"{left_out} left out" if left_out else ""]
    _say(console, "checks", Text(", ".join(filter(None, said)) or "none"))
    states = Counter(_word_of(metric) for metric in metrics if metric["ratio"] is not None and metric["unit"] == "s")
    if states:
        words = ", ".join(f"{count} {word}" for word, count in states.most_common())
        than = f"{twin['called']}, called in turns" if twin else "stored baselines"
        _say(console, "verdicts", Text(f"{words}, against {than}"))
    rates = [metric for metric in metrics if metric["name"].endswith(".error_rate")]
    spent = result["spent"]
    failed = round(sum(metric["value"] * metric["n"] for metric in rates))
    timed = sum(metric["n"] for metric in rates)
    errors = f", {failed} of {timed} timed ones failed" if rates else ""
    tokens = so_many(spent["tokens"], "token")
    cost = f"{so_many(spent['requests'], 'call')}{errors}, {tokens}, {result['duration_s']:.0f} s"
    _say(console, "cost", Text(cost))
    if twin:
        cost = f"{so_many(twin['spent']['requests'], 'call')}, {so_many(twin['spent']['tokens'], 'token')}"
        _say(console, "against", Text("; ".join(filter(None, (twin["called"], _reached(twin["preflight"]), cost)))))


def _word_of(metric: dict[str, Any]) -> str:
    return "suspect" if metric["suspect"] else str(metric["state"])
