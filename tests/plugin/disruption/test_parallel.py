"""Under ``-n`` a worker makes the change: whoever of the two is told to stop or dies, it is taken back."""

import os
import signal
import subprocess

import pytest

from .conftest import BOUNDARIES, KEY, THREE_STEPS

SLEEPS = f"""
import os, signal, time
{THREE_STEPS}
    os.kill(os.getpgrp(), signal.SIGTERM)  # the controller
    time.sleep(600)
"""
SWALLOWS = f"""
import os, signal, time
{THREE_STEPS}
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(50)
    except BaseException:
        pass

def test_after(change):
    change.stop("openai")
    raise AssertionError("it went on")
"""
BESIDE = """
import pytest

@pytest.mark.parametrize("n", range(3))
def test_beside(llmops_target, n):
    pass
"""


@pytest.fixture
def stack(stack, project):
    project.write("conftest.py", BOUNDARIES)
    project.write("test_it.py", BESIDE + THREE_STEPS)
    stack.journal.parent.mkdir(parents=True)  # else there were boundaries in the controller, too
    return stack


@pytest.fixture
def parallel(project):
    """Runs pytest -n 2 as the leader of a process group: its status, and what it printed."""

    def parallel(*words):
        command = project.command("-n", "2", KEY, *words)
        process = subprocess.Popen(
            command,
            cwd=project.path,
            env=project.environ(),
            start_new_session=True,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        try:
            out, _ = process.communicate(timeout=240)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, _ = process.communicate()
        return process.returncode, out

    return parallel


@pytest.mark.parametrize(
    ("boundary", "sign", "whom"),
    [(8, "INT", "all"), (3, "TERM", "leader"), (21, "TERM", "it"), (29, "INT", "all"), (35, "TERM", "leader")],
    ids=[
        "Ctrl-C after an act",
        "SIGTERM to the controller in the journal",
        "SIGTERM to the worker before an act",
        "Ctrl-C in an undo",
        "SIGTERM to the controller in an undo",
    ],
)
def test_a_signal(stack, parallel, boundary, sign, whom):
    stack.at(boundary, sign, whom)
    status, out = parallel()
    assert status == 2, out
    assert stack.is_as_before()
    assert not stack.journal.exists()


def test_a_signal_to_the_controller_ends_a_test_that_would_go_on_for_long(stack, project, parallel):
    """The worker hears of it: else the controller would wait for as long as an undo may take."""
    project.write("test_it.py", SLEEPS)
    status, out = parallel()
    assert status == 2, out
    assert stack.is_as_before()
    assert not stack.journal.exists()


def test_one_that_a_test_swallows_ends_the_run(stack, project, parallel):
    project.write("test_it.py", SWALLOWS)
    status, out = parallel("-x")
    assert status == 2, out
    assert "1 passed" in out
    assert stack.is_as_before()


def test_a_worker_that_is_killed(stack, project, parallel):
    stack.at(28)
    project.write("test_later.py", "def test_later(change):\n    assert change.stop('openai').state == 'stopped'\n")
    status, out = parallel()
    assert status == 1, out
    assert stack.is_as_before()
    assert not stack.journal.exists()
    assert "1 failed, 4 passed" in out
    assert "undoing kill of redis" in out


def test_a_controller_that_is_killed(stack, project, recover):
    """Its workers notice: execnet interrupts theirs after five seconds."""
    project.write("test_it.py", f"import time\n{THREE_STEPS}    time.sleep(600)\n")
    stack.at(28, whom="leader")
    process = subprocess.Popen(
        project.command("-n", "2", KEY),
        cwd=project.path,
        env=project.environ(),
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    process.communicate()  # until the last of them has ended
    assert process.returncode == -9
    assert stack.is_as_before()
    assert recover().status == 0
