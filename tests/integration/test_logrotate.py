"""The program logrotate, over a log that a process goes on writing: by a signal, and by a copy that is cut off."""

import shutil
import subprocess
import sys

import pytest

from pytest_llmops.clients import log_files
from pytest_llmops.clients.log_handover import Handover

pytestmark = pytest.mark.skipif(shutil.which("logrotate") is None, reason="logrotate is not installed")

WRITER = """
import logging, logging.handlers, os, signal, sys, time
handler = (logging.handlers.WatchedFileHandler if sys.argv[2] == "reopens" else logging.FileHandler)(sys.argv[1])
logger = logging.getLogger()
logger.addHandler(handler)
if sys.argv[2] == "reopens":
    signal.signal(signal.SIGUSR1, lambda *_: handler.reopenIfNeeded())
number = 0
while True:
    logger.error("line %d", number)
    number += 1
    time.sleep(0.05)
"""
CONF = """
{log} {{
    rotate 5
    missingok
    {how}
}}
"""


@pytest.fixture
def rotated(tmp_path):
    """A function that has a log rotated while a process writes it, and returns what became of it."""
    begun = []

    def rotate(writer, how):
        log, conf = tmp_path / "app.log", tmp_path / "logrotate.conf"
        log.write_text("before\n")
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(log), writer])
        begun.append(process)
        conf.write_text(CONF.format(log=log, how=how.format(pid=process.pid)))
        conf.chmod(0o600)
        tmp_path.chmod(0o700)
        argv = ["logrotate", "--force", "--state", str(tmp_path / "state"), str(conf)]
        with Handover("logs", "app", lambda: log_files.of(tmp_path.glob("app.log*"), tmp_path)) as handover:
            done = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
            assert done.returncode == 0, done.stderr
            return handover.over()

    yield rotate
    for process in begun:
        process.kill()
        process.wait()


def test_a_reopen_signal(rotated):
    handed = rotated("reopens", "create\npostrotate\nkill -USR1 {pid}\nendscript")
    assert (handed.rotated, handed.wrong) == ("app.log.1", ())


def test_a_copy_that_is_cut_off(rotated):
    handed = rotated("goes on", "copytruncate\ncompress")
    assert handed.rotated == "app.log.1.gz"
    assert [one for one in handed.wrong if "neither file" not in one] == []  # it may lose a line between the two


def test_the_signal_of_the_runbook_ends_a_process_without_a_handler(rotated):
    handed = rotated("goes on", "create\npostrotate\nkill -USR1 {pid}\nendscript")
    assert "ended when it was rotated" in handed.wrong[0]
