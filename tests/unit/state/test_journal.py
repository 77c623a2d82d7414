"""The undo journal: what was confirmed is there whatever happened, and what is damaged is left alone."""

import json
import os
import resource
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_llmops.errors import JournalError
from pytest_llmops.state.journal import KEPT, Journal, journals
from pytest_llmops.state.story import Failure, Step

OPENED = {
    "target": "here",
    "environment": "staging",
    "sandbox": "",
    "root": "/srv",
    "pid": 7,
    "test": "t.py::test_it",
    "run": "r",
}
TABLE = {"driver": "supervisor", "url": "http://ops:hunter2@127.0.0.1:9001"}
STOP = Step("openai", "program x", "stop", TABLE, "running", {"replicas": 3}, ["supervisorctl start x"], 30.0, "7")
PAUSE = Step("redis", "container y", "pause", {"driver": "docker"}, "running", {}, ["docker unpause y"])
START = Step("openai", "program x", "start", TABLE, "stopped", {}, ["supervisorctl stop x"])


@pytest.fixture
def state(tmp_path):
    return tmp_path / ".llmops"


@pytest.fixture
def journal(state):
    return Journal.of(state, "here")


@pytest.fixture
def full_disk():
    """No file may grow beyond a size."""

    @contextmanager
    def full_disk(size):
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return full_disk


def again(journal):
    return Journal(journal.path)


def test_a_step_is_there_for_whoever_comes_next(journal, state):
    assert journal.add(STOP, OPENED) == 1
    assert journal.add(PAUSE, OPENED) == 2
    (found,) = journals(state)
    assert found.story.open == {2: PAUSE, 1: STOP}
    assert list(found.story.open) == [2, 1]
    assert {**found.story.opened, "at": 0} == {**OPENED, "at": 0}
    assert (state / ".gitignore").read_text().splitlines()[-1] == "*"
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_what_was_undone_or_failed_is_there_too(journal):
    journal.add(STOP, OPENED)
    journal.add(PAUSE, OPENED)
    journal.done(1)
    journal.undone(2)
    journal.failed(1, Failure("no luck", ["docker start x"]))
    story = again(journal).story
    assert story.done == {1}
    assert story.open == {1: STOP}
    assert story.failed == {1: Failure("no luck", ["docker start x"])}


def test_half_a_surrogate_pair_of_a_target_is_written_as_what_it_is(journal, state):
    number = journal.add(PAUSE, OPENED)
    journal.failed(number, Failure("it said \ud83d", []))
    assert Journal.of(state, "here").story.failed[number].why == "it said \ud83d"


@pytest.mark.parametrize("cut", [1, 20, -1])
def test_a_line_that_was_cut_short_was_never_confirmed(journal, cut):
    journal.add(STOP, OPENED)
    whole = journal.path.read_bytes()
    journal.add(PAUSE, OPENED)
    second = journal.path.read_bytes()[len(whole) :]
    journal.path.write_bytes(whole + second[:cut])
    found = again(journal)
    assert found.story.open == {1: STOP}
    found.undone(1)
    assert again(journal).story.open == {}
    assert [json.loads(line)["entry"] for line in journal.path.read_text().splitlines()] == ["opened", "step", "undone"]


def test_nothing_but_a_cut_line_is_nothing(journal):
    journal.add(STOP, OPENED)
    journal.path.write_bytes(journal.path.read_bytes()[:30])
    assert again(journal).story.open == {}


def test_the_number_of_a_target_is_no_path(state):
    journal = Journal.of(state, "../sandbox:rag")
    journal.add(STOP, OPENED)
    assert journal.path == state / "journal" / "..%2Fsandbox%3Arag.jsonl"


