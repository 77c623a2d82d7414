"""One scheduled run of a target at a time, and when each suite last began."""

import os
import subprocess
import sys

import pytest

from pytest_llmops.errors import Occupied
from pytest_llmops.state.scheduled import Scheduled


@pytest.fixture
def scheduled(tmp_path):
    return Scheduled(tmp_path / ".llmops", "staging")


def test_who_comes_second_is_told_who_was_first(scheduled, tmp_path):
    with scheduled.alone("daily", 0), pytest.raises(Occupied) as caught, scheduled.alone("weekly", 0):
        pass
    assert str(caught.value) == f"staging is being looked at by daily of process {os.getpid()}; weekly was not run."
    with Scheduled(tmp_path / ".llmops", "staging").alone("weekly", 0):
        pass


def test_targets_are_apart(scheduled, tmp_path):
    with scheduled.alone("daily", 0), Scheduled(tmp_path / ".llmops", "canary").alone("daily", 0):
        pass


def test_who_inherits_the_lock_has_it_when_we_are_gone(scheduled):
    with scheduled.alone("daily", 0) as lock:
        words = [sys.executable, "-c", "import sys; sys.stdin.read()"]
        child = subprocess.Popen(words, pass_fds=[lock], stdin=subprocess.PIPE)
    with pytest.raises(Occupied), scheduled.alone("weekly", 0):
        pass
    child.communicate()
    with scheduled.alone("weekly", 0):
        pass


def test_when_a_suite_began_is_remembered_for_its_owner_alone(scheduled, tmp_path):
    assert scheduled.begun("daily") is None
    assert not (tmp_path / ".llmops").exists()  # nothing is made by who only looks
    scheduled.note("daily", 1700000000.25)
    assert (scheduled.begun("daily"), scheduled.begun("weekly")) == (1700000000.25, None)
    (file,) = (tmp_path / ".llmops" / "scheduled").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    file.write_text("torn")
    assert scheduled.begun("daily") is None


def test_a_look_is_remembered_apart_from_a_beginning(scheduled):
    scheduled.note_look("daily", 1700000000.0)
    assert (scheduled.begun("daily"), scheduled.since("daily")) == (None, 1700000000.0)
    scheduled.note("daily", 1700000060.0)
    assert (scheduled.begun("daily"), scheduled.since("daily")) == (1700000060.0, 1700000060.0)
