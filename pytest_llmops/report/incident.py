"""What people read of an incident: its report, its review, and the folder with the diagnostics."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_llmops.operate.bundle import index
from pytest_llmops.report.documents import dated
from pytest_llmops.report.markdown import escaped
from pytest_llmops.report.metric import so_many
from pytest_llmops.report.whole_file import write_privately
from pytest_llmops.state.new_folder import new_folder
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.moments import in_utc

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_llmops.operate.bundle import Part
    from pytest_llmops.operate.findings import Finding
    from pytest_llmops.operate.severity import Assessment
    from pytest_llmops.state.history.over_time import Kept
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.secrets import Redactor

FOLDER = "incidents"
REPORT = "incident-report.md"
INDEX = "index.json"
NONE = "none"
"""The severity where no condition holds."""


@dataclass(frozen=True)
class Told:
    """What a report tells.

    Attributes:
        target: the deployment.
        at: of triage, seconds since the epoch.
        assessment: how bad it is.
        findings: all that was looked at.
        took_s: seconds that triage took.
        actions: what was done so far, and by this run; never what was not.
        summary: what the application says of itself; empty where it was not asked.
    """

    target: Target
    at: float
    assessment: Assessment
    findings: Sequence[Finding]
    took_s: float
    actions: Sequence[str] = ()
    summary: str = ""

    @property
    def severity(self) -> str:
        """With its title: ``P1 - High``; ``none``."""
        found = next((one for one in self.target.table.severities if one.name == self.assessment.severity), None)
        return " - ".join(filter(None, [found.name, found.title])) if found else NONE


def report(told: Told) -> str:
    """The incident report, in Markdown: time, severity, status, system, evidence, actions taken, next steps."""
    incident = told.target.table.incident
    status = incident.status if told.assessment.severity else "NO INCIDENT"
    return _text(
        f"# Incident report: {told.target.name}",
        "",
        f"- **Time:** {in_utc(told.at)}",
        f"- **Severity:** {told.severity}",
        *_meaning(told),
        f"- **Status:** {status}",
        f"- **Triage took:** {spoken(told.took_s)}, {len(told.findings)} things were looked at",
        *([f"- **Contact:** {incident.contact}"] if incident.contact else []),
        "",
        "## Why",
        "",
        *(_met(told) or ["No condition of any severity holds."]),
        "",
        "## Evidence",
        "",
        *(_failed(told.assessment.evidence) or ["Nothing that was looked at has failed."]),
        "",
        "## Current system state",
        "",
        *_state(told),
        "",
        "## Actions taken",
        "",
        *_list(told.actions, "None by this run."),
        "",
        "## Next steps",
        "",
        *_list(incident.next_steps if told.assessment.severity else [], "None."),
    )


def review(
    told: Told,
    timeline: Sequence[tuple[float, str]],
    bundles: Sequence[str] = (),
    recorded: Mapping[str, Sequence[Kept]] = MappingProxyType({}),
) -> str:
    """The post-incident document: timeline and evidence are filled in, the rest is a person's.

    Args:
        told: what is so now, and what was done since the first of them.
        timeline: of the target's incidents.
        bundles: the folders with what was collected while they lasted.
        recorded: what runs recorded of the figures meanwhile, by name, oldest first.
    """
    return _text(
        f"# Post-incident review: {told.target.name}",
        "",
        f"- **Written:** {in_utc(told.at)}",
        f"- **Severity now:** {told.severity}",
        "",
        "## Timeline",
        "",
        *_list([f"{in_utc(at)}: {what}" for at, what in timeline], "No incident of this target is recorded."),
        "",
        "## Metrics",
        "",
        *_metrics(told, recorded),
        "",
        "## Actions taken",
        "",
        *_list(told.actions, "Nothing was changed by a run since."),
        "",
        "## Evidence",
        "",
        *(_failed(told.assessment.evidence) or ["Nothing that is looked at now fails."]),
        *(["", "Collected while an incident lasted:", "", *(f"- `{one}`" for one in bundles)] if bundles else []),
        "",
        *(
            line
            for heading in ("Root cause", "Contributing factors", "Resolution", "Prevention", "Owner of each follow-up")
            for line in (f"## {heading}", "", "[to be completed]", "")
        ),
    )


def outcome(told: Told, title: str, *, reason: str = "") -> str:
    """The result of a procedure with its verification, in Markdown: it succeeded only where all was seen to be well.

    Args:
        told: what was verified.
        title: of the document.
        reason: why the procedure was carried out, for a person to complete where it is a placeholder.
    """
    failed = told.assessment.evidence
    unseen = [one for one in told.findings if one.state == "unknown" and one.applies]
    looked_at = sum(one.state != "unknown" for one in told.findings)
    return _text(
        f"# {title}: {told.target.name}",
        "",
        f"- **Time:** {in_utc(told.at)}",
        f"- **Result:** {_result(len(failed), looked_at, len(unseen))}",
        f"- **Looked at:** {so_many(looked_at, 'thing')}; {len(unseen)} could not be",
        *([f"- **Reason:** {reason}"] if reason else []),
        "",
        "## Verification",
        "",
        *(_failed(failed) or ["Nothing that was looked at has failed."]),
        *(["", "What could not be looked at:", "", *_failed(unseen)] if unseen else []),
        "",
        "## System summary",
        "",
        *_state(told),
    )


def write_bundle(reports: Path, told: Told, parts: Sequence[Part], redactor: Redactor) -> tuple[Path, dict[str, Any]]:
    """Put the bundle into a folder of its own, for its owner alone, with its index; nothing in it holds a secret.

    Args:
        reports: the reports' folder.
        told: of which incident.
        parts: of the bundle.
        redactor: knows the target's secrets.

    Returns:
        The folder, ``incidents/20261129T093600Z-P1`` (with a number where there is one of that name); and its index.
    """
    name = f"{dated('', told.at).removeprefix('_')}-{re.sub(r'[^A-Za-z0-9]+', '-', told.assessment.severity or NONE)}"
    folder = _new(reports / FOLDER, name)
    for part in parts:
        if not part.lacks:
            place = folder / part.file
            write_privately(place.parent, place.name, redactor.clean(part.text))
    facts = {"target": told.target.name, "severity": told.severity, "at": in_utc(told.at)}
    listed: dict[str, Any] = redactor.inside(index(parts, facts))
    write_privately(folder, INDEX, json.dumps(listed, indent=1, ensure_ascii=False) + "\n")
    return folder, listed


def bundles_of(reports: Path, target: str) -> list[str]:
    """The folders of a target's bundles that were collected in an incident, relative to the reports' folder.

    One whose index is damaged is left out: nobody knows whose it is.
    """
    found = []
    for file in sorted((reports / FOLDER).glob(f"*/{INDEX}")):
        try:
            facts = dict(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, TypeError):
            continue
        if facts.get("target") == target and facts.get("severity") != NONE:
            found.append(file.parent.relative_to(reports).as_posix())
    return found


def _new(parent: Path, name: str) -> Path:
    new_folder(parent, 0o700)
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}_{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return folder


def _meaning(told: Told) -> list[str]:
    found = next((one for one in told.target.table.severities if one.name == told.assessment.severity), None)
    if found is None:
        return []
    answer = f"within {spoken(found.response)}" if found.response else "at once"
    said = f"- **Meaning:** {found.meaning}" if found.meaning else ""
    return [*filter(None, [said]), f"- **Answer due:** {answer}"]


def _met(told: Told) -> list[str]:
    return [
        f"- {judged.name}: {met.says} ({', '.join(met.because)})"
        for judged in told.assessment.severities
        for met in judged.met
    ]


def _failed(findings: Sequence[Finding]) -> list[str]:
    return [f"- **{one.title}**: {escaped(one.reason)}" for one in findings]


def _result(failed: int, looked_at: int, unseen: int) -> str:
    if failed:
        return f"{so_many(failed, 'check')} failed"
    if not looked_at:
        return "not verified, nothing could be looked at"
    return (
        f"no check failed, and {so_many(unseen, 'check')} could not be made"
        if unseen
        else "completed, all checks passed"
    )


def _metrics(told: Told, recorded: Mapping[str, Sequence[Kept]]) -> list[str]:
    """The figures that were looked at, each with its limits, and between which values it was since it began."""
    lines = []
    for one in told.findings:
        if one.kind == "figure":
            lines.append(f"- {escaped(one.said)}")
            if kept := recorded.get(one.name):
                low, high = (choose(kept, key=lambda each: each.value) for choose in (min, max))
                lines.append(
                    f"  - {so_many(len(kept), 'run')} since {in_utc(kept[0].at)}: from {_value(low)} to {_value(high)}"
                )
    return lines or ["No figure was looked at."]


def _value(kept: Kept) -> str:
    return f"{kept.value:.4g} {kept.unit} ({in_utc(kept.at)})"


def _state(told: Told) -> list[str]:
    lines = [
        f"- {one.title}: {one.state}" if one.kind != "figure" else f"- {escaped(one.said)}"
        for one in told.findings
        if one.kind in {"component", "health", "figure"}
    ]
    if told.summary:
        lines += ["", "```", told.summary.strip().replace("```", "'''"), "```"]
    return lines or ["Nothing was looked at."]


def _list(items: Sequence[str], nothing: str) -> list[str]:
    return [f"{number}. {item}" for number, item in enumerate(items, 1)] or [nothing]


def _text(*lines: Any) -> str:
    return "\n".join(map(str, lines)).rstrip() + "\n"
