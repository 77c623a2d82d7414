"""The faults that a profile's own tables give rise to: every case of a command, group of files, service, metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.sandbox.faults import FAULTS, Fault, of_acts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.target.embedded import LiveLog, Process, Sandbox, Trail

STALE = "api:stale"
"""What a health body that tells no time cannot be."""


_CHOSEN = {"health", "fixed", "start", "delete", "deletion"}
"""Behaviours whose further cases are faults."""


def table(sandbox: Sandbox) -> dict[str, Fault]:
    """All faults of a target: those of the stack that can show there, and those of its profile."""
    stack = {name: fault for name, fault in FAULTS.items() if name != STALE or _tells_time(sandbox)}
    return stack | {fault.name: fault for fault in _of_profile(sandbox) if fault.name not in FAULTS}


def _tells_time(sandbox: Sandbox) -> bool:
    """Whether a health route names a moment; taken for so where no answer of one is described."""
    bodies = [
        case.model_dump_json()
        for route in sandbox.routes.values()
        if route.does in {"health", "ready"}
        for case in route.cases.values()
    ]
    return not bodies or any(word in body for body in bodies for word in ("{now}", "{epoch}"))


def _of_profile(sandbox: Sandbox) -> Iterator[Fault]:
    for name in sandbox.commands:
        yield Fault(f"{name}:fails", f"the command {name} ends with exit status 1 and a line on standard error")
        yield Fault(f"{name}:hangs", f"the command {name} never ends")
        yield Fault(f"{name}:garbage", f"the command {name} prints what nobody can read")
    yield from _cases("answers", list(sandbox.answers), "the model answers as its case says")
    yield from _of_settings(sandbox)
    for name in sandbox.files:
        yield Fault(f"{name}:missing", f"none of the files {name} is there")
    for name in sandbox.services:
        yield Fault(f"{name}:down", f"the service {name} refuses connections")
        yield from _of_answers(name)
        yield from of_acts(name)
    for name in sandbox.records:
        yield Fault(f"api:keeps-{name}", f"deleting a user's data leaves what the API wrote to {name}")
    for name in sandbox.rolls:
        yield Fault(f"{name}:gap", f"{name}, when it is rolled, ends before its successor serves")
    for name, process in sandbox.processes.items():
        yield from _of_process(name, process)
    if sandbox.log:
        yield from _of_log(sandbox.log)
    if sandbox.audit:
        yield from _of_audit(sandbox.audit)
    if sandbox.machine:
        yield from of_acts("machine")
        yield Fault("machine:down", "the figures of the machine are not to be had: its exporter refuses connections")
    yield from _of_cases(sandbox)


def _of_settings(sandbox: Sandbox) -> Iterator[Fault]:
    for name in sandbox.settings:
        yield Fault(f"{name}:refused", f"the setting {name} cannot be set: its command ends with exit status 1")
        yield Fault(f"{name}:once", f"the setting {name} can be set once, and not a second time")
        yield Fault(f"{name}:ignored", f"the setting {name} stays as it is, whatever its command was told")
    for name in dict.fromkeys(effect.setting for effect in sandbox.effects):
        yield Fault(f"{name}:unread", f"nothing follows from the value of the setting {name}")


def _of_process(name: str, process: Process) -> Iterator[Fault]:
    yield Fault(f"{name}:down", f"the process {name} is not there")
    yield Fault(f"{name}:dies", f"the process {name} ends soon after its start, with exit status 1")
    yield Fault(f"{name}:unready", f"the process {name} is there and never ready")
    yield Fault(f"{name}:leaks", f"the process {name} holds more and more memory")
    yield Fault(f"{name}:abrupt", f"the process {name} ends without its last line when it is told to stop")
    if process.outputs:
        yield Fault(f"{name}:tears", f"the process {name} never comes to the end of a file that it writes")
    yield from of_acts(name)
    if process.routes:
        yield from _of_answers(name)


def _of_log(log: LiveLog) -> Iterator[Fault]:
    yield Fault("log:off", f"nothing is written to {log.file}")
    if log.reopen_on:
        yield Fault("log:deaf", f"whoever writes {log.file} does not open it anew at SIG{log.reopen_on}")
        yield Fault("log:unhandled", f"SIG{log.reopen_on} ends whoever writes {log.file}")
    yield from _cases("log", list(log.cases), f"every line that comes to {log.file} is of the case")


def _of_audit(trail: Trail) -> Iterator[Fault]:
    yield Fault("audit_log:absent", "nothing is written to the audit log among the application's files")
    yield Fault("audit_log:gap", "the audit log has no entry of half of its time")
    yield Fault("audit_log:unordered", "an entry of the audit log is older than the one before it")
    yield Fault("audit_log:removed", "an entry is gone from the audit log")
    yield Fault("audit_log:altered", "an entry of the audit log was changed once it was written")
    yield Fault("audit_log:dropped", "the audit log begins with its last entries from before")
    yield Fault("audit_log:writable", "closed files of the audit log can be written to by everybody")
    yield Fault("audit_log:lossy", "every other event is not written to the audit log")
    if "{id}" not in trail.file:
        yield Fault("audit_log:garbled", "a line of the audit log holds half of its entry, and cannot be read")
    if trail.digest:
        yield Fault("audit_log:unchained", "entries of the audit log hold no digest")


def _of_answers(name: str) -> Iterator[Fault]:
    yield Fault(f"{name}:errors", f"every request to the service {name} is answered with 500")
    yield Fault(f"{name}:slow", f"every request to the service {name} is answered this much later", "seconds")


def _of_cases(sandbox: Sandbox) -> Iterator[Fault]:
    for name, printed in sandbox.commands.items():
        yield from _cases(name, list(printed), f"the command {name} prints its case")
    for name, values in sandbox.settings.items():
        yield from _cases(name, list(values), f"the setting {name} has the value of its case at first")
    for name, laid in sandbox.files.items():
        yield from _cases(name, list(laid), f"the files {name} lie there in the case")
    for name, service in {**sandbox.services, **sandbox.processes}.items():
        cases = dict.fromkeys(case for route in service.routes.values() for case in route)
        yield from _cases(name, list(cases), f"the service {name} answers with its case")
    for name, behaving in sandbox.routes.items():
        if behaving.does in _CHOSEN:  # of the others the request chooses the case
            own = [case for case in behaving.cases if case not in {"degraded", "invalid", "missing"}]
            yield from _cases(name, own, f"the API's route {name} answers with its case")
    yield from _cases("machine", list(sandbox.machine), "the machine's figures are those of its case")
    yield from _of_past(sandbox)
    for name, metric in sandbox.metrics.items():
        for case, value in metric.cases.items():
            yield Fault(f"{name}:{case}", f"the metric {name} is moved by {value:g}")


def _of_past(sandbox: Sandbox) -> Iterator[Fault]:
    if sandbox.past:
        yield Fault("past:none", "no earlier run is known")
        yield Fault("past:stale", "the last earlier run was a month ago")
    yield from _cases("past", list(sandbox.past), "earlier runs recorded what they did in the case")


def _cases(name: str, cases: list[str], does: str) -> Iterator[Fault]:
    for case in cases:
        if case != "ok":
            yield Fault(f"{name}:{case}", f"{does} {case}")
