"""Whose turn it is to change a target."""

import re

import pytest

from pytest_llmops.errors import JournalError, Occupied
from pytest_llmops.state.turn import Turn


@pytest.fixture
def turn(tmp_path):
    return Turn(tmp_path / ".llmops", "here")


@pytest.fixture
def other(tmp_path):
    return Turn(tmp_path / ".llmops", "here")


def test_one_has_it_at_a_time(turn, other):
    assert other.free
    turn.take("test_it.py::test_it", run="r")
    assert (turn.taken, other.taken, other.free) == (True, False, False)
    with pytest.raises(Occupied) as caught:
        other.take("test_it.py::test_other", run="s")
    assert re.fullmatch(
        r"here is being changed by process \d+ since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(test_it\.py::test_it\)\. "
        r"One change at a time: wait until it has ended\.",
        str(caught.value),
    )
    turn.give_back()
    other.take("test_it.py::test_other", run="s")
    other.give_back()


def test_other_targets_have_their_own(turn, tmp_path):
    turn.take("t", run="r")
    beside = Turn(tmp_path / ".llmops", "there")
    beside.take("t", run="r")
    beside.give_back()
    turn.give_back()


def test_who_has_it_since_a_moment_ago_is_not_known_yet(turn, other, tmp_path):
    turn.take("t", run="r")
    (tmp_path / ".llmops" / "journal" / "here.holder").unlink()
    with pytest.raises(Occupied, match=r"^here is being changed by another process\. One change at a time"):
        other.take("t", run="s")
    turn.give_back()


def test_where_nothing_can_be_written_nobody_has_it(turn, tmp_path):
    (tmp_path / ".llmops").write_text("a file in the way")
    with pytest.raises(JournalError, match=r"cannot be written: .*\. Nothing is changed without it\.$"):
        turn.take("t", run="r")
