"""Whatever ends a run, at whichever boundary of its steps: afterwards the target is exactly as before.

Three components are stopped, paused and killed. There is a boundary before and within and after each line of the
journal, before and after each time that something is put on disk, before and after each act, those of the undo too.
"""

import pytest

from ...conftest import WHOLE
from .conftest import BOUNDARIES, KEY, THREE_STEPS

COUNT = 50
DONE = ["stop openai", "pause qdrant", "kill redis", "start redis", "resume qdrant", "start openai"]
PARTS = 1 if WHOLE else 3
"""Of all boundaries: each run is at every third, and from which one on goes by the seed."""


SWALLOWED = f"""
import os, signal
{THREE_STEPS}
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except BaseException:
        pass

def test_another(change):
    change.stop("openai")
"""


@pytest.fixture
def stack(stack, project):
    project.write("conftest.py", BOUNDARIES)
    project.write("test_it.py", THREE_STEPS)
    (stack.journal.parent / "closed").mkdir(parents=True)  # else the first run had more boundaries than the others
    return stack


def test_undisturbed_it_is_taken_back_the_last_first(stack, quick):
    stack.at(0)
    run = quick(KEY)
    assert run.status == 0, run.out
    assert stack.is_as_before()
    assert stack.acts == DONE
    assert stack.passed == COUNT
    assert [line.strip().partition(" (")[0] for line in run.lines if "undoing" in line] == [
        "undoing kill of redis",
        "undoing pause of qdrant",
        "undoing stop of openai",
    ]
    assert [path.suffix for path in (stack.journal.parent / "closed").iterdir()] == [".jsonl"]


def test_after_kill_9_recover_brings_it_back(stack, quick, recover, seed):
    for boundary in range(seed % PARTS + 1, COUNT + 1, PARTS):
        stack.at(boundary)
        run = quick(KEY)
        assert run.status == -9, (boundary, run.out)
        done = recover()
        assert done.status == 0, (boundary, done.out)
        assert stack.is_as_before(), boundary
        assert not stack.journal.exists(), boundary


def test_after_a_signal_it_is_back_without(stack, quick, seed):
    """Each sort of boundary is there several times and meets both signals; six seeds in a row are every single one."""
    for boundary in range((seed + 1) % PARTS + 1, COUNT + 1, PARTS):
        stack.at(boundary, ("INT", "TERM")[(boundary // 2 + seed // PARTS) % 2])
        run = quick(KEY)
        assert run.status == 2, (boundary, run.out)
        assert stack.is_as_before(), boundary
        assert not stack.journal.exists(), boundary
        assert run.whole["exit_status"] == 2


def test_no_second_signal_tears_an_undo(stack, project, quick):
    project.write("test_it.py", f"import os, signal\n{THREE_STEPS}    os.kill(os.getpid(), signal.SIGINT)\n")
    for boundary in (29, 31, 38, 47):
        stack.at(boundary, "TERM")
        run = quick(KEY)
        assert run.status == 2, run.out
        assert stack.is_as_before(), boundary


def test_one_that_a_test_swallows_ends_the_run_all_the_same(stack, project, quick):
    project.write("test_it.py", SWALLOWED)
    run = quick(KEY)
    assert run.status == 2, run.out
    assert run.whole["exit_status"] == 2
    assert [check["test"] for check in run.whole["checks"]] == ["test_it.py::test_three_steps"]
    assert stack.is_as_before()


def test_a_closed_terminal_is_a_signal_too(stack, quick):
    stack.at(21, "HUP")
    run = quick(KEY)
    assert run.status == 2, run.out
    assert stack.is_as_before()


def test_what_was_interrupted_says_that_more_signals_wait(stack, quick):
    stack.at(21, "TERM")
    run = quick(KEY)
    said = [line.strip() for line in run.lines if line.startswith("  ")]
    assert said[0] == "interrupted: 2 to undo first; further signals wait until that is done"


def test_recovered_twice_is_recovered_once(stack, quick, recover):
    stack.at(28)
    assert quick(KEY).status == -9
    assert recover().status == 0
    acts = stack.acts
    again = recover()
    assert (again.status, again.out) == (0, "nothing is open: all changes were taken back\n")
    assert stack.acts == acts
