"""A run's parts as rows of the board: its components, metrics, suites, drills, procedures."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.procedures.catalogue import SUITES
from pytest_llmops.report.board.sparkline import sparkline
from pytest_llmops.report.metric import asked, is_quiet_rate, number, state_of, times, worded, worst_first
from pytest_llmops.report.outcomes import counted, word_of
from pytest_llmops.state.history.lately import Recorded
from pytest_llmops.target.thresholds import LEVELS, Limit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmops.report.board.remembered import Remembered

TONES = {
    "ok": "ok", "passed": "ok", "recorded": "", "improvement": "ok",
    "broken": "bad", "regression": "bad", "void": "bad", "failed": "bad", "error": "bad", "unreachable": "bad",
    "suspect": "warn", "inconclusive": "warn", "no-baseline": "note", "not-comparable": "warn", "vacuous": "warn",
    "waived": "warn",
}  # fmt: skip
"""State of a metric, or word of a check, to its color."""

FACTS = ("server", "model", "quantisation", "digest")
"""What a component says of itself that a person knows it by."""

DIGITS = 12
DRILL = re.compile(r"drill_(detect|rto|rpo)\[(.+)\]")
DRILL_PAGE = re.compile(r"/drill-([^/]+)_\d{8}T\d{6}Z[^/]*$")


@dataclass(frozen=True)
class Metric:
    """A row of the table of metrics; texts are as a person reads them, empty where there is none.

    Attributes:
        name: of the metric.
        tone, state: its color and its state in words.
        value, baseline: now, and in the accepted runs.
        times: how many times worse, with its 95 % limits.
        limits: as written, by level; that which is broken is ``broken``.
        line: an SVG of the values before and now.
    """

    name: str
    tone: str
    state: str
    value: str
    baseline: str
    times: str
    limits: Mapping[str, str]
    broken: str
    line: str


def metrics_of(result: Mapping[str, Any], known: Remembered) -> tuple[list[Metric], list[Metric]]:
    """Those that something is held against, the worst first; and those that were merely recorded."""
    ordered = worst_first(one for check in result["checks"] for one in check["metrics"] if number(one, "value"))
    every: dict[tuple[str, str], dict[str, Any]] = {}
    for one in sorted(ordered, key=_is_judged, reverse=True):
        every.setdefault(_whole(one), one)  # of two checks that which says more of it
    judged = [one for one in every.values() if _is_judged(one)]
    rest = [one for one in every.values() if not _is_judged(one)]
    started = float(result["started"])
    return [_row(one, known, started) for one in judged], [_row(one, known, started) for one in rest]


def _whole(metric: Mapping[str, Any]) -> tuple[str, str]:
    """What two checks that record the same have in common."""
    return str(metric["name"]), str(metric["value"])


def _is_judged(metric: dict[str, Any]) -> bool:
    return not is_quiet_rate(metric) and bool(metric["threshold"] or metric["ratio"] or state_of(metric) != "recorded")


def _row(metric: dict[str, Any], known: Remembered, started: float) -> Metric:
    state, limits = state_of(metric), metric["threshold"] or {}
    held = state == "recorded" and bool(limits)
    return Metric(
        name=metric["name"],
        tone="ok" if held else TONES.get(state, ""),
        state="holds" if held else worded(metric),
        value=number(metric, "value"),
        baseline=number(metric, "baseline"),
        times=times(metric),
        limits={level: str(limits[level]) for level in LEVELS if limits.get(level)},
        broken=str(limits.get("broken", "")),
        line=_line(metric, known.values.get(metric["name"], ()), started),
    )


def _line(metric: Mapping[str, Any], before: Sequence[Recorded], started: float) -> str:
    if not isinstance(metric["value"], int | float):
        return ""
    values = [one for one in before if one.at < started]
    good = state_of(dict(metric)) not in {"broken", "regression", "void"}
    return sparkline([*values, Recorded(started, metric["value"], good)], metric["unit"], _limit(metric))


def _limit(metric: Mapping[str, Any]) -> float | None:
    """The number of its mildest limit, in the metric's own unit."""
    written = metric["threshold"] or {}
    for level in LEVELS:
        if level not in written:
            continue
        try:
            limit = Limit.parse(written[level])
        except ValueError:
            return None  # a limit that only a reader of words understands
        if isinstance(limit.value, str):
            return None
        return limit.value / 100 if (limit.unit, metric["unit"]) == ("%", "") else limit.value
    return None


def columns_of(rows: Sequence[Metric]) -> dict[str, Any]:
    """Which columns have anything in them: ``levels`` that are limits, ``baseline times line``."""
    there = {name: any(getattr(one, name) for one in rows) for name in ("baseline", "times", "line")}
    return {"levels": [level for level in LEVELS if any(level in one.limits for one in rows)], **there}


