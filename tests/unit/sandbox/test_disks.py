"""Disks of the sandbox's machine: as large as their quota, as full as their files, and sick on demand."""

from types import SimpleNamespace

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.sandbox.disks import disks
from pytest_llmops.sandbox.faults import Faults
from pytest_llmops.sandbox.machine import Machine
from pytest_llmops.sandbox.order import read
from pytest_llmops.target.ballast import Ballast

MB = 1_000_000
LABELS = 'device="/dev/data",fstype="ext4",mountpoint="/store"'


def told(tmp_path, *faults):
    (tmp_path / "store").mkdir()
    table = Ballast(folder="store", leaves="10 %", at_most="8 MB", quota="8 MB")
    stack = SimpleNamespace(root=tmp_path, ballast={"data": table}, faults=Faults(dict.fromkeys(faults, 1.0)))
    [(labels, tell)] = disks(stack).items()
    assert labels == LABELS
    return tell


def test_is_as_full_as_the_files_in_it(tmp_path):
    tell = told(tmp_path)
    assert tell() == (8 * MB, 8 * MB)
    (tmp_path / "store" / "one").write_bytes(b"x" * 2 * MB)
    size, free = tell()
    assert size == 8 * MB
    assert 5.9 * MB < free <= 6 * MB
    (tmp_path / "store" / "two").write_bytes(b"x" * 7 * MB)
    assert tell() == (8 * MB, 0)
    for name in ("one", "two"):
        (tmp_path / "store" / name).unlink()
    assert tell() == (8 * MB, 8 * MB)


def test_what_is_unseen_and_what_is_kept(tmp_path):
    (tmp_path / "kept").mkdir()
    unseen, kept = told(tmp_path, "disk:unseen"), told(tmp_path / "kept", "disk:kept")
    for folder in (tmp_path, tmp_path / "kept"):
        (folder / "store" / "one").write_bytes(b"x" * 2 * MB)
    assert unseen() == (8 * MB, 8 * MB)
    before = kept()
    assert before[1] <= 6 * MB
    (tmp_path / "kept" / "store" / "one").unlink()
    assert kept() == before


def test_the_page_shows_each_beside_the_root(tmp_path):
    page = Machine({"disk_pct": 50}, {LABELS: told(tmp_path)}).exposition()
    assert f"node_filesystem_avail_bytes{{{LABELS}}} 8000000.000000\n" in page
    assert f"node_filesystem_size_bytes{{{LABELS}}} 8000000.000000\n" in page
    assert 'node_filesystem_avail_bytes{device="/dev/vda1",fstype="ext4",mountpoint="/"} 100000000000.000000\n' in page
    assert page.count("# TYPE node_filesystem_size_bytes gauge\n") == 1


@pytest.mark.parametrize("wrong", ['"folder": "/data", "quota": "8 MB"', '"folder": "data"'])
def test_no_disk_of_this_machine_is_at_stake(wrong):
    table = f'{{{wrong}, "leaves": "10 %", "at_most": "8 MB"}}'
    with pytest.raises(ConfigError, match=r"^ballast\.data: in the sandbox its folder is relative, and has a quota;"):
        read(f'{{"components": {{"machine": {{}}}}, "ballast": {{"data": {table}}}}}')


def test_without_one_its_faults_act_on_nothing():
    with pytest.raises(ConfigError, match=r"^the fault 'disk:unseen' acts on disk, which this target does not have\.$"):
        read('{"components": {"machine": {}}, "faults": ["disk:unseen"]}')
