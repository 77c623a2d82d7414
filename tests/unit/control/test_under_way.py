"""A stop that comes into effect a while after it was asked for, when whoever asked does not wait any more."""

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
LOOKS = 4
"""After so many a stop has come into effect: time that passes only while it is looked at."""


class Slow:
    """A driver whose stop takes effect a while after it was asked for; until then nobody can tell that it was."""

    what = "container x"
    control = Docker(driver="docker", container="x")
    can = frozenset({"start", "stop", "restart", "kill"})

    def __init__(self):
        self.pid, self.running, self.acts = 1, True, []
        self.interrupts = self.never = self.clashes = False
        self.under_way = []

    def status(self, within_s):
        self.under_way = [(looks - 1, *stop) for looks, *stop in self.under_way]
        while self.under_way and not self.under_way[0][0]:
            self.come()
        return Status("running", str(self.pid)) if self.running else Status("stopped")

    def act(self, act, within_s, kept):
        self.acts.append(act)
        if self.clashes and self.under_way:
            self.come()
            raise ControlError("", "refused", "container x is not running.")
        if act == "start":
            self.running, self.pid = True, self.pid + 1
        elif not self.never:
            self.under_way.append((LOOKS, self.pid, act == "restart"))
        if self.interrupts:
            self.interrupts = False
            raise KeyboardInterrupt

    def come(self):
        """What was asked for first comes into effect."""
        _, pid, again = self.under_way.pop(0)
        if pid == self.pid:
            self.running, self.pid = again, pid + again

    def by_hand(self, act, kept):
        return f"{act} it"

    def close(self):
        pass


@pytest.fixture
def machine():
    return Slow()


@pytest.fixture
def journal(tmp_path):
    return Journal.of(tmp_path, "here")


@pytest.fixture
def hands(machine):
    return Hands("ollama", machine, 60.0)


@pytest.fixture
def change(tmp_path, journal, hands):
    (tmp_path / "llmops.toml").write_text(TARGET)
    return Change(
        load(tmp_path / "llmops.toml", None, tmp_path, {}),
        journal,
        Interruption(),
        opened={"test": "t.py::test_it", "run": "r"},
        say=lambda line: None,
        may_begin=lambda: None,
        hands=lambda component: hands,
    )


@pytest.fixture
def for_good(machine):
    """Whether it runs, also once all that it was told has come into effect."""

    def for_good():
        while machine.under_way:
            machine.come()
        return machine.running

    return for_good


@pytest.fixture
def anew(journal, hands):
    """What a later process does that has the journal alone."""

    def anew():
        later = Journal(journal.path)
        return Undoing(later, lambda step: hands, lambda line: None, clean=str).undo(), later

    return anew


@pytest.mark.parametrize("act", ["stop", "restart"])
def test_after_ctrl_c(change, machine, for_good, act):
    machine.interrupts = True
    with pytest.raises(KeyboardInterrupt):
        getattr(change, act)("ollama")
    assert change.undo()
    assert for_good()


def test_after_its_deadline(change, hands, for_good):
    hands.deadline_s = 0.02
    with pytest.raises(ControlError, match="was not seen within"):
        change.stop("ollama")
    hands.deadline_s = 60.0
    assert change.undo()
    assert for_good()


@pytest.mark.parametrize("act", ["stop", "restart"])
def test_in_a_new_process(change, machine, for_good, anew, act):
    machine.interrupts = True
    with pytest.raises(KeyboardInterrupt):
        getattr(change, act)("ollama")
    assert anew()[0]
    assert for_good()


def test_one_that_came_meanwhile_is_not_asked_for_again(change, machine, for_good, anew):
    machine.interrupts = True
    with pytest.raises(KeyboardInterrupt):
        change.restart("ollama")
    assert for_good()
    assert anew()[0]
    assert machine.acts == ["restart"]


@pytest.mark.parametrize("act", ["stop", "restart"])
def test_one_that_comes_as_it_is_asked_for_again(change, machine, for_good, anew, act):
    """The engine, which was at it, turns to the second request once there is nothing left to end."""
    machine.interrupts, machine.clashes = True, True
    with pytest.raises(KeyboardInterrupt):
        getattr(change, act)("ollama")
    assert anew()[0]
    assert for_good()
    assert machine.acts == [act, act, *(["start"] if act == "stop" else [])]


def test_one_that_was_seen_is_not_asked_for_again(change, machine, anew):
    change.restart("ollama")
    machine.pid = 1  # as far as anybody could tell
    assert anew()[0]
    assert machine.acts == ["restart"]


def test_one_that_is_never_seen_stays_open(change, machine, hands, anew):
    hands.deadline_s, machine.never = 0.05, True
    with pytest.raises(ControlError):
        change.stop("ollama")
    assert not change.undo()
    done, later = anew()
    (failure,) = later.reread().failed.values()
    assert not done
    assert (failure.why, failure.by_hand) == (
        "ollama: stop of container x was not seen within 0.05 s; it is running. Its stop may still come into effect.",
        ["stop it", "start it"],
    )
    assert machine.acts == ["stop"] * 3


def test_one_that_a_signal_came_before_was_never_asked_for(change, machine, journal):
    """The signal came while the step was written down."""
    change._interruption = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        change.stop("ollama")
    change._interruption = Interruption()
    assert len(journal.story.open) == 1
    assert change.undo()
    assert machine.acts == []


class Interrupted(Interruption):
    """One for which a signal comes as soon as it is held."""

    def hold(self):
        self._waiting = 2
        return super().hold()