def components_of(preflight: Iterable[Mapping[str, Any]], whose: str = "") -> list[dict[str, Any]]:
    """Each component: whether it can be used, how far it got, its address, what it says of itself.

    Args:
        preflight: as in ``run.json``.
        whose: of another deployment its name.
    """
    found = []
    for one in preflight:
        known = {key: str(one["facts"][key]) for key in FACTS if one["facts"].get(key)}
        known |= {"digest": known["digest"][:DIGITS]} if "digest" in known else {}
        if known.get("server", "")[:1].isdigit():
            known["server"] = f"version {known['server']}"
        found.append({**one, "whose": whose, "about": " · ".join(known.values()), "word": _level(one)})
    return sorted(found, key=lambda one: one["ok"])


def _level(one: Mapping[str, Any]) -> str:
    if not one["ok"]:
        return str(one["kind"] or "unreachable")
    return f"{one['level']}, throttled" if one["kind"] == "throttled" else str(one["level"])


def suites_of(checks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each suite: its checks, those that are red first, and how many came to what."""
    suites: dict[str, list[Mapping[str, Any]]] = {}
    for check in checks:
        suites.setdefault(check["suite"] or "other", []).append(check)
    return [
        {"name": name, "said": counted(of), "checks": sorted(of, key=_rank), "counts": shares(of)}
        for name, of in suites.items()
    ]


def _rank(check: Mapping[str, Any]) -> int:
    order = ("bad", "warn")
    tone = tone_of(check)
    return order.index(tone) if tone in order else len(order)


def tone_of(check: Mapping[str, Any]) -> str:
    """The color of a check."""
    return TONES.get(word_of(check), "")


def shares(checks: Iterable[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """How many checks are of each color, for a bar: the red ones first."""
    found = Counter(tone_of(check) or "none" for check in checks)
    return [(tone, found[tone]) for tone in ("bad", "warn", "ok", "none") if found[tone]]


def drills_of(checks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Each drill by its name: time to detect, recovery time and recovery point, with their limits, and its pages.

    One that came to no figure is known by what it wrote.
    """
    found: dict[str, dict[str, Any]] = {}
    for check in checks:
        pages = [(named[1], page) for page in check["documents"] if (named := DRILL_PAGE.search(page))]
        for name in dict.fromkeys(name for name, _ in pages):
            of = [page for named, page in pages if named == name]
            found[name] = {"name": name, "check": check, "figures": {}, "pages": of}
        for metric in check["metrics"]:
            if named := DRILL.fullmatch(metric["name"]):
                one = found.setdefault(named[2], {"name": named[2], "check": check, "figures": {}, "pages": []})
                one["figures"][named[1]] = _figure(metric)
    return list(found.values())


def _figure(metric: dict[str, Any]) -> dict[str, Any]:
    broken = bool((metric["threshold"] or {}).get("broken"))
    return {"value": number(metric, "value"), "asked": asked(metric), "broken": broken}


def procedures_of(known: Remembered, result: Mapping[str, Any]) -> dict[str, Any]:
    """What of the runbook is carried out, in time, overdue: by cadence; what is overdue by its suite."""
    states = known.procedures or ()
    now = {name for check in result["checks"] if check["outcome"] in _CARRIED for name in check["procedures"]}
    cadences: dict[str, list[Any]] = {}
    for one in states:
        cadences.setdefault(one.procedure.cadence, []).append(one)
    rows = [
        {
            "cadence": cadence,
            "all": len(of),
            "tested": sum(bool(one.tests) for one in of),
            "done": sum(one.last_said != "never" for one in of),
            "overdue": sum(one.overdue for one in of),
        }
        for cadence, of in cadences.items()
    ]
    late = [one for one in states if one.overdue]
    by_suite: dict[str, list[Any]] = {}
    for one in sorted(late, key=lambda one: -(one.overdue_s or 0.0)):
        by_suite.setdefault("" if one.to_sign or not one.tests else one.procedure.suite[0], []).append(one)
    return {
        "rows": rows,
        "all": len(states),
        "tested": sum(bool(one.tests) for one in states),
        "ever": sum(one.last_said != "never" for one in states),
        "now": sum(one.procedure.id in now for one in states),
        "overdue": len(late),
        "to_sign": sum(one.to_sign for one in late),
        "late": dict(sorted(by_suite.items(), key=lambda item: SUITES.index(item[0]) if item[0] else len(SUITES))),
    }


_CARRIED = frozenset({"passed", "failed", "waived"})
