"""A component that is on its way to a state: it is waited for, and brought back from there too."""

import pytest

from pytest_llmops.control import hands
from pytest_llmops.control.driver import Status
from pytest_llmops.control.hands import Hands
from pytest_llmops.errors import ControlError

READY, NOT_READY = Status("running", "a"), Status("running", "a", "1 of 2 ready", settled=False)
GONE, NOT_GONE = Status("stopped"), Status("stopped", "a", "1 pod is left", settled=False)
AWAY, REFUSED = ControlError("", "away", "answered with 503."), ControlError("", "refused", "not for you.")
OTHER, OTHER_NOT_READY = Status("running", "b"), Status("running", "b", settled=False)


class Scripted:
    """A driver that is one way after another, and stays the last."""

    what = "deployment/ollama"
    can = frozenset({"start", "stop", "restart", "kill"})

    def __init__(self, *states):
        self.states = list(states)
        self.acts = []

    def status(self, within_s):
        found = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if isinstance(found, Exception):
            raise found
        return found

    def act(self, act, within_s, kept):
        self.acts.append((act, kept))


@pytest.mark.parametrize(
    ("act", "states"),
    [
        ("start", (GONE, NOT_READY, READY)),
        ("start", (NOT_READY, READY)),  # somebody started it; it is waited for
        ("start", (NOT_GONE, NOT_READY, READY)),
        ("stop", (READY, NOT_GONE, GONE)),
        ("stop", (NOT_READY, NOT_GONE, GONE)),
        ("stop", (NOT_GONE, GONE)),
        ("restart", (READY, OTHER_NOT_READY, OTHER)),
        ("restart", (READY, AWAY, OTHER_NOT_READY, AWAY, AWAY, OTHER)),
        ("start", (GONE, AWAY, NOT_READY, READY)),
    ],
)
def test_an_act_is_over_once_the_component_has_arrived(act, states):
    driver = Scripted(*states)
    assert Hands("ollama", driver, 60).act(act) == states[-1]
    assert driver.acts == [(act, {})]


@pytest.mark.parametrize(("act", "there"), [("start", READY), ("stop", GONE)])
def test_nothing_is_done_where_it_has_arrived(act, there):
    driver = Scripted(there)
    assert Hands("ollama", driver, 60).act(act) == there
    assert driver.acts == []


@pytest.mark.parametrize(
    ("states", "state", "acts"),
    [
        ((NOT_GONE, NOT_GONE, NOT_READY, READY), "running", ["start"]),
        ((NOT_READY, NOT_READY, READY), "running", ["start"]),
        ((NOT_READY, NOT_READY, NOT_GONE, GONE), "stopped", ["stop"]),
        ((NOT_GONE, NOT_GONE, GONE), "stopped", ["stop"]),
        ((READY,), "running", []),
        ((NOT_READY, NOT_READY, NOT_GONE, AWAY, GONE), "stopped", ["stop"]),
    ],
)
def test_what_is_on_its_way_is_brought_back_too(states, state, acts):
    driver, kept = Scripted(*states), {"replicas": 2}
    assert Hands("ollama", driver, 60).bring_back(state, kept) == states[-1]
    assert driver.acts == [(act, kept) for act in acts]


ONE, THREE, FOUR = (Status("running", "a", kept={"replicas": number}) for number in (1, 3, 4))
THREE_NOT_READY, FOUR_NOT_READY = (
    Status("running", "a", kept={"replicas": number}, settled=False) for number in (3, 4)
)
NONE = Status("stopped", kept={"replicas": 0})


