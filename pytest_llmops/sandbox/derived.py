"""The faults that a profile's own tables give rise to: every case of a command, group of files, service, metric."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.sandbox.faults import FAULTS, Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.target.embedded import Sandbox


def table(sandbox: Sandbox) -> dict[str, Fault]:
    """All faults of a target: those of the stack, and those of its profile."""
    return {**FAULTS, **{fault.name: fault for fault in _of_profile(sandbox)}}


def _of_profile(sandbox: Sandbox) -> Iterator[Fault]:
    for name in sandbox.commands:
        yield Fault(f"{name}:fails", f"the command {name} ends with exit status 1 and a line on standard error")
        yield Fault(f"{name}:hangs", f"the command {name} never ends")
        yield Fault(f"{name}:garbage", f"the command {name} prints what nobody can read")
    for name in sandbox.files:
        yield Fault(f"{name}:missing", f"none of the files {name} is there")
    for name in sandbox.services:
        yield Fault(f"{name}:down", f"the service {name} refuses connections")
        yield Fault(f"{name}:errors", f"every request to the service {name} is answered with 500")
        yield Fault(f"{name}:slow", f"every request to the service {name} is answered this much later", "seconds")
    if sandbox.log:
        yield Fault("log:off", f"nothing is written to {sandbox.log.file}")
        yield from _cases("log", list(sandbox.log.cases), f"every line that comes to {sandbox.log.file} is of the case")
    if sandbox.machine:
        yield Fault("machine:down", "the figures of the machine are not to be had: its exporter refuses connections")
    yield from _of_cases(sandbox)


def _of_cases(sandbox: Sandbox) -> Iterator[Fault]:
    for name, printed in sandbox.commands.items():
        yield from _cases(name, list(printed), f"the command {name} prints its case")
    for name, laid in sandbox.files.items():
        yield from _cases(name, list(laid), f"the files {name} lie there in the case")
    for name, service in sandbox.services.items():
        cases = dict.fromkeys(case for route in service.routes.values() for case in route)
        yield from _cases(name, list(cases), f"the service {name} answers with its case")
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
