"""Ballast: laid as far as its table says, refused wherever that could hurt, taken back, and recovered after a kill."""

import errno
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.recovery import recoveries
from pytest_llmops.errors import ConfigError, ControlError, Unsupported
from pytest_llmops.state.journal import Journal
from pytest_llmops.target.ballast import PREFIX, taken
from pytest_llmops.target.load import load

MB = 1_000_000
FILE = """
[targets.here.components.api]
url = "http://127.0.0.1:9"
[targets.here.ballast.data]
folder = "store/data"
leaves = "10 %"
at_most = "9 MB"
quota = "8 MB"
deadline = "20 s"
"""
KILLED = """
import pathlib, sys
from pytest_llmops.control.change import Change
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.state.journal import Journal
from pytest_llmops.target.load import load
folder = pathlib.Path(sys.argv[1])
target = load(folder / "llmops.toml", None, folder, {})
journal = Journal.of(target.state_folder, target.name)
opened = {"test": "a test", "run": "a run"}
change = Change(target, journal, Interruption(), opened=opened, say=print, may_begin=lambda: None)
print("ready", flush=True)
while True:
    change.fill("data")
    print("filled", flush=True)
    if sys.argv[2:]:
        sys.stdin.read()
    change.clear("data")
"""


@pytest.fixture
def place(tmp_path):
    """The folder on the disk."""
    found = tmp_path / "store" / "data"
    found.mkdir(parents=True)
    (tmp_path / "llmops.toml").write_text(FILE)
    return found


@pytest.fixture
def target(place, tmp_path):
    assert place.is_dir()
    return load(tmp_path / "llmops.toml", None, tmp_path, {})


def rewritten(target, **words):
    """The target with other words in the table of its ballast."""
    table = target.table.ballast["data"].model_copy(update=words)
    table = type(table).model_validate(table.model_dump())
    return replace(target, table=target.table.model_copy(update={"ballast": {"data": table}}))


def changing(target, said=None):
    journal = Journal.of(target.state_folder, target.name)
    opened = {"test": "a test", "run": "a run"}
    say = (said if said is not None else []).append
    return Change(target, journal, Interruption(), opened=opened, say=say, may_begin=lambda: None)


def names(place):
    return sorted(path.name for path in place.iterdir())


def laid(place):
    return [name for name in names(place) if name.startswith(PREFIX)]


def held(place):
    folder = os.open(place, os.O_RDONLY)
    try:
        return taken(folder)
    finally:
        os.close(folder)


def test_fills_a_quota_with_real_blocks_and_is_taken_back(target, place):
    (place / "other").write_bytes(b"x" * MB)
    said = []
    change = changing(target, said)
    seen = change.fill("data")
    assert seen.detail == "filled"
    [name] = laid(place)
    assert abs(held(place) - 0.9 * 8 * MB) <= 8192
    assert (place / name).stat().st_mode & 0o777 == 0o600
    assert change.undo()
    assert said == ["undoing set of data: back to 'empty'"]
    assert names(place) == ["other"]
    assert recoveries(target.state_folder) == []


def test_fills_a_disk_by_what_it_has_free(target, place):
    free = os.statvfs(place).f_frsize * os.statvfs(place).f_bavail
    leaves = (free - 4 * MB) // 1000
    change = changing(rewritten(target, quota=None, leaves=f"{leaves} kB"))
    change.fill("data")
    [name] = laid(place)
    assert 0 < 512 * (place / name).stat().st_blocks <= 9 * MB
    assert change.undo()
    assert laid(place) == []


def test_is_filled_again_once_it_was_cleared(target, place):
    change = changing(target)
    assert change.clear("data").detail == "empty"
    change.fill("data")
    change.clear("data")
    assert laid(place) == []
    change.fill("data")
    change.fill("data")
    assert len(laid(place)) == 1
    assert change.undo()
    assert laid(place) == []


