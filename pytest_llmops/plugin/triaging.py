"""``triage`` and ``diagnostics`` as tests see them: made once a run, whichever process asks first."""

from __future__ import annotations

import json
import time
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import HistoryError, LlmopsError, Vacuous
from pytest_llmops.operate.findings import Finding
from pytest_llmops.operate.severity import assess
from pytest_llmops.plugin.checks import DIAGNOSTICS, TRIAGE
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.operate.responses import Answers
    from pytest_llmops.operate.severity import Assessment, Judged
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.report.incident import Told
    from pytest_llmops.state.incidents import Incidents


class Triage:
    """How bad it is now, in the words of the system's runbook, and who has answered.

    Args:
        run: this process's part of the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        found = run.directory.once(TRIAGE, lambda: _looked(run))
        self.findings = tuple(Finding(**one) for one in found["findings"])
        self.took_s: float = found["took_s"]
        self.at: float = found["at"]
        self.unrecorded: str = found["unrecorded"]

    def __repr__(self) -> str:
        return f"Triage({self.severity or 'no severity'}, {len(self.evidence)} of {len(self.findings)} failed)"

    @cached_property
    def assessment(self) -> Assessment:
        """The severities of the target, judged by what was found."""
        return assess(self._run.declared.table.severities, self.findings)

    @property
    def severity(self) -> str:
        """Of the worst condition that holds, as the runbook calls it; empty where none does."""
        return self.assessment.severity

    @property
    def worst(self) -> Judged | None:
        """The severity that applies; None where none does."""
        return next((one for one in self.assessment.severities if one.name == self.severity), None)

    @property
    def evidence(self) -> tuple[Finding, ...]:
        """Every check that failed."""
        return self.assessment.evidence

    @property
    def said(self) -> str:
        """The severity, and every failed check by its name."""
        from pytest_llmops.report.metric import so_many

        severity, looked, failed = self.severity or "no severity", len(self.findings), len(self.evidence)
        if not failed:
            return f"{severity}, none of {looked} checks failed"
        said = "; ".join(f"{one.title} ({one.reason})" for one in self.evidence)
        return f"{severity}, {failed} of {so_many(looked, 'check')} failed: {said}"

    def rank(self, number: int) -> Judged:
        """A severity by its rank; the worst is 1.

        Raises:
            Unsupported: the target has fewer.
            Vacuous: not one of its conditions could be judged.
        """
        judged = self.assessment.rank(number)
        if not judged.looked:
            why = "; ".join([*judged.unknown, *judged.lacking])
            raise Vacuous(f"{judged.name}: none of its conditions could be judged: {why}.")
        return judged

    def unanswered(self, number: int) -> list[str]:
        """Incidents of the severity of that rank that were not answered in its time, a sentence each.

        Also that they are not known, where this run could not write its own down.
        """
        severity = self._run.declared.table.severities[number - 1]
        late = [*self.answers.unanswered(severity), *self.answers.late(severity)]
        return [*filter(None, [self.unrecorded]), *late]

    def response_s(self, number: int) -> float | None:
        """How long the newest answered incident of the severity of that rank waited; None where there is none."""
        return self.answers.response_s(self._run.declared.table.severities[number - 1])

    def failed(self, *kinds: str) -> list[str]:
        """What failed, a sentence each: components, health routes, models …; all kinds without a word."""
        return [one.said for one in self.evidence if not kinds or one.kind in kinds]

    def failed_of(self, component: str, *kinds: str) -> list[str]:
        """What failed of a component, a sentence each: that it cannot be reached, else what it says of itself.

        Args:
            component: its name.
            *kinds: of what was looked at, as in :meth:`failed`.
        """
        of_kinds = [one for one in self.evidence if not kinds or one.kind in kinds]
        found = [one for one in of_kinds if component in {one.name, one.component}]
        away = [one for one in found if one.kind == "component"]
        return [one.said for one in away or found]

    def looked_at(self, *kinds: str) -> int:
        """How many things of these kinds were looked at, with an outcome.

        Raises:
            Vacuous: none.
        """
        looked = [one for one in self.findings if one.state != "unknown" and (not kinds or one.kind in kinds)]
        if not looked:
            raise Vacuous(f"the target has nothing that could be looked at: {', '.join(kinds) or 'no component'}.")
        return len(looked)

    @property
    def torn(self) -> int:
        """How many lines of the record of incidents cannot be read."""
        incidents = incidents_of(self._run)
        incidents.records()
        return incidents.torn

    @property
    def record_file(self) -> str:
        """Where the record of incidents lies."""
        return str(incidents_of(self._run).file)

    @cached_property
    def answers(self) -> Answers:
        """The target's incidents, and what people have signed off.

        Raises:
            Vacuous: the history cannot be read, so nobody's word is known.
        """
        from pytest_llmops.operate.responses import Answers

        records = tuple(incidents_of(self._run).records())
        return Answers(records, self._run.declared.table.incident, self._signed(), time.time())

    def _signed(self) -> dict[str, list[float]]:
        """Step to the times of its sign-offs. An embedded target began with this run: nobody has signed yet."""
        if self._run.own.embedded:
            return {}
        from pytest_llmops.state.history.place import place_of
        from pytest_llmops.state.history.signing import signed_on

        try:
            return signed_on(place_of(self._run.declared), self._run.declared.name)
        except HistoryError as error:
            raise Vacuous(f"who has answered is not known: {error}") from None

    def review(self) -> str:
        """The post-incident document, in Markdown: timeline and evidence, the rest for a person to complete."""
        from pytest_llmops.report.incident import bundles_of, review

        bundles = bundles_of(self._run.report_folder, self._run.declared.name)
        return review(self.told(), self.answers.timeline(), bundles)

    def outcome(self, title: str, *, reason: str = "", summary: str = "") -> str:
        """The result of a procedure, in Markdown, by what triage found after it: it succeeded only if nothing failed.

        Args:
            title: of the document.
            reason: why it was carried out.
            summary: what the application says of itself.
        """
        from pytest_llmops.report.incident import outcome

        return outcome(self.told(summary=summary), title, reason=reason)

    def blind(self) -> list[str]:
        """Checks of health that say that all is well where their dependency is replaced by a dead address.

        Nothing of the target is touched: our clients ask a closed port of this machine.
        """
        from pytest_llmops.operate.dead_addresses import looked_at_dead

        findings = looked_at_dead(self._run.target, self._run.ledger)
        return [f"{one.title}: {one.said}" for one in findings if one.state == "ok"]

    def told(self, *actions: str, summary: str = "") -> Told:
        """What a report tells of it.

        Args:
            *actions: what was done, in words.
            summary: what the application says of itself.
        """
        from pytest_llmops.report.incident import Told

        return Told(
            self._run.target, self.at, self.assessment, self.findings, self.took_s, actions=actions, summary=summary
        )


class Diagnostics:
    """The bundle of this run, and the incident report in it.

    Args:
        run: this process's part of the run.
        triage: of this run.
    """

    def __init__(self, run: Run, triage: Triage) -> None:
        found = run.directory.once(DIAGNOSTICS, lambda: _collected(run, triage))
        self.folder = Path(found["folder"])
        self.took_s: float = found["took_s"]
        self.index: dict[str, Any] = found["index"]

    def __repr__(self) -> str:
        return f"Diagnostics({self.folder.name})"

    @property
    def report(self) -> Path:
        """The incident report."""
        from pytest_llmops.report.incident import REPORT

        return self.folder / REPORT

    @property
    def files(self) -> list[str]:
        """What is in it, by path."""
        return [part["file"] for part in self.index["files"]]

    @property
    def failed(self) -> list[str]:
        """What was there to be had and did not answer, a sentence each; what the target does not have is none of it."""
        return [f"{part['file']}: {part['why']}" for part in self.index["lacking"] if part["failed"]]

    def wanted(self, folder: str) -> list[str]:
        """The files of a folder of it, had or not: ``wanted("benchmark/")``."""
        parts = [*self.index["files"], *self.index["lacking"]]
        return [part["file"] for part in parts if part["file"].startswith(folder)]

    def read(self, file: str) -> Any:
        """What stands in one of its files: parsed where its name ends in ``.json``, else the text.

        Raises:
            LlmopsError: it could not be had, with the reason; or it does not parse.
        """
        why = next((part["why"] for part in self.index["lacking"] if part["file"] == file), "")
        if why or not (self.folder / file).is_file():
            raise LlmopsError(f"{file} is not in the bundle: {why or 'nothing of the kind was wanted'}")
        text = (self.folder / file).read_text(encoding="utf-8")
        return json.loads(text) if file.endswith(".json") else text


def incidents_of(run: Run) -> Incidents:
    """The record of the target's incidents: in the state folder, an embedded one's within its sandbox."""
    from pytest_llmops.plugin.deployment import SANDBOX
    from pytest_llmops.state.incidents import Incidents

    if run.own.embedded:
        return Incidents(Path(run.directory.read(SANDBOX)["root"]) / "incidents" / "incidents.jsonl")
    return Incidents.of(run.declared.state_folder, run.declared.name)


def _looked(run: Run) -> dict[str, Any]:
    from pytest_llmops.clients.log_words import without_secrets_inside
    from pytest_llmops.operate.looking import Looking
    from pytest_llmops.operate.readings import Limited

    figures = Limited(run.target, run.own.client, run.directory.once)
    at, start = time.time(), time.monotonic()
    findings = Looking(run.target, run.own.client, figures).look()
    took_s = time.monotonic() - start
    assessment = assess(run.declared.table.severities, findings)
    unrecorded = _recorded(run, assessment, at)
    _tell(run, assessment, took_s)
    cleaned = without_secrets_inside(run.redactor.inside([finding.as_json() for finding in findings]))
    return {"findings": cleaned, "took_s": took_s, "at": at, "unrecorded": unrecorded}


def _recorded(run: Run, assessment: Assessment, at: float) -> str:
    """Open and end incidents; why that could not be written down, empty where it could."""
    incidents = incidents_of(run)
    try:
        for judged in assessment.severities:
            if judged.name == assessment.severity:
                incidents.saw(judged.name, [met.says for met in judged.met], at)
            elif judged.is_over:
                incidents.saw_none(judged.name, at)
    except OSError as error:  # a full disk is an incident of its own, and no reason not to say how bad it is
        return f"the record of incidents cannot be written: {error}"
    return ""


def _tell(run: Run, assessment: Assessment, took_s: float) -> None:
    """Say it at once: whoever waits for it does not wait for the end of the run."""
    worst = next((one for one in assessment.severities if one.name == assessment.severity), None)
    said = worst.said if worst else "no severity applies"
    run.say(run.redactor.clean(f"triage after {spoken(took_s)}: {said}"))


def _collected(run: Run, triage: Triage) -> dict[str, Any]:
    from pytest_llmops.operate.bundle import Bundle
    from pytest_llmops.report.incident import REPORT, report, write_bundle
    from pytest_llmops.report.whole_file import write_privately

    start = time.monotonic()
    bundle = Bundle(run.target, run.own.client, triage.findings)
    parts = bundle.collect()
    summary = _summary(run, bundle, parts)
    folder, index = write_bundle(run.report_folder, triage.told(), parts, run.redactor)
    had = (
        f"diagnostics collected in {folder.name}: {len(index['files'])} files, {len(index['lacking'])} could not be had"
    )
    write_privately(folder, REPORT, run.redactor.clean(report(triage.told(had, summary=summary))))
    run.say(f"bundle and report: {folder}")
    return {"folder": str(folder), "index": index, "took_s": time.monotonic() - start}


def _summary(run: Run, bundle: Any, parts: Any) -> str:
    name = run.declared.table.incident.summary
    return next((part.text for part in parts if name and part.file == bundle.command_file(name)), "")


def incident_of(run: Run) -> dict[str, Any] | None:
    """What triage came to in this run, as ``incident`` in ``run.json``; None where nobody asked for it."""
    if not (run.own.placed and run.directory.known(TRIAGE)):
        return None
    triage = Triage(run)
    collected = run.directory.known(DIAGNOSTICS).get("")
    return {
        "severity": triage.severity,
        "title": triage.told().severity,
        "met": [f"{met.says} ({', '.join(met.because)})" for met in triage.worst.met] if triage.worst else [],
        "evidence": [one.title for one in triage.evidence],
        "folder": _below(run, Path(collected["folder"])) if collected else "",
        "took_s": round(triage.took_s + (collected["took_s"] if collected else 0.0), 3),
    }


def _below(run: Run, path: Path) -> str:
    reports = run.report_folder
    return path.relative_to(reports).as_posix() if path.is_relative_to(reports) else str(path)
