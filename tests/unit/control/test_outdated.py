"""What was started while a setting was another one has read it: it starts anew once that is back."""

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
from pytest_llmops.target.settings import Canary, Laid

TARGET = """
[targets.here.components.api]
url = "http://127.0.0.1:9"
"""
ACTS = ("start", "stop", "restart", "kill", "pause", "resume")


class Version:
    """A setting in memory."""

    what, can = "the version", frozenset({"set"})
    control = Docker(driver="docker", container="version")

    def __init__(self):
        self.value, self.fails, self.away = "v1", False, 0

    def status(self, within_s):
        if self.away:
            self.away -= 1
            raise ControlError("", "away", "nothing listens there.")
        return Status("running", kept={"value": self.value})

    def act(self, act, within_s, kept):
        if self.fails:
            raise ControlError("", "refused", "not for you.")
        self.value = kept["value"]

    def by_hand(self, act, kept):
        return f"{act} {kept['value']}"

    def close(self):
        pass


class Service(Version):
    """A component that reads the version when it starts."""

    what = "container api"

    def __init__(self, version, can=ACTS):
        super().__init__()
        self.can = frozenset(can)
        self.version, self.state, self.pid, self.acts = version, "running", 1, []

    @property
    def reads(self):
        return self.value if self.state == "running" else ""

    def status(self, within_s):
        return Status(self.state, str(self.pid))

    def act(self, act, within_s, kept):
        self.acts.append(act)
        if act in {"start", "restart"}:
            self.value, self.pid = self.version.value, self.pid + 1
        self.state = {"stop": "stopped", "kill": "stopped", "pause": "paused"}.get(act, "running")

    def by_hand(self, act, kept):
        return f"{act} api"


class Inside(Version):
    """What is set by the component's own API, and lies in it."""

    what = "canaries"
    control = Canary(driver="canary", component="api", endpoint={}, name="llmops-canary-1")

    def __init__(self, service):
        super().__init__()
        self.service = service

    def status(self, within_s):
        if self.service.state != "running":
            raise ControlError("", "away", "nothing listens there.")
        return super().status(within_s)


class Here:
    def __init__(self, folder, can=ACTS):
        (folder / "llmops.toml").write_text(TARGET)
        self.target = load(folder / "llmops.toml", None, folder, {})
        self.journal = Journal.of(folder, "here")
        self.version = Version()
        self.api = Service(self.version, can)
        self.inside = Inside(self.api)
        self.said = []
        machines = {"version": self.version, "api": self.api, "inside": self.inside}
        self.change = Change(
            self.target,
            self.journal,
            Interruption(),
            opened={"test": "t.py::test_it", "run": "r"},
            say=self.said.append,
            may_begin=lambda: None,
            hands=lambda name: Hands(name, machines[name], 1.0),
        )
        self.hands = {name: Hands(name, machine, 1.0) for name, machine in machines.items()}

    def recover(self):
        """As another process does."""
        journal = Journal(self.journal.path)
        return Undoing(journal, lambda step: self.hands[step.component], self.said.append, clean=str).undo()


@pytest.fixture
def here(tmp_path):
    return Here(tmp_path)


def test_what_read_it_starts_anew_once_it_is_back(here):
    here.change.stop("api")
    here.change.set("version", value="v0")
    here.change.start("api")
    assert here.api.reads == "v0"
    assert here.change.undo()
    assert (here.version.value, here.api.reads) == ("v1", "v1")
    assert here.api.acts == ["stop", "start", "restart"]
    assert here.said[-1] == "undoing stop and start of api (container api): back to running, anew"


@pytest.mark.parametrize("can", [ACTS, ("start", "stop")])
def test_so_does_what_was_restarted_or_cannot_be(tmp_path, can):
    here = Here(tmp_path, can)
    here.change.set("version", value="v0")
    if "restart" in can:
        here.change.restart("api")
    else:
        here.change.stop("api")
        here.change.start("api")
    assert here.change.undo()
    assert here.api.reads == "v1"


