"""A project of somebody else's, a pytest that runs in it, and a small model server that it can speak to."""

import json
import os
import socket
import subprocess
import sys
import textwrap
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from .forks import Forks

ROOT = Path(__file__).parents[2]
UNUSED = ("hypothesispytest", "anyio", "locust", "benchmark", "faker")
"""Installed plugins that would only cost time here."""


class Model:
    """A server that speaks OpenAI's chat API, as slow, broken or talkative as a test wants it."""

    def __init__(self):
        self.delay_s = 0.0
        self.status = 200
        self.text = "Paris"
        self.echoes = ()
        self.asked = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def end(self):
        self._server.shutdown()
        self._server.server_close()

    def _handler(model):  # noqa: N805 (the handler has a self of its own)
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def log_message(self, *_words):
                pass

            def do_GET(self):
                model.asked.append((self.path, self.headers.get("User-Agent", "")))
                self._send({"object": "list", "data": [{"id": "tiny"}]})

            def do_POST(self):
                model.asked.append((self.path, self.headers.get("User-Agent", "")))
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                time.sleep(model.delay_s)
                echoed = " ".join(self.headers.get(name, "") for name in model.echoes)
                if model.status != 200:
                    self._send({"error": f"no luck {echoed}"}, model.status)
                elif self.path == "/v1/embeddings":
                    self._send({"data": [{"embedding": [0.1, 0.2]}]})
                elif body.get("stream"):
                    self._stream(f"{model.text} {echoed}")
                else:
                    message = {"content": f"{model.text} {echoed}"}
                    self._send({"choices": [{"message": message}], "usage": {"completion_tokens": 1}})

            def _stream(self, text):
                events = [
                    {"choices": [{"delta": {"content": text}}]},
                    {"choices": [], "usage": {"completion_tokens": 1}},
                ]
                lines = [f"data: {json.dumps(event)}\n\n" for event in events]
                self._bytes("".join([*lines, "data: [DONE]\n\n"]).encode(), 200)

            def _send(self, content, status=200):
                self._bytes(json.dumps(content).encode(), status)

            def _bytes(self, content, status):
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        return Handler


class Project:
    """A folder with tests, and the runs of pytest in it."""

    forks: Forks

    def __init__(self, path):
        self.path = path
        self.reports = path / "reports"
        (path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")

    def write(self, name, text):
        """Write a file; returns its path."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(text).lstrip("\n"))
        return file

    def target(self, url, more="", *, profile="openai-compatible", component="openai"):
        """Write the llmops.toml of one target, ``here``, whose tables may be added to."""
        head = f'[targets.here]\nprofile = "{profile}"\n'
        return self.write("llmops.toml", f'{head}\n[targets.here.components.{component}]\nurl = "{url}"\n{more}')

    def pace(self, **paces):
        """Let each call of the runs to come take so many seconds, by the url; of none of them, what it takes."""
        self.write("paces.json", json.dumps(paces))
        self.write("conftest.py", Path(__file__).with_name("paced.py").read_text())

    def command(self, *words, **plugins):
        """The words that start pytest."""
        return [sys.executable, "-m", "pytest", *self.words(*words, **plugins)]

    def words(self, *words, without=(), allure=False):
        """What pytest is told."""
        unused = [*UNUSED, *without, *(() if allure else ("allure_pytest",))]
        return [*(f"-pno:{name}" for name in unused), *map(str, words)]

    def environ(self, **more):
        """This process's environment without what would steer the inner run."""
        prefixes = ("PYTEST_", "LLMOPS_", "COV_", "GITHUB_")
        ours = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
        return {**ours, "COLUMNS": "120", **more}

    def run(self, *words, cwd=None, environ=None, afresh=False, **plugins):
        """Run pytest: its status, all that it printed, and what ``run.json`` says.

        ``afresh`` in a process that has imported nothing before; else in a fork of one that has.
        """
        report = self.reports / "run.json"
        report.unlink(missing_ok=True)
        run = self._afresh if afresh else self.forks.run
        status, out = run(self.words(*words, **plugins), cwd or self.path, self.environ(**(environ or {})), 240)
        whole = json.loads(report.read_text()) if report.exists() else None
        checks = {check["test"].rpartition("::")[2]: check for check in whole["checks"]} if whole else {}
        lines = [line.rstrip() for line in out.splitlines()]
        return SimpleNamespace(status=status, out=out, lines=lines, whole=whole, checks=checks)

    def _afresh(self, words, cwd, environ, within_s):
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *words],
            cwd=cwd,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=within_s,
            check=False,
        )
        return done.returncode, done.stdout


@pytest.fixture(scope="session", autouse=True)
def forks():
    Project.forks = Forks()
    yield Project.forks
    Project.forks.end()


@pytest.fixture(scope="session")
def projects():
    """The class, for tests that share one project."""
    return Project


@pytest.fixture(scope="session")
def models():
    """The class, for tests that share one server."""
    return Model


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


@pytest.fixture
def model():
    server = Model()
    yield server
    server.end()


@pytest.fixture
def nobody():
    """The address of a port where nothing listens, and nothing will while the test runs."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


@pytest.fixture
def clone():
    """The root of this repository."""
    return ROOT
