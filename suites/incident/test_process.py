"""The process of a service: told to stop, killed, started again, and given more memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from pytest_llmops import ControlError, Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.measuring import Measure
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.samples import Workload

BEGAN, ENDED = "Started server process", "Finished server process"
"""What uvicorn writes first, and last where it was told to stop."""
WRONG = re.compile(r"\b(ERROR|CRITICAL)\b|Traceback|\w+Error: ")
LINES = 200


@pytest.mark.procedure("document-enhancer.stop.graceful-shutdown", fault="api:wont-stop")
@pytest.mark.procedure("document-enhancer.stop.graceful-shutdown", fault="api:abrupt")
@pytest.mark.procedure("document-enhancer.stop.graceful-shutdown", fault="api:tears")
@pytest.mark.procedure(
    "document-enhancer.start.command-line-defaults",
    "document-enhancer.restart.graceful-restart",
    "document-enhancer.post-maintenance.start",
    fault="api:dies",
)
def test_service_stops_and_starts_in_order(
    operation: Callable[[str], Operated], change: Change, files: Files, record: Record, documents: Documents
) -> None:
    """It ends when it is told to, nothing half-written is left; another process starts and stays, without an error."""
    before = change.status("api").instance
    done = operation("restart")
    documents.write("restart.md", done.document())
    record("stop_time", done["stop api"].took_s, "s")
    record("start_time", done["start api"].took_s, "s")
    assert change.status("api").instance != before, f"api: process {before} never ended"
    lines = change.logs("api", LINES)
    turns = [line for line in lines if BEGAN in line or ENDED in line]
    assert len(turns) > 1, f"api: its {len(lines)} newest log lines do not tell that a process ended and another began"
    assert BEGAN in turns[-1], f"api: its log does not tell that it started; its last word is {turns[-1]!r}"
    assert ENDED in turns[-2], (
        f"api: the process before did not end in order: its log has no {ENDED!r} after {turns[-2]!r}"
    )
    wrong = [line for line in lines[lines.index(turns[-1]) :] if WRONG.search(line)]
    assert not wrong, f"api: since it was started its log tells of errors: {'; '.join(wrong)}"
    _nothing_is_torn(files)


@pytest.mark.procedure("document-enhancer.stop.force-stop", fault="api:wont-stop, api:tears")
def test_service_that_does_not_end_is_killed_and_leaves_no_half_written_file(change: Change, files: Files) -> None:
    """Killed only where it was told to stop and did not: no process is left, outputs and cache are whole."""
    try:
        change.stop("api")
    except ControlError as error:
        if error.kind != "timeout":
            raise
    else:
        raise Vacuous("api: it ended when it was told to; only one that does not is killed.")
    killed = change.kill("api")
    assert killed.state == "stopped", f"api: it was killed, and something has started it again: {killed.detail}"
    _nothing_is_torn(files)


@pytest.mark.procedure("document-enhancer.scale-vertical.memory-limit", fault="memory_limit:ignored")
@pytest.mark.procedure("document-enhancer.scale-vertical.memory-limit", fault="memory_seen:elsewhere")
def test_service_is_given_more_memory(
    operation: Callable[[str], Operated], app_command: AppCommands, record: Record
) -> None:
    """Restarted with a higher limit, the process itself is under that limit."""
    done = operation("raise-memory")
    limit = done.value("memory_limit")
    before, now = int(done.before["memory_limit"]), int(app_command.text("memory_seen"))
    record("memory_limit", now, "bytes", of=f"{before} before")
    assert now > before, f"api: memory_limit is {limit}, and its process is still under {now} bytes"


@pytest.mark.procedure("document-enhancer.scale-vertical.memory-before", fault="process_list:none")
def test_memory_before_a_change(machine: Machine, record: Record) -> None:
    """What the service holds of the machine's memory, and what the scripts hold that are at work."""
    service = machine.running("service")
    record("memory_share[service]", machine.memory_share("service"), "%", of="; ".join(map(str, service)))
    record("memory_share[work]", machine.memory_share("work"), "%")


@pytest.mark.procedure("document-enhancer.scale-vertical.python-settings", fault="python_settings:ignored")
@pytest.mark.procedure("document-enhancer.scale-vertical.python-settings", fault="python_settings:unread")
@pytest.mark.procedure("document-enhancer.scale-vertical.python-settings", fault="process_list:larger")
def test_service_runs_with_the_runbooks_allocator(
    operation: Callable[[str], Operated],
    app_command: AppCommands,
    api: Api,
    machine: Machine,
    prompts: Workload,
    measure: Measure,
    record: Record,
) -> None:
    """Restarted, the process has both variables, answers no slower, and holds hardly more memory.

    A rehearsal: without hash randomisation the service is open to attacks by collisions.
    """
    before = measure("latency_before", api, lambda api, _: api.call("providers").ok(), prompts=prompts, keep=True)
    held_mb = machine.figure("process_memory", process="service")
    done = operation("python-settings")
    wanted = dict(word.split("=") for word in done.values["python_settings"].split())
    seen = app_command.json("python_environment")
    lacking = [f"{name} is {seen.get(name)}, not {value}" for name, value in wanted.items() if seen.get(name) != value]
    assert not lacking, f"api: in the environment of its process, which was started anew, {'; '.join(lacking)}"
    measure("latency_after", api, lambda api, _: api.call("providers").ok(), prompts=prompts, before=before)
    now_mb = machine.figure("process_memory", process="service")
    record("memory_after[service]", now_mb, "MB", of=f"{held_mb:.4g} MB before")
    record("memory_above_before[service]", 100 * (now_mb / held_mb - 1), "%")


def _nothing_is_torn(files: Files) -> None:
    """Every output and cached answer can be read, and nothing lies beside them that was never finished."""
    torn = {**files.found("results", some=False).unreadable, **files.found("responses", some=False).unreadable}
    assert not torn, f"half-written: {'; '.join(f'{name} ({why})' for name, why in torn.items())}"
    left = [fact.name for fact in files.found("unfinished", some=False).facts]
    assert not left, f"never finished: {', '.join(left)}"
