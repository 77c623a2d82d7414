"""Whose turn it is to change a target."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_llmops.errors import JournalError, Occupied
from pytest_llmops.state import turn as turns
from pytest_llmops.state.turn import BRIEFLY_S, Turn


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


def test_whoever_comes_second_is_given_advice(turn, tmp_path):
    turn.take("t", run="r")
    with pytest.raises(Occupied, match=r"wait until it has ended\. Run it elsewhere\.$"):
        Turn(tmp_path / ".llmops", "here", "Run it elsewhere.").take("t", run="s")
    turn.give_back()


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


def test_a_thread_sees_that_it_is_taken(turn):
    """A stop is heard of in another thread than that of the test."""
    turn.take("t", run="r")
    with ThreadPoolExecutor() as threads:
        assert threads.submit(lambda: turn.taken).result()
    turn.give_back()


def test_who_only_looks_refuses_nobody(turn, other, monkeypatch):
    turn.take("t", run="r")
    giving = threading.Timer(BRIEFLY_S / 5, turn.give_back)
    monkeypatch.setattr(turns, "BRIEFLY_S", 60.0)
    giving.start()
    other.take("t", run="s")
    giving.join()
    other.give_back()


def test_where_its_holder_cannot_be_told_it_is_not_taken(turn, other, tmp_path):
    holder = tmp_path / ".llmops" / "journal" / "here.holder"
    holder.mkdir(parents=True)
    with pytest.raises(JournalError, match=r"cannot be written: "):
        turn.take("t", run="r")
    assert not turn.taken
    holder.rmdir()
    other.take("t", run="s")
    other.give_back()


def test_in_a_folder_that_is_closed_to_us_nobody_can_tell(turn, tmp_path, closed_to_us):
    turn.take("t", run="r")
    turn.give_back()
    folder = tmp_path / ".llmops" / "journal"
    with closed_to_us(folder), pytest.raises(JournalError) as caught:
        turn.free  # noqa: B018 (to be free is what it cannot tell)
    assert str(caught.value).startswith(
        f"nobody can see here whether here is as it was: {folder} cannot be looked into: [Errno 13] Permission denied:"
    )


def test_where_nothing_can_be_written_nobody_has_it(turn, tmp_path):
    (tmp_path / ".llmops").write_text("a file in the way")
    with pytest.raises(JournalError, match=r"cannot be written: .*\. Nothing is changed without it\.$"):
        turn.take("t", run="r")
