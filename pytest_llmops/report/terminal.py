"""The summary at the terminal: failures first, then every metric, then what it cost."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from pytest_llmops.judge.thresholds import said
from pytest_llmops.report.page import page

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
WORST_FIRST = (
    "broken",
    "regression",
    "void",
    "suspect",
    "inconclusive",
    "no-baseline",
    "not-comparable",
    "improvement",
)


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
    metrics = [metric for check in result["checks"] for metric in check["metrics"]]
    _timed(console, [m for m in metrics if _is_timed(m)])
    _values(console, [m for m in metrics if not _is_timed(m) and (verbose or not _quiet(m))])
    if not verbose:
        _recorded(console, [m for m in metrics if not _is_timed(m) and m["threshold"] is None and _said(m, "value")])
    _components(console, result["preflight"])
    _totals(console, result, metrics)


def _failures(console: Console, checks: Sequence[dict[str, Any]]) -> None:
    """One line per check that is not green, and one per unreachable component however many tests it cost."""
    lost = Counter(check["reason"] for check in checks if check["category"] == "unreachable")
    for cause, count in lost.items():
        not_made = f" ({count} check{'s' if count > 1 else ''} not made)"
        _say(console, "UNREACHABLE", Text(cause.partition("\n")[0] + not_made), "bold red")
    told: dict[tuple[str, str], list[str]] = {}
    for check in checks:
        if check["outcome"] in {"failed", "error", "waived"} and check["category"] != "unreachable":
            word = "WAIVED" if check["outcome"] == "waived" else check["category"].upper()
            told.setdefault((word, "\n".join(_sentences(check["reason"]))), []).append(check["test"])
    for (word, reason), tests in told.items():
        for index, test in enumerate(tests):
            _say(console, "" if index else word, Text(test, "bold"), "bold red")
        for line in reason.splitlines():
            _say(console, "", Text(line))
    if any(check["outcome"] in {"failed", "error", "waived"} for check in checks):
        console.print()


def _say(console: Console, word: str, text: Text, style: str = "dim") -> None:
    """A word in the first column, and its text beside it, however many lines that takes."""
    row = Table.grid(padding=(0, 1, 0, 0))
    row.add_column(width=FIRST_COLUMN, style=style)
    row.add_column()
    row.add_row(word, text)
    console.print(row)


def _sentences(reason: str) -> list[str]:
    """The plain words of a failure, without its place and reproduction, which stand in full above."""
    return [line for line in reason.splitlines() if line and not line.startswith("  ")][:4]


def _is_timed(metric: dict[str, Any]) -> bool:
    return bool(metric["unit"] == "s" and (metric["state"] != "recorded" or metric["n"] > 1))


def _quiet(metric: dict[str, Any]) -> bool:
    """An error rate of zero, or a value without any limit."""
    return _quiet_rate(metric) or metric["threshold"] is None


def _quiet_rate(metric: dict[str, Any]) -> bool:
    return metric["name"].endswith(".error_rate") and not metric["value"]


def _timed(console: Console, metrics: Sequence[dict[str, Any]]) -> None:
    if not metrics:
        return
    gap = 2 if console.width >= 92 else 1
    table = Table(box=None, padding=(0, gap, 0, 0), header_style="dim")
    table.add_column("metric", overflow="fold")  # where there is no room, names fold and numbers stay whole
    for heading in ("now", "baseline", "times slower", "calls", "verdict"):
        table.add_column(heading, justify="left" if heading == "verdict" else "right", no_wrap=True)
    for metric in sorted(metrics, key=_order):
        state = _state(metric)
        table.add_row(
            metric["name"],
            _said(metric, "value"),
            _said(metric, "baseline"),
            _times(metric),
            str(metric["n"]),
            Text(_word(metric, state), COLORS[state]),
        )
    console.print(table)
    _unlike(console, metrics)
    console.print()


def _unlike(console: Console, metrics: Sequence[dict[str, Any]]) -> None:
    """Why some metrics were not compared, once for all that share the reason."""
    reasons = Counter(metric["reason"] for metric in metrics if _state(metric) == "not-comparable")
    for reason, count in reasons.items():
        _say(console, "not compared", Text(f"{reason} ({count} metric{'s' if count > 1 else ''})"), "yellow")


def _values(console: Console, metrics: Sequence[dict[str, Any]]) -> None:
    if not metrics:
        return
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("value", "now", "limits", ""):
        table.add_column(heading, justify="right" if heading == "now" else "left", no_wrap=heading != "limits")
    for metric in sorted(metrics, key=_order):
        limits = metric["threshold"] or {}
        written = ", ".join(f"{level} {text}" for level, text in limits.items() if level != "broken")
        state = _state(metric)
        word = "broken" if state == "broken" else ("holds" if limits else "recorded")
        table.add_row(metric["name"], _said(metric, "value"), written, Text(word, COLORS[state]))
    console.print(table)
    console.print()


def _recorded(console: Console, metrics: Sequence[dict[str, Any]]) -> None:
    """What has no limit, in passing."""
    words = [f"{metric['name']} {_said(metric, 'value')}" for metric in metrics if not _quiet_rate(metric)]
    if words:
        _say(console, "recorded", Text(", ".join(words)))


def _state(metric: dict[str, Any]) -> str:
    if (metric["threshold"] or {}).get("broken"):
        return "broken"
    return "suspect" if metric["suspect"] else str(metric["state"])


def _order(metric: dict[str, Any]) -> int:
    state = _state(metric)
    return WORST_FIRST.index(state) if state in WORST_FIRST else len(WORST_FIRST)


def _word(metric: dict[str, Any], state: str) -> str:
    if state == "broken":
        return f"broke {metric['threshold']['broken']}"
    if state == "suspect":
        return "inconclusive, suspect"
    return state


def _times(metric: dict[str, Any]) -> str:
    if metric["ratio"] is None:
        return ""
    return f"{metric['ratio']:.2f} ({metric['low']:.2f}-{metric['high']:.2f})"


def _said(metric: dict[str, Any], key: str) -> str:
    value = metric[key]
    if value is None:
        return ""
    if metric["name"].endswith(".error_rate"):
        return f"{100 * value:.3g} %"
    return said(value, metric["unit"])


def _components(console: Console, preflight: Sequence[dict[str, Any]]) -> None:
    levels: dict[str, list[str]] = {}
    for found in preflight:
        if found["ok"]:
            levels.setdefault(found["level"], []).append(found["component"])
    if levels:
        words = "; ".join(f"{level}: {', '.join(names)}" for level, names in levels.items())
        _say(console, "components", Text(words))


def _totals(console: Console, result: dict[str, Any], metrics: Sequence[dict[str, Any]]) -> None:
    outcomes = Counter(check["outcome"] for check in result["checks"])
    counted = ", ".join(f"{count} {_plural(word, count)}" for word, count in sorted(outcomes.items()))
    left_out = sum(result["not_applicable"].values())
    _say(console, "checks", Text(f"{counted}{f', {left_out} left out' if left_out else ''}"))
    states = Counter(_word_of(metric) for metric in metrics if metric["ratio"] is not None and metric["unit"] == "s")
    if states:
        words = ", ".join(f"{count} {word}" for word, count in states.most_common())
        _say(console, "verdicts", Text(f"{words}, against stored baselines"))
    rates = [metric for metric in metrics if metric["name"].endswith(".error_rate")]
    spent = result["spent"]
    failed = round(sum(metric["value"] * metric["n"] for metric in rates))
    timed = sum(metric["n"] for metric in rates)
    errors = f", {failed} of {timed} timed ones failed" if rates else ""
    cost = f"{spent['requests']} calls{errors}, {spent['tokens']} tokens, {result['duration_s']:.0f} s"
    _say(console, "cost", Text(cost))


def _plural(word: str, count: int) -> str:
    return "errors" if word == "error" and count > 1 else word


def _word_of(metric: dict[str, Any]) -> str:
    return "suspect" if metric["suspect"] else str(metric["state"])
