"""Targets and clients of servers that answer what a test says."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import Budget, TargetTable


class Server(ThreadingHTTPServer):
    """Answers with ``answer(handler, body)``: a status, or (status, body, headers); keeps method, path and body."""

    def __init__(self, answer):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.asked = answer, []
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def end(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, body))
        found = self.server.answer(self, body)
        status, said, headers = (*(found if isinstance(found, tuple) else (found,)), {}, {})[:3]
        text = said if isinstance(said, str) else json.dumps(said)
        self.send_response_only(status)
        for name, value in {
            "Content-Type": "application/json",
            **headers,
            "Content-Length": len(text.encode()),
        }.items():
            self.send_header(name, str(value))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    def do_POST(self):
        self.do_GET()

    def do_HEAD(self):
        self.do_GET()

    def do_PUT(self):
        self.do_GET()

    def do_DELETE(self):
        self.do_GET()

    def do_OPTIONS(self):
        self.do_GET()

    def do_PROPFIND(self):
        self.do_GET()

    def log_message(self, *words):
        """Say nothing."""


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
def target(tmp_path):
    """Makes a target: ``target({"api": {…}}, lacks={…}, environ={…})``."""

    def target(components, environ=None, prompts=(), **security):
        table = {"environment": "staging", "components": components, "security": security, "prompts": list(prompts)}
        validated = TargetTable.model_validate(table)
        return Target("staging", validated, tmp_path, tmp_path / "llmops.toml", environ=environ or {})

    return target


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger", Budget())


@pytest.fixture
def client(ledger):
    """Makes the clients of a target: ``client(target)("api")``."""
    made = {}

    def client(found):
        def of(component):
            if (id(found), component) not in made:
                made[id(found), component] = connect(found, component, ledger)
            return made[id(found), component]

        return of

    yield client
    for one in made.values():
        one.close()