def test_what_was_not_started_since_is_left_alone(here):
    here.change.restart("api")
    here.change.set("version", value="v0")
    assert here.change.undo()
    assert here.api.acts == ["restart"]


def test_what_still_stands_still_is_only_started(here):
    here.change.set("version", value="v0")
    here.change.kill("api")
    assert here.change.undo()
    assert here.api.reads == "v1"
    assert here.api.acts == ["kill", "start"]


def test_what_was_stopped_before_is_stopped(here):
    here.api.state = "stopped"
    here.change.set("version", value="v0")
    here.change.start("api")
    assert here.change.undo()
    assert here.api.acts == ["start", "stop"]


def test_what_was_paused_before_is_paused_anew(here):
    here.api.state = "paused"
    here.change.set("version", value="v0")
    here.change.resume("api")
    here.change.restart("api")
    assert here.change.undo()
    assert here.api.acts == ["resume", "restart", "restart", "pause"]
    assert (here.api.value, here.api.state) == ("v1", "paused")


def test_what_stays_set_makes_nothing_start_anew(here):
    here.change.set("version", value="v0")
    here.change.keep("version")
    here.change.restart("api")
    assert here.change.undo()
    assert here.api.acts == ["restart"]


def test_what_no_component_reads_makes_nothing_start_anew(here):
    here.version.control = Laid(driver="laid", root=str(here.target.root), folder=".restored")
    here.change.set("version", value="v0")
    here.change.restart("api")
    assert here.change.undo()
    assert here.api.acts == ["restart"]


def test_it_waits_for_what_could_not_be_taken_back(here):
    here.change.set("version", value="v0")
    here.change.restart("api")
    here.version.fails = True
    assert not here.change.undo()
    failures = {here.journal.story.steps[n].component: one for n, one in here.journal.story.failed.items()}
    assert failures["api"].why == "api is to be restarted once version is as it was."
    assert failures["api"].by_hand == ["restart api"]
    here.version.fails = False
    assert here.recover()
    assert (here.version.value, here.api.reads) == ("v1", "v1")


def test_who_comes_after_a_kill_in_between_restarts_it_too(here):
    here.change.set("version", value="v0")
    here.change.restart("api")
    here.version.value = "v1"
    here.journal.undone(1)
    assert here.recover()
    assert here.api.acts == ["restart", "restart"]


def test_what_answers_a_moment_after_a_start_is_waited_for(here):
    here.version.control = Canary(driver="canary", component="api", endpoint={}, name="llmops-canary-1")
    here.change.set("version", value="v0")
    here.change.kill("api")
    here.version.away = 3
    assert here.change.undo()
    assert here.version.value == "v1"


def test_what_nothing_was_started_for_is_asked_once(here):
    here.change.set("version", value="v0")
    here.version.away = 1000
    assert not here.change.undo()
    assert here.version.away > 990
    assert "version: nothing listens there." in here.journal.story.failed[1].why


def test_what_lies_in_it_is_taken_back_once_it_is_there_again(here):
    here.change.set("inside", value="v0")
    here.change.stop("api")
    here.change.set("version", value="v0")
    here.change.start("api")
    here.api.state = "stopped"  # it came to nothing
    assert here.change.undo()
    assert (here.inside.value, here.version.value, here.api.reads) == ("v1", "v1", "v1")
    assert [line.split(":")[0] for line in here.said] == [
        "undoing set of version",
        "undoing stop and start of api (container api)",
        "undoing set of inside",
    ]


def test_what_was_set_in_it_after_its_start_is_taken_back_before_it_starts_anew(here):
    here.change.set("version", value="v0")
    here.change.restart("api")
    here.change.set("inside", value="v0")
    assert here.change.undo()
    assert here.inside.value == "v1"
    assert [line.split(":")[0] for line in here.said] == [
        "undoing set of inside",
        "undoing set of version",
        "undoing restart of api (container api)",
    ]
