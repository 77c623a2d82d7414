"""What a run found, the worst first: what was seen, how bad it is, what to do."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.report.by_hand import CHANGED, UNKNOWN
from pytest_llmops.report.creep_words import said as creeps_said
from pytest_llmops.report.last_good import LAST_PASSED, told
from pytest_llmops.report.metric import (
    ACCEPT,
    asked,
    missing_by_reason,
    names_by_reason,
    number,
    sentences,
    so_many,
    state_of,
    worst_first,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

SEVERITIES = ("critical", "normal", "minor")
TRY = "  try: "
INTERVAL = " (95 % limits "
"""In the first sentence of a regression, which is long: the headline ends before it."""

TO_DO = {
    "threshold": "Find what changed since it last held; the limit itself stands in llmops.toml, or in the profile.",
    "void": "Mend the measurement as it says: as it is, it tells nothing of the target.",
    "left-changed": "llmops recover, beside llmops.toml, before anything else is tried on the target.",
    "still-changed": "llmops recover, beside llmops.toml; then run it again.",
    "not-installed": "Install what it names, where the tests run; then run it again.",
    "outside-window": "Run it within the target's windows for disruption.",
    "budget": "Raise the budget in llmops.toml, or select fewer checks.",
    "crashed": "Run it by itself: the log says what became of the worker.",
}
UNSETTLED = {
    "suspect": ("suspect", "Run it again: it may be slower, and there were too few values to say so."),
    "not-comparable": (
        "not comparable",
        f"Put the old conditions back, or accept a baseline under the new ones: {ACCEPT}.",
    ),
    "no-baseline": ("no baseline", f"Accept a first one: {ACCEPT}."),
    "improvement": ("improved", f"Accept it, or a slowdown back to the old level passes unseen: {ACCEPT}."),
}
"""States of metrics whose check passed: the word, and what to do."""

TOGETHER = {
    "no-baseline": "there is no baseline to compare with",
    "improvement": "better than the baseline",
}
"""States of which each metric has words of its own, which its row of the table says in numbers."""


@dataclass(frozen=True)
class Finding:
    """One thing that a person should know.

    Attributes:
        tone: ``bad`` is red, ``warn`` is not settled, ``note`` is only said.
        word: its class: a severity and what failed, ``unreachable``, ``suspect``, …
        title: what was found.
        about: which check, or how many.
        said: further sentences.
        figure, beside: the number that matters, and what it is held against; empty where there is none.
        to_do: what to do about it.
        commands: that are typed by hand, or repeat the last call.
        names: that it is about, where they are many.
    """

    tone: str
    word: str
    title: str
    about: str = ""
    said: tuple[str, ...] = ()
    figure: str = ""
    beside: str = ""
    to_do: str = ""
    commands: tuple[str, ...] = ()
    names: tuple[str, ...] = field(default=())


def findings(result: Mapping[str, Any]) -> list[Finding]:
    """All of a run.

    Args:
        result: the run, as in ``run.json``.
    """
    checks = result["checks"]
    red = [one for one in checks if one["outcome"] in {"failed", "error"} and one["category"] != "unreachable"]
    return [
        *_left_changed(result["left_changed"]),
        *_incident(result["incident"]),
        *_unreachable(result),
        *(_red(alike, result) for alike in _alike(sorted(red, key=_place))),
        *_unmade(result["not_made"]),
        *_missing(result["missing"]),
        *_unsettled(checks),
        *_creeping(result.get("creeps", ())),
        *(_waived(check) for check in checks if check["outcome"] == "waived"),
    ]


def _left_changed(left: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    for one in left:
        if not one["component"]:
            yield Finding("bad", "left changed", UNKNOWN, said=(one["why"],), to_do=TO_DO["left-changed"])
            continue
        was = f"{one['component']} ({one['what']}) was {one['state']} before {one['act']}, and is to be so again"
        commands = tuple(one["by_hand"])
        yield Finding(
            "bad", "left changed", CHANGED, one["test"], (was, one["why"]),
            to_do=TO_DO["left-changed"], commands=commands,
        )  # fmt: skip


def _incident(incident: Mapping[str, Any] | None) -> Iterator[Finding]:
    if incident and incident["severity"]:
        yield Finding("bad", "incident", incident["title"], said=tuple(incident["met"]))


def _unreachable(result: Mapping[str, Any]) -> Iterator[Finding]:
    """One for each cause, however many checks it cost."""
    lost = Counter(
        str(check["reason"]).partition("\n")[0] for check in result["checks"] if check["category"] == "unreachable"
    )
    both = [*result["preflight"], *(result["twin"] or {"preflight": ()})["preflight"]]
    for cause, count in lost.items():
        found = next((one for one in both if one["reason"].partition("\n")[0] == cause), None)
        advice = str(found["advice"]) if found else ""
        title = cause.removesuffix(advice).rstrip() if advice else cause
        to_do = advice or "llmops doctor says how far each component gets, and what to mend."
        yield Finding("bad", "unreachable", title, f"{so_many(count, 'check')} not made", to_do=to_do)


def _place(check: Mapping[str, Any]) -> tuple[int, float]:
    """The severest first; of those alike what is the most times worse."""
    severity = check["severity"]
    ratios = [float(one["ratio"] or 0.0) for one in check["metrics"] if state_of(one) == "regression"]
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES), -max(ratios, default=0.0)


def _alike(checks: Iterable[Mapping[str, Any]]) -> list[list[Mapping[str, Any]]]:
    """Checks that say the very same belong together."""
    found: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for check in checks:
        said = [line for line in sentences(check["reason"]) if not line.startswith(LAST_PASSED)]
        found.setdefault((check["severity"], check["category"], *said), []).append(check)
    return list(found.values())


def _red(alike: Sequence[Mapping[str, Any]], result: Mapping[str, Any]) -> Finding:
    check, *others = alike
    title, *more = told(check) or [f"{check['category'] or check['outcome']}, without a word"]
    title, mark, rest = title.partition(INTERVAL)
    more = [f"95 % limits {rest}".replace(")", "", 1), *more] if mark else more
    word = ", ".join(dict.fromkeys(filter(None, (check["severity"], check["category"] or check["outcome"]))))
    again = [line.removeprefix(TRY) for line in check["reason"].splitlines() if line.startswith(TRY)]
    figure, beside = _figure(check["metrics"])
    to_do = _to_do(check["category"], bool(again), (result["twin"] or {"called": ""})["called"])
    about = so_many(len(alike), "check") if others else check["test"]
    names = tuple(one["test"] for one in alike) if others else ()
    return Finding("bad", word, title, about, tuple(more), figure, beside, to_do, tuple(again), names)


def _figure(metrics: Sequence[dict[str, Any]]) -> tuple[str, str]:
    """Of the worst that is broken: how many times worse, or its value and the limit, or the baseline."""
    for metric in worst_first(metrics):
        if state_of(metric) == "broken":
            return number(metric, "value"), asked(metric)
        if state_of(metric) == "regression" and metric["ratio"] is None:  # a share
            return number(metric, "value"), f"baseline {number(metric, 'baseline')}"
        if state_of(metric) == "regression":
            low, high = metric["low"], metric["high"]
            limits = "" if low is None or high is None else f"95 % {low:.2f} to {high:.2f}"
            return f"{metric['ratio']:.2f}\N{NO-BREAK SPACE}times", limits
    return "", ""


def _to_do(category: str, again: bool, twin: str) -> str:
    if category == "regression" and twin:
        return f"Find what makes it slower than {twin}."
    if category == "regression":
        return f"Find what made it slower; or, if this is the new normal, accept it: {ACCEPT}."
    if category in TO_DO:
        return TO_DO[category]
    return "Repeat the last call, and look at what it answers." if again else "The log of the run says more."


def _unmade(not_made: Mapping[str, int]) -> Iterator[Finding]:
    if not_made["checks"]:
        timed = f"{not_made['timed']} of them timed" if not_made["timed"] else ""
        title = f"{so_many(not_made['checks'], 'check')} did not come to an end"
        yield Finding("bad", "not made", title, timed, to_do="The end of the log says what stopped the run.")


def _missing(missing: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    to_do = "Bring the check back; or, renamed or deleted on purpose, accept a run without it."
    for reason, names in missing_by_reason(missing).items():
        yield Finding("warn", "missing", reason, to_do=to_do, names=tuple(filter(None, names)))


def _unsettled(checks: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Of checks that passed: names by what is to be said of them."""
    metrics = [one for check in checks if check["outcome"] == "passed" for one in check["metrics"]]
    for state, (word, to_do) in UNSETTLED.items():
        tone = "note" if state in {"no-baseline", "improvement"} else "warn"
        found = names_by_reason(metrics, state)
        if found and state in TOGETHER:
            found = {TOGETHER[state]: [name for names in found.values() for name in names]}
        for reason, names in found.items():
            yield Finding(tone, word, reason, to_do=to_do, names=tuple(names))


def _creeping(creeps: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    for one in creeps:
        looked = f"No verdict: the trend of its last {one['values']} runs."
        to_do = f"Find what changed with that run; or, if this is the new normal, accept it: {ACCEPT}."
        yield Finding("note", "creeps", creeps_said(one), said=(looked,), figure=f"+{one['pct']:.0f} %", to_do=to_do)


def _waived(check: Mapping[str, Any]) -> Finding:
    title, *more = told(check) or ["waived"]
    return Finding("note", "waived", title, check["test"], tuple(more))
