"""Each process of a stack by itself: told to end and to start, held still, and what is lost and kept by it."""

import json
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis

from pytest_llmops.control.asking import ended
from pytest_llmops.control.hands import Hands
from pytest_llmops.control.sandbox import SandboxDriver
from pytest_llmops.errors import ControlError, Unsupported
from pytest_llmops.target.control import Sandboxed

WAIT_S = 60


def hands_on(sandbox, part, within_s=WAIT_S, *, rolls=False):
    table = Sandboxed(driver="sandbox", socket=sandbox.told["socket"], part=part, rolls=rolls)
    return Hands(part, SandboxDriver(table, sandbox.directory), within_s)


def at(url):
    address = urlsplit(url)
    return address.hostname, address.port


def key_of(sandbox):
    """The line of a request that signs what is asked of the model server."""
    return f"Authorization: {sandbox.signed['Authorization']}\r\n".encode()


def refused(url):
    with suppress(ConnectionRefusedError), socket.create_connection(at(url), WAIT_S):
        return False
    return True


@pytest.fixture(scope="module")
def acted(order, running):
    """A stack that tests leave as it was, after all that they do to it."""
    over = {"components": {"prometheus": {}, "grafana": {}}, "sandbox": {"rolls": ["api"]}}
    sandbox = running(order(over=over))
    yield sandbox
    assert sandbox.end() == "", "nobody complains of what was told to end"


@pytest.mark.parametrize("name", ["llm", "vectors", "api", "redis", "machine", "prometheus", "grafana"])
def test_a_part_is_stopped_alone_and_comes_back_where_it_was(acted, name):
    part, component = hands_on(acted, name), {"llm": "ollama", "vectors": "qdrant"}.get(name, name)
    url = getattr(acted.url, component)
    before = part.status()
    assert part.act("stop").state == "stopped"
    assert refused(url)
    others = {"llm", "vectors", "api", "redis", "machine"} - {name}
    assert {hands_on(acted, other).status().state for other in others} == {"running"}
    after = part.act("start")
    assert after.instance not in {"", before.instance}
    assert not refused(url)


def test_the_service_says_which_of_its_parts_is_stopped_until_it_is_back(acted):
    health = lambda: acted.http.get(f"{acted.url.api}/health").json()["services"]["vectors"]  # noqa: E731
    part = hands_on(acted, "vectors")
    assert health() == "connected"
    part.act("stop")
    assert health() == "disconnected"
    part.act("start")
    assert health() == "connected"
    assert acted.query("Who pays for return shipping?").json()["status"] == "answered"


def test_a_part_that_rolls_is_replaced_without_a_gap(acted):
    part, failed, over = hands_on(acted, "api", rolls=True), [], threading.Event()

    def ask():
        while not over.wait(0.01):
            failed.append(refused(acted.url.api))

    asking = threading.Thread(target=ask)
    asking.start()
    before, after = part.status(), part.act("roll")
    over.set()
    asking.join()
    assert after.instance.split()[0] != before.instance.split()[0]
    assert failed
    assert not any(failed)
    assert part.act("stop").state == "stopped"
    assert refused(acted.url.api)
    part.act("start")
    with pytest.raises(Unsupported, match=r"cannot be asked for 'roll'"):
        hands_on(acted, "llm").act("roll")


def test_a_successor_that_does_not_come_up_is_forgotten(start):
    sandbox = start(faults=["api:wont-start"], only=["api"], over={"sandbox": {"rolls": ["api"]}})
    part = hands_on(sandbox, "api", rolls=True)
    before = part.status()
    part.deadline_s = 1.0
    with pytest.raises(ControlError, match=r"roll of part api of the sandbox was not seen within 1 s; it is not yet"):
        part.act("roll")
    assert not refused(sandbox.url.api)
    part.deadline_s = WAIT_S
    assert part.bring_back("running", {}) == before


def test_a_paused_part_takes_connections_and_does_not_answer(acted):
    part = hands_on(acted, "llm")
    paused = part.act("pause")
    with socket.create_connection(at(acted.url.ollama), WAIT_S) as connection:
        connection.settimeout(0.2)
        connection.sendall(b"GET /api/version HTTP/1.0\r\n" + key_of(acted) + b"\r\n")
        with pytest.raises(TimeoutError):
            connection.recv(1)
        resumed = part.act("resume")
        connection.settimeout(WAIT_S)
        assert connection.recv(12) == b"HTTP/1.1 200"
    assert (paused.state, resumed.state, resumed.instance) == ("paused", "running", paused.instance)


