"""The driver of supervisor: what its words mean, and one that refuses, hangs or is not there."""

import socketserver
import tempfile
import threading
import time
import xmlrpc.client
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from pytest_llmops.errors import ConfigError, ControlError
from pytest_llmops.target.secrets import REDACTED

LOGIN = "ops:kettle-of-fish"
TABLE = {"driver": "supervisor", "program": "x", "auth": "RIG_LOGIN"}


@contextmanager
def answering(status, body=b""):
    """A server that has one answer to everything."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status, "Unwell")
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def address_string(self):
            return "a socket"

        def log_message(self, *_):
            pass

    with tempfile.TemporaryDirectory(prefix="llmops-", dir="/tmp") as folder:  # a socket's path must be short
        path = f"{folder}/sock"
        with socketserver.ThreadingUnixStreamServer(path, Answer) as server:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
            yield f"unix://{path}"
            server.shutdown()


def info(**said):
    said = {"statename": "RUNNING", "pid": 2**22 + 1, "start": 100, "description": "", **said}
    return xmlrpc.client.dumps((said,), methodresponse=True).encode()


@pytest.mark.parametrize(
    ("said", "state", "detail", "settled"),
    [
        ({}, "running", f"RUNNING, process {2**22 + 1}", True),
        ({"statename": "STARTING"}, "running", f"STARTING, process {2**22 + 1}", False),
        ({"statename": "BACKOFF", "pid": 0, "description": "too quickly"}, "running", "BACKOFF: too quickly", False),
        ({"statename": "STOPPING"}, "stopped", "STOPPING", False),
        ({"statename": "FATAL", "pid": 0, "description": "no command"}, "stopped", "FATAL: no command", True),
    ],
)
def test_what_its_words_mean(hands_with, said, state, detail, settled):
    with answering(200, info(**said)) as url:
        found = hands_with({"RIG_LOGIN": LOGIN}, **TABLE, url=url).status()
    assert (found.state, found.detail, found.settled) == (state, detail, settled)
    assert found.instance == (f"{2**22 + 1} since 100" if "process" in detail else "")


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (
            401,
            b"",
            "refused",
            (
                "ollama: supervisord at {} does not know the user and password in RIG_LOGIN; set auth to an "
                "environment variable that holds its 'user:password'."
            ),
        ),
        (404, b"", "refused", "ollama: supervisord at {} answers with 404 Unwell; is that supervisord?"),
        (
            200,
            xmlrpc.client.dumps(xmlrpc.client.Fault(50, "SPAWN_ERROR: x")).encode(),
            "refused",
            "ollama: supervisord at {} refuses getProcessInfo of program x: SPAWN_ERROR: x.",
        ),
    ],
)
def test_one_that_refuses(hands_with, status, body, kind, said):
    with answering(status, body) as url, pytest.raises(ControlError) as raised:
        hands_with({"RIG_LOGIN": LOGIN}, **TABLE, url=url).status()
    assert (raised.value.kind, str(raised.value)) == (kind, said.format(url))


def test_one_that_is_not_there(hands_with, tmp_path):
    with pytest.raises(ControlError) as raised:
        hands_with({"RIG_LOGIN": LOGIN}, **TABLE, url=f"unix://{tmp_path}/s").status()
    said = (
        f"ollama: no supervisord at unix://{tmp_path}/s answers (No such file or directory); "
        "start it, or set url to where it listens."
    )
    assert (raised.value.kind, str(raised.value)) == ("away", said)


@pytest.mark.parametrize("server", ["mute", "dripping"])
def test_one_that_hangs_holds_nobody_up(hands_with, request, server):
    url = f"unix://{request.getfixturevalue(server)}"
    began = time.monotonic()
    with pytest.raises(ControlError) as raised:
        hands_with({"RIG_LOGIN": LOGIN}, **TABLE, url=url, deadline=0.2).status()
    assert time.monotonic() - began < 60
    assert raised.value.kind == "timeout"
    assert str(raised.value).startswith(f"ollama: supervisord at {url} did not answer ")


def test_a_password_that_is_not_set_is_named(hands_with):
    with pytest.raises(ConfigError) as raised:
        hands_with({"RIG_LOGIN": ""}, **TABLE)
    assert str(raised.value) == (
        "llmops.toml: [targets.here], a control table with driver 'supervisor', takes its secret from the environment "
        "variable RIG_LOGIN, which is not set. Set it (export RIG_LOGIN=…) and run again."
    )


def test_a_password_is_known_to_whatever_is_shown(target_with):
    target = target_with({"RIG_LOGIN": LOGIN}, **TABLE, url="http://ops:herring-kettle@127.0.0.1:9001")
    for secret in (LOGIN, "kettle-of-fish", "herring-kettle"):
        assert target.redactor().clean(f"it is {secret}!") == f"it is {REDACTED}!"
        assert secret in target.secrets()["ollama"]
    assert target_with({"RIG_LOGIN": ""}, **TABLE).secrets() == {"ollama": []}  # only who stops a program needs it


def test_what_is_not_of_this_machine_is_not_paused(hands_with):
    everything = {"start", "stop", "restart", "kill", "pause", "resume", "logs"}
    for url, can in {
        "unix:///s": everything,
        "http://127.0.0.1:9001": everything,
        "http://model.example:9001": everything - {"pause", "resume"},
    }.items():
        assert hands_with({"RIG_LOGIN": LOGIN}, **TABLE, url=url).can == can


def test_what_is_of_a_container_of_this_machine_is_not_paused_either(hands_with):
    with answering(200, info()) as url, pytest.raises(ControlError) as raised:
        hands_with({"RIG_LOGIN": LOGIN}, **TABLE, url=url).act("pause")
    said = (
        f"ollama: program x is not paused: supervisord at {url} has it as process {2**22 + 1}, which is none of this "
        "machine, so nobody could see it paused. Is it in a container? Pause that."
    )
    assert (raised.value.kind, str(raised.value)) == ("refused", said)


def test_what_is_typed_by_hand_holds_no_password(hands_with):
    hands = hands_with({"RIG_LOGIN": LOGIN}, **TABLE, url="http://ops:herring-kettle@127.0.0.1:9001")
    typed = 'supervisorctl -s http://127.0.0.1:9001 -u "${RIG_LOGIN%%:*}" -p "${RIG_LOGIN#*:}" signal KILL x'
    assert hands.driver.by_hand("kill", {}) == typed
