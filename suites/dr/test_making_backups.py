"""A backup that is made now, in the state folder, before anything is changed; and restored elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Unsupported
from pytest_llmops.clients.backup_asking import told

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.backups import Made
    from pytest_llmops.clients.files import Files
    from pytest_llmops.operate.in_place import InPlace
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record

MEGABYTE = 1e6
NOT_THERE = 4
"""How a guard's command ends where there is no script."""


@pytest.mark.generic
@pytest.mark.procedure(
    "document-enhancer.backup-config.script",
    "document-enhancer.backup-config.manual",
    fault="rules:missing, settings_file:missing, maintenance_flag:missing",
)
@pytest.mark.procedure(fault="configuration_texts:missing")
def test_backup_of_the_configuration_can_be_restored(
    made_backup: Callable[[str], Made], files: Files, record: Record, scratch_folder: Path
) -> None:
    """A backup that is made now, restored elsewhere, gives back each file by its checksum, and no secret."""
    made = made_backup("configuration")
    restored = files.backups().restored(scratch_folder, made.of)
    record("backup_files", restored.files, "files", of=restored.of)
    assert not restored.wrong, f"files: {'; '.join(restored.wrong)}"
    assert not files.backups().lacking(made.of)


@pytest.mark.procedure(
    "document-enhancer.backup-full.config",
    "document-enhancer.deploy-prepare.backup",
    "document-enhancer.pre-maintenance.backup",
    fault="rules:missing, settings_file:missing, maintenance_flag:missing",
)
@pytest.mark.procedure(
    "document-enhancer.backup-full.outputs",
    "document-enhancer.deploy-prepare.backup",
    "document-enhancer.pre-maintenance.backup",
    fault="outputs:missing",
)
@pytest.mark.procedure("document-enhancer.backup-full.logs", fault="shared_logs:elsewhere")
def test_full_backup_holds_everything(
    made_backup: Callable[[str], Made], files: Files, record: Record, scratch_folder: Path
) -> None:
    """One that is made now has the configuration, the week's outputs and logs, each under its path and unchanged."""
    made, backups = made_backup("fresh"), files.backups("fresh")
    wrong = told(
        lambda: backups.lacking(made.of),
        lambda: backups.misrecorded(made.of),
        lambda: backups.restored(scratch_folder, made.of).wrong,
    )
    assert not wrong, f"files: {'; '.join(wrong)}"
    record("backup_files[fresh]", len(backups.read(made.of)), "files", of=made.of.name)


@pytest.mark.procedure("document-enhancer.backup-full.compress-and-report", fault="outputs:missing")
def test_full_backup_is_one_archive(made_backup: Callable[[str], Made], files: Files, record: Record) -> None:
    """It is an archive that reads whole; nothing unfinished is left; its size and how long it took are written down."""
    made, backups = made_backup("fresh"), files.backups("fresh")
    assert not backups.misrecorded(made.of)
    left = backups.making.unfinished()
    assert not left, f"files: {', '.join(left)} in {backups.making.folder}: a backup was not finished; delete it"
    record("backup_size", made.of.bytes / MEGABYTE, "MB", of=made.of.name)
    record("backup_time", made.took_s, "s", of=made.of.name)


@pytest.mark.procedure("document-enhancer.recover-config.extract", fault="full_backups:flat")
@pytest.mark.procedure("document-enhancer.recover-config.extract", fault="full_backups:cut")
def test_configuration_comes_out_of_a_backup(files: Files, scratch_folder: Path) -> None:
    """The newest backup, unpacked into a scratch folder, has the configuration where it is copied from."""
    backups = files.backups("full")
    lacking = backups.lacking(None, "configuration")
    assert not lacking, f"files: {'; '.join(lacking)}"
    restored = backups.restored(scratch_folder)
    assert (restored.folder / "config").is_dir(), f"files: {restored.of} has no folder config once it is unpacked"


@pytest.mark.procedure("document-enhancer.recover-config.restore", fault="full_backups:hollow")
@pytest.mark.procedure("document-enhancer.recover-config.restore", fault="full_backups:altered")
@pytest.mark.procedure("document-enhancer.recover-config.restore", fault="full_backups:flipped")
def test_configuration_is_restored_in_its_place(
    restored_in_place: Callable[[str, str], InPlace], record: Record
) -> None:
    """The configuration of the newest backup, where the application reads it, is what was there; that is put back."""
    done = restored_in_place("full", "configuration")
    record("restored_in_place", done.files, "files", of=done.of)
    record("restore_time[configuration]", done.took_s, "s", of=done.of)
    assert not done.wrong, f"files: {'; '.join(done.wrong)}"