@pytest.mark.parametrize(("act", "answered"), [("stop", True), ("kill", False)])
def test_what_is_under_way_is_answered_before_a_part_ends_in_order(acted, act, answered):
    part = hands_on(acted, "llm")
    body = {"model": "harbour-small", "prompt": "How long?", "stream": False, "options": {"num_predict": 300}}
    with socket.create_connection(at(acted.url.ollama), WAIT_S) as connection:
        connection.settimeout(WAIT_S)
        said = json.dumps({**body, "prompt": "Tell me all of it. " * 20}).encode()
        head = f"POST /api/generate HTTP/1.1\r\nHost: x\r\nContent-Length: {len(said)}\r\n"
        connection.sendall(head.encode() + key_of(acted) + b"\r\n" + said)
        time.sleep(0.01)
        part.act(act)
        with suppress(ConnectionResetError):
            answer = connection.recv(15)
            assert (answer == b"HTTP/1.1 200 OK") is answered
    assert refused(acted.url.ollama)
    part.act("start")


def test_redis_keeps_what_it_had_when_it_ends_in_order_and_loses_it_when_it_is_killed(acted):
    part = hands_on(acted, "redis")
    with redis.Redis.from_url(acted.url.redis) as client:
        if "rdb_bgsave_in_progress" not in client.info("persistence"):
            pytest.skip("redis-server is not installed")
        client.set("answer", "kept")
        part.act("restart")
        assert client.get("answer") == b"kept"
        client.set("answer", "lost")
        part.act("kill")
        part.act("start")
        assert client.get("answer") == b"kept"


def test_the_vectors_keep_what_they_were_told_whatever_ends_them(acted):
    part, points = hands_on(acted, "vectors"), f"{acted.url.qdrant}/collections/documents/points"
    count = lambda: acted.http.post(f"{points}/count", json={}).json()["result"]["count"]  # noqa: E731
    before = count()
    size = len(acted.http.post(points, json={"ids": [1], "with_vector": True}).json()["result"][0]["vector"])
    more = [{"id": number, "vector": [0.1] * size, "payload": {"doc_id": "new"}} for number in (9001, 9002)]
    assert acted.http.put(points, json={"points": more}).json()["status"] == "ok"
    part.act("restart")
    assert count() == before + 2
    assert acted.http.post(f"{points}/delete", json={"points": [9001, 9002]}).json()["status"] == "ok"
    part.act("kill")
    part.act("start")
    assert count() == before


def test_a_pid_file_is_there_while_its_process_is_and_after_it_was_killed(acted):
    part, file = hands_on(acted, "machine"), acted.directory / "root" / "run" / "machine.pid"
    assert file.read_text().strip() == part.status().instance.split()[0]
    part.act("stop")
    assert not file.exists()
    part.act("start")
    part.act("kill")
    assert file.exists()
    part.act("start")
    assert file.read_text().strip() == part.status().instance.split()[0]


def test_a_log_has_each_start_and_each_request(acted):
    part = hands_on(acted, "machine")
    part.act("restart")
    acted.http.get(f"{acted.url.machine}/metrics")
    started, asked = part.logs(2)
    assert started.endswith("Z machine starts")
    assert asked.endswith("Z GET /metrics 200")


def test_what_is_not_there_is_met_with_what_is_near(acted):
    with pytest.raises(ControlError) as raised:
        hands_on(acted, "vector").status()
    assert (raised.value.kind, str(raised.value)) == (
        "absent",
        "vector: the sandbox has no part 'vector'. Did you mean 'vectors'?",
    )


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"hello\n", 'the sandbox was asked nothing like {"part": "llm", "do": "stop"}'),
        (b'{"part": "llm"}\n', 'the sandbox was asked nothing like {"part": "llm", "do": "stop"}'),
        (b'{"part": "llm", "do": "restrat"}\n', "the sandbox cannot 'restrat'. Did you mean 'restart' or 'start'?"),
    ],
)
def test_what_it_does_not_understand_it_says(acted, said, error):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(acted.told["socket"])
        connection.sendall(said)
        assert json.loads(connection.recv(4096)) == {"kind": "refused", "error": error}


