"""What every driver does, whatever it drives. A rig for another one: ``rig.py`` says how."""

import itertools
import time
from typing import get_args

import pytest

from pytest_llmops.control.driver import Act
from pytest_llmops.control.hands import WAYS
from pytest_llmops.errors import ControlError, Unsupported

from .rig import answer, awaited, typed

TOUR = ("running", "stopped", "running", "paused", "stopped", "paused", "running")
"""Through each state from each other one."""
TYPED = (
    ("stop", "stopped"),
    ("start", "running"),
    ("restart", "running"),
    ("pause", "paused"),
    ("resume", "running"),
    ("kill", "stopped"),
)
"""What a person types in a row, and how it is after each."""
UNANSWERED_S = 0.2
BEYOND = frozenset({"set", "pull", "roll"})
"""What only some drivers can, most of them those of settings."""


def _needs(hands, *abilities):
    if lacking := set(abilities) - hands.can:
        pytest.skip(f"{hands.driver.what}: cannot be asked for {', '.join(sorted(lacking))}")


def _lacking(hands, *states):
    """What takes it through these states, and cannot be asked for."""
    return {act for pair in itertools.pairwise(states) for act in WAYS.get(pair, ())} - hands.can


def _from(began, lines):
    return [line for line in lines if line.endswith(f" of {began}")]


def test_what_runs_is_seen_and_answers(rig, hands):
    status = hands.status()
    assert (status.state, bool(status.instance)) == ("running", True)
    assert hands.status() == status
    assert answer(rig.port)


def test_what_is_stopped_does_not_answer_and_once_started_answers_as_another(rig, hands):
    _needs(hands, "stop", "start")
    before, said = hands.status(), answer(rig.port)
    stopped = hands.act("stop")
    assert (stopped.state, stopped.instance) == ("stopped", "")
    assert answer(rig.port) is None
    hands.driver.act("stop", 20, {})
    assert hands.act("stop").state == "stopped"
    after = hands.act("start", before.kept)
    assert after.state == "running"
    assert after.instance != before.instance
    assert awaited(lambda: answer(rig.port)) != said
    assert hands.act("start") == hands.status()


def test_what_is_restarted_answers_as_another(rig, hands):
    _needs(hands, "restart")
    before, said = hands.status(), answer(rig.port)
    after = hands.act("restart")
    assert after.state == "running"
    assert after.instance != before.instance
    awaited(lambda: answer(rig.port) not in {None, said})


def test_what_is_paused_does_not_answer_and_goes_on_as_the_same(rig, hands):
    _needs(hands, "pause", "resume")
    before, said = hands.status(), answer(rig.port)
    paused = hands.act("pause")
    assert (paused.state, paused.instance) == ("paused", before.instance)
    assert answer(rig.port, within_s=UNANSWERED_S) is None
    assert hands.act("pause") == paused
    resumed = hands.act("resume")
    assert (resumed.state, resumed.instance) == ("running", before.instance)
    hands.driver.act("resume", 20, {})
    assert answer(rig.port) == said


def test_what_is_killed_is_gone_or_another(rig, hands):
    _needs(hands, "kill")
    before, said = hands.status(), answer(rig.port)
    after = hands.act("kill")
    assert after.instance != before.instance
    if rig.comes_back:
        awaited(lambda: answer(rig.port) not in {None, said})
        assert hands.status().state == "running"
    else:
        assert after.state == "stopped"
        assert answer(rig.port) is None
        assert hands.act("kill").state == "stopped"


def test_it_is_brought_back_from_any_state_to_any(rig, hands):
    tour = [state for state in TOUR if not _lacking(hands, "running", state, "running")]
    kept = hands.status().kept
    for state in tour:
        there = hands.bring_back(state, kept)
        assert there.state == state
        again = hands.bring_back(state, kept)
        assert (again.state, again.instance, again.kept) == (there.state, there.instance, there.kept)
        if state == "running":
            assert awaited(lambda: answer(rig.port))
        else:
            assert answer(rig.port, within_s=UNANSWERED_S) is None


def test_logs_hold_what_it_printed_newest_last(rig, hands):
    _needs(hands, "logs")
    began = answer(rig.port).split()[1]
    lines = awaited(
        lambda: [line for line in hands.logs(50) if line.endswith(f" of {began}")][-2:][1:] and hands.logs(50)
    )
    printed = [line for line in lines if line.endswith(f" of {began}")]
    assert printed == [f"line {number} of {began}" for number in range(len(printed))]
    assert lines[-1] == printed[-1]
    assert len(hands.logs(1)) == 1


def test_what_does_not_exist_is_said_to_be_absent(rig, hands_of):
    if rig.absent is None:
        pytest.skip("nothing can be absent there")
    table, said = rig.absent
    with pytest.raises(ControlError) as raised:
        hands_of(table).status()
    assert (raised.value.kind, str(raised.value)) == ("absent", said)


def test_what_it_cannot_is_not_attempted(rig, hands):
    lacks = (rig.lacks | BEYOND - hands.can) - {"by hand"}
    assert set(get_args(Act)) | {"logs"} == hands.can | lacks
    status, said = hands.status(), answer(rig.port)
    for ability in sorted(lacks):
        with pytest.raises(Unsupported):
            hands.logs() if ability == "logs" else hands.act(ability)
    assert (hands.status(), answer(rig.port)) == (status, said)


def test_what_ignores_sigterm_holds_nobody_up(rig, hands_of):
    if rig.deaf is None:
        pytest.skip("no deaf server there")
    table, left = rig.deaf
    hands = hands_of(table)
    hands.bring_back("running", {})
    awaited(lambda: answer(rig.deaf_port))
    hands.deadline_s = 60 if left == "stopped" else 1
    began = time.monotonic()
    if left == "stopped":
        hands.act("stop")
    else:
        with pytest.raises(ControlError) as raised:
            hands.act("stop")
        assert raised.value.kind == "timeout"
        assert str(raised.value).startswith(
            f"ollama: stop of {hands.driver.what} was not seen within 1 s; it is running"
        )
    assert time.monotonic() - began < hands.deadline_s + 60
    assert (answer(rig.deaf_port) is None) == (left == "stopped")
    hands.deadline_s = 60
    if hands.status().state == "running":
        hands.act("kill")


def test_what_is_typed_by_hand_does_the_same(rig, hands):
    if "by hand" in rig.lacks:
        pytest.skip("a person would need a program that is not installed")
    for act, then in TYPED:
        if act not in hands.can:
            continue
        before, began = hands.status(), answer(rig.port, within_s=UNANSWERED_S)
        command = hands.driver.by_hand(act, before.kept)
        assert not rig.secret or rig.secret not in command
        done = typed(command, rig.environ)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if act == "kill" and rig.comes_back:
            awaited(lambda before=before: hands.status().instance not in {"", before.instance})
        else:
            awaited(lambda then=then: hands.status().state == then)
        if act in {"restart", "start"}:
            awaited(lambda began=began: answer(rig.port) not in {None, began})