@pytest.mark.procedure("aegis-rag.recovery.restore-download", fault="vector_backups:cut")
@pytest.mark.procedure("aegis-rag.recovery.restore-download", fault="vector_backups:hollow")
@pytest.mark.procedure("aegis-rag.recovery.restore-download", fault="vector_backups:flipped")
def test_backup_of_the_vectors_can_be_fetched(files: Files, record: Record, scratch_folder: Path) -> None:
    """The newest one comes from its bucket into a scratch folder, complete and as its checksums say."""
    restored = files.backups("vectors").restored(scratch_folder)
    record("backup_fetch_time[vectors]", restored.took_s, "s", of=restored.of)
    record("backup_size[vectors]", restored.bytes / MEGABYTE, "MB", of=restored.of)
    assert not restored.wrong, f"files: {'; '.join(restored.wrong)}"


@pytest.mark.procedure("voyageur.model-update.backup-config", fault="env_file:missing")
@pytest.mark.procedure("voyageur.model-update.backup-config", fault="env_file:open")
def test_environment_is_saved_before_an_update(
    made_backup: Callable[[str], Made], files: Files, record: Record, scratch_folder: Path
) -> None:
    """The file of the environment is in a backup, byte for byte, and there, too, it is for its owner alone."""
    made = made_backup("update")
    restored = files.backups("update").restored(scratch_folder, made.of)
    record("backup_files[update]", restored.files, "files", of=restored.of)
    assert not restored.wrong, f"files: {'; '.join(restored.wrong)}"


@pytest.mark.procedure("voyageur.model-update.backup-baseline-metrics", fault="dashboard:unmeasured")
@pytest.mark.procedure("voyageur.model-update.backup-baseline-metrics", fault="dashboard:garbage")
def test_metrics_are_saved_before_an_update(files: Files, app_command: AppCommands, record: Record) -> None:
    """What the dashboard shows is in a backup: how many requests went well, and how long they took."""
    shown = app_command.json("dashboard")
    app_command.report("dashboard", shown)
    backups = files.backups("update")
    saved = json.loads(backups.text("dashboard.json", backups.make(texts={"dashboard.json": json.dumps(shown)})))
    metrics = saved["metrics"]
    assert metrics["response_times"], "app_command: dashboard does not say how long answers take"
    record("saved_success_rate", metrics["requests"]["success_rate"], "%")
    record("saved_response_time", metrics["response_times"]["avg"], "s")


@pytest.mark.procedure("voyageur.dr.backup-state", fault="models_backup:partial")
@pytest.mark.procedure("voyageur.dr.backup-state", fault="models_backup:nested")
@pytest.mark.procedure("voyageur.dr.backup-state", fault="models_backup:nothing")
@pytest.mark.procedure("voyageur.maintenance.full-backup", fault="models_backup:empty")
@pytest.mark.procedure("voyageur.maintenance.full-backup", fault="models_backup:flipped")
@pytest.mark.procedure("voyageur.maintenance.full-backup", fault="models_backup:partial")
def test_models_are_saved_while_the_stack_is_down(
    carried_out: Callable[[str], Operated], files: Files, app_command: AppCommands, record: Record
) -> None:
    """The volume's files are all in one archive, each with its checksum, and the stack is up again."""
    backups = files.backups("models")
    listed, before = app_command.lines("models_in_volume"), backups.all()
    carried_out("back-up-models")
    made = backups.newest()
    assert made not in before, f"files: {made.name} was there before: no backup was made"
    record("backup_files[models]", len(backups.read(made)), "files", of=made.name)
    record("backup_size[models]", made.bytes / MEGABYTE, "MB", of=made.name)
    wrong = backups.unlisted(listed, made)
    assert not wrong, f"files: {'; '.join(wrong)}"


@pytest.mark.procedure("document-enhancer.recover-full.usage-guard", fault="restore_guard:unguarded")
@pytest.mark.procedure("document-enhancer.recover-full.usage-guard", fault="restore_guard:silent")
@pytest.mark.procedure("aegis-rag.recovery.arguments", fault="restore_guard:unguarded")
@pytest.mark.procedure("aegis-rag.recovery.arguments", fault="restore_guard:silent")
def test_restore_asks_for_a_backup(app_command: AppCommands, record: Record) -> None:
    """The script, in a folder of its own and with no power to stop anything, refuses to begin without an argument."""
    ran = app_command.run("restore_guard")
    if ran.status == NOT_THERE:
        raise Unsupported(f"app_command: restore_guard: {app_command.quoted(ran.said)}")
    record("restore_guard_status", ran.status)
    assert ran.status == 1, f"app_command: the script goes on without a backup: {app_command.quoted(ran.said)}"
    assert "Usage:" in ran.said, f"app_command: the script does not say how it is used: {app_command.quoted(ran.said)}"