def test_its_socket_is_for_its_owner_alone_and_nobody_who_says_nothing_holds_it_up(acted):
    place = Path(acted.told["socket"])
    assert place.parent.stat().st_mode & 0o777 == 0o700
    with socket.socket(socket.AF_UNIX) as silent:
        silent.connect(str(place))
        assert hands_on(acted, "llm").status().state == "running"


def test_a_part_that_is_down_from_the_start_can_be_started(start):
    sandbox = start(only=["ollama", "machine"], faults=["machine:down"])
    part = hands_on(sandbox, "machine")
    assert (part.status().state, part.status().detail) == ("stopped", "never started")
    part.act("start")
    assert sandbox.http.get(f"{sandbox.url.machine}/metrics").status_code == 200


def test_faults_of_acts(start):
    faults = ["llm:wont-stop", "machine:wont-start", "redis:slow-start=1"]
    sandbox = start(only=["ollama", "machine", "redis"], faults=faults)
    deaf, dead, slow = (
        hands_on(sandbox, name, within_s) for name, within_s in (("llm", 1.0), ("machine", 1.0), ("redis", WAIT_S))
    )
    with pytest.raises(ControlError) as raised:
        deaf.act("stop")
    assert str(raised.value).startswith("llm: stop of part llm of the sandbox was not seen within 1 s; it is running")
    assert sandbox.http.get(f"{sandbox.url.ollama}/api/version").status_code == 200
    deaf.deadline_s = WAIT_S
    assert deaf.act("kill").detail == "ended by SIGKILL"

    assert sandbox.http.get(f"{sandbox.url.machine}/metrics").status_code == 200
    with pytest.raises(ControlError) as raised:
        dead.act("restart")
    assert "restart of part machine of the sandbox was not seen within 1 s; it is not yet running" in str(raised.value)
    assert refused(sandbox.url.machine)

    began = time.monotonic()
    slow.act("restart")
    assert time.monotonic() - began >= 1


def test_a_part_that_wont_pause_is_said_to_be_and_goes_on(start):
    sandbox = start(only=["ollama"], faults=["llm:wont-pause"])
    part = hands_on(sandbox, "llm")
    assert part.act("pause").state == "paused"
    assert sandbox.http.get(f"{sandbox.url.ollama}/api/version").status_code == 200
    assert part.act("resume").state == "running"


def test_what_never_answers_holds_no_stop_up_for_long(start):
    sandbox = start("ollama", ["llm:hang"])
    with socket.create_connection(at(sandbox.url.ollama), WAIT_S) as connection:
        body = b'{"model": "llama3.2:3b", "prompt": "x"}'
        connection.sendall(
            b"POST /api/generate HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        time.sleep(0.3)
        assert hands_on(sandbox, "llm").act("stop").detail == "exit status 0"


def test_nothing_survives_that_stood_still_or_was_stopped(start):
    sandbox = start(only=["ollama", "redis", "machine"])
    processes = sandbox.processes()
    for name, act in (("llm", "pause"), ("redis", "pause"), ("machine", "stop")):
        hands_on(sandbox, name).act(act)
    sandbox.process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + WAIT_S
    while any(process.is_running() and process.status() != "zombie" for process in processes):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not sandbox.directory.exists()
    with pytest.raises(ControlError) as raised:
        hands_on(sandbox, "llm").status()
    assert raised.value.kind == "away"
    assert ended(sandbox.told["socket"])


def test_one_that_is_killed_by_somebody_else_is_told_of(running, order):
    sandbox = running(order(only=["ollama"]))
    part = hands_on(sandbox, "llm")
    process = int(part.status().instance.split()[0])
    next(each for each in sandbox.processes() if each.pid == process).kill()
    deadline = time.monotonic() + WAIT_S
    while part.status().state != "stopped":
        assert time.monotonic() < deadline
    assert part.status().detail == "ended by SIGKILL"
    assert sandbox.end() == f"sandbox: the part llm (process {process}) has ended.\n"
