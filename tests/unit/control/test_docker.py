"""The driver of a Docker engine: what its words mean, and an engine that is not there or does not answer."""

import json
import socketserver
import sys
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace

import pytest

from pytest_llmops.control.engine import Engine, status_of
from pytest_llmops.errors import ControlError, NotInstalled

STATE = {
    "Status": "running",
    "Running": True,
    "Paused": False,
    "Restarting": False,
    "ExitCode": 0,
    "OOMKilled": False,
    "Error": "",
    "StartedAt": "2026-01-01T09:00:00Z",
}


def described(**state):
    return {"Id": "0123456789abcdef", "RestartCount": 2, "State": {**STATE, **state}}


def down(**state):
    return described(Running=False, **{"Status": "exited", **state})


@pytest.mark.parametrize(
    ("found", "state", "detail"),
    [
        (described(), "running", "running"),
        (described(Health={"Status": "starting"}), "running", "running, starting"),
        (described(Status="paused", Paused=True), "paused", "paused"),
        (down(ExitCode=137), "stopped", "exited, exit status 137"),
        (down(ExitCode=137, OOMKilled=True), "stopped", "exited, exit status 137, out of memory"),
        (down(ExitCode=127, Error="no such file"), "stopped", "exited, exit status 127, no such file"),
        (down(Status="created"), "stopped", "created"),
    ],
)
def test_what_the_engine_says(found, state, detail):
    status = status_of(found)
    assert (status.state, status.detail, status.restarts) == (state, detail, 2)
    assert status.instance == ("" if state == "stopped" else "0123456789ab since 2026-01-01T09:00:00Z")


@pytest.mark.parametrize(
    ("found", "state"),
    [(described(Status="restarting", Restarting=True), "running"), (down(Status="removing"), "stopped")],
)
def test_on_its_way_it_is_where_it_goes_and_not_settled(found, state):
    status = status_of(found)
    assert (status.state, status.instance, status.settled) == (state, "", False)


@pytest.mark.parametrize("table", [{"driver": "docker", "container": "x"}, {"driver": "compose", "service": "x"}])
def test_without_the_extra_the_command_is_named(hands_with, monkeypatch, table):
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(NotInstalled) as raised:
        hands_with(**table)
    driver = table["driver"]
    assert str(raised.value) == f"driver {driver!r} needs the docker package: run pip install 'pytest-llmops[docker]'."


@pytest.fixture
def engine():
    """An engine with one container, that runs: its ``host``, what it tells of it, and what it was told to do."""

    class Answer(BaseHTTPRequestHandler):
        def answer(self):
            body = json.dumps({"ApiVersion": "1.41", **engine.found}).encode() if self.command == "GET" else b""
            if self.command == "POST":
                engine.told.append(self.path.partition("/containers/")[2])
            self.send_response(200 if body else 204)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 (the library's names)

        def address_string(self):
            return "a socket"

        def log_message(self, *_):
            pass

    with (
        tempfile.TemporaryDirectory(prefix="llmops-", dir="/tmp") as folder,  # a socket's path must be short
        socketserver.ThreadingUnixStreamServer(f"{folder}/sock", Answer) as server,
    ):
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        engine = SimpleNamespace(host=f"unix://{folder}/sock", found=described(), told=[])
        yield engine
        server.shutdown()


@pytest.mark.parametrize(
    ("act", "config", "told"),
    [
        ("stop", {"StopTimeout": 90}, "x/stop"),
        ("restart", {"StopTimeout": 90}, "x/restart?t=90"),
        ("restart", {}, "x/restart?t=10"),
    ],
)
def test_a_container_has_its_own_time_to_stop(hands_with, engine, act, config, told):
    engine.found |= {"Config": config, "HostConfig": {}}
    hands_with(driver="docker", container="x", host=engine.host).driver.act(act, 5, {})
    assert engine.told == [told]


def test_what_is_not_paused_is_not_resumed(hands_with, engine):
    hands_with(driver="docker", container="x", host=engine.host).driver.act("resume", 5, {})
    assert engine.told == []


def test_an_engine_that_is_not_there(hands_with, tmp_path):
    with pytest.raises(ControlError) as raised:
        hands_with(driver="docker", container="x", host=f"unix://{tmp_path}/sock").status()
    said = (
        f"ollama: no Docker Engine answers at unix://{tmp_path}/sock (No such file or directory); "
        "start it, or set host or DOCKER_HOST to where it is."
    )
    assert (raised.value.kind, str(raised.value)) == ("away", said)


def test_its_address_is_that_of_the_environment(hands_with):
    with pytest.raises(ControlError) as raised:
        hands_with({"DOCKER_HOST": "tcp://ops:kettle@127.0.0.1:9"}, driver="docker", container="x").status()
    said = (
        "ollama: no Docker Engine answers at tcp://127.0.0.1:9 (Invalid bind address format: tcp://127.0.0.1:9); "
        "start it, or set host or DOCKER_HOST to where it is."
    )
    assert (raised.value.kind, str(raised.value)) == ("away", said)


@pytest.mark.parametrize("server", ["mute", "dripping"])
def test_an_engine_that_hangs_holds_nobody_up(hands_with, request, server):
    host = f"unix://{request.getfixturevalue(server)}"
    began = time.monotonic()
    with pytest.raises(ControlError) as raised:
        hands_with(driver="docker", container="x", host=host, deadline=0.2).status()
    assert time.monotonic() - began < 60
    said = f"ollama: the Docker Engine at {host} did not answer within 0.2 s."
    assert (raised.value.kind, str(raised.value)) == ("timeout", said)


def test_one_who_may_not_is_told_so():
    def refused(api):
        raise OSError("Error while fetching server API version") from PermissionError(13, "Permission denied")

    engine = Engine("tcp://127.0.0.1:9", {})
    engine._client = type("Client", (), {"api": type("Api", (), {})(), "close": lambda self: None})()
    with pytest.raises(ControlError) as raised:
        engine.ask(5, refused)
    said = "this user may not use the Docker Engine at tcp://127.0.0.1:9; run as one who may, or join its group."
    assert (raised.value.kind, str(raised.value)) == ("refused", said)


def test_what_is_typed_by_hand(hands_with):
    assert hands_with({"DOCKER_HOST": ""}, driver="docker", container="my model").driver.by_hand("start", {}) == (
        "docker start 'my model'"
    )
    at = hands_with(driver="docker", container="x", host="unix:///s").driver
    assert at.by_hand("resume", {}) == "docker -H unix:///s unpause x"


def test_a_compose_file_that_is_not_there(hands_with, tmp_path):
    with pytest.raises(ControlError) as raised:
        hands_with(driver="compose", service="x", command=["true"]).status()
    assert (raised.value.kind, str(raised.value)) == (
        "absent",
        f"ollama: there is no Compose file {tmp_path}/docker-compose.yml.",
    )


def test_a_machine_without_compose(hands_with, tmp_path):
    (tmp_path / "docker-compose.yml").touch()
    with pytest.raises(ControlError) as raised:
        hands_with({"PATH": str(tmp_path)}, driver="compose", service="x").status()
    said = "ollama: neither 'docker compose' nor 'docker-compose' can be run here; install one, or set command."
    assert (raised.value.kind, str(raised.value)) == ("away", said)


def test_what_is_typed_for_compose(hands_with, tmp_path):
    asked = {"driver": "compose", "service": "x", "command": ["podman", "compose"], "host": "unix:///s", "project": "p"}
    typed = hands_with(**asked).driver.by_hand("pause", {})
    assert typed == f"DOCKER_HOST=unix:///s podman compose -f {tmp_path}/docker-compose.yml -p p pause x"
