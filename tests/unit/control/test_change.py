"""What a change writes down before it acts, what it refuses, and how it takes back."""

from contextlib import suppress

import pytest

from pytest_llmops.control.change import Change
from pytest_llmops.control.driver import Status
from pytest_llmops.control.hands import Hands
from pytest_llmops.control.interruption import Interruption
from pytest_llmops.control.undoing import secrets_of_journal
from pytest_llmops.errors import ControlError, LlmopsError, OutsideWindow, Unsupported
from pytest_llmops.state.journal import Journal
from pytest_llmops.state.story import Step
from pytest_llmops.target.control import Docker
from pytest_llmops.target.load import load

ALL = ("start", "stop", "restart", "kill", "pause", "resume")
AFTER = dict(zip(ALL, ("running", "stopped", "running", "stopped", "paused", "running"), strict=True))
TARGET = """
[targets.here.components.ollama]
url = "http://127.0.0.1:9"
control = { driver = "docker", container = "x" }
[targets.here.components.redis]
url = "redis://127.0.0.1:9"
control = { driver = "docker", container = "y" }
"""


class Machine:
    """A driver of states in memory."""

    settled = scales = True

    def __init__(self, name, can=ALL, state="running", kept=None):
        self.what = f"container {name}"
        self.control = Docker(driver="docker", container=name)
        self.can = frozenset(can)
        self.state, self.kept, self.instance, self.acts, self.fails = state, kept or {}, 0, [], set()

    def status(self, within_s):
        return Status(self.state, str(self.instance), kept=self.kept, settled=self.settled)

    def act(self, act, within_s, kept):
        self.acts.append(act)
        self.told = kept
        if act in self.fails:
            raise ControlError("", "refused", f"{act} is not for you.")
        self.state, self.instance = AFTER[act], self.instance + 1
        if act == "start" and self.scales:
            self.kept = kept or self.kept

    def logs(self, lines, within_s):
        return []

    def by_hand(self, act, kept):
        return f"{act} it"

    def close(self):
        pass


class Arriving(Machine):
    """One that scales up, and has arrived after a few looks."""

    def __init__(self, name, looks):
        super().__init__(name, kept={"replicas": 2})
        self.looks = looks

    def status(self, within_s):
        self.looks -= 1
        if self.looks > 0:
            return Status(self.state, str(self.instance), kept=self.kept, settled=False)
        self.kept = {"replicas": 3}
        return super().status(within_s)


class NobodyThere:
    """Where a line is told that nobody can hear."""

    def __call__(self, line):
        raise BrokenPipeError


@pytest.fixture
def journal(tmp_path):
    return Journal.of(tmp_path, "here")


@pytest.fixture
def changes(tmp_path, journal):
    """Makes a change of the given machines."""
    (tmp_path / "llmops.toml").write_text(TARGET)
    target = load(tmp_path / "llmops.toml", None, tmp_path, {})

    def changes(may_begin=lambda: None, deadline_s=60.0, clean=str, say=None, **machines):
        said = []
        change = Change(
            target,
            journal,
            Interruption(),
            opened={"test": "t.py::test_it", "run": "r"},
            say=say or said.append,
            may_begin=may_begin,
            clean=clean,
            hands=lambda component: Hands(component, machines[component], deadline_s),
        )
        change.said = said
        return change

    return changes


def test_what_it_stopped_is_started_as_it_was(changes):
    machine = Machine("x", kept={"replicas": 3})
    change = changes(ollama=machine)
    change.stop("ollama")
    machine.kept = {"replicas": 0}
    change.start("ollama")
    assert machine.told == {"replicas": 3}


def test_what_an_autoscaler_does_during_a_restart_is_its_right(changes):
    machine = Machine("x", kept={"replicas": 3})
    change = changes(ollama=machine)
    change.restart("ollama")
    machine.kept = {"replicas": 4}
    assert change.undo()
    assert machine.acts == ["restart"]


def test_what_was_stopped_before_is_started_as_its_driver_does(changes):
    machine = Machine("x", state="stopped", kept={"replicas": 0})
    changes(ollama=machine).start("ollama")
    assert machine.told == {}