@pytest.mark.parametrize(
    ("states", "exactly", "acts"),
    [
        ((ONE, ONE, THREE), True, [("start", {"replicas": 3})]),
        ((THREE,), True, []),
        ((FOUR,), False, []),  # an autoscaler's, whose number is none of ours after a restart
        ((FOUR_NOT_READY, FOUR_NOT_READY, FOUR), False, [("start", {})]),
        ((NONE, NONE, THREE), False, [("start", {"replicas": 3})]),
    ],
)
def test_what_runs_with_another_number_of_replicas_is_scaled_where_it_has_to_be_exactly_so(states, exactly, acts):
    driver = Scripted(*states)
    assert Hands("ollama", driver, 60).bring_back("running", {"replicas": 3}, exactly=exactly) == states[-1]
    assert driver.acts == acts


def test_what_was_started_with_its_number_may_get_another_one():
    """An autoscaler goes on once it is scaled up again, also before all of it is ready."""
    driver = Scripted(NONE, NONE, THREE_NOT_READY, FOUR_NOT_READY, FOUR)
    assert Hands("ollama", driver, 60).bring_back("running", {"replicas": 3}) == FOUR
    assert driver.acts == [("start", {"replicas": 3})]


def test_what_never_had_its_number_was_not_started():
    with pytest.raises(ControlError) as raised:
        Hands("ollama", Scripted(NONE, NONE, FOUR), 0.1).bring_back("running", {"replicas": 3})
    assert str(raised.value) == (
        "ollama: start of deployment/ollama with {'replicas': 3} was not seen within 0.1 s; it is running."
    )


def test_what_was_killed_is_not_gone_while_it_is_ending():
    assert Hands("ollama", Scripted(NOT_GONE, NOT_GONE, GONE), 60).act("kill") == GONE


def test_what_does_not_arrive_is_said_to_be_not_yet_there():
    with pytest.raises(ControlError) as raised:
        Hands("ollama", Scripted(GONE, NOT_READY), 0.1).act("start")
    assert str(raised.value) == (
        "ollama: start of deployment/ollama was not seen within 0.1 s; it is not yet running (1 of 2 ready)."
    )


@pytest.mark.parametrize(
    ("states", "kind", "said"),
    [
        ((GONE, NOT_READY, AWAY), "away", "ollama: answered with 503."),
        ((GONE, NOT_READY, REFUSED, READY), "refused", "ollama: not for you."),
    ],
)
def test_who_is_away_until_the_deadline_is_named_and_a_refusal_at_once(states, kind, said, clock):
    clock(hands)
    with pytest.raises(ControlError) as raised:
        Hands("ollama", Scripted(*states), 0.3).act("start")
    assert (raised.value.kind, str(raised.value)) == (kind, said)


def test_who_was_away_for_a_moment_does_not_hide_that_it_does_not_arrive(clock):
    clock(hands)
    with pytest.raises(ControlError, match=r"was not seen within 10 s; it is not yet running \(1 of 2 ready\)"):
        Hands("ollama", Scripted(GONE, AWAY, NOT_READY), 10).act("start")


def test_nobody_waits_for_one_that_is_away_before_anything_is_done():
    driver = Scripted(AWAY, READY)
    with pytest.raises(ControlError, match="answered with 503"):
        Hands("ollama", driver, 60).settled()


@pytest.mark.parametrize("states", [(NOT_READY, AWAY, READY), (NOT_READY, NOT_READY, AWAY, READY)])
def test_what_arrives_while_nobody_tells_has_arrived(states):
    assert Hands("ollama", Scripted(*states), 60).settled() == READY


def test_what_is_on_its_way_is_waited_for_and_nothing_is_done():
    driver = Scripted(NOT_READY, NOT_READY, READY)
    assert Hands("ollama", driver, 60).settled() == READY
    assert driver.acts == []


def test_what_stays_on_its_way_is_said_at_the_deadline():
    with pytest.raises(ControlError) as raised:
        Hands("ollama", Scripted(NOT_READY), 0.1).settled()
    said = "ollama: deployment/ollama was not seen to arrive within 0.1 s; it is not yet running (1 of 2 ready)."
    assert (raised.value.kind, str(raised.value)) == ("timeout", said)
