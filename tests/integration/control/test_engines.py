"""What is so with one engine alone."""

import os
import subprocess
from contextlib import suppress
from threading import Thread

import pytest

from pytest_llmops.errors import ControlError

from .containers import IMAGE, SEEN
from .rig import PYTHON, answer, awaited


@pytest.fixture
def container(rig):
    """Runs one more container on the engine of the rig; its name."""
    host = rig.table["host"]
    made = []

    def container(*words, does="import time; time.sleep(600)"):
        name = f"more-{os.getpid()}-{len(made)}"
        seen = [word for folder in SEEN for word in ("-v", f"{folder}:{folder}:ro")]
        program = [IMAGE, PYTHON, "-I", "-S", "-c", does]
        words = ("--name", name, "--network", "none", *seen, *words)
        command = ["docker", "-H", host, "run", "--detach", *words, *program]
        made.append(name)
        subprocess.run(command, check=True, capture_output=True)
        return name

    yield container
    subprocess.run(["docker", "-H", host, "rm", "-f", *made], check=False, capture_output=True)


@pytest.mark.parametrize("rig", ["docker"], indirect=True)
def test_docker_starts_nothing_again_that_was_killed(rig, container, hands_of):
    hands = hands_of({**rig.table, "container": container("--restart", "always")})
    found = hands.act("kill")
    assert (found.state, found.detail) == ("stopped", "exited, exit status 137")
    assert hands.act("start").state == "running"


@pytest.mark.parametrize("rig", ["docker"], indirect=True)
def test_a_container_that_ends_again_and_again_is_on_its_way_and_can_be_stopped(rig, container, hands_of):
    hands = hands_of({**rig.table, "container": container("--restart", "always", does="raise SystemExit(3)")})
    looping = awaited(lambda: next((now for now in [hands.status()] if not now.settled), None))
    assert (looping.state, looping.instance, looping.detail) == ("running", "", "restarting")
    stopped = hands.act("stop")
    assert (stopped.state, stopped.settled) == ("stopped", True)
    assert hands.status() == stopped


@pytest.mark.parametrize("rig", ["docker"], indirect=True)
def test_a_container_that_would_be_gone_for_good_is_left_alone(rig, container, hands_of):
    name = container("--rm")
    hands = hands_of({**rig.table, "container": name})
    before = hands.status()
    for act in ("stop", "kill"):
        with pytest.raises(ControlError) as raised:
            hands.act(act)
        said = (
            f"ollama: container {name} was made with --rm: {act} would remove it, and nothing could start it again. "
            "Make it without --rm."
        )
        assert (raised.value.kind, str(raised.value)) == ("refused", said)
    assert hands.status() == before


@pytest.mark.parametrize("rig", ["compose"], indirect=True)
def test_a_service_that_was_never_made_is_absent(rig, hands_of):
    table = {**rig.table, "project": f"other{os.getpid()}"}
    with pytest.raises(ControlError) as raised:
        hands_of(table).status()
    assert raised.value.kind == "absent"
    assert str(raised.value).startswith(f"ollama: service model of {table['file']} has no container; make one: ")
    assert str(raised.value).endswith(" up --no-start model.")


@pytest.mark.parametrize("rig", ["compose"], indirect=True)
def test_which_compose_is_there_and_what_it_calls_its_project_is_found_out(rig, hands_of, monkeypatch):
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", rig.table["project"])
    table = {key: value for key, value in rig.table.items() if key not in {"project", "command"}}
    assert hands_of(table).status() == hands_of(rig.table).status()


@pytest.mark.parametrize("rig", ["systemd"], indirect=True)
def test_a_unit_that_was_started_too_often_is_started_all_the_same(rig, hands_of):
    hands = hands_of(rig.deaf[0])
    for _ in range(2):
        hands.act("start")
        awaited(lambda: answer(rig.deaf_port))
        hands.act("stop")


@pytest.mark.parametrize("rig", ["supervisor", "systemd"], indirect=True)
def test_what_is_still_being_stopped_is_brought_back_as_another(rig, hands_of):
    hands = hands_of(rig.deaf[0])
    before = hands.bring_back("running", {})
    awaited(lambda: answer(rig.deaf_port))
    stopping = Thread(target=_told_to_stop, args=[hands_of(rig.deaf[0])])
    stopping.start()
    awaited(lambda: not hands.status().settled)
    assert hands.status().state == "stopped"
    after = hands.bring_back(before.state, before.kept)
    stopping.join()
    assert (after.state, after.settled) == ("running", True)
    assert after.instance != before.instance
    assert hands.status() == after


def _told_to_stop(hands):
    with suppress(ControlError):  # systemd says that the start came between
        hands.driver.act("stop", 20, {})


@pytest.mark.parametrize("rig", ["supervisor"], indirect=True)
def test_a_wrong_password_is_said_and_not_shown(rig, hands_of):
    with pytest.raises(ControlError) as raised:
        hands_of(rig.table, {"RIG_LOGIN": "ops:herring"}).status()
    said = (
        f"ollama: supervisord at {rig.table['url']} does not know the user and password in RIG_LOGIN; "
        "set auth to an environment variable that holds its 'user:password'."
    )
    assert (raised.value.kind, str(raised.value)) == ("refused", said)
