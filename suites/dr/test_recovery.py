"""Emergency recoveries, rehearsed: all ends, is restored from a backup, starts in order, works, and is put back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from pytest_llmops.report.markdown import parts_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.files import Files
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.in_place import Restoration
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.operate.vector_backup import VectorBackup
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.plugin.triaging import Triage
    from pytest_llmops.report.documents import Documents
    from pytest_llmops.samples import Workload

HEALTH = ("component", "health", "dependency", "models")


@pytest.mark.needs("api")
@pytest.mark.procedure("document-enhancer.recover-full.stop-service", fault="pipeline_left:running")
@pytest.mark.procedure("document-enhancer.recover-full.stop-service", fault="api:wont-stop")
@pytest.mark.procedure("document-enhancer.recover-full.extract", fault="full_backups:flipped")
@pytest.mark.procedure("document-enhancer.recover-full.extract", fault="full_backups:cut")
@pytest.mark.procedure("document-enhancer.recover-full.restore-config", fault="full_backups:altered")
@pytest.mark.procedure("document-enhancer.recover-full.restore-config", fault="full_backups:hollow")
@pytest.mark.procedure("document-enhancer.recover-full.restore-outputs", fault="full_backups:no-outputs")
@pytest.mark.procedure("document-enhancer.recover-full.cleanup", fault="unpacked:left")
@pytest.mark.procedure("document-enhancer.recover-full.restart-and-verify", fault="api:wont-start")
def test_service_is_recovered_from_its_backup(
    restoration: Callable[..., Restoration],
    operation: Callable[[str], Operated],
    files: Files,
    app_command: AppCommands,
    documents: Documents,
    record: Record,
) -> None:
    """Unpacked and compared, then stopped; configuration and outputs are in place, nothing is left, and it works."""
    recovery, backups = restoration("full"), files.backups("full")
    unpacked = recovery.unpack()
    assert not unpacked.wrong, f"files: {'; '.join(unpacked.wrong)}; nothing was stopped"
    began = time.perf_counter()
    killed = operation("stop-everything").killed
    assert not killed, f"killed, for it did not end in time: {'; '.join(killed)}"
    left = app_command.lines("pipeline_left")
    assert not left, f"app_command: there still, so nothing is replaced: {'; '.join(left)}"
    placed = recovery.put("configuration", "outputs")
    for name, done in placed.items():
        record(f"restored_in_place[{name}]", done.files, "files", of=done.of)
    wrong = [said for done in placed.values() for said in done.wrong]
    assert not wrong, f"files: {'; '.join(wrong)}"
    recovery.clean_up()
    scratch = backups.unpacked()
    assert not scratch, f"files: unpacked, and left by a recovery: {', '.join(scratch)}; delete them"
    started = operation("start-in-order")
    documents.write("recovery.md", started.document())
    record("startup_duration", started.took_s, "s")
    record("recovery_duration", time.perf_counter() - began, "s", of=recovery.one.name)


@pytest.mark.procedure("agent-aiops.recovery.stop-services", fault="ui:wont-stop")
@pytest.mark.procedure("agent-aiops.recovery.restore", fault="weekly_backups:altered")
@pytest.mark.procedure("agent-aiops.recovery.restore", fault="weekly_backups:flipped")
@pytest.mark.procedure("agent-aiops.recovery.test-functionality", fault="machine:full")
@pytest.mark.procedure("agent-aiops.recovery.resume", fault="llm:wont-start")
@pytest.mark.procedure("agent-aiops.recovery.resume", fault="ui:wont-start")
@pytest.mark.procedure("agent-aiops.recovery.document", fault="incidents:torn")
def test_application_is_recovered_from_its_backup(
    restoration: Callable[..., Restoration],
    operation: Callable[[str], Operated],
    files: Files,
    triage_again: Callable[[], Triage],
    documents: Documents,
    record: Record,
) -> None:
    """All ends, the newest whole backup is in place, all starts in order and is well, and that stands in writing.

    The runbook tests before it starts the services; what does not run answers nothing, so they are started first.
    """
    recovery = restoration("weekly", files.backups("weekly").newest_whole())
    unpacked = recovery.unpack()
    assert not unpacked.wrong, f"files: {'; '.join(unpacked.wrong)}; nothing was stopped"
    began = time.perf_counter()
    killed = operation("stop-everything").killed
    assert not killed, f"killed, for it did not end in time: {'; '.join(killed)}"
    done = recovery.put("application")["application"]
    record("restored_in_place[application]", done.files, "files", of=done.of)
    assert not done.wrong, f"files: {'; '.join(done.wrong)}"
    recovery.clean_up()
    record("startup_duration", operation("start-in-order").took_s, "s")
    record("recovery_duration", time.perf_counter() - began, "s", of=done.of)
    found = triage_again()
    documents.write("recovery.md", found.outcome("Recovery", reason="[to be completed: what was damaged, and how]"))
    review = parts_of(documents.read(documents.write("recovery-review.md", found.review())))
    told = review["Actions taken"]
    lacking = [f"{act} twice" for act in ("stop of", "set of", "start of") if told.count(act) < 2]
    assert not lacking, f"the incident record does not tell of: {', '.join(lacking)}"
    failed = found.failed(*HEALTH, "figure")
    record("failed_checks[recovery]", len(failed), "checks", of="; ".join(failed))
    assert not failed, "; ".join(failed)
    assert not found.torn, (
        f"{found.torn} events of the record of incidents cannot be read, so the timeline lacks them; "
        f"complete it by hand: {found.record_file}"
    )


def ready(part: str, app_command: AppCommands, ollama: Ollama) -> int:
    """How many replicas of a part are ready; of the model server only those count that hold the model."""
    if part != "ollama":
        return int(app_command.json(f"{part}_replicas_ready")["status"].get("readyReplicas", 0))
    model = ollama.config.model
    holding = [one for one in app_command.json("ollama_instances") if {model, f"{model}:latest"} & {*one["models"]}]
    return sum(one["ready"] for one in holding)


@pytest.mark.needs("qdrant", "api")
@pytest.mark.procedure("aegis-rag.recovery.stop-services", fault="no_pod_left:left")
@pytest.mark.procedure("aegis-rag.recovery.stop-services", fault="other_workloads:ignored")
@pytest.mark.procedure("aegis-rag.recovery.restart-qdrant", fault="vectors:wont-start")
@pytest.mark.procedure("aegis-rag.recovery.restart-qdrant", fault="qdrant_replicas_ready:short")
@pytest.mark.procedure("aegis-rag.recovery.restart-ollama", fault="llm:wont-start")
@pytest.mark.procedure("aegis-rag.recovery.restart-ollama", fault="llm:bare-instance")
@pytest.mark.procedure("aegis-rag.recovery.restart-api", fault="api_replicas_ready:fails")
@pytest.mark.procedure("aegis-rag.recovery.restart-api", fault="api:wont-start")
@pytest.mark.procedure("aegis-rag.recovery.restart-api", fault="other_workloads:once")
@pytest.mark.procedure("aegis-rag.recovery.verify-recovery", fault="api:degraded")
@pytest.mark.procedure("aegis-rag.recovery.complete-sequence", fault="vectors:restore-loses")
@pytest.mark.procedure("aegis-rag.recovery.complete-sequence", fault="vectors:forgets")
def test_system_is_recovered_in_order(
    operation: Callable[[str], Operated],
    change: Change,
    vector_backup: VectorBackup,
    vectors: Vectors,
    prompts: Workload,
    ollama: Ollama,
    app_command: AppCommands,
    triage_again: Callable[[], Triage],
    documents: Documents,
    record: Record,
) -> None:
    """All ends; Qdrant starts, a snapshot is restored, then models, all else, the API; and it is as it was before.

    Not in production, and only where a snapshot is known to bring the collection back.
    """
    vector_backup.may_be_lost(prompts)
    points, began = vectors.kept().count(), time.perf_counter()
    stopped = operation("stop-everything")
    documents.write("stop-everything.md", stopped.document())
    record("shutdown_duration", stopped.took_s, "s")
    started = operation("start-qdrant")
    record("startup_duration[qdrant]", started.took_s, "s")
    record("ready_replicas[qdrant]", ready("qdrant", app_command, ollama), "replicas")
    restored = vector_backup.proven(prompts)
    record("vector_restore_time", restored.took_s, "s", of=restored.snapshot)
    assert not restored.wrong, f"qdrant: restored of {restored.snapshot}: {'; '.join(restored.wrong)}"
    now = vectors.kept().count()
    assert now == points, f"qdrant: {points} points have become {now} by the recovery"
    started = operation("start-ollama")
    record("startup_duration[ollama]", started.took_s, "s")
    record("ready_replicas[ollama]", ready("ollama", app_command, ollama), "replicas")
    others = stopped.before["other_workloads"]
    change.set("other_workloads", value=others)
    started = operation("start-api")
    record("startup_duration[api]", started.took_s, "s")
    record("ready_replicas[api]", ready("api", app_command, ollama), "replicas")
    operation("verify-recovery")
    found = triage_again()
    documents.write("recovery.md", found.outcome("Complete recovery", reason="[to be completed]"))
    failed = found.failed(*HEALTH)
    record("failed_checks[recovery]", len(failed), "checks", of="; ".join(failed))
    assert not failed, "; ".join(failed)
    left = change.status("other_workloads").kept["value"]
    assert left == others, f"settings: other_workloads is {left}, and was {others} before"
    record("recovery_duration", time.perf_counter() - began, "s")
