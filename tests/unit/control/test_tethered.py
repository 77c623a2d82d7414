"""A program that ends with whoever asked for it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from pytest_llmops.control import tethered

ASK = f"""
import subprocess, sys, time
program = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(1000)"]
subprocess.Popen([sys.executable, "-I", "-S", {tethered.__file__!r}, *program], stdin=subprocess.PIPE)
time.sleep(1000)
"""


def gone(pid, within_s=60.0):
    ends_at = time.monotonic() + within_s
    while time.monotonic() < ends_at:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_whoever_asked_for_it(sign):
    with subprocess.Popen([sys.executable, "-c", ASK], stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        process.send_signal(sign)
        process.wait()
        assert gone(pid)


def test_its_status_is_the_programs():
    words = [sys.executable, "-I", "-S", tethered.__file__, sys.executable, "-c", "raise SystemExit(7)"]
    with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
        assert process.wait(60) == 7