def test_the_way_back_is_on_disk_before_the_act(changes, journal):
    machine = Machine("x", kept={"replicas": 3})
    machine.fails = {"stop"}
    change = changes(ollama=machine)
    with pytest.raises(ControlError):
        change.stop("ollama")
    seen = Journal(journal.path).story
    (step,) = seen.steps.values()
    assert (step.component, step.what, step.act, step.state, step.kept, step.by_hand) == (
        "ollama", "container x", "stop", "running", {"replicas": 3}, ["start it"],
    )  # fmt: skip
    assert step.control == {"deadline": 60.0, "driver": "docker", "container": "x", "host": None}
    assert change.undo()
    assert machine.acts == ["stop"]


@pytest.mark.parametrize("was", ["running", "paused", "stopped"])
@pytest.mark.parametrize("act", ALL)
def test_whatever_was_done_it_is_as_it_was(changes, act, was):
    machine = Machine("x", state=was)
    change = changes(ollama=machine)
    with suppress(ControlError):  # what is stopped cannot be paused
        getattr(change, act)("ollama")
    assert change.undo()
    assert machine.state == was


@pytest.mark.parametrize(
    ("act", "was", "can", "lacks"),
    [
        ("stop", "running", ["stop"], "'start'"),
        ("kill", "running", ["kill", "pause"], "'start'"),
        ("kill", "paused", ["kill", "start"], "'pause'"),
        ("restart", "running", ["restart"], "'start'"),
        ("pause", "running", ["pause"], "'resume'"),
        ("start", "stopped", ["start"], "'stop'"),
        ("restart", "stopped", ["restart"], "'stop'"),
    ],
)
def test_what_could_not_be_taken_back_is_not_begun(changes, journal, act, was, can, lacks):
    machine = Machine("x", can=can, state=was)
    with pytest.raises(Unsupported) as caught:
        getattr(changes(ollama=machine), act)("ollama")
    assert str(caught.value) == (
        f"ollama: {act} is not attempted, for container x could not be brought back to {was}: that takes {lacks}; "
        f"it can: {', '.join(sorted(can))}."
    )
    assert machine.acts == []
    assert not journal.path.exists()


def test_what_the_driver_cannot_do_is_not_begun(changes, journal):
    with pytest.raises(Unsupported, match=r"^ollama: container x cannot be asked for 'pause'; it can: start, stop\.$"):
        changes(ollama=Machine("x", can=["start", "stop"])).pause("ollama")
    assert not journal.path.exists()


def test_one_that_fails_does_not_keep_the_others_from_being_taken_back(changes, journal):
    model, cache = Machine("x"), Machine("y")
    change = changes(ollama=model, redis=cache)
    change.stop("ollama")
    change.kill("redis")
    cache.fails = {"start"}
    assert not change.undo()
    assert (model.state, cache.state) == ("running", "stopped")
    (failure,) = journal.reread().failed.values()
    assert (failure.why, failure.by_hand) == ("redis: start is not for you.", ["start it"])
    assert not change.undo()
    assert cache.acts == ["kill", "start"]


class Scaled(Machine):
    """A deployment over which an autoscaler stands, which goes on while the pods are not ready yet."""

    def status(self, within_s):
        seen = super().status(within_s)
        if not self.settled:
            self.kept, self.settled = {"replicas": 5}, True
        return seen

    def act(self, act, within_s, kept):
        super().act(act, within_s, kept)
        self.settled = act != "start"


@pytest.mark.parametrize("started", [False, True])
def test_what_an_autoscaler_does_once_it_is_as_it_was_is_its_right(changes, started):
    machine = Scaled("x", kept={"replicas": 3})
    change = changes(ollama=machine)
    change.stop("ollama")
    if started:
        change.start("ollama")
    assert change.undo()
    assert machine.acts == ["stop", "start", *["start"] * started]
    assert machine.told == {"replicas": 3}


def test_what_runs_again_but_not_as_it_did_is_said(changes, journal):
    machine = Machine("x", kept={"replicas": 3})
    machine.scales = False
    change = changes(ollama=machine, deadline_s=0.1)
    change.stop("ollama")
    machine.kept = {"replicas": 1}
    assert not change.undo()
    (failure,) = journal.reread().failed.values()
    assert failure.why == (
        "ollama: start of container x with {'replicas': 3} was not seen within 0.1 s; it is running."
    )


