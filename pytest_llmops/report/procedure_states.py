"""Each procedure with what is known of it on one target."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.procedures.bindings import bindings
from pytest_llmops.procedures.cadence import overdue_s
from pytest_llmops.procedures.catalogue import catalogue, of_system
from pytest_llmops.state.history.signing import done_on
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.moments import moment, utc
from pytest_llmops.target.places import beside_package

if TYPE_CHECKING:
    from pytest_llmops.procedures.catalogue import Procedure
    from pytest_llmops.state.history.place import Place
    from pytest_llmops.state.history.signing import SignOff, Verdict
    from pytest_llmops.target.load import Target


@dataclass(frozen=True)
class ProcedureState:
    """One procedure on one target.

    Attributes:
        procedure: as in the catalogue.
        tests: keys of the checks that carry it out.
        fault: of the sandbox, that turns one of them red, by the marker that names this procedure.
        last: the newest verdict of a test.
        signed: the newest sign-off.
        overdue_s: seconds since it should have been carried out; None where it is in time, or waits for an event.
    """

    procedure: Procedure
    tests: tuple[str, ...]
    fault: str | None
    last: Verdict | None
    signed: SignOff | None
    overdue_s: float | None

    @property
    def overdue(self) -> bool:
        """Whether it was not carried out in time, by its cadence."""
        return self.overdue_s is not None

    @property
    def to_sign(self) -> bool:
        """Whether a person has to carry it out and sign it off."""
        return self.overdue and not self.procedure.automatable

    @property
    def last_said(self) -> str:
        """The newest verdict or sign-off, and when."""
        if self.signed and (self.last is None or self.last.at <= self.signed.at):
            return f"signed off {moment(self.signed.at)}"
        return f"{self.last.outcome} {moment(self.last.at)}" if self.last else "never"

    @property
    def word(self) -> str:
        """What is to be done about it; empty where nothing is."""
        if self.overdue_s is None:
            return ""
        late = "" if self.overdue_s == float("inf") else f" {spoken(self.overdue_s)}"
        return f"{'sign off' if self.to_sign else 'overdue'}{late}"

    def as_json(self) -> dict[str, Any]:
        """Plain JSON, times in UTC."""
        last, signed = self.last, self.signed
        return {
            "id": self.procedure.id,
            "system": self.procedure.system,
            "suite": list(self.procedure.suite),
            "kind": self.procedure.kind,
            "disruptive": self.procedure.disruptive,
            "tests": list(self.tests),
            "fault": self.fault,
            "last": {"outcome": last.outcome, "when": utc(last.at), "test": last.test} if last else None,
            "overdue": self.overdue,
            "signed_off": {"by": signed.by, "when": utc(signed.at), "note": signed.note} if signed else None,
        }


def states(target: Target, place: Place, *, whole: bool) -> list[ProcedureState]:
    """The procedures of the target's system, in the order of its runbook; ``whole``: of all systems.

    Raises:
        HistoryError: the history cannot be read.
    """
    done, now = done_on(place, target.name), time.time()
    tests: dict[str, list[str]] = {}
    faults: dict[str, str] = {}
    shipped = set()
    for binding in bindings(beside_package("suites")):
        shipped.add(binding.test.partition("::")[0])
        for name in binding.procedures:
            if binding.test not in tests.setdefault(name, []):
                tests[name].append(binding.test)
            if binding.fault:
                faults.setdefault(name, binding.fault)
    for name, keys in done.tests.items():  # of a shipped file that the source no longer has was renamed
        tests.setdefault(name, []).extend(sorted(key for key in keys if key.partition("::")[0] not in shipped))

    def state(known: Procedure) -> ProcedureState:
        signed, carried = done.signed.get(known.id), done.carried_out.get(known.id)
        moments = [moment for moment in (carried, signed.at if signed else None) if moment is not None]
        late_s = overdue_s(known.cadence, max(moments, default=None), now)
        last = done.last.get(known.id)
        return ProcedureState(known, tuple(tests.get(known.id, ())), faults.get(known.id), last, signed, late_s)

    if whole:
        return [state(known) for known in catalogue().values()]
    return [state(known) for known in of_system(target.table.system).values()] if target.table.system else []