def test_the_journal_is_there_first_and_says_how_to_remove_it_by_hand(target, place):
    change = changing(target)
    change.fill("data")
    [one] = recoveries(target.state_folder)
    [step] = one.journal.story.open.values()
    assert step.was == "'empty'"
    [by_hand] = step.by_hand
    assert by_hand == f"rm -f -- {place}/{step.control['file']}"
    assert laid(place) == [step.control["file"]]
    subprocess.run(by_hand.split(), check=True)
    assert laid(place) == []
    assert change.undo()


def test_two_fills_have_names_of_their_own(target, place):
    first = changing(target)
    first.fill("data")
    with pytest.raises(ControlError, match="is there already: another drill is under way, or llmops recover"):
        changing(rewritten(target, leaves="1 %")).fill("data")
    assert len(laid(place)) == 1


REFUSED = {
    "too much": (
        {"at_most": 5 * MB},
        r"7.99 MB of 8 MB are free; to leave 800 kB takes 7.19 MB, and at_most is 5 MB\.$",
    ),
    "full already": ({"leaves": "99.99 %"}, r"are free, which is no more than the 8 MB that stay free at least\.$"),
    "hardly anything left": (
        {"quota": None, "leaves": "1 MB", "at_most": 10**15},
        r"of the disk are free, and of every disk 100 MB stay so; give it a larger leaves\.$",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_could_hurt_is_refused_and_nothing_is_laid(case, target, place):
    (place / "other").write_bytes(b"x" * 8192)
    words, why = REFUSED[case]
    change = changing(rewritten(target, **words))
    before = os.statvfs(place).f_bavail
    with pytest.raises(ControlError, match=why) as refused:
        change.fill("data")
    assert refused.value.kind == "refused"
    assert str(refused.value).startswith("data: the disk of store/data is not filled: ")
    assert laid(place) == []
    assert os.statvfs(place).f_bavail * os.statvfs(place).f_frsize > before * 0.5
    assert change.undo()
    assert names(place) == ["other"]


def test_no_link_is_followed(target, place, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    place.rmdir()
    place.parent.rename(elsewhere)
    (elsewhere / "data").mkdir()
    place.parent.symlink_to(elsewhere)
    with pytest.raises(ControlError, match=r"store/data is no folder, or is a link; write where that leads\.$"):
        changing(target).fill("data")
    place.parent.unlink()
    place.parent.mkdir()
    place.symlink_to(elsewhere / "data")
    with pytest.raises(ControlError, match=r"is no folder, or is a link; write where that leads\.$"):
        changing(target).fill("data")
    assert names(elsewhere / "data") == []


def test_a_folder_from_the_root_is_no_link_either(target, place, tmp_path):
    change = changing(rewritten(target, folder=str(place)))
    change.fill("data")
    assert len(laid(place)) == 1
    assert change.undo()
    (tmp_path / "link").symlink_to(place)
    with pytest.raises(ControlError, match=r"/link is no folder, or is a link; write where that leads\.$"):
        changing(rewritten(target, folder=f"{tmp_path}/link")).fill("data")
    assert laid(place) == []


def test_a_folder_that_is_not_there_is_not_made(target, place):
    place.rmdir()
    change = changing(target)
    with pytest.raises(ControlError, match=r"^data: .*store/data is not there\.$") as absent:
        change.fill("data")
    assert absent.value.kind == "absent"
    assert change.acts == 0
    assert not place.exists()


def test_what_took_its_place_is_not_removed_and_the_undo_says_so(target, place):
    change = changing(target)
    change.fill("data")
    [name] = laid(place)
    (place / name).unlink()
    (place / name).mkdir()
    assert not change.undo()
    [one] = recoveries(target.state_folder)
    [failure] = one.journal.story.failed.values()
    assert failure.why == f"data: {place}/{name} is no file, so it is none of ours; it is not touched."
    assert failure.by_hand == [f"rm -f -- {place}/{name}"]
    (place / name).rmdir()
    assert one.carry_out([].append)
    assert recoveries(target.state_folder) == []


def test_another_value_is_refused(target, place):
    with pytest.raises(ControlError, match=r"'half' is nothing that a disk can be; it can be filled or empty\.$"):
        changing(target).set("data", value="half")
    assert laid(place) == []


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def sparse(file, start, length):
    os.truncate(file, start + length)


@pytest.mark.parametrize(
    ("allocates", "why"),
    [
        (full, r"store/data cannot be used: No space left on device\.$"),
        (sparse, r"store/data is on a file system that keeps no room for what is not written yet, so nothing became"),
    ],
)
def test_where_the_file_system_does_not_fill_nothing_stays(allocates, why, target, place, monkeypatch):
    monkeypatch.setattr(os, "posix_fallocate", allocates)
    with pytest.raises(ControlError, match=why):
        changing(target).fill("data")
    assert laid(place) == []


def test_whoever_else_writes_meanwhile_has_it_removed_at_once(target, place, monkeypatch):
    real = os.posix_fallocate

    def meanwhile(file, start, length):
        (place / "other").write_bytes(b"x" * MB)
        real(file, start, length)

    monkeypatch.setattr(os, "posix_fallocate", meanwhile)
    with pytest.raises(ControlError, match=r"is not filled: others wrote there meanwhile, and 0 B were left free\.$"):
        changing(target).fill("data")
    assert names(place) == ["other"]


def test_who_is_interrupted_leaves_nothing(target, place, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "posix_fallocate", interrupted)
    change = changing(target)
    with pytest.raises(KeyboardInterrupt):
        change.fill("data")
    assert laid(place) == []
    assert change.undo()


def test_what_lies_there_is_counted_once(place, tmp_path):
    (place / "one").write_bytes(b"x" * MB)
    (place / "inner").mkdir()
    os.link(place / "one", place / "inner" / "again")
    (tmp_path / "far").write_bytes(b"x" * MB)
    (place / "link").symlink_to(tmp_path / "far")
    assert MB <= held(place) < 1.1 * MB


def started(target, *words):
    command = [sys.executable, "-c", KILLED, str(target.root), *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def test_who_is_killed_is_recovered_from_by_the_journal_alone(target, place):
    with started(target, "waits") as process:
        assert [process.stdout.readline() for _ in range(2)] == ["ready\n", "filled\n"]
        process.kill()
    assert len(laid(place)) == 1
    (target.root / "llmops.toml").unlink()
    said = []
    [one] = recoveries(target.state_folder)
    assert one.carry_out(said.append)
    assert said == ["undoing set of data: back to 'empty'"]
    assert laid(place) == []
    assert recoveries(target.state_folder) == []


def test_who_is_killed_at_any_moment_is_recovered_from(target, place):
    chance = random.Random(7)
    for _ in range(3):
        with started(target) as process:
            assert process.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0, 0.05))
            process.send_signal(signal.SIGKILL)
        for one in recoveries(target.state_folder):
            assert one.carry_out([].append)
        assert laid(place) == []
        assert recoveries(target.state_folder) == []


def test_a_target_without_any_says_what_to_describe(target):
    change = changing(replace(target, table=target.table.model_copy(update={"ballast": {}})))
    with pytest.raises(Unsupported, match=r"no disk that may be made nearly full; describe one: \[targets\.here\.ball"):
        change.ballast()
    assert changing(target).ballast() == {"data": "disk_used"}


@pytest.mark.parametrize(
    ("was", "wrong", "why"),
    [
        ("ballast.data", "ballast.api", "ballast.api: a component is called so; call it otherwise"),
        (
            '"store/data"',
            '"../data"',
            r"'../data' is no folder of a disk; write it from /, or relative to llmops\.toml",
        ),
        ('"10 %"', '"0 %"', "'0 %' is no part of a disk"),
        ('"9 MB"', '"nine"', "'nine' is not a size"),
        ('at_most = "9 MB"', "", "at_most"),
    ],
)
def test_a_table_that_does_not_hold(was, wrong, why, target):
    file = target.root / "llmops.toml"
    file.write_text(file.read_text().replace(was, wrong))
    with pytest.raises(ConfigError, match=why):
        load(file, None, target.root, {})
