"""What a runbook asks of each kind of backup: how old, how long kept, what is in it, who makes it and when."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_llmops.clients.backup_asking import told

if TYPE_CHECKING:
    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.backup_places import Stored
    from pytest_llmops.clients.crontab import Crontab
    from pytest_llmops.clients.files import Files
    from pytest_llmops.plugin.recording import Record

HOUR = 3600.0

names = pytest.mark.parametrize(
    "name",
    [
        pytest.param(
            "outputs",
            marks=[
                pytest.mark.procedure("document-enhancer.backup-policy.outputs", fault="outputs_backups:missing"),
                pytest.mark.procedure("document-enhancer.backup-policy.outputs", fault="outputs_backups:recent"),
                pytest.mark.procedure("document-enhancer.backup-policy.outputs", fault="outputs_backups:lacking"),
            ],
        ),
        pytest.param(
            "cache",
            marks=[
                pytest.mark.procedure("document-enhancer.backup-policy.cache", fault="cache_backups:old"),
                pytest.mark.procedure("document-enhancer.backup-policy.cache", fault="cache_backups:hoarded"),
            ],
        ),
        pytest.param(
            "logs",
            marks=[
                pytest.mark.procedure("document-enhancer.backup-policy.logs", fault="log_backups:old"),
                pytest.mark.procedure("document-enhancer.backup-policy.logs", fault="log_backups:hoarded"),
            ],
        ),
        pytest.param(
            "daily",
            marks=[
                pytest.mark.procedure("agent-aiops.backup-schedule.daily", fault="daily_backups:old"),
                pytest.mark.procedure("agent-aiops.backup-schedule.daily", fault="daily_backups:lacking"),
            ],
        ),
        pytest.param(
            "weekly",
            marks=pytest.mark.procedure("agent-aiops.backup-schedule.weekly", fault="weekly_backups:lacking"),
        ),
    ],
)


@pytest.mark.needs("files")
@names
def test_backups_are_as_the_policy_says(name: str, files: Files, record: Record) -> None:
    """The newest is young enough, whole and complete; they reach back as far, and no further, than is asked for."""
    backups = files.backups(name)
    record(f"backup_age[{name}]", backups.age_s() / HOUR, "h", of=backups.newest().name)
    wrong = told(backups.untimely, backups.lacking)
    assert not wrong, f"files: {'; '.join(wrong)}"


@pytest.mark.procedure("agent-aiops.backup-schedule.monthly-archive", fault="monthly_backups:missing")
@pytest.mark.procedure("agent-aiops.backup-schedule.monthly-archive", fault="monthly_backups:flipped")
@pytest.mark.procedure("agent-aiops.backup-schedule.monthly-archive", fault="monthly_backups:recent")
def test_earlier_months_are_archived(files: Files, record: Record) -> None:
    """There is one of each month, and every one of them reads to its last byte."""
    backups = files.backups("monthly")
    found = backups.all()
    record("archived_months", len(found), "backups")

    def read(one: Stored) -> list[str]:
        backups.read(one)
        return []

    wrong = told(backups.untimely, *(partial(read, one) for one in found))
    assert not wrong, f"files: {'; '.join(wrong)}"


@pytest.mark.procedure("agent-aiops.backup-locations.local", fault="backup_folders:open")
@pytest.mark.procedure("agent-aiops.backup-locations.local", fault="backup_folders:missing, daily_backups:missing")
def test_only_their_user_can_write_to_backups(files: Files) -> None:
    """The folders that backups lie in are there, and nobody but the user who makes backups may write to them."""
    wrong = files.found("backup_folders").wrong
    assert not wrong, f"files: {'; '.join(wrong)}"


@pytest.mark.procedure("document-enhancer.backup-policy.configuration", fault="config_unversioned:dirty")
@pytest.mark.procedure("document-enhancer.backup-policy.configuration", fault="config_unversioned:unpushed")
@pytest.mark.procedure("document-enhancer.backup-policy.configuration", fault="config_unversioned:tracked")
def test_configuration_is_under_version_control(app_command: AppCommands) -> None:
    """Every file of the configuration is committed and pushed to a remote; no file with secrets is among them."""
    wrong = app_command.lines("config_unversioned")
    assert not wrong, f"app_command: the configuration is not under version control: {'; '.join(wrong)}"


@pytest.mark.procedure("document-enhancer.backup-auto.daily-cron", fault="crontab:late")
@pytest.mark.procedure("document-enhancer.backup-auto.daily-cron", fault="full_backups:old")
def test_backup_is_made_every_night(crontab: Crontab, files: Files, record: Record) -> None:
    """An entry of the crontab makes the backup at 02:00, and the last time it had to be made there came one of it."""
    wrong = crontab.wrong("backup")
    assert not wrong, wrong
    backups = files.backups("full")
    record("backup_age[full]", backups.age_s() / HOUR, "h", of=backups.newest().name)
    assert not backups.untimely(), f"files: {'; '.join(backups.untimely())}"


@pytest.mark.procedure("document-enhancer.backup-auto.weekly-cleanup-cron", fault="crontab:late")
@pytest.mark.procedure("document-enhancer.backup-auto.weekly-cleanup-cron", fault="full_backups:hoarded")
@pytest.mark.procedure("document-enhancer.backup-auto.weekly-cleanup-cron", fault="full_backups:flipped")
def test_old_backups_go_every_week(crontab: Crontab, files: Files) -> None:
    """An entry of the crontab deletes what is older than 30 days on Sunday at 03:00, and a whole backup is left."""
    wrong = crontab.wrong("backup_cleanup")
    assert not wrong, wrong
    backups = files.backups("full")
    assert not backups.untimely(), f"files: {'; '.join(backups.untimely())}"
    backups.read()
