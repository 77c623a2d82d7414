"""A stop that goes on after whoever asked for it is gone: it is not taken for one that never was."""

import json

import pytest

from .conftest import KEY

STOPS = "def test_it(change):\n    assert change.stop('openai').state == 'stopped'\n"


@pytest.fixture
def stack(stack, project):
    project.write("test_it.py", STOPS)
    stack.lingers("openai")
    return stack


def entries(text):
    return [json.loads(line)["entry"] for line in text.splitlines()]


@pytest.mark.parametrize("sign", ["INT", "TERM"])
def test_after_a_signal(stack, quick, sign):
    stack.inside(sign)
    run = quick(KEY)
    assert run.status == 2, run.out
    (closed,) = (stack.journal.parent / "closed").iterdir()
    assert entries(closed.read_text()) == ["opened", "step", "undone"]
    assert stack.is_as_before_for_good()


def test_after_kill_9(stack, quick, recover):
    stack.inside("KILL")
    run = quick(KEY)
    assert run.status == -9, run.out
    assert entries(stack.journal.read_text()) == ["opened", "step"]
    done = recover()
    assert done.status == 0, done.out
    assert stack.is_as_before_for_good()
