import json
import threading
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import settings

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.http import Http
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import Budget, TargetTable

settings.register_profile("seeded", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("seeded")


@dataclass
class Request:
    """What a server was asked."""

    method: str
    path: str
    headers: dict[str, str]
    text: str

    @property
    def json(self):
        return json.loads(self.text)


class Server(ThreadingHTTPServer):
    """Answers each request with what ``answer(request)`` gives.

    That is: an object, sent as JSON; (status, text) or (status, text, headers); or an iterator of bytes, sent as they
    come, status line and headers included. The connection is closed after each answer.
    """

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.requests = []
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def end(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def handle_one_request(self):
        self.raw_requestline = self.rfile.readline()
        if not self.raw_requestline or not self.parse_request():
            return
        self.close_connection = True
        text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        request = Request(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, text)
        self.server.requests.append(request)
        with suppress(BrokenPipeError, ConnectionResetError):
            for part in whole(self.server.answer(request)):
                self.wfile.write(part)
                self.wfile.flush()

    def log_message(self, *words):
        """Say nothing."""


def whole(answer):
    if isinstance(answer, dict | list):
        answer = (200, json.dumps(answer), {"Content-Type": "application/json"})
    if not isinstance(answer, tuple):
        return answer
    status, text, headers = (*answer, {})[:3]
    headers = {"Content-Length": len(text.encode()), "Connection": "close", **headers}
    lines = [f"HTTP/1.1 {status} -", *(f"{name}: {value}" for name, value in headers.items())]
    return ["\r\n".join([*lines, "", text]).encode()]


@pytest.fixture
def serve():
    """Starts a server; it ends with the test."""
    started = []

    def serve(answer):
        started.append(Server(answer))
        return started[-1]

    yield serve
    for server in started:
        server.end()


@pytest.fixture
def hangs():
    """An answer for which nobody waits: it comes when the test is over."""
    over = threading.Event()
    yield lambda _request: over.wait(60) and {}
    over.set()


@pytest.fixture
def target(tmp_path):
    """Makes a target of the given components."""

    def target(environ=None, **components):
        table = TargetTable.model_validate({"environment": "staging", "components": components})
        return Target("staging", table, tmp_path, tmp_path / "llmops.toml", environ=environ or {})

    return target


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger", Budget())


@pytest.fixture
def http(target, ledger):
    """Makes the calls to one component: ``http("api", url=…, auth=…)``."""
    made = []

    def http(component="api", environ=None, **settings):
        made.append(Http(target(environ, **{component: settings}), component, ledger))
        return made[-1]

    yield http
    for one in made:
        one.close()


@pytest.fixture
def client(target, ledger):
    """Makes the client of one component, as the plugin does."""
    made = []

    def client(component, environ=None, beside=None, **settings):
        made.append(connect(target(environ, **(beside or {}), **{component: settings}), component, ledger))
        return made[-1]

    yield client
    for one in made:
        one.close()


@pytest.fixture
def app(client):
    """The application's commands, each of which prints a text: ``app(crontab="…")``.

    They end with 0, and say no error, or as said: ``app(crontab=("…", 1, "no crontab"))``.
    """

    def app(good=(0, 1), **prints):
        said = {name: text if isinstance(text, tuple) else (text, 0) for name, text in prints.items()}
        script = 'printf %s "$0"; printf %s "$2" >&2; exit "$1"'
        commands = {
            name: {"argv": ["sh", "-c", script, text, str(status), *errors], "exit": list(good)}
            for name, (text, status, *errors) in said.items()
        }
        return client("app_command", commands=commands)

    return app
