"""Processes of a system that no part stands for: what they write, and how they are sick."""

import json
import time

import psutil
import pytest

from pytest_llmops.control.hands import Hands
from pytest_llmops.control.sandbox import SandboxDriver
from pytest_llmops.errors import ConfigError, ControlError
from pytest_llmops.sandbox.order import read
from pytest_llmops.target.control import Sandboxed

WAIT_S = 60
WORKER = {
    "log": "logs/worker.log",
    "pid_file": "worker.pid",
    "start_up": "300 ms",
    "started": "worker {process} starts",
    "ready": "Pipeline initialized",
    "stopped": "shut down cleanly",
    "died": "out of memory",
    "works": "document {count} done",
    "every": "50 ms",
    "outputs": {"out/book.json": '{"pages": [1, 2]}'},
}
PAGE = {
    "log": "logs/page.log",
    "ready": "listening",
    "stopped": "bye",
    "routes": {"GET /_stcore/health": {"ok": {"body": "ok"}, "failing": {"status": 503, "body": "no"}}},
}
OWN = {"log": "logs/api.log", "started": "api {process} starts", "ready": "api listens", "stopped": "api is done"}
TABLES = {
    "components": {"workers": {"worker": {}}, "ui": {}},
    "sandbox": {"processes": {"worker": WORKER, "ui": PAGE}},
}


@pytest.fixture
def processes(start):
    """A function that starts a sandbox of the two: it, and hands on each."""

    def begin(*faults):
        sandbox = start("none", faults, over=TABLES)
        tables = (Sandboxed(driver="sandbox", socket=sandbox.told["socket"], part=name) for name in ("worker", "ui"))
        hands = (Hands(table.part, SandboxDriver(table, sandbox.directory), WAIT_S) for table in tables)
        return sandbox, *hands

    return begin


def read_of(sandbox, name):
    return (sandbox.directory / "root" / name).read_text().splitlines()


def until(holds):
    deadline = time.monotonic() + WAIT_S
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_a_process_writes_its_log_from_its_start_to_its_end(processes):
    sandbox, worker, page = processes()
    pid = worker.status().instance.split()[0]
    assert read_of(sandbox, "worker.pid") == [pid]
    until(lambda: "document 1 done" in read_of(sandbox, "logs/worker.log"))
    worker.act("stop")
    lines = read_of(sandbox, "logs/worker.log")
    assert lines[:4] == [f"worker {pid} starts", "Pipeline initialized", "document 0 done", "document 1 done"]
    assert lines[-1] == "shut down cleanly"
    assert worker.logs(1) == ["shut down cleanly"]
    assert worker.status().detail == "exit status 0"
    assert not (sandbox.directory / "root" / "worker.pid").exists()
    assert sandbox.told["components"].keys() == {"ui"}
    assert sandbox.http.get(f"{sandbox.url.ui}/_stcore/health").text == "ok"
    page.act("restart")
    assert sandbox.http.get(f"{sandbox.url.ui}/_stcore/health").text == "ok"
    assert [line for line in read_of(sandbox, "logs/page.log") if "started" not in line] == [
        "listening",
        "bye",
        "listening",
    ]


def test_what_it_puts_out_is_whole_unless_it_tears_it(processes):
    sandbox, _, _ = processes()
    out = sandbox.directory / "root/out"
    assert {file.name: file.read_text() for file in out.iterdir()} == {"book.json": '{"pages": [1, 2]}'}
    sandbox, worker, _ = processes("worker:tears", "worker:abrupt")
    worker.act("kill")
    worker.act("start")
    worker.act("stop")
    assert (sandbox.directory / "root/out/book.json").read_text() == '{"pages"'
    assert "shut down cleanly" not in read_of(sandbox, "logs/worker.log")


def test_the_apis_own_process_writes_beside_what_it_answers(start):
    over = {"components": {"api": {}}, "sandbox": {"processes": {"api": OWN}}}
    sandbox = start("none", (), over=over)
    table = Sandboxed(driver="sandbox", socket=sandbox.told["socket"], part="api")
    api = Hands("api", SandboxDriver(table, sandbox.directory), WAIT_S)
    assert sandbox.http.get(f"{sandbox.url.api}/nowhere").status_code == 404
    api.act("stop")
    assert read_of(sandbox, "logs/api.log")[1:] == ["api listens", "api is done"]
    assert api.logs(1) == ["api is done"]


def test_it_takes_its_time_to_start_up_except_with_the_stack(processes):
    _, worker, _ = processes()
    assert worker.status().settled
    worker.act("stop")
    began = time.monotonic()
    assert worker.act("start").settled
    assert time.monotonic() - began >= 0.3


def test_faults_of_processes(processes):
    sandbox, worker, page = processes("worker:dies", "ui:failing", "ui:wont-stop")
    assert until(lambda: worker.status().state == "stopped")
    assert worker.status().detail == "exit status 1"
    assert read_of(sandbox, "logs/worker.log")[-1] == "out of memory"
    assert (sandbox.directory / "root" / "worker.pid").exists()
    assert sandbox.http.get(f"{sandbox.url.ui}/_stcore/health").status_code == 503
    page.deadline_s = 0.3
    with pytest.raises(ControlError):
        page.act("stop")
    page.deadline_s = WAIT_S
    assert page.status().state == "running"


def test_one_that_is_never_ready_and_one_that_leaks(processes):
    sandbox, worker, page = processes("worker:leaks", "ui:unready")
    status = page.status()
    assert (status.state, status.settled) == ("running", False)
    assert status.detail.endswith(", not ready yet")
    assert "listening" not in read_of(sandbox, "logs/page.log")
    process = psutil.Process(int(worker.status().instance.split()[0]))
    before = process.memory_info().rss
    until(lambda: process.memory_info().rss > before + 4 * 2**20)


@pytest.mark.parametrize(
    ("components", "sandbox", "message"),
    [
        ({}, {"processes": {"worker": {}}}, "sandbox.processes.worker has no component worker beside it."),
        (
            {"services": {"outside": {}}},
            {"processes": {"outside": {}}},
            "sandbox.processes.outside: the name of a part of the sandbox; call it otherwise.",
        ),
        (
            {"api": {}},
            {"processes": {"api": {"routes": {}}, "llm": {}}},
            "sandbox.processes.llm: the name of a part of the sandbox; call it otherwise.",
        ),
        (
            {"api": {}},
            {"processes": {"api": PAGE}},
            "sandbox.processes.api: the name of a part of the sandbox; call it otherwise.",
        ),
        (
            {"services": {"worker": {}}},
            {"processes": {"worker": {}}, "services": {"worker": {}}},
            "sandbox.processes.worker: a service of that name is described already; leave out one.",
        ),
    ],
)
def test_a_process_has_one_name_that_is_a_component(components, sandbox, message):
    with pytest.raises(ConfigError) as caught:
        read(json.dumps({"components": {"ollama": {}, **components}, "sandbox": sandbox}))
    assert str(caught.value) == message
