"""From what was found to a severity, in the words of the system's runbook. Pure: asks nobody."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_llmops.errors import Unsupported
from pytest_llmops.judge.thresholds import breach
from pytest_llmops.target.thresholds import LEVELS, Threshold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from pytest_llmops.operate.findings import Finding
    from pytest_llmops.target.severities import Condition, Severity

HEALTH_FIGURES = {"health_response_time": "elapsed_s", "health_age": "age_s"}
"""What the API's health report says beyond its words, by the name of the threshold that judges it."""

RISE = ".rise"
"""Ends the name of what a figure is above its usual value, in %."""

EVERY = "*"
"""Stands for every required component."""


@dataclass(frozen=True, slots=True)
class Met:
    """A condition that holds.

    Attributes:
        says: the runbook's words.
        because: titles of the findings that make it hold; of one that is well by itself, what it says.
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
        unknown: why others could not, a sentence each: they may hold.
        worse: of one that holds by what no condition speaks of, the worst severity that holds: it may explain that.
        lacking: why others do not apply: the target has nothing of the kind, or has counted nothing, a sentence each.
    """

    name: str
    met: tuple[Met, ...]
    looked: int
    unknown: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    worse: str = ""

    @property
    def is_over(self) -> bool:
        """Whether none of its conditions is seen to hold, and none that the target has may hold unseen."""
        return not self.met and self.looked > 0 and not self.unknown

    @property
    def said(self) -> str:
        """One line: the conditions that hold, with their evidence."""
        if not self.met:
            return f"{self.name}: no condition holds"
        parts = [f"{one.says} ({', '.join(one.because)})" for one in self.met]
        maybe = f"; {self.worse} holds, too, and may be why" if self.worse else ""
        return f"{self.name}: {'; '.join(parts)}{maybe}"


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
    first: list[Judged] = []
    for severity in severities:
        judged = _judged(severity, findings)
        spoken_of |= {title for one in judged.met for title in one.because}
        first.append(judged)
    worse = ""
    rest = tuple(one.title for one in _left_over(failed, spoken_of))
    judged_all = []
    for severity, judged in zip(severities, first, strict=True):
        otherwise = [Met(condition.says, rest) for condition in severity.when if condition.otherwise and rest]
        judged_all.append(replace(judged, met=(*judged.met, *otherwise), worse=worse if otherwise else ""))
        worse = worse or (judged.name if judged_all[-1].met else "")
    worst = next((one.name for one in judged_all if one.met), "")
    return Assessment(worst, tuple(judged_all), tuple(failed))


def _left_over(failed: Iterable[Finding], spoken_of: set[str]) -> list[Finding]:
    """What no condition speaks of, and no component that is down explains."""
    failed = list(failed)
    down = {one.name for one in failed if one.kind == "component"}
    return [one for one in failed if one.title not in spoken_of and not _explained(one, down)]


def _explained(finding: Finding, down: set[str]) -> bool:
    """Whether it is a consequence of a component that is down: it asked that one, or names it as its dependency."""
    dependency = finding.name.partition(".")[2] if finding.kind == "dependency" else ""
    return finding.component in down or dependency in down


def _judged(severity: Severity, findings: Sequence[Finding]) -> Judged:
    """By all conditions but those that ask for what no other speaks of."""
    met: list[Met] = []
    unknown: list[str] = []
    lacking: list[str] = []
    for condition in severity.when:
        if condition.otherwise:
            continue
        answer = _judge(condition, findings)
        if answer.holds:
            met.append(Met(condition.says, tuple(map(_evidence, answer.because))))
        elif answer.why:
            (unknown if answer.applies else lacking).append(f"{condition.says}: {answer.why}")
    looked = len(severity.when) - len(unknown) - len(lacking)
    return Judged(severity.name, tuple(met), looked, tuple(unknown), tuple(lacking))


