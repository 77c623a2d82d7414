"""From what was found to a severity, in the words of the system's runbook. Pure: asks nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import Unsupported
from pytest_llmops.judge.thresholds import breach
from pytest_llmops.target.thresholds import Threshold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_llmops.operate.findings import Finding
    from pytest_llmops.target.severities import Condition, Severity

LEVELS = ("target", "warning", "critical")
"""Of a threshold, from the mildest on."""

EVERY = "*"
"""Stands for every required component."""


@dataclass(frozen=True, slots=True)
class Met:
    """A condition that holds.

    Attributes:
        says: the runbook's words.
        because: titles of the findings that make it hold.
    """

    says: str
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """One severity.

    Attributes:
        name: as the runbook calls it.
        met: its conditions that hold.
        looked: how many of its conditions could be judged.
        unknown: why the others could not, a sentence each.
    """

    name: str
    met: tuple[Met, ...]
    looked: int
    unknown: tuple[str, ...]

    @property
    def said(self) -> str:
        """One line: the conditions that hold, with their evidence."""
        parts = [f"{one.says} ({', '.join(one.because)})" for one in self.met]
        return f"{self.name}: {'; '.join(parts)}" if parts else f"{self.name}: no condition holds"


@dataclass(frozen=True, slots=True)
class Assessment:
    """How bad it is.

    Attributes:
        severity: of the worst condition that holds; empty where none does.
        severities: each of them, from the worst on.
        evidence: every finding that is not well, whether or not a condition speaks of it.
    """

    severity: str
    severities: tuple[Judged, ...]
    evidence: tuple[Finding, ...]

    def rank(self, number: int) -> Judged:
        """A severity by its rank, the worst is 1.

        Raises:
            Unsupported: the system has fewer.
        """
        if number > len(self.severities):
            names = ", ".join(judged.name for judged in self.severities) or "none"
            raise Unsupported(f"there is no severity of rank {number}; the target's severities are: {names}.")
        return self.severities[number - 1]


def assess(severities: Sequence[Severity], findings: Sequence[Finding]) -> Assessment:
    """Judge what was found.

    Args:
        severities: of the target, from the worst on.
        findings: all that was looked at.
    """
    failed = [one for one in findings if one.state == "failed"]
    spoken_of: set[str] = set()
    first: list[tuple[Severity, list[Met], list[str]]] = []
    for severity in severities:
        met, unknown = _met(severity.when, findings)
        spoken_of |= {title for one in met for title in one.because}
        first.append((severity, met, unknown))
    rest = _left_over(failed, spoken_of)
    judged = []
    for severity, met, unknown in first:
        otherwise = [condition for condition in severity.when if condition.otherwise]
        met += [Met(condition.says, tuple(one.title for one in rest)) for condition in otherwise if rest]
        looked = len(severity.when) - len(unknown)
        judged.append(Judged(severity.name, tuple(met), looked, tuple(unknown)))
    worst = next((one.name for one in judged if one.met), "")
    return Assessment(worst, tuple(judged), tuple(failed))


def _left_over(failed: Iterable[Finding], spoken_of: set[str]) -> list[Finding]:
    """What no condition speaks of, and no component that is down explains."""
    failed = list(failed)
    down = {one.name for one in failed if one.kind == "component"}
    return [one for one in failed if one.title not in spoken_of and one.component not in down]


def _met(conditions: Iterable[Condition], findings: Sequence[Finding]) -> tuple[list[Met], list[str]]:
    """The conditions that hold, and why others could not be judged."""
    met, unknown = [], []
    for condition in conditions:
        if condition.otherwise:
            continue
        holds, because, why = _judge(condition, findings)
        if holds:
            met.append(Met(condition.says, tuple(one.title for one in because)))
        elif why:
            unknown.append(f"{condition.says}: {why}")
    return met, unknown


Answer = tuple[bool, "Sequence[Finding]", str]
"""Whether a condition holds, the findings that make it, and why it could not be judged; empty where it could."""


def _judge(condition: Condition, findings: Sequence[Finding]) -> Answer:
    if condition.all_down or condition.any_down:
        return _down(condition, findings)
    if condition.figure is not None:
        return _figure(condition, condition.figure, findings)
    if condition.alerts is not None:
        pattern = re.compile(condition.alerts, re.IGNORECASE)
        return _among([one for one in findings if one.kind == "alert"], lambda one: bool(pattern.fullmatch(one.level)))
    if condition.flag is not None:
        return _among([one for one in findings if one.kind == "flag"], lambda one: one.name == condition.flag, "")
    named = {
        "health": condition.unhealthy,
        "dependency": condition.dependencies,
        "models": condition.models_missing,
    }
    kind, names = next((kind, names) for kind, names in named.items() if names)
    return _among([one for one in findings if one.kind == kind and one.name in names], lambda _one: True)


def _among(
    findings: Sequence[Finding], counts: Callable[[Finding], bool], nothing: str = "the target has nothing of the kind"
) -> Answer:
    because = [one for one in findings if one.state == "failed" and counts(one)]
    if because:
        return True, because, ""
    known = [one for one in findings if one.state != "unknown"]
    why = next((one.said for one in findings if one.state == "unknown"), nothing)
    return False, (), "" if known else why


def _down(condition: Condition, findings: Sequence[Finding]) -> Answer:
    names = condition.all_down or condition.any_down
    components = [
        one for one in findings if one.kind == "component" and (one.name in names or (EVERY in names and one.required))
    ]
    if not components:
        return False, (), f"the target has none of {', '.join(names)}"
    down = [one for one in components if one.state == "failed"]
    if down and (condition.any_down or len(down) == len(components)):
        return True, down, ""
    well = any(one.state == "ok" for one in components)
    return False, (), "" if well else next((one.said for one in components if one.state == "unknown"), "")


def _figure(condition: Condition, name: str, findings: Sequence[Finding]) -> Answer:
    found = next((one for one in findings if one.kind == "figure" and one.name == name), None)
    if found is None:
        return False, (), f"the target has no figure {name}"
    if found.value is None:
        return False, (), found.said
    if condition.breach is not None:
        own = Threshold(critical=condition.breach)
        return breach(name, found.value, found.unit, own) is not None, [found], ""
    worse = LEVELS[LEVELS.index(condition.level) :]
    return found.level in worse, [found], ""
