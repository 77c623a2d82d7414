"""A backup restored in the place of what it is of: compared there, and all is as before."""

import os
import shutil
import tarfile
import time
from dataclasses import replace

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import CallFailed, StepFailed, Vacuous
from pytest_llmops.operate.in_place import RESTORED, Restoration, restored_in_place
from pytest_llmops.operate.set_aside import ASIDE
from pytest_llmops.state.journal import Journal
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

FILE = """
[targets.here.components.files]
sets = { config = { paths = ["config/*"] } }
backups = { full = { paths = ["full.tar.gz"], holds = { config = {} } } }
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "config").mkdir()
    for name, text in (("app.json", "{}"), ("rules.yaml", "a: 1")):
        path = tmp_path / "config" / name
        path.write_text(text)
        path.chmod(0o640)
        os.utime(path, (1e9, 1e9))
    (tmp_path / "llmops.toml").write_text(FILE)
    pack(tmp_path)
    return tmp_path


def pack(root, *names):
    with tarfile.open(root / "full.tar.gz", "w:gz") as opened:
        for name in names or ("config/app.json", "config/rules.yaml"):
            opened.add(root / name, name)


@pytest.fixture
def opened(root):
    target = load(root / "llmops.toml", None, root, {})
    files = connect(target, "files", Ledger(root / "ledger", target.table.budget))
    by = {"test": "a test", "run": "a run"}
    journal = Journal.of(target.state_folder, "here")
    change = Change(target, journal, Interruption(), opened=by, say=lambda line: None, may_begin=lambda: None)
    return files, change


@pytest.fixture
def restore(root, opened):
    files, change = opened
    return lambda: restored_in_place(files, "full", "config", change, root / "scratch")


def state(root):
    assert not (root / RESTORED).exists()
    assert not (root / ASIDE).exists()
    found = {path.name: (path.read_text(), path.stat()) for path in (root / "config").iterdir()}
    return {name: (text, at.st_mode, at.st_mtime, at.st_ino) for name, (text, at) in found.items()}


def test_what_was_there_is_there_and_is_put_back(root, restore):
    before = state(root)
    done = restore()
    assert (done.of, done.files, done.wrong) == ("full.tar.gz", 2, ())
    assert state(root) == before


def test_a_file_that_was_written_since_is_put_back_and_not_compared(root, restore):
    (root / "config/app.json").write_text("[]")
    os.utime(root / "config/app.json", (time.time() + 60, time.time() + 60))
    before = state(root)
    assert restore().wrong == ()
    assert state(root) == before


def test_another_value_and_a_file_that_is_not_in_it(root, restore):
    (root / "config/app.json").write_text("[]")
    (root / "config/rules.yaml").write_text("a: 2")
    pack(root, "config/app.json")
    for name, text in (("app.json", "{}"), ("rules.yaml", "a: 1")):
        (root / "config" / name).write_text(text)
        os.utime(root / "config" / name, (1e9, 1e9))
    before = state(root)
    assert restore().wrong == (
        "full.tar.gz: config/rules.yaml is not there once it is restored",
        "full.tar.gz: config/app.json is not as it was before",
    )
    assert state(root) == before


def test_what_does_not_stand_there_as_it_is_in_the_backup_is_said(root, restore, monkeypatch):
    os.utime(root / "config/app.json", (time.time() + 60, time.time() + 60))
    monkeypatch.setattr(shutil, "copy2", lambda source, place: place.write_text("a: 1"))
    before = state(root)
    assert restore().wrong == ("full.tar.gz: config/app.json is not as it is in the backup",)
    assert state(root) == before


@pytest.fixture
def meanwhile(root, opened, monkeypatch):
    """A function that hides a file once the restored ones stand there, and has another written to."""
    files, _ = opened
    found = files.found

    def meanwhile(hidden, written=None):
        def looked(of):
            seen = found(of)
            if not (root / ASIDE).exists():
                return seen
            if written:
                (root / written).write_text("a: 2")
            return replace(seen, facts=[fact for fact in found(of).facts if fact.name != hidden])

        monkeypatch.setattr(files, "found", looked)

    return meanwhile


def test_what_the_application_writes_or_removes_meanwhile_is_not_compared(root, restore, meanwhile):
    os.utime(root / "config/app.json", (time.time() + 60, time.time() + 60))
    before = state(root)
    meanwhile("config/app.json", written="config/rules.yaml")
    assert restore().wrong == ()
    assert state(root) == before


def test_a_file_that_is_gone_is_told_once(restore, meanwhile):
    meanwhile("config/app.json")
    assert restore().wrong == ("full.tar.gz: config/app.json is not there once it is restored",)


def test_nothing_to_restore_and_nothing_to_compare(root, restore):
    (root / "config/other").write_text("x")
    pack(root, "config/other")
    (root / "config/other").unlink()
    before = state(root)
    with pytest.raises(Vacuous):
        restore()
    assert state(root) == before
    for path in (root / "config").iterdir():
        os.utime(path, (time.time() + 60, time.time() + 60))
    with pytest.raises(Vacuous) as caught:
        restore()
    assert str(caught.value) == "full.tar.gz: all of config was written since, so that nothing of it can be compared."


def test_what_an_earlier_one_left_is_not_touched(root, restore):
    (root / RESTORED).mkdir()
    with pytest.raises(StepFailed) as caught:
        restore()
    assert str(caught.value) == (
        f"{root / RESTORED} is there, of a restoration that was killed. Look that nothing is missing, then delete it."
    )
    assert (root / "config/app.json").read_text() == "{}"


def test_files_stay_in_place_until_the_end_whatever_ends_it(root, opened):
    files, change = opened
    before = state(root)

    def interrupted():
        with Restoration(files, "full", change, root / "scratch") as restoration:
            assert restoration.unpack().wrong == ()
            assert restoration.put("config")["config"].files == 2
            restoration.clean_up()
            assert not (root / "scratch").exists()
            assert (root / "config/app.json").stat().st_ino != before["app.json"][3]
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert state(root) == before


def test_who_deletes_a_restored_file_meanwhile_keeps_no_other_from_being_put_back(root, opened):
    files, change = opened
    before = state(root)

    def deleted():
        with Restoration(files, "full", change, root / "scratch") as restoration:
            restoration.put("config")
            restoration.clean_up()
            (root / "config/app.json").unlink()

    with pytest.raises(StepFailed, match="not all could be put back as it was"):
        deleted()
    [failure] = Journal.of(root / ".llmops", "here").story.failed.values()
    assert failure.why == f"files of a backup: {root}/config/app.json: No such file or directory; not moved."
    each = 'mkdir -p .llmops-restored/"$(dirname "$f")" && mv -nv "$f" .llmops-restored/"$f"'
    assert failure.by_hand == [f"(cd {root} && for f in config/app.json config/rules.yaml; do {each}; done)"]
    assert state(root) == before


def test_a_damaged_backup_changes_nothing_and_the_one_before_is_taken(root, opened):
    files, change = opened
    text = FILE.replace('"full.tar.gz"', '"full*.tar.gz"')
    (root / "llmops.toml").write_text(text)
    target = load(root / "llmops.toml", None, root, {})
    files = connect(target, "files", Ledger(root / "ledger", target.table.budget))
    os.utime(root / "full.tar.gz", (1e9 + 100, 1e9 + 100))
    (root / "full-2.tar.gz").write_bytes((root / "full.tar.gz").read_bytes()[:-40])
    backups = files.backups("full")
    assert backups.newest().name == "full-2.tar.gz"
    assert backups.newest_whole().name == "full.tar.gz"
    before = state(root)
    with pytest.raises(CallFailed) as caught, Restoration(files, "full", change, root / "scratch") as restoration:
        restoration.unpack()
    assert caught.value.kind == "damaged"
    assert state(root) == before
    (root / "full.tar.gz").unlink()
    with pytest.raises(CallFailed) as caught:
        backups.newest_whole()
    assert "full-2.tar.gz is damaged" in str(caught.value)


@pytest.mark.parametrize("copied", [0, 1, 2], ids=["before the first copy", "amid the copies", "before they are moved"])
def test_who_is_killed_while_files_are_laid_beside_leaves_nothing_once_it_is_recovered_from(
    root, opened, monkeypatch, copied
):
    files, change = opened
    before, copies = state(root), []
    copy = shutil.copy2

    def copy2(source, place):
        if len(copies) == copied:
            os._exit(9)
        copies.append(copy(source, place))

    if not (child := os.fork()):
        monkeypatch.setattr("pytest_llmops.operate.in_place.shutil.copy2", copy2)
        monkeypatch.setattr("pytest_llmops.operate.in_place.SetAside", lambda *_words: os._exit(9))
        restored_in_place(files, "full", "config", change, root / "scratch")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    [recovery] = recoveries(root / ".llmops")
    assert recovery.carry_out(lambda line: None)
    assert state(root) == before
