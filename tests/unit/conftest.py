"""Servers that answer from a table, and programs that end with the test."""

import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from shutil import which
from urllib.parse import urlsplit

import pytest

from ..held import held_port

NOT_FOUND = (404, {"detail": "Not Found"})


class Server(ThreadingHTTPServer):
    """Answers paths from a table: an object or a list as JSON, a text as it is, a number as a status, or
    (status, either, headers).

    What a table lacks is a 404, or what stands under "*". ``key`` is (header, value, open paths): a 401 without it.
    """

    request_queue_size = 50

    def __init__(self, table, key=None, challenge="", tls=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.table, self.key, self.challenge = table, key, challenge
        self.asked, self.bodies = [], []
        scheme = "http"
        if tls:
            self.socket, scheme = tls.wrap_socket(self.socket, server_side=True), "https"
        self.url = f"{scheme}://127.0.0.1:{self.server_port}"
        self.place = f"127.0.0.1:{self.server_port}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def answer(self, path, headers):
        if self.key and path not in self.key[2] and headers.get(self.key[0]) != self.key[1]:
            return 401, {"detail": "Not authenticated"}, {"WWW-Authenticate": self.challenge} if self.challenge else {}
        found = self.table.get(path, self.table.get("*", NOT_FOUND))
        found = found() if callable(found) else found
        found = (found, "") if isinstance(found, int) else found
        return (*(found if isinstance(found, tuple) else (200, found)), {})[:3]

    def handle_error(self, request, client_address):
        """Say nothing of a handshake that failed."""

    def end(self):
        self.shutdown()
        self.thread.join()
        self.server_close()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.command)
        status, body, headers = self.server.answer(urlsplit(self.path).path, self.headers)
        kind = "text/plain" if isinstance(body, str) else "application/json"
        text = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, **headers, "Content-Length": len(text)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        with suppress(BrokenPipeError, ConnectionResetError):
            self.wfile.write(text)

    def do_POST(self):
        self.server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode())
        self.do_GET()

    def do_PATCH(self):
        self.do_POST()

    def do_PUT(self):
        self.do_POST()

    def do_DELETE(self):
        self.do_POST()

    def do_OPTIONS(self):
        self.do_GET()

    def log_message(self, *words):
        """Say nothing."""


@pytest.fixture
def serve():
    """Starts a server; it ends with the test."""
    started = []

    def serve(table, **settings):
        started.append(Server(table, **settings))
        return started[-1]

    yield serve
    for server in started:
        server.end()


@pytest.fixture
def closed_port():
    """A port of this machine on which nothing listens."""
    with held_port() as port:
        yield port


class Clock:
    """A clock that sleep moves, and work hardly does: what is timed by it is the same on a busy machine."""

    TICK_S = 1e-6

    def __init__(self):
        self._now = time.time()

    def time(self):
        self._now += self.TICK_S
        return self._now

    monotonic = perf_counter = time

    def sleep(self, seconds):
        self._now += seconds

    def __getattr__(self, name):
        return getattr(time, name)


@pytest.fixture
def clock(monkeypatch):
    """Gives modules a clock of their own in place of ``time``: ``clock(hands, recovery)``."""
    made = Clock()

    def clock(*modules):
        for module in modules:
            monkeypatch.setattr(module, "time", made)
        return made

    return clock


@pytest.fixture
def start(tmp_path):
    """Starts a program that is installed, or skips; it ends with the test."""
    started = []

    def start(*command, until=None):
        if which(command[0]) is None:
            pytest.skip(f"{command[0]} is not installed")
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=tmp_path,
        )  # fmt: skip
        started.append(process)
        while until is not None and until not in process.stdout.readline():
            assert process.poll() is None
            time.sleep(0.001)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def redis_server(start, closed_port):
    """Starts a Redis server with the given options, and gives its port."""

    def redis_server(*options):
        words = ["redis-server", "--port", closed_port, "--bind", "127.0.0.1", "--save", ""]
        start(*words, *options, until="Ready to accept connections")
        return closed_port

    return redis_server


@pytest.fixture(scope="session")
def stock_files(tmp_path_factory):
    """What the real pytest-benchmark writes of some tests: all values by --benchmark-json, a summary by autosave."""

    def stock_files(tests):
        folder = tmp_path_factory.mktemp("stock")
        (folder / "test_it.py").write_text(tests)
        unloaded = ("llmops", "cacheprovider", "hypothesispytest", "anyio", "locust", "allure_pytest")
        plain = [f"-pno:{name}" for name in unloaded]
        alone = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}  # no worker of ours
        asked = ["--benchmark-json=all.json", "--benchmark-autosave", "--benchmark-storage=file://saved"]
        command = [sys.executable, "-m", "pytest", *plain, *asked, "test_it.py"]
        subprocess.run(command, cwd=folder, env=alone, check=True)
        (summary,) = (folder / "saved").rglob("*.json")
        return {"all": folder / "all.json", "summary": summary}

    return stock_files
