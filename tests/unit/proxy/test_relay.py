"""A fault proxy on real sockets: what each mode does to who asks, and that a new one holds at once."""

import contextlib
import multiprocessing
import os
import signal
import socket
import struct
import threading
import time
from pathlib import Path

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.proxy.life import Place, ask, run
from pytest_llmops.proxy.mode import mode_of

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
BODY = b"data: " + b"x" * 4000
LATE_S = 0.4
KNOWN = "pass, delay N, reset N, refuse, blackhole, bandwidth N"


class Answering:
    """Answers whatever comes with a head and a body, on each of its connections."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        self.accepted = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                taken, _ = self._listener.accept()
                self.accepted += 1
                threading.Thread(target=self._answer, args=(taken,), daemon=True).start()

    def _answer(self, taken):
        with taken, contextlib.suppress(OSError):
            while taken.recv(4096):
                taken.sendall(HEAD + BODY)

    def close(self):
        with contextlib.suppress(OSError):  # it may be closed already
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _be(upstream, listener, again, path, said):
    run(upstream, listener, again, path, lambda: said.send("ready"))


class Standing:
    """A proxy in a process of its own."""

    def __init__(self, upstream, folder):
        place = Place("127.0.0.1", 0)
        self.address, self.path = (place.host, place.port), Path(folder) / "told"
        heard, said = multiprocessing.Pipe(duplex=False)
        taken = place.take()
        forked = multiprocessing.get_context("fork")
        self.process = forked.Process(target=_be, args=(upstream, taken, place.take, self.path, said))
        self.process.start()
        taken.close()
        place.close()
        assert heard.poll(30)
        heard.recv()

    def tell(self, mode=None):
        return ask(str(self.path), mode, 10)

    def connected(self, within_s=5.0):
        return socket.create_connection(self.address, within_s)


@pytest.fixture
def answering():
    answering = Answering()
    yield answering
    answering.close()


@pytest.fixture
def proxy(answering, tmp_path):
    standing = Standing(answering.address, tmp_path)
    yield standing
    standing.process.terminate()
    standing.process.join(10)
    assert standing.process.exitcode == 0
    assert not standing.path.exists()


def received(connection, count):
    found = b""
    while len(found) < count:
        chunk = connection.recv(65536)
        if not chunk:
            break
        found += chunk
    return found


def asked(connection):
    connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
    return received(connection, len(HEAD + BODY))


def test_all_passes_both_ways(proxy):
    with proxy.connected() as one:
        assert asked(one) == asked(one) == HEAD + BODY
        assert proxy.tell() == {"mode": "pass", "connections": 1}
        one.shutdown(socket.SHUT_WR)
        assert one.recv(1) == b""  # and so do ends


def test_an_answer_is_late_also_on_a_connection_that_is_open(proxy):
    with proxy.connected() as one:
        asked(one)
        proxy.tell(f"delay {LATE_S}")
        start = time.monotonic()
        assert asked(one) == HEAD + BODY
        assert time.monotonic() - start >= LATE_S


def test_what_is_under_way_need_not_wait_any_more(proxy):
    proxy.tell("delay 600")
    with proxy.connected() as one:
        one.sendall(b"GET")
        one.settimeout(0.3)
        with pytest.raises(TimeoutError):
            one.recv(1)
        proxy.tell("pass")
        one.settimeout(10)
        assert received(one, len(HEAD + BODY)) == HEAD + BODY


def test_a_stream_is_cut_after_its_head(proxy):
    with proxy.connected() as before:
        asked(before)
        proxy.tell(f"reset {len(HEAD)}")
        for one in (before, proxy.connected()):  # bytes count from then on
            with one:
                one.sendall(b"GET")
                assert received(one, len(HEAD)) == HEAD
                with pytest.raises(ConnectionResetError):
                    one.recv(1)


def test_more_bytes_than_are_answered_pass(proxy):
    whole = len(HEAD + BODY)
    proxy.tell(f"reset {whole + 10}")
    with proxy.connected() as one:
        assert asked(one) == HEAD + BODY
        one.sendall(b"GET")
        assert received(one, 10) == HEAD[:10]
        with pytest.raises(ConnectionResetError):
            one.recv(1)


def test_connections_are_refused_and_those_open_are_reset(proxy):
    with proxy.connected() as one:
        asked(one)
        proxy.tell("refuse")
        with pytest.raises(ConnectionResetError):
            one.recv(1)
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            proxy.connected()
    proxy.tell("refuse")
    proxy.tell("pass")
    with proxy.connected() as one:
        assert asked(one) == HEAD + BODY


def test_nothing_is_answered_and_nobody_asked(proxy, answering):
    proxy.tell("blackhole")
    with proxy.connected(0.3) as one:
        one.sendall(b"GET")
        with pytest.raises(TimeoutError):
            one.recv(1)
        assert answering.accepted == 0
        proxy.tell("pass")
        one.settimeout(10)
        assert received(one, len(HEAD + BODY)) == HEAD + BODY


def test_a_bandwidth_is_kept(proxy):
    proxy.tell("bandwidth 8")
    with proxy.connected() as one:
        start = time.monotonic()
        assert asked(one) == HEAD + BODY
        assert time.monotonic() - start >= 0.4  # of 4 kB at 8 kB/s, but for the last piece


def test_who_is_not_there_is_seen_as_a_reset(proxy, answering):
    answering.close()
    with pytest.raises(ConnectionResetError), proxy.connected() as one:  # which may be late to see that it connected
        asked(one)


def test_a_reset_of_who_asks_ends_the_other_half(proxy):
    one = proxy.connected()
    asked(one)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    one.close()
    ends_at = time.monotonic() + 10
    while proxy.tell()["connections"] and time.monotonic() < ends_at:
        time.sleep(0.01)
    assert proxy.tell()["connections"] == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("dealy 2", f"'dealy 2' is no mode of a proxy. Did you mean 'delay'? There are: {KNOWN}."),
        ("delay", "the mode delay takes seconds, above 0: 'delay 2'; found 'delay'."),
        ("delay nan", "the mode delay takes seconds, above 0: 'delay 2'; found 'delay nan'."),
        ("reset 1.5", "the mode reset takes bytes, a whole number: 'reset 2'; found 'reset 1.5'."),
        ("pass 3", "the mode pass takes no number, found 'pass 3'."),
    ],
)  # fmt: skip
def test_what_is_no_mode_is_refused_and_changes_nothing(text, why, proxy):
    with pytest.raises(ConfigError) as error:
        mode_of(text)
    assert str(error.value) == why
    assert proxy.tell(text) == {"error": why}
    assert proxy.tell()["mode"] == "pass"


def refused(answering, path):
    place = Place("127.0.0.1", 0)
    try:
        with place.take() as taken:
            run(answering.address, taken, place.take, path, lambda: None)
    finally:
        place.close()


def test_who_is_killed_leaves_a_socket_that_the_next_one_takes(answering, tmp_path):
    first = Standing(answering.address, tmp_path)
    first.tell("refuse")
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.join()
    assert first.path.is_socket()
    second = Standing(answering.address, tmp_path)
    assert second.tell()["mode"] == "pass"
    assert second.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ConfigError, match=r"another proxy is told its mode at .*told: end that, or name another"):
        refused(answering, second.path)
    second.process.terminate()
    second.process.join(10)


def test_an_address_that_is_taken_and_a_path_that_is_too_long(answering, tmp_path):
    with pytest.raises(ConfigError) as error:
        Place(*answering.address)
    assert str(error.value) == f"a proxy cannot listen at 127.0.0.1:{answering.address[1]}: Address already in use."
    with pytest.raises(ConfigError, match="a socket's path has at most 100 bytes"):
        refused(answering, tmp_path / ("x" * 120))
