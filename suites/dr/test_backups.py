"""Backups that are proven: young, whole to the last byte, complete, restorable elsewhere, kept as long as asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from pytest_llmops import Unsupported
from pytest_llmops.clients.backup_asking import told

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmops.clients.backups import Backups
    from pytest_llmops.clients.files import Files
    from pytest_llmops.plugin.recording import Record

HOUR = 3600.0


def holding(stored: Mapping[str, Backups]) -> dict[str, Backups]:
    """Those of which it is said what they have to hold."""
    found = {name: backups for name, backups in stored.items() if backups.table.holds}
    if not found:
        raise Unsupported("files: no backup is said to hold anything: name the sets of files in holds.")
    return found


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.daily-health.backup-completion", fault="daily_backups:flipped")
@pytest.mark.procedure("aegis-rag.daily.backup-completion", fault="vector_backups:hollow")
@pytest.mark.procedure("document-enhancer.recover-config.list-backups", fault="full_backups:flipped")
@pytest.mark.procedure("document-enhancer.recover-config.list-backups", fault="full_backups:cut")
@pytest.mark.procedure("document-enhancer.recover-config.list-backups", fault="full_backups:hollow")
@pytest.mark.procedure("document-enhancer.weekly-maintenance.backup-verification", fault="full_backups:flipped")
@pytest.mark.procedure(fault="copies:hollow")
@pytest.mark.procedure(fault="copies:flipped")
def test_newest_backups_are_whole(stored_backups: Mapping[str, Backups], record: Record) -> None:
    """The newest backup of each kind reads to its last byte, and has files in it."""

    def read(name: str, backups: Backups) -> list[str]:
        record(f"backup_files[{name}]", len(backups.read()), "files", of=backups.newest().name)
        return []

    with record.to_the_end():
        wrong = told(*(partial(read, name, backups) for name, backups in stored_backups.items()))
    assert not wrong, f"files: {'; '.join(wrong)}"


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.daily-health.backup-completion", fault="daily_backups:old")
@pytest.mark.procedure("agent-aiops.backup-locations.local", fault="weekly_backups:old")
@pytest.mark.procedure("aegis-rag.daily.backup-completion", fault="vector_backups:old")
@pytest.mark.procedure("document-enhancer.recover-config.list-backups", fault="full_backups:old")
@pytest.mark.procedure(fault="copies:old")
@pytest.mark.procedure(fault="copies:ahead")
def test_backups_are_young_and_kept(stored_backups: Mapping[str, Backups], record: Record) -> None:
    """The newest of each kind is as young, the oldest as old, as is asked for; none is older than it may be."""

    def untimely(name: str, backups: Backups) -> list[str]:
        record(f"backup_age[{name}]", backups.age_s() / HOUR, "h", of=backups.newest().name)
        return backups.untimely()

    with record.to_the_end():
        wrong = told(*(partial(untimely, name, backups) for name, backups in stored_backups.items()))
    assert not wrong, f"files: {'; '.join(wrong)}"


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.dr.backup-restoration", fault="weekly_backups:altered")
@pytest.mark.procedure("document-enhancer.weekly-maintenance.backup-verification", fault="full_backups:altered")
@pytest.mark.procedure(fault="copies:altered")
def test_newest_backups_can_be_restored(
    stored_backups: Mapping[str, Backups], record: Record, scratch_folder: Path
) -> None:
    """The newest of each kind, restored into a scratch folder, is what it was made of wherever that has not changed."""

    def restored(name: str, backups: Backups) -> tuple[str, ...]:
        done = backups.restored(scratch_folder / name)
        record(f"backup_restored[{name}]", done.same, "files", of=done.of)
        record(f"backup_restore_time[{name}]", done.took_s, "s", of=done.of)
        return done.wrong

    with record.to_the_end():
        wrong = told(*(partial(restored, name, backups) for name, backups in holding(stored_backups).items()))
    assert not wrong, f"files: {'; '.join(wrong)}"


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.dr.backup-restoration", fault="weekly_backups:lacking")
@pytest.mark.procedure(fault="copies:lacking")
@pytest.mark.procedure(fault="copies:flat")
def test_newest_backups_are_complete(stored_backups: Mapping[str, Backups]) -> None:
    """The newest of each kind holds every file that was there when it was made, under its own path."""
    wrong = told(*(backups.lacking for backups in holding(stored_backups).values()))
    assert not wrong, f"files: {'; '.join(wrong)}"


@pytest.mark.generic
@pytest.mark.procedure("aegis-rag.monthly.backup-integrity", fault="vector_backups:flipped")
@pytest.mark.procedure(fault="copies:misrecorded")
def test_newest_backups_are_as_recorded(stored_backups: Mapping[str, Backups]) -> None:
    """The newest of each kind that has a recorded checksum is what that says."""
    recorded = [backups for backups in stored_backups.values() if backups.table.checksums]
    if not recorded:
        raise Unsupported("files: no backup has a recorded checksum: say where they stand, in checksums.")
    wrong = told(*(backups.misrecorded for backups in recorded))
    assert not wrong, f"files: {'; '.join(wrong)}"


@pytest.mark.generic
@pytest.mark.procedure("agent-aiops.backup-locations.remote", fault="remote_backups:flipped")
@pytest.mark.procedure("agent-aiops.backup-locations.remote", fault="remote_backups:old")
@pytest.mark.procedure(fault="copies:away")
@pytest.mark.procedure(fault="copies:other")
def test_copies_elsewhere_are_the_same(stored_backups: Mapping[str, Backups], files: Files) -> None:
    """The newest copy that lies elsewhere has the name, the size and the checksum of the newest one here."""
    copies = [(one, one.table.copy_of) for one in stored_backups.values() if one.table.copy_of]
    if not copies:
        raise Unsupported("files: no backups are said to be copies of others: name the others in copy_of.")
    wrong = told(*(partial(one.unlike, files.backups(original or "")) for one, original in copies))
    assert not wrong, f"files: {'; '.join(wrong)}"
