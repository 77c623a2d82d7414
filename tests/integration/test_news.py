"""A real mail server, a webhook and a real Alertmanager over a series of runs: one message for each change alone."""

import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from contextlib import ExitStack, suppress
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_llmops.report.news_sending import tell
from pytest_llmops.target.load import load

from ..held import held_port

controller = pytest.importorskip("aiosmtpd.controller")

PROGRAM = "prometheus-alertmanager"
FILE = """
[targets.here.components.api]
url = "http://127.0.0.1"
[targets.here.notify]
urls_env = "MAIL"
[targets.here.notify.channels.hook]
url_env = "HOOK"
[targets.here.notify.alertmanager]
url = "http://127.0.0.1:{port}"
"""
ROUTES = """
route: {{receiver: hook, group_by: [target], group_wait: 0s, group_interval: 100ms, repeat_interval: 1h}}
receivers: [{{name: hook, webhook_configs: [{{url: "{url}"}}]}}]
"""


class Mailbox:
    """Keeps the subjects of what it is sent."""

    def __init__(self):
        self.told = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (its name is the library's)
        self.told.append(message_from_bytes(envelope.content)["Subject"])
        return "250 OK"


class Hook:
    """Keeps the bodies of what is posted to it."""

    def __init__(self, port=0):
        bodies = self.bodies = []

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *words):
                pass

            def do_POST(self):
                bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.place = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def end(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def until(holds):
    """Wait until something holds, for a minute at most."""
    for _ in range(1200):
        with suppress(OSError):
            if holds():
                return
        time.sleep(0.05)
    raise AssertionError("it did not come to that within a minute")


@pytest.fixture
def held():
    with ExitStack() as held:
        yield held


@pytest.fixture
def hook(held):
    hook = Hook()
    held.callback(hook.end)
    return hook


@pytest.fixture
def mailbox(held):
    mailbox = Mailbox()
    port = held.enter_context(held_port())
    server = controller.Controller(mailbox, hostname="127.0.0.1", port=port)
    server.start()
    held.callback(server.stop)
    mailbox.url = f"mailto://127.0.0.1:{port}?from=llmops@example.com&to=ops@example.com&mode=insecure"
    return mailbox


class Alertmanager:
    """A real one, which tells a webhook of its own."""

    def __init__(self, path, held):
        self.told = Hook()
        held.callback(self.told.end)
        self.port = held.enter_context(held_port())
        (path / "alertmanager.yml").write_text(ROUTES.format(url=f"http://{self.told.place}/"))
        words = [
            PROGRAM,
            f"--config.file={path}/alertmanager.yml",
            f"--storage.path={path}/alerts",
            "--cluster.listen-address=",
            f"--web.listen-address=127.0.0.1:{self.port}",
        ]
        with (path / "alertmanager.log").open("wb") as log:
            self._process = subprocess.Popen(words, stdout=log, stderr=log)
        held.callback(self._end)
        until(lambda: urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).status == 200)

    def _end(self):
        self._process.terminate()
        self._process.wait()

    @property
    def seen(self):
        """Of each of its messages: each alert's severity and state."""
        return [
            sorted((one["labels"]["check"], one["labels"]["severity"], one["status"]) for one in body["alerts"])
            for body in self.told.bodies
        ]


@pytest.fixture
def alertmanager(tmp_path, held):
    if shutil.which(PROGRAM) is None:
        pytest.skip(f"{PROGRAM} is not installed")
    return Alertmanager(tmp_path, held)


class Runs:
    """Runs on one target: each is what ``run.json`` says of its checks."""

    def __init__(self, path, port, **environ):
        self.file = path / "llmops.toml"
        self.file.write_text(FILE.format(port=port))
        self.environ = environ
        self.at = time.time() - 3600

    def tells(self, **severities):
        self.at += 60
        checks = [
            {
                "test": name,
                "suite": "daily",
                "outcome": "failed" if severity else "passed",
                "category": "threshold" if severity else "",
                "severity": severity,
                "reason": "too slow" if severity else "",
                "metrics": [],
                "last_passed": None,
            }
            for name, severity in severities.items()
        ]
        target = load(self.file, None, self.file.parent, self.environ)
        told = tell(target, {"id": "7f", "checks": checks}, self.at, self.file.parent / "reports")
        return {one["channel"]: one["accepted"] for one in told}


SERIES = ("", "", "normal", "normal", "critical", "", "")
TITLES = ["here: 1 newly broken (normal)", "here: 1 worse (critical)", "here: 1 recovered"]


def test_each_change_is_told_once_everywhere(tmp_path, mailbox, hook, alertmanager):
    runs = Runs(tmp_path, alertmanager.port, MAIL=mailbox.url, HOOK=f"json://{hook.place}")
    for number, severity in enumerate(SERIES):
        before = len(alertmanager.seen)
        told = runs.tells(a=severity)
        changes = number > 0 and severity != SERIES[number - 1]
        assert told == (dict.fromkeys(("default", "hook", "alertmanager"), True) if changes else {})
        if changes:
            until(lambda before=before: len(alertmanager.seen) > before)
    assert mailbox.told == [body["title"] for body in hook.bodies] == TITLES
    runs.tells(b="minor")  # the last that comes, so nothing came between
    until(lambda: alertmanager.seen[-1:] == [[("b", "minor", "firing")]])
    assert alertmanager.seen[:-1] == [
        [("a", "normal", "firing")],
        [("a", "critical", "firing"), ("a", "normal", "resolved")],
        [("a", "critical", "resolved")],
    ]


def test_sinks_that_are_dead_for_a_while_are_told_once_when_they_are_back(tmp_path, mailbox, held):
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        port = dead.getsockname()[1]
        runs = Runs(tmp_path, port, MAIL=mailbox.url, HOOK=f"json://127.0.0.1:{port}")
        assert runs.tells(a="normal") == {"default": True, "hook": False, "alertmanager": False}
        assert runs.tells(a="normal") == {"hook": False, "alertmanager": False}
    hook = Hook(port)  # which is both of them
    held.callback(hook.end)
    assert runs.tells(a="normal") == {"hook": True, "alertmanager": True}
    assert runs.tells(a="normal") == {}
    assert [body["title"] for body in hook.bodies if "title" in body] == mailbox.told == TITLES[:1]
