"""A pause that is in effect, and of which nobody can see that it is."""

import os

import pytest

from pytest_llmops.control.change import Change
from pytest_llmops.control.driver import Status
from pytest_llmops.control.hands import Hands
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.undoing import Undoing
from pytest_llmops.errors import ControlError
from pytest_llmops.state.journal import Journal
from pytest_llmops.target.control import Docker
from pytest_llmops.target.load import load

TARGET = """
[targets.here.components.ollama]
url = "http://127.0.0.1:9"
control = { driver = "docker", container = "x" }
"""


COMMAND = """
[targets.here.components.ollama]
url = "http://127.0.0.1:9"
[targets.here.components.ollama.control]
driver = "command"
status = ["sh", "-c", "STATUS"]
pause = ["no-such-program"]
resume = ["false"]
"""


class Frozen:
    """A driver whose pause takes effect, and whose look does not see it unless it is told to."""

    what = "container x"
    control = Docker(driver="docker", container="x")
    can = frozenset({"start", "stop", "pause", "resume"})

    def __init__(self):
        self.frozen = self.sees = self.refuses = False
        self.acts = []

    def status(self, within_s):
        return Status("paused" if self.frozen and self.sees else "running", "1")

    def act(self, act, within_s, kept):
        self.acts.append(act)
        if self.refuses:
            raise ControlError("", "refused", "not for you.")
        self.frozen = act == "pause"

    def by_hand(self, act, kept):
        return f"{act} it"

    def close(self):
        pass


class Here:
    def __init__(self, folder):
        (folder / "llmops.toml").write_text(TARGET)
        self.machine = Frozen()
        self.hands = Hands("ollama", self.machine, 0.1)
        self.journal = Journal.of(folder, "here")
        self.change = Change(
            load(folder / "llmops.toml", None, folder, {}),
            self.journal,
            Interruption(),
            opened={"test": "t.py::test_it", "run": "r"},
            say=lambda line: None,
            may_begin=lambda: None,
            hands=lambda component: self.hands,
        )

    def recover(self):
        """As another process does."""
        journal = Journal(self.journal.path)
        return Undoing(journal, lambda step: self.hands, lambda line: None, clean=str).undo()


@pytest.fixture
def here(tmp_path):
    return Here(tmp_path)


@pytest.mark.parametrize("undo", [lambda here: here.change.undo(), Here.recover])
def test_it_goes_on(here, undo):
    with pytest.raises(ControlError, match=r"pause of container x was not seen within 0\.1 s; it is running"):
        here.change.pause("ollama")
    assert undo(here)
    assert here.machine.acts == ["pause", "resume"]


def test_one_that_does_not_go_on_stays_open(here):
    with pytest.raises(ControlError):
        here.change.pause("ollama")
    here.machine.refuses = True
    assert not here.change.undo()
    (failure,) = here.journal.reread().failed.values()
    assert (failure.why, failure.by_hand) == ("ollama: not for you.", ["resume it"])


def test_one_that_was_seen_is_taken_back_once(here):
    here.machine.sees = True
    here.change.pause("ollama")
    assert here.change.undo()
    assert here.machine.acts == ["pause", "resume"]


def test_one_that_was_seen_and_taken_back_by_others_needs_nothing(here):
    here.machine.sees = True
    here.change.pause("ollama")
    here.machine.frozen = False
    assert here.change.undo()
    assert here.machine.acts == ["pause"]


def test_one_that_was_refused_needs_nothing(here):
    here.machine.refuses = True
    with pytest.raises(ControlError):
        here.change.pause("ollama")
    assert here.change.undo()
    assert here.machine.acts == ["pause"]


@pytest.mark.parametrize(("status", "undone"), [("true", True), ("test ! -e paused || exit 4", False)])
def test_one_that_never_began_is_not_resumed_by_a_command_that_needs_one(tmp_path, status, undone):
    (tmp_path / "llmops.toml").write_text(COMMAND.replace("STATUS", status))
    change = Change(
        load(tmp_path / "llmops.toml", None, tmp_path, {"PATH": os.environ["PATH"]}),
        Journal.of(tmp_path, "here"),
        Interruption(),
        opened={"test": "t.py::test_it", "run": "r"},
        say=lambda line: None,
        may_begin=lambda: None,
    )
    with pytest.raises(ControlError, match="there is no program 'no-such-program'"):
        change.pause("ollama")
    (tmp_path / "paused").touch()
    assert change.undo() == undone
