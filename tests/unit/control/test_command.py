"""The driver of a team's own commands: none holds anybody up, and what fails says why."""

import re
import time

import psutil
import pytest

from pytest_llmops.errors import ControlError, Unsupported

UP = ["true"]


def test_a_command_that_never_ends_is_killed_with_its_children(hands_with, tmp_path):
    child = tmp_path / "child"
    for deadline in (0.3, 3, 30):  # until it had the time to make a child
        hands = hands_with(
            driver="command", status=UP, stop=["sh", "-c", "sleep 60 & echo $! >child; wait"], deadline=deadline
        )
        began = time.monotonic()
        with pytest.raises(ControlError) as raised:
            hands.act("stop")
        assert time.monotonic() - began < deadline + 20
        if child.exists() and child.read_text():
            break
    said = r"ollama: sh -c 'sleep 60 & echo \$! >child; wait' had not ended after [\d.]+ s, and was killed\."
    assert raised.value.kind == "timeout"
    assert re.fullmatch(said, str(raised.value))
    _gone(int(child.read_text()))


def _gone(pid):
    ends_at = time.monotonic() + 20
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < ends_at
        time.sleep(0.01)


def test_a_status_that_never_ends_holds_nobody_up(hands_with):
    with pytest.raises(ControlError) as raised:
        hands_with(driver="command", status=["sleep", "60"], deadline=0.2).status()
    said = "ollama: sleep 60 had not ended after 0.2 s, and was killed."
    assert (raised.value.kind, str(raised.value)) == ("timeout", said)


def test_what_a_command_leaves_in_the_background_is_left_alone(hands_with, tmp_path):
    hands = hands_with(
        driver="command", status=["test", "-e", "up"], restart=["sh", "-c", "sleep 60 & echo $! >up"], deadline=50
    )
    (tmp_path / "up").touch()
    began = time.monotonic()
    hands.act("restart")
    assert time.monotonic() - began < 50
    left = psutil.Process(int((tmp_path / "up").read_text()))
    assert left.status() != psutil.STATUS_ZOMBIE
    left.kill()


@pytest.mark.parametrize(
    ("status", "kind", "said"),
    [
        (
            ["no-such-program", "a b"],
            "away",
            "there is no program 'no-such-program' to run no-such-program 'a b'; install it, or say where it is.",
        ),
        (["/"], "refused", "/ cannot be run: Permission denied."),
        (
            ["sh", "-c", "echo out; echo no route >&2; exit 7"],
            "refused",
            (
                "sh -c 'echo out; echo no route >&2; exit 7' in {cwd} ended with 7, which says nothing of the "
                "component (0: it runs; 3: it is stopped; 4: it is paused); it said: no route"
            ),
        ),
        (
            ["false"],
            "refused",
            (
                "false in {cwd} ended with 1, which says nothing of the component (0: it runs; 3: it is stopped; "
                "4: it is paused); it said: (nothing)"
            ),
        ),
    ],
)
def test_a_status_that_says_nothing(hands_with, tmp_path, status, kind, said):
    with pytest.raises(ControlError) as raised:
        hands_with(driver="command", status=status).status()
    assert (raised.value.kind, str(raised.value)) == (kind, f"ollama: {said.format(cwd=tmp_path)}")


def test_a_folder_that_is_not_there(hands_with, tmp_path):
    with pytest.raises(ControlError) as raised:
        hands_with(driver="command", status=UP, cwd="tools").status()
    said = f"ollama: true cannot be run in {tmp_path}/tools: there is no such folder."
    assert (raised.value.kind, str(raised.value)) == ("away", said)


@pytest.mark.parametrize(("status", "state"), [(0, "running"), (3, "stopped"), (4, "paused")])
def test_what_the_exit_status_says(hands_with, status, state):
    found = hands_with(
        driver="command", status=["sh", "-c", f"echo well; exit {status}"], instance=["echo", "it"]
    ).status()
    assert (found.state, found.detail, found.instance) == (state, "well", "" if state == "stopped" else "it")


def test_what_fails_says_why(hands_with, tmp_path):
    with pytest.raises(ControlError) as raised:
        hands_with(driver="command", status=UP, stop=["sh", "-c", "echo it is busy; exit 2"]).act("stop")
    said = f"ollama: sh -c 'echo it is busy; exit 2' in {tmp_path} ended with 2; it said: it is busy"
    assert (raised.value.kind, str(raised.value)) == ("refused", said)


def test_it_can_what_its_table_gives(hands_with, tmp_path):
    hands = hands_with(driver="command", status=UP, stop=["touch", "stopped"], logs=["cat", "it's a log"])
    assert hands.can == {"stop", "logs"}
    with pytest.raises(Unsupported) as raised:
        hands.act("kill")
    assert str(raised.value) == "ollama: what 'true' looks at cannot be asked for 'kill'; it can: logs, stop."
    assert not (tmp_path / "stopped").exists()
    assert hands.driver.by_hand("stop", {}) == f"(cd {tmp_path} && touch stopped)"
