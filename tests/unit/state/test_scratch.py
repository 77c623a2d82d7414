"""What a process has for itself alone: gone with it, found where it was killed, and never somebody else's."""

import os
import subprocess
import sys
import tempfile

import pytest

from pytest_llmops.state.run_directory import RunDirectory
from pytest_llmops.state.scratch import left_behind, remove, run_folder, scratch_folder, unfinished


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    (folder / "backups" / "here").mkdir(parents=True)
    return folder


def in_another(act):
    """Do something in another process, which is gone in the midst of it."""
    if not (child := os.fork()):
        act()
        os._exit(0)
    os.waitpid(child, 0)
    return child


def test_all_goes_with_its_context(temporary, state):
    archive = state / "backups" / "here" / "full.tar.gz"
    with scratch_folder() as folder, unfinished(archive) as part:
        assert (folder.stat().st_mode & 0o777, part.stat().st_mode & 0o777) == (0o700, 0o600)
        assert left_behind(state) == []
    assert [*temporary.iterdir(), *archive.parent.iterdir()] == []


def test_what_was_killed_is_found_and_removed_whatever_its_permissions(temporary, state):
    archive = state / "backups" / "here" / "full.tar.gz"

    def begun():
        directory = RunDirectory(run_folder())
        with scratch_folder() as folder, unfinished(archive):
            (folder / "deep").mkdir()
            (folder / "deep" / "text").write_text(repr(directory))
            (folder / "deep").chmod(0o500)
            os._exit(9)

    in_another(begun)
    found = left_behind(state)
    assert [path.parent for path in found] == [temporary, temporary, archive.parent]
    for path in found:
        remove(path)
    assert [*temporary.iterdir(), *archive.parent.iterdir()] == []


def test_what_somebody_holds_or_has_another_name_is_nobodys_to_remove(temporary, state):
    child = in_another(lambda: None)
    held = temporary / f"llmops-{child}-0123abcd"
    for name in (f"llmops-sandbox-{child}", f"llmops-{child}-api", f"llmops-scratch-{os.getpid()}-01234567", "other"):
        (temporary / name).mkdir()
    link = temporary / f"llmops-{child}-89abcdef"
    link.symlink_to(state)
    in_another_container = RunDirectory(held)  # where nobody here sees its process
    assert left_behind(state) == []
    del in_another_container
    assert left_behind(state) == [held]


TORN = """
import shutil, sys
from pathlib import Path
from pytest_llmops.state import scratch

real = {{"mkdir": Path.mkdir, "rmtree": shutil.rmtree}}
came = []

def torn(path, **kept):
    if "{at}" == "mkdir" or came:
        real["{at}"](path, **kept)
    if not came:
        came.append(path)
        raise KeyboardInterrupt

{where}.{at} = torn
with scratch.scratch_folder() as folder:
    (folder / "dump").write_text("part of it")
"""


@pytest.mark.parametrize(("where", "at"), [("Path", "mkdir"), ("shutil", "rmtree")])
def test_a_signal_that_comes_while_it_is_made_or_removed_leaves_nothing(temporary, where, at):
    environ = {**os.environ, "TMPDIR": str(temporary)}
    run = subprocess.run(
        [sys.executable, "-c", TORN.format(where=where, at=at)],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "KeyboardInterrupt" in run.stderr
    assert list(temporary.iterdir()) == []
