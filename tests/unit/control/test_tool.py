"""Programs of the machine: one of another user holds nobody up, and Ctrl-C stays Ctrl-C."""

import os
import signal
import subprocess
from types import SimpleNamespace

import pytest

from pytest_llmops.control.tool import Tool
from pytest_llmops.errors import ControlError


@pytest.fixture
def foreign(monkeypatch):
    """Process groups are another user's; those that were to be killed."""
    killed = []

    def refused(group, _signal):
        killed.append(group)
        raise PermissionError(1, "Operation not permitted")

    with monkeypatch.context() as patched:
        patched.setattr(os, "killpg", refused)
        yield killed
    for group in killed:
        os.killpg(group, signal.SIGKILL)


@pytest.fixture
def interrupted(monkeypatch):
    """Ctrl-C, a moment after a program is waited for, and as soon as ``interrupted.once`` has returned."""

    def interrupt(*_):
        raise KeyboardInterrupt

    def wait(process, timeout=None):
        monkeypatch.undo()
        how.once()
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        return process.wait(timeout)

    how = SimpleNamespace(once=lambda: None)
    before = signal.signal(signal.SIGALRM, interrupt)
    monkeypatch.setattr(subprocess.Popen, "wait", wait)
    yield how
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_what_is_another_users_and_hangs_is_left_at_the_deadline(foreign):
    with pytest.raises(ControlError) as raised:
        Tool(("sleep", "60")).run(within_s=0.1)
    said = "sleep 60 had not ended after 0.1 s, and is left alone, for it is another user's."
    assert (raised.value.kind, str(raised.value), len(foreign)) == ("timeout", said, 1)


def test_ctrl_c_stays_ctrl_c_though_the_program_is_another_users(foreign, interrupted):
    with pytest.raises(KeyboardInterrupt):
        Tool(("sleep", "60")).run(within_s=60)
    assert len(foreign) == 1


def test_ctrl_c_ends_the_program(interrupted, tmp_path):
    os.mkfifo(tmp_path / "held")
    holder = os.open(tmp_path / "held", os.O_RDWR)  # while somebody may write, whoever reads waits
    reader = os.open(tmp_path / "held", os.O_RDONLY)
    interrupted.once = lambda: (os.read(reader, 1), os.close(holder))
    with pytest.raises(KeyboardInterrupt):
        Tool(("sh", "-c", f"exec 9>{tmp_path}/held; echo >&9; sleep 60")).run(within_s=60)
    assert os.read(reader, 1) == b""  # once nobody holds it
    os.close(reader)
