"""A log that is rotated under the hands of a process that writes it: each way of doing so, and what comes of it."""

import gzip
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import psutil
import pytest

from pytest_llmops.clients import log_files, log_handover
from pytest_llmops.clients.log_handover import Handover
from pytest_llmops.errors import Vacuous

WRITER = """
import os, signal, sys, time
path, handles = sys.argv[1:]
opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
def again(*_):
    new = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(new, opened)
    os.close(new)
if handles == "yes":
    signal.signal(signal.SIGUSR1, again)
number = 0
while True:
    os.write(opened, b"line %d\\n" % number)
    number += 1
    time.sleep(0.005)
"""


class Written:
    """A log, and the process that writes it."""

    def __init__(self, folder, handles="yes"):
        self.path = folder / "app.log"
        self.path.write_text("long before\n")
        self.process = subprocess.Popen([sys.executable, "-c", WRITER, str(self.path), handles])

    def files(self):
        return log_files.of(self.path.parent.glob("app.log*"), self.path.parent)

    def handover(self):
        return Handover("logs", "app", self.files)

    def signal(self, number):
        os.kill(self.process.pid, number)

    @contextmanager
    def stopped(self):
        """Whoever writes it stands still."""
        self.signal(signal.SIGSTOP)
        until(lambda: psutil.Process(self.process.pid).status() == psutil.STATUS_STOPPED)
        yield
        self.signal(signal.SIGCONT)

    def rename(self, name="app.log.1"):
        self.path.rename(self.path.with_name(name))


def until(holds):
    """Wait until it is so."""
    ends_at = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < ends_at
        time.sleep(0.001)


@pytest.fixture
def written(tmp_path, monkeypatch):
    monkeypatch.setattr(log_handover, "WITHIN_S", 60.0)
    begun = []

    def write(handles="yes"):
        begun.append(Written(tmp_path, handles))
        return begun[-1]

    yield write
    for one in begun:
        one.process.kill()
        one.process.wait()


@pytest.fixture
def impatient(monkeypatch):
    """A function from which on nothing is waited for longer than a moment."""
    return lambda: monkeypatch.setattr(log_handover, "WITHIN_S", 0.3)


def test_a_writer_that_opens_its_log_anew(written):
    log = written()
    with log.handover() as handover:
        log.rename()
        log.signal(signal.SIGUSR1)
        handed = handover.over()
    assert (handed.file, handed.rotated, handed.compressed) == ("app.log", "app.log.1", False)
    assert (handed.wrong, handed.lost) == ((), ())
    assert 0 < handed.took_s < log_handover.WITHIN_S


def test_a_log_that_is_copied_and_cut_off(written):
    log = written("no")
    with log.handover() as handover:
        with log.stopped():
            shutil.copy2(log.path, log.path.with_name("app.log.1"))
            os.truncate(log.path, 0)
        handed = handover.over()
    assert (handed.rotated, handed.wrong) == ("app.log.1", ())


def test_a_log_that_grew_beyond_where_it_was_before_anybody_looked(written):
    log = written("no")
    with log.handover() as handover:
        until(lambda: handover._come)
        with log.stopped():
            shutil.copy2(log.path, log.path.with_name("app.log.1"))
            log.path.write_bytes(b"written anew\n" * 100)
        handed = handover.over()
    assert (handed.lost, handed.wrong) == ((), ())


def test_lines_that_come_between_the_copy_and_the_cut_are_lost(written):
    log = written("no")
    with log.handover() as handover:
        copied = log.path.with_name("app.log.1")
        shutil.copy2(log.path, copied)
        until(lambda: handover._at > copied.stat().st_size + 40)
        os.truncate(log.path, 0)
        handed = handover.over()
    assert handed.lost
    [wrong] = handed.wrong
    assert wrong.startswith(f"{len(handed.lost)} lines stand in neither file: line ")


def test_a_log_that_is_compressed_at_once_loses_what_comes(written, impatient):
    """As the runbook has it: the file that goes on being written has no name any more."""
    log = written("no")
    with log.handover() as handover:
        log.rename()
        old = log.path.with_name("app.log.1")
        old.with_name("app.log.1.gz").write_bytes(gzip.compress(old.read_bytes()))
        old.unlink()
        impatient()
        handed = handover.over()
    assert handed.compressed
    writes, silent, lost = handed.wrong
    assert writes.endswith(f"({log.process.pid}) still writes into the old file, which is now deleted")
    assert silent == "nothing more came in app.log within 300 ms"
    assert "lines stand in neither file: line " in lost


def test_a_writer_without_a_handler_ends(written):
    log = written("no")
    with log.handover() as handover:
        log.rename()
        log.signal(signal.SIGUSR1)
        log.process.wait()
        handed = handover.over()
    assert handed.wrong[0].endswith(f"({log.process.pid}), which wrote app.log, ended when it was rotated")


def test_a_log_that_was_not_rotated(written):
    log = written()
    with log.handover() as handover:
        handed = handover.over()
    assert (handed.rotated, handed.lost) == ("", ())
    assert handed.wrong == ("app.log was not rotated: no other file of the log begins with what stood in it",)


def test_a_file_with_other_content_is_no_rotated_part(written):
    log = written()
    with log.handover() as handover:
        log.path.with_name("app.log.1").write_text("something else\n")
        handed = handover.over()
    assert handed.rotated == ""


def test_a_writer_that_does_not_append_leaves_a_hole(written):
    log = written("no")
    with log.handover() as handover:
        with log.stopped():
            shutil.copy2(log.path, log.path.with_name("app.log.1"))
            log.path.write_bytes(b"\0" * 100)
        handed = handover.over()
    assert "app.log begins with a hole: its writer went on at its old place" in handed.wrong


def test_a_log_that_nobody_writes_says_nothing(tmp_path, impatient):
    (tmp_path / "app.log").write_text("before\n")
    impatient()
    with pytest.raises(Vacuous, match=r"logs: nothing came in app\.log within 300 ms, so whether its writer goes on"):
        Handover("logs", "app", lambda: log_files.of([tmp_path / "app.log"], tmp_path))


def test_a_log_all_of_which_was_rotated_away_says_nothing(tmp_path):
    (tmp_path / "app.log.1").write_text("before\n")
    with pytest.raises(Vacuous, match=r"logs: every file of app was rotated away"):
        Handover("logs", "app", lambda: log_files.of([tmp_path / "app.log.1"], tmp_path))