@pytest.mark.parametrize(
    ("line", "text", "said"),
    [
        (1, "{", "JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (2, "{}", "KeyError: 'entry'"),
        (2, '{"entry": "undone", "number": 1}', "ValueError: a line before it is missing"),
        (3, '{"entry": "step", "number": 9}', "ValueError: a line before it is missing"),
        (3, '{"entry": "waved", "number": 1}', "ValueError: unknown entry 'waved'"),
    ],
    ids=["no JSON", "not ours", "undone before it was done", "a gap", "of a later version"],
)
def test_a_damaged_journal_says_so_and_stays(journal, line, text, said):
    journal.add(STOP, OPENED)
    journal.add(PAUSE, OPENED)
    lines = journal.path.read_text().splitlines()
    lines[line - 1] = text
    damaged = "\n".join(lines) + "\n"
    journal.path.write_text(damaged)
    found = again(journal)
    with pytest.raises(JournalError) as caught:
        found.add(STOP, OPENED)
    assert str(caught.value) == (
        f"{journal.path}: line {line} is damaged ({said}). It says how a change is taken back, so it is not "
        "overwritten, and nothing is guessed: look at it, bring the target back by hand, then remove the file."
    )
    assert journal.path.read_text() == damaged


def test_what_cannot_be_written_is_not_begun(journal, state):
    state.parent.mkdir(exist_ok=True)
    state.write_text("a file in the way")
    with pytest.raises(JournalError) as caught:
        journal.add(STOP, OPENED)
    assert str(caught.value) == f"{journal.path} cannot be read: [Errno 20] Not a directory: '{journal.path}'."


def test_on_a_full_disk_nothing_is_begun(journal, full_disk):
    journal.add(STOP, OPENED)
    with full_disk(journal.path.stat().st_size + 10), pytest.raises(JournalError) as caught:
        journal.add(PAUSE, OPENED)
    assert str(caught.value) == f"{journal.path} cannot be written: the disk is full. Nothing is changed without it."
    assert journal.story.open == again(journal).story.open == {1: STOP}
    journal.undone(1)
    assert again(journal).story.open == {}


def test_what_was_done_is_told_also_of_journals_that_are_closed(journal, state):
    journal.add(STOP, OPENED)
    journal.undone(1)
    journal.close()
    other = Journal.of(state, "here-2")  # whose file begins with the same words
    other.add(STOP, OPENED)
    other.undone(1)
    other.close()
    journal.add(PAUSE, OPENED)
    first, second = again(journal).acts(0.0)
    assert (first.act, first.what, first.test, first.became) == ("stop", "program x", "t.py::test_it", "taken back")
    assert (second.act, second.what, second.became) == ("pause", "container y", "not taken back yet")
    assert again(journal).acts(second.at) == [second]
    assert first.at < second.at


def test_what_became_of_each_act_is_told_with_its_time(journal):
    journal.ran("run", "command migrate", "the applied migrations", OPENED)
    journal.add(STOP, OPENED)
    journal.add(PAUSE, OPENED)
    journal.kept(1)
    journal.failed(2, Failure("it does not answer", ["resume it"]))
    acts = {act.act: act for act in again(journal).acts(0.0)}
    assert {name: act.became for name, act in acts.items()} == {
        "run": "nothing takes it back: the applied migrations",
        "stop": "it stays",
        "pause": "it could not be taken back: it does not answer",
    }
    assert all(act.at <= act.ended <= time.time() for act in acts.values())
    journal.undone(2)
    journal.close()
    assert [act.became for act in again(journal).acts(acts["pause"].at)][-1] == "taken back"
    assert len(again(journal).acts(0.0)) == 3


def test_what_was_refused_leaves_nothing(journal):
    first = journal.ran("begin", "work tab1 of api", "what was written", OPENED)
    second = journal.ran("begin", "work tab1 of api", "what is written, should it be taken on", OPENED)
    journal.refused(second)
    assert [(act.said, act.became) for act in again(journal).acts(0.0)] == [
        ("work tab1 of api was begun", "nothing takes it back: what was written"),
        ("work tab1 of api was begun", "it was refused, so nothing of it stays"),
    ]
    assert (first, second) == (1, 2)
    assert journal.story.ran == again(journal).story.ran


def test_a_refusal_of_nothing_is_damage(journal):
    journal.refused(journal.ran("run", "command migrate", "the applied migrations", OPENED))
    journal.path.write_text(journal.path.read_text().replace('"number": 1', '"number": 2'))
    with pytest.raises(JournalError, match="line 3 is damaged"):
        assert again(journal).story


def test_what_is_closed_is_kept_for_a_while(journal, state):
    for _ in range(KEPT + 2):
        journal.add(STOP, OPENED)
        journal.undone(1)
        journal.close()
    assert journals(state) == []
    assert len(list((journal.path.parent / "closed").iterdir())) == KEPT
    journal.close()


def test_a_component_is_brought_back_once_and_the_last_changed_first(journal):
    for step in (PAUSE, STOP, START):
        journal.add(step, OPENED)
    assert journal.story.changed == {"openai": [3, 2], "redis": [1]}
    journal.undone(3, 2)
    assert again(journal).story.changed == {"redis": [1]}


def test_half_a_list_of_what_was_undone_leads_to_the_same_state(journal):
    for step in (STOP, START):
        journal.add(step, OPENED)
    journal.undone(2, 1)
    lines = journal.path.read_bytes().splitlines(keepends=True)
    journal.path.write_bytes(b"".join(lines[:-1]) + lines[-1][:10])
    assert again(journal).story.open == {1: STOP}


def test_what_is_closed_holds_no_table(journal):
    journal.add(STOP, OPENED)
    journal.undone(1)
    assert "hunter2" in journal.path.read_text()
    journal.close()
    (closed,) = (journal.path.parent / "closed").iterdir()
    assert "hunter2" not in closed.read_text()
    assert [json.loads(line)["entry"] for line in closed.read_text().splitlines()] == ["opened", "step", "undone"]
    assert closed.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in journal.path.parent.iterdir()] == ["closed"]


def test_a_folder_that_is_closed_to_us_is_not_taken_for_an_empty_one(journal, state, closed_to_us):
    journal.add(STOP, OPENED)
    with closed_to_us(state / "journal"), pytest.raises(JournalError) as caught:
        journals(state)
    assert str(caught.value) == (
        f"{state / 'journal'} cannot be looked into, so nobody knows what is open: "
        f"[Errno 13] Permission denied: '{state / 'journal'}'."
    )


def test_the_names_of_new_folders_are_on_disk_before_the_act(journal, state, monkeypatch):
    flushed, flush = [], os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda file: (flushed.append(Path(f"/proc/self/fd/{file}").readlink()), flush(file))
    )
    journal.add(STOP, OPENED)
    assert {state.parent, state, state / "journal"} < set(flushed)


def test_it_begins_anew_after_it_was_closed(journal):
    journal.add(STOP, OPENED)
    journal.undone(1)
    journal.close()
    assert journal.add(PAUSE, OPENED) == 1
    assert again(journal).story.open == {1: PAUSE}
