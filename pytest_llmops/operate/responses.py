"""Who owes an answer to an incident, and who a review. Pure: asks nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import Vacuous
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.moments import Period, in_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmops.state.incidents import Record
    from pytest_llmops.target.severities import Incident, Severity


@dataclass(frozen=True, slots=True)
class Answers:
    """What is known of a target's incidents, and what people have signed off.

    Attributes:
        records: its incidents.
        incident: which steps of the catalogue answer and review them.
        signed: step to the times of its sign-offs, seconds since the epoch.
        now: of the question.
    """

    records: tuple[Record, ...]
    incident: Incident
    signed: Mapping[str, Sequence[float]]
    now: float

    def answered(self, record: Record, severity: Severity) -> float | None:
        """When somebody answered an incident; None where nobody has."""
        return self._first(record.answered, (severity.procedure, self.incident.acknowledged_by), record.opened)

    def lasting_s(self, least_s: float) -> float:
        """How long the oldest incident that is not at an end has lasted; at least so long, also where there is none."""
        return max([least_s, *(self.now - record.opened for record in self.records if record.ended is None)])

    def periods(self, reported: Sequence[float], within_s: float) -> tuple[Period, ...]:
        """When to look for what went wrong.

        Args:
            reported: when it is said to have happened, in epoch seconds.
            within_s: so long before and after each of these; without any, so long ago at least, and from the beginning
                of an incident that has not ended, until now.
        """
        if reported:
            return tuple(Period(at - within_s, min(self.now, at + within_s)) for at in sorted(reported))
        return (Period(self.now - self.lasting_s(within_s), self.now),)

    def unanswered(self, severity: Severity) -> list[str]:
        """The incidents of a severity that nobody has answered in its time, a sentence each.

        One that came to an end before its time was up needs no answer any more.
        """
        said = []
        for record in self._of(severity):
            until = self.now if record.ended is None else record.ended
            waited_s = until - record.opened
            if self.answered(record, severity) is None and waited_s > severity.response:
                how = f"llmops sign-off {step}" if (step := self._step(severity)) else "nothing in the file says how"
                said.append(
                    f"{severity.name} since {in_utc(record.opened)} is unanswered after {spoken(waited_s)}; asked is "
                    f"{_asked(severity)} (to answer: {how})"
                )
        return said

    def late(self, severity: Severity) -> list[str]:
        """What is to be said of the newest incident of a severity, where it was answered too late, until its review.

        A review tells why; whoever has it need not be told again. Where the target names no step of a review, nothing
        could ever be said to end it.
        """
        step = self.incident.reviewed_by
        if not step:
            return []
        newest = max(self._of(severity), key=lambda record: record.opened, default=None)
        at = None if newest is None else self.answered(newest, severity)
        if newest is None or at is None or at - newest.opened <= severity.response:
            return []
        if self._first(newest.reviewed, (step,), newest.opened) is not None:
            return []
        waited = f"was answered after {spoken(at - newest.opened)}; asked is {_asked(severity)}"
        due = f"its review is not there yet: llmops sign-off {step}"
        return [f"{severity.name} since {in_utc(newest.opened)} {waited} ({due})"]

    def response_s(self, severity: Severity) -> float | None:
        """How long the newest answered incident of a severity waited for its answer; None where there is none."""
        waits = [
            at - record.opened for record in self._of(severity) if (at := self.answered(record, severity)) is not None
        ]
        return waits[-1] if waits else None

    def review_s(self) -> float:
        """How long the oldest incident at its end has been without its review; else how long the newest's review took.

        Raises:
            Vacuous: no incident has come to an end.
        """
        _, ended, reviewed = self._to_review()
        return (self.now if reviewed is None else reviewed) - ended

    def review_of(self) -> str:
        """Which incident `review_s` tells of, and where it has no review yet, what has to be done.

        Raises:
            Vacuous: no incident has come to an end.
        """
        record, ended, reviewed = self._to_review()
        said = f"{record.severity} since {in_utc(record.opened)}, ended {in_utc(ended)}"
        if reviewed is not None:
            return said
        step = self.incident.reviewed_by
        return f"{said}, not reviewed: {f'llmops sign-off {step}' if step else 'nothing in the file says how'}"

    def timeline(self) -> list[tuple[float, str]]:
        """What happened when, the oldest first."""
        events: list[tuple[float, str]] = []
        for record in self.records:
            what = f": {', '.join(record.what)}" if record.what else ""
            events.append((record.opened, f"{record.severity} opened{what}"))
            for at, word in ((record.answered, "answered"), (record.ended, "ended"), (record.reviewed, "reviewed")):
                if at is not None:
                    events.append((at, f"{record.severity} {word}"))
        events += [(at, f"{step} signed off") for step, times in self.signed.items() for at in times]
        return sorted(events)

    def _to_review(self) -> tuple[Record, float, float | None]:
        """The incident whose review counts, when it ended, and when it was reviewed; None where it was not."""
        ended = sorted(
            ((record, record.ended) for record in self.records if record.ended is not None), key=lambda one: one[1]
        )
        if not ended:
            raise Vacuous("no incident of this target has come to an end, so no review of one is due.")
        known = [(record, at, self._first(record.reviewed, (self.incident.reviewed_by,), at)) for record, at in ended]
        return next((one for one in known if one[2] is None), known[-1])

    def _of(self, severity: Severity) -> Iterable[Record]:
        return [record for record in self.records if record.severity == severity.name]

    def _step(self, severity: Severity) -> str:
        return severity.procedure or self.incident.acknowledged_by

    def _first(self, noted: float | None, steps: Iterable[str], since: float) -> float | None:
        """The earliest word of it: noted with the incident, or signed off since."""
        signed = [at for step in steps if step for at in self.signed.get(step, ()) if at >= since]
        return min([*signed, *([noted] if noted is not None else [])], default=None)


def _asked(severity: Severity) -> str:
    return f"within {spoken(severity.response)}" if severity.response else "at once"