def test_once_taken_back_nothing_more_is_done(changes):
    machine = Machine("x")
    change = changes(ollama=machine)
    assert change.undo()
    with pytest.raises(LlmopsError, match=r"^stop ollama: this change is over, and has been taken back\.$"):
        change.stop("ollama")
    with pytest.raises(LlmopsError, match=r"^run migrate: this change is over, and has been taken back\.$"):
        change.ran("migrate", "the migrations that it applied")
    assert machine.acts == []


def test_what_was_stopped_and_started_again_is_left_alone(changes, journal):
    model, cache = Machine("x"), Machine("y")
    change = changes(ollama=model, redis=cache)
    change.stop("ollama")
    change.pause("redis")
    change.start("ollama")
    assert change.undo()
    assert model.acts == ["stop", "start"]
    assert change.said == [
        "undoing stop and start of ollama (container x): back to running",
        "undoing pause of redis (container y): back to running",
    ]
    assert Journal(journal.path).story.open == {}


def test_what_had_not_begun_needs_no_undo(changes):
    model = Machine("x")
    change = changes(ollama=model)
    change.start("ollama")
    assert change.undo()
    assert model.acts == []
    assert change.said == ["start of ollama (container x) had not begun: nothing to undo"]


def test_what_is_told_without_secrets_may_reach_nobody(changes, journal):
    """A terminal that was closed, a pipe that nobody reads: the undo goes on."""
    model = Machine("x")
    change = changes(ollama=model, say=NobodyThere(), clean=lambda text: text.replace("not for you", "[redacted]"))
    change.kill("ollama")
    model.fails = {"start"}
    assert not change.undo()
    (failure,) = journal.reread().failed.values()
    assert failure.why == "ollama: start is [redacted]."


def test_the_secrets_of_a_journals_tables_are_known(journal):
    table = {"driver": "supervisor", "program": "x", "url": "http://ops:hunter2@127.0.0.1:9001"}
    opened = {"target": "here", "environment": "", "root": "/", "pid": 1, "test": "t", "run": "r"}
    journal.add(Step("ollama", "program x", "stop", table, "running", {}, []), opened)
    assert secrets_of_journal(journal, {}) == ["ops:hunter2", "hunter2"]


def test_what_nobody_can_clean_is_not_shown(changes, journal):
    model = Machine("x")
    change = changes(ollama=model, clean=lambda text: 1 / 0)
    change.kill("ollama")
    model.fails = {"start"}
    assert not change.undo()
    (failure,) = journal.reread().failed.values()
    assert failure.why == "(what was said cannot be shown, for nobody knows the secrets in it)"


def test_a_restart_that_was_left_lying_has_a_command_too(changes, journal):
    changes(ollama=Machine("x")).restart("ollama")
    (step,) = Journal(journal.path).story.steps.values()
    assert (step.by_hand, step.deadline_s, step.instance) == (["start it"], 60.0, "0")


def test_what_is_on_its_way_is_waited_for(changes, journal):
    machine = Arriving("x", looks=2)
    changes(ollama=machine).pause("ollama")
    (step,) = Journal(journal.path).story.steps.values()
    assert step.kept == {"replicas": 3}


def test_what_does_not_arrive_is_not_changed(changes, journal):
    machine = Machine("x")
    machine.settled = False
    with pytest.raises(ControlError) as caught:
        changes(ollama=machine, deadline_s=0.1).pause("ollama")
    assert str(caught.value) == "ollama: container x was not seen to arrive within 0.1 s; it is not yet running."
    assert (machine.acts, journal.path.exists()) == ([], False)


def test_a_window_that_closes_meanwhile_ends_it(changes):
    model, cache = Machine("x"), Machine("y")
    answers = iter([None, OutsideWindow("closed")])

    def may_begin():
        if answer := next(answers):
            raise answer

    change = changes(may_begin, ollama=model, redis=cache)
    change.stop("ollama")
    with pytest.raises(OutsideWindow):
        change.stop("redis")
    assert change.undo()
    assert (model.acts, cache.acts) == (["stop", "start"], [])
