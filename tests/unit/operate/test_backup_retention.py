"""Backups that newer ones supersede go by a journalled act, and only where the newest one is whole."""

import json
import tarfile

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.errors import ControlError, StepFailed, Vacuous
from pytest_llmops.operate.backup_retention import retire
from pytest_llmops.operate.set_aside import ASIDE
from pytest_llmops.state.journal import Journal
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

FILE = """
[targets.here.components.files]
sets = { config = { paths = ["config/*"] } }
backups = { configuration = { holds = { config = {} }, keep_newest = 2 } }
"""
AT = 1_764_408_960.0


@pytest.fixture
def target(tmp_path):
    (tmp_path / "config").mkdir()
    (tmp_path / "config/app.json").write_text("{}")
    (tmp_path / "llmops.toml").write_text(FILE)
    return load(tmp_path / "llmops.toml", None, tmp_path, {})


@pytest.fixture
def backups(target, tmp_path):
    found = connect(target, "files", Ledger(tmp_path / "ledger", target.table.budget)).backups()
    for hour in range(4):
        found.make(AT + 3600 * hour)
    return found


@pytest.fixture
def change(target):
    journal = Journal.of(target.state_folder, "here")
    opened = {"test": "a test", "run": "a run"}
    return Change(target, journal, Interruption(), opened=opened, say=lambda line: None, may_begin=lambda: None)


def test_those_that_are_superseded_go(backups, change):
    kept = backups.all()[2:]
    assert retire(backups, change) == ["configuration_20251129T093600Z.tar.gz", "configuration_20251129T103600Z.tar.gz"]
    assert change.undo()
    assert backups.all() == kept
    assert not (backups.making.folder / ASIDE).exists()


def test_where_all_are_kept_nothing_goes(target, change, backups):
    for old in backups.all()[:2]:
        (backups.making.folder / old.name).unlink()
    with pytest.raises(Vacuous, match=r"^backups: the 2 that are there are all to be kept, so none goes\.$"):
        retire(backups, change)
    backups.make_older(AT)
    assert retire(backups, change) == ["configuration_20251127T093600Z.tar.gz", "configuration_20251128T093600Z.tar.gz"]


def test_what_lies_aside_besides_stays(backups, change):
    left = backups.making.folder / ASIDE / "configuration_20240101T000000Z.tar.gz"
    left.parent.mkdir()
    left.write_bytes(b"of another run")
    assert len(retire(backups, change)) == 2
    assert change.undo()
    assert [path.name for path in left.parent.iterdir()] == [left.name]


def test_none_goes_where_the_newest_is_not_whole(backups, change, tmp_path):
    newest = backups.newest()
    (tmp_path / "manifest.json").write_text(json.dumps(backups.manifest(newest)))
    with tarfile.open(backups.making.folder / newest.name, "w:gz") as opened:
        opened.add(tmp_path / "manifest.json", "manifest.json")
        opened.add(tmp_path / "llmops.toml", "llmops.toml")
    with pytest.raises(StepFailed) as caught:
        retire(backups, change)
    assert str(caught.value) == (
        f"{newest.name}: config/app.json is not in it; {newest.name}: llmops.toml is in it, and nothing says that it "
        "should be; no older backup goes: make another."
    )
    assert len(backups.all()) == 4


def test_one_that_cannot_be_moved_brings_all_back(backups, change, target):
    everything = backups.all()
    in_the_way = backups.making.folder / ASIDE / everything[1].name
    in_the_way.mkdir(parents=True)
    with pytest.raises(ControlError):
        retire(backups, change)
    assert change.undo()
    assert backups.all() == everything
