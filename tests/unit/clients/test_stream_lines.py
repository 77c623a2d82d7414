"""Lines of streams: where they end, and what becomes of the connection when all that was wanted has come."""

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.clients.openai import OpenAI
from pytest_llmops.clients.stream_lines import lines_of
from pytest_llmops.load.door import Door, Uncounted
from pytest_llmops.state.ledger import Ledger

WORDS = "one\u2028two\u2029three\x85four\x0bfive\x1c"


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1)), st.integers(1, 9))
def test_a_line_feed_alone_ends_a_line(lines, size):
    data = "\r\n".join([*lines, ""]).encode()
    pieces = [(float(at), data[at : at + size]) for at in range(0, len(data), size)]
    assert [line for _, line in lines_of(pieces)] == lines


def test_a_line_has_the_moment_of_its_last_byte():
    assert list(lines_of([(1.0, b"a"), (2.0, b"b\n\nc\nd"), (3.0, b"e")])) == [(2.0, "ab"), (2.0, "c"), (3.0, "de")]


class Keeping(ThreadingHTTPServer):
    """Streams an answer whose end comes ``late`` after its last event, and keeps its connections."""

    daemon_threads = True

    def __init__(self, late):
        super().__init__(("127.0.0.1", 0), Streaming)
        self.late = late
        self.connections = 0
        self.url = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()

    def process_request(self, request, client_address):
        self.connections += 1
        super().process_request(request, client_address)


class Streaming(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        choice = {"delta": {"content": WORDS}, "finish_reason": "stop"}
        for data in (json.dumps({"choices": [choice]}, ensure_ascii=False), "[DONE]"):
            self.chunk(f"data: {data}\n\n".encode())
        time.sleep(self.server.late)
        self.chunk(b"")

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def log_message(self, *words):
        """Say nothing."""


@pytest.fixture
def keeping():
    started = []

    def keeping(late):
        started.append(Keeping(late))
        return started[-1]

    yield keeping
    for server in started:
        server.shutdown()
        server.server_close()


@pytest.fixture(params=["http", "door"])
def openai(request, client, target, tmp_path):
    """A client of a server, of checks or of a load."""
    made = []

    def openai(url):
        if request.param == "http":
            return client("openai", url=url)
        made.append(Door(target(openai={"url": url}), "openai", Uncounted()))
        return OpenAI(made[-1], target(openai={"url": url}).component("openai"))

    yield openai
    for door in made:
        door.close()


@pytest.mark.parametrize("late", [0.0, 0.01, 30.0])
def test_after_a_stream_that_said_it_is_done_the_connection_is_another_one(keeping, openai, late):
    server = keeping(late)
    llm = openai(server.url)
    assert [llm.generate("x", model="m").text for _ in range(3)] == [WORDS] * 3
    assert server.connections == 3


def test_a_stream_that_said_it_is_done_was_answered(keeping, client, ledger):
    llm = client("openai", url=keeping(late=0.01).url)
    llm.generate("x", model="m")
    assert Ledger(ledger.path, ledger.budget).answered("openai") == 1
