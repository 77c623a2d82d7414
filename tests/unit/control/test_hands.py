"""What hands on a component refuse, wait for and say, whichever driver they have."""

import pytest

from pytest_llmops.control import hands
from pytest_llmops.control.driver import Status
from pytest_llmops.control.hands import Hands
from pytest_llmops.errors import ControlError, Unsupported


class Recording:
    """Does what it is told, at once or never."""

    what = "container x"
    can = frozenset({"start", "stop", "restart", "roll", "kill", "pause", "resume"})

    def __init__(self, state, *, heeds=True, refuses=""):
        self.state = state
        self.heeds = heeds
        self.refuses = refuses
        self.done = []

    def status(self, within_s):
        return Status(self.state, f"{len(self.done)}", "its own words")

    def act(self, act, within_s, kept):
        self.done.append((act, kept))
        if self.refuses:
            raise ControlError("", "refused", self.refuses)
        if self.heeds:
            self.state = {"stop": "stopped", "kill": "stopped", "pause": "paused"}.get(act, "running")


@pytest.mark.parametrize(
    ("state", "act", "said"),
    [
        ("paused", "start", "ollama: container x is paused, so start does nothing to it; resume it."),
        ("stopped", "pause", "ollama: container x is stopped, so pause does nothing to it; start it."),
        ("stopped", "resume", "ollama: container x is stopped, so resume does nothing to it; start it."),
        ("stopped", "roll", "ollama: container x is stopped, so roll does nothing to it; start it."),
    ],
)
def test_an_act_that_makes_no_sense_is_refused(state, act, said):
    driver = Recording(state)
    with pytest.raises(ControlError) as raised:
        Hands("ollama", driver, 1).act(act)
    assert (raised.value.kind, str(raised.value), driver.done) == ("refused", said, [])


def test_what_a_driver_says_is_said_of_the_component():
    with pytest.raises(ControlError) as raised:
        Hands("ollama", Recording("running", refuses="it said no."), 1).act("stop")
    assert (raised.value.component, raised.value.kind, str(raised.value)) == (
        "ollama",
        "refused",
        "ollama: it said no.",
    )


def test_what_was_not_seen_did_not_happen():
    with pytest.raises(ControlError) as raised:
        Hands("ollama", Recording("running", heeds=False), 0.1).act("stop")
    said = "ollama: stop of container x was not seen within 0.1 s; it is running (its own words)."
    assert (raised.value.kind, str(raised.value)) == ("timeout", said)


class Hurried(Recording):
    """One whose look takes longer than is left at the end."""

    def __init__(self, clock):
        super().__init__("running", heeds=False)
        self.clock, self.cut = clock, False

    def status(self, within_s):
        if within_s < 0.16:
            self.clock.sleep(within_s)
            self.cut = True
            raise ControlError("", "timeout", f"a look had not ended after {within_s:g} s.")
        return super().status(within_s)


def test_a_look_that_is_cut_short_tells_no_more_than_the_one_before(clock):
    driver = Hurried(clock(hands))
    with pytest.raises(ControlError) as raised:
        Hands("ollama", driver, 0.3).act("stop")
    assert driver.cut
    assert str(raised.value) == (
        "ollama: stop of container x was not seen within 0.3 s; it is running (its own words)."
    )


def test_start_is_told_what_was_kept():
    driver = Recording("stopped")
    Hands("ollama", driver, 1).bring_back("running", {"replicas": 3})
    assert driver.done == [("start", {"replicas": 3})]


def test_what_it_cannot_is_named_with_what_it_can():
    driver = Recording("running")
    driver.can = frozenset({"pause", "resume"})
    with pytest.raises(Unsupported) as raised:
        Hands("ollama", driver, 1).act("kill")
    assert str(raised.value) == "ollama: container x cannot be asked for 'kill'; it can: pause, resume."
    assert driver.done == []
