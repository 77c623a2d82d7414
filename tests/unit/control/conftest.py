"""Hands on components whose driver is under test, and servers that never say all of what they are asked."""

import json
import os
import socket
import socketserver
import tempfile
import threading
import time
from contextlib import suppress

import pytest

from pytest_llmops.control.drivers import hands_on
from pytest_llmops.target.load import load

FILE = '[targets.here.components.ollama]\nurl = "http://127.0.0.1:1"\n[targets.here.components.ollama.control]\n'


@pytest.fixture
def target_with(tmp_path):
    """A target whose component ``ollama`` has this ``control`` table."""

    def target_with(environ=None, **control):
        file = tmp_path / "llmops.toml"
        file.write_text(FILE + "".join(f"{key} = {json.dumps(value)}\n" for key, value in control.items()))
        return load(file, None, tmp_path, {**os.environ, **(environ or {})})

    return target_with


@pytest.fixture
def hands_with(target_with):
    """Hands on it."""
    held = []

    def hands_with(environ=None, **control):
        held.append(hands_on(target_with(environ, **control), "ollama"))
        return held[-1]

    yield hands_with
    for hands in held:
        hands.driver.close()


@pytest.fixture
def mute():
    """The path of a Unix socket that takes connections and never answers."""
    with tempfile.TemporaryDirectory(prefix="llmops-", dir="/tmp") as folder:  # a socket's path must be short
        path = f"{folder}/sock"
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(path)
            server.listen()
            yield path


@pytest.fixture
def dripping():
    """One that answers a byte every 20 ms, which outlives every timeout of a read."""
    with tempfile.TemporaryDirectory(prefix="llmops-", dir="/tmp") as folder:
        path = f"{folder}/sock"
        server = socketserver.ThreadingUnixStreamServer(path, Drip)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield path
        server.shutdown()
        server.server_close()


class Drip(socketserver.BaseRequestHandler):
    def handle(self):
        with suppress(OSError):
            self.request.sendall(b"HTTP/1.0 200 OK\r\nX-Long: ")
            while True:
                self.request.sendall(b"x")
                time.sleep(0.02)
