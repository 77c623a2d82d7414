"""``triage`` as tests see it: made once a run and once more after its changes, whichever process asks first."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pytest_llmops.errors import HistoryError, Vacuous
from pytest_llmops.operate.findings import Finding
from pytest_llmops.operate.severity import assess
from pytest_llmops.plugin.checks import TRIAGE
from pytest_llmops.plugin.incidents import done, incidents_of
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.clients.traffic import Once
    from pytest_llmops.operate.dead_addresses import AtDeadAddresses
    from pytest_llmops.operate.responses import Answers
    from pytest_llmops.operate.severity import Assessment, Judged
    from pytest_llmops.plugin.run import Run
    from pytest_llmops.report.incident import Told
    from pytest_llmops.state.history.over_time import Kept


class Triage:
    """How bad it is now, in the words of the system's runbook, and who has answered.

    Args:
        run: this process's part of the run.
        fact: the one that it reads; by default that of the phase that the run is in.
        once: what finds out what is looked up once a run; by default the run's.
    """

    def __init__(self, run: Run, fact: str = "", once: Once | None = None) -> None:
        self._run = run
        found = run.directory.once(fact or run.fact(TRIAGE), lambda: _looked(run, once or run.once))
        self.findings = tuple(Finding(**one) for one in found["findings"])
        self.took_s: float = found["took_s"]
        self.at: float = found["at"]
        self.unrecorded: str = found["unrecorded"]

    def __repr__(self) -> str:
        return f"Triage({self.severity or 'no severity'}, {len(self.evidence)} of {len(self.findings)} failed)"

    @classmethod
    def again(cls, run: Run) -> Triage:
        """One that is made now, whatever was looked up before."""
        return cls(run, f"looked-again-{uuid4().hex}", lambda _, find_out: find_out())

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

    def certain(self, number: int) -> None:
        """Go on only where no condition of the severity of that rank may hold unseen.

        Raises:
            Vacuous: one could not be judged, such as of a figure for which there was no time.
            Unsupported: the target has fewer severities.
        """
        judged = self.rank(number)
        if judged.unknown:
            raise Vacuous(f"{judged.name} may hold unseen, not judged: {'; '.join(judged.unknown)}")

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

    def unseen(self, *kinds: str) -> list[Finding]:
        """What could not be looked at, and may not be well."""
        return [
            one for one in self.findings if one.state == "unknown" and one.applies and (not kinds or one.kind in kinds)
        ]

    def all_seen(self, *kinds: str) -> None:
        """Go on only where nothing of these kinds may be unwell unseen; all kinds without a word.

        Raises:
            Vacuous: something could not be looked at, such as a figure for which there was no time.
        """
        if unseen := self.unseen(*kinds):
            said = "; ".join(f"{one.title}: {one.reason}" for one in unseen)
            raise Vacuous(f"what was seen is well, and what could not be looked at may not be: {said}")

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
        timeline = self.answers.timeline()
        since = min([self._run.began, *(at for at, _ in timeline)])
        return review(self.told(*done(self._run, since)), timeline, bundles, self._recorded(since))

    def _recorded(self, since: float) -> dict[str, list[Kept]]:
        """What runs recorded of each figure since a moment; nothing where the history cannot be read."""
        from pytest_llmops.plugin.earlier import place_for
        from pytest_llmops.state.history import over_time

        names = [one.name for one in self.findings if one.kind == "figure"]
        try:
            place = place_for(self._run)
            return {name: over_time.values(place, self._run.declared.name, name, since) for name in names}
        except HistoryError as error:
            self._run.say(f"the review lacks what earlier runs recorded: {error}")
            return {}

    def outcome(self, title: str, *, reason: str = "", summary: str = "") -> str:
        """The result of a procedure, in Markdown, by what triage found after it: it succeeded only if nothing failed.

        Args:
            title: of the document.
            reason: why it was carried out.
            summary: what the application says of itself.
        """
        from pytest_llmops.report.incident import outcome

        return outcome(self.told(summary=summary), title, reason=reason)

    def at_dead_addresses(self) -> AtDeadAddresses:
        """The checks of health once more, each with its dependency replaced by a dead address: ``made blind``.

        Nothing of the target is touched: our clients ask a closed port of this machine.
        """
        from pytest_llmops.operate.dead_addresses import looked_at_dead

        return looked_at_dead(self._run.target, self._run.ledger)

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


def _looked(run: Run, once: Once) -> dict[str, Any]:
    from pytest_llmops.clients.log_words import without_secrets_inside
    from pytest_llmops.operate.looking import Looking
    from pytest_llmops.operate.readings import Limited
    from pytest_llmops.plugin.earlier import place_for
    from pytest_llmops.report.over_time import History

    usual = History(run.declared, place_for(run)).usual
    figures = Limited(run.target, run.own.client, once, usual)
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
    of = "triage of what the changes came to" if run.afresh else "triage"
    run.say(run.redactor.clean(f"{of} after {spoken(took_s)}: {said}"))