def _evidence(finding: Finding) -> str:
    """How a finding is named: one that failed stands in the evidence with its reason, another nowhere else."""
    return finding.title if finding.state == "failed" else f"{finding.kind} {finding.said}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is to be said of one condition.

    Attributes:
        holds: whether it does.
        because: the findings that make it hold.
        why: it could not be judged; empty where it could.
        applies: False: nor can it hold unseen, as of ``Finding``.
    """

    holds: bool = False
    because: Sequence[Finding] = ()
    why: str = ""
    applies: bool = True


NO = Answer()


def _judge(condition: Condition, findings: Sequence[Finding]) -> Answer:
    if condition.all_down or condition.any_down:
        return _down(condition, findings)
    if condition.figure is not None:
        return _figure(condition, condition.figure, findings)
    if condition.alerts is not None:
        pattern = re.compile(condition.alerts, re.IGNORECASE)
        return _among([one for one in findings if one.kind == "alert"], lambda one: bool(pattern.fullmatch(one.level)))
    if condition.flag is not None:
        raised = [one for one in findings if one.kind == "flag" and one.name == condition.flag]
        return Answer(holds=True, because=raised) if raised else NO
    if condition.dependencies:
        return _dependencies(condition.dependencies, findings)
    kind, names = ("health", condition.unhealthy) if condition.unhealthy else ("models", condition.models_missing)
    return _among([one for one in findings if one.kind == kind and one.name in names])


def _among(findings: Sequence[Finding], counts: Callable[[Finding], bool] = lambda _one: True) -> Answer:
    because = [one for one in findings if one.state == "failed" and counts(one)]
    if because:
        return Answer(holds=True, because=because)
    if not findings:
        return Answer(why="the target has nothing of the kind", applies=False)
    if any(one.state != "unknown" for one in findings):
        return NO
    return _unknown(findings)


def _unknown(findings: Sequence[Finding]) -> Answer:
    """Of what could not be looked at: the reason of the first that another look may tell."""
    first = next((one for one in findings if one.applies), findings[0])
    return Answer(why=first.said, applies=first.applies)


def _dependencies(names: Sequence[str], findings: Sequence[Finding]) -> Answer:
    """Of what a health body names: where there is no sound one, nobody knows what it would name."""
    named = [one for one in findings if one.kind == "dependency" and one.name in names]
    silent = [one for one in _silent(findings) if any(name.startswith(f"{one.name}.") for name in names)]
    answer = _among(named)
    return Answer(why=silent[0].said) if silent and not answer.holds and not named else answer


def _silent(findings: Sequence[Finding]) -> list[Finding]:
    """Health routes that are not well, and so may have left unsaid what else they tell."""
    return [one for one in findings if one.kind == "health" and one.state != "ok"]


def _down(condition: Condition, findings: Sequence[Finding]) -> Answer:
    names = condition.all_down or condition.any_down
    components = [
        one for one in findings if one.kind == "component" and (one.name in names or (EVERY in names and one.required))
    ]
    if not components:
        return Answer(why=f"the target has none of {', '.join(names)}", applies=False)
    down = [one for one in components if one.state == "failed"]
    if down and (condition.any_down or len(down) == len(components)):
        return Answer(holds=True, because=down)
    return NO if any(one.state != "unknown" for one in components) else _unknown(components)


def _figure(condition: Condition, name: str, findings: Sequence[Finding]) -> Answer:
    named = [f"{name}{RISE}", name] if condition.rise is not None else [name]
    read = {one.name: one for one in findings if one.kind == "figure"}
    found = next((read[one] for one in named if one in read), None)
    if found is None:
        silent = [one for one in _silent(findings) if one.name == "api" and name in HEALTH_FIGURES]
        return Answer(why=silent[0].said if silent else f"the target has no figure {name}", applies=bool(silent))
    if found.value is None:
        return _unknown([found])
    if condition.rise is not None:
        return Answer(holds=found.name != name and found.value > condition.rise, because=[found])
    if condition.breach is not None:
        own = Threshold(critical=condition.breach)
        return Answer(holds=breach(name, found.value, found.unit, own) is not None, because=[found])
    worse = LEVELS[LEVELS.index(condition.level) :]
    return Answer(holds=found.level in worse, because=[found])
