"""Load, by locust in a process of its own, against a server with a log of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import numpy as np
import psutil
import pytest
import trustme

from pytest_llmops.load.capacity import holds, search
from pytest_llmops.load.handing import handed
from pytest_llmops.load.plan import LoadPlan, Request, Stage, Stops
from pytest_llmops.load.result import DONE, read_result
from pytest_llmops.load.run import Watch, run
from pytest_llmops.load.stopping import breaking_point
from pytest_llmops.target.components import Components
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable
from pytest_llmops.target.prompts import PromptText

from ..conftest import in_turn

SERVER = Path(__file__).parents[2] / "benchmarks" / "plain_server.py"
ROUTES = {
    "query": "/answer/5",
    "slow": "/answer/60000",
    "broken": "/status/500",
    "throttled": "/status/429",
    "cut": "/cut",
    "hangup": "/hangup",
    "garbage": "/garbage",
}


class Plain:
    """The server."""

    def __init__(self, port):
        self.url = f"http://127.0.0.1:{port}"

    def log(self):
        with urllib.request.urlopen(f"{self.url}/log") as answer:
            return json.load(answer)


@pytest.fixture(scope="module")
def server():
    command = [sys.executable, SERVER, "--stream", "20/5/10"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        yield Plain(int(process.stdout.readline()))
        process.kill()


@pytest.fixture
def target(server, tmp_path):
    server.log()
    routes = {
        name: {"method": "POST", "path": path, "body": {"q": "{prompt}"}, "answer": "answer"}
        for name, path in ROUTES.items()
    }
    absent = {"url": "http://127.0.0.1:9", "routes": {"query": routes["query"]}}
    model = {"url": server.url, "model": "m", "max_tokens": 5}
    components = {"api": {"url": server.url, "routes": routes}, "openai": model, "services": {"absent": absent}}
    table = TargetTable.model_validate({"environment": "development", "components": components})
    return Target("plain", table, tmp_path, environ=dict(os.environ))


def asked(route="query", component="api", **more):
    prompts = (PromptText(id="a", text="one"), PromptText(id="b", text="two"))
    given = {"name": route, "component": component, "operation": "route", "route": route, "prompts": prompts}
    return Request(**(given | more))


def carried_out(target, *requests, watch=None, file=None, **more):
    requests = requests or (asked(),)
    table, environ = handed(target, {request.component for request in requests})
    root = str(target.root)
    plan = LoadPlan(name="load", target=target.name, root=root, table=table, requests=requests, **more)
    return run(plan, environ, watch, file)


def test_every_call_is_sent_once_when_it_is_due_and_kept(target, server, tmp_path):
    stages = (Stage(seconds=1, rate=20, to=60), Stage(seconds=1, rate=60))
    result = carried_out(target, stages=stages, arrivals="constant", file=tmp_path / "kept" / "load.jsonl")
    noted = server.log()
    assert result.ended == DONE
    assert result.calls == len(noted) == 100
    assert result.error_rate == 0
    assert sorted(result.recording.calls["number"]) == list(range(100))
    server_s = np.median([answered - came for _, came, answered, _ in noted])
    assert result.value("p50", "service") == pytest.approx(server_s, abs=0.1)
    assert result.value("p50") >= result.value("p50", "service")
    again = read_result(result.file)
    assert (again.calls, again.ended, again.plan) == (100, DONE, result.plan)


@pytest.fixture
def slots(target):
    """A target that answers four calls at a time, each in a quarter of a second: sixteen a second, and no more."""
    command = [sys.executable, SERVER, "--slots", "4"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url = f"http://127.0.0.1:{int(process.stdout.readline())}"
        route = {"method": "POST", "path": "/slots/250", "body": {"q": "{prompt}"}, "answer": "answer"}
        components = {"api": {"url": url, "routes": {"query": route}}}
        table = TargetTable.model_validate({"environment": "development", "components": components})
        yield replace(target, table=table)
        process.kill()


@pytest.mark.acceptance
@in_turn(1, of=3)
def test_the_search_finds_a_known_capacity(slots):
    """Within 10 %: a call may take ten times its service time, so that only a queue that grows is too slow."""

    def probe(rate):
        result = carried_out(slots, stages=[Stage(seconds=12, rate=rate)], arrivals="constant")
        return holds(result, {"response": 2.5})

    found = search(probe, 14, cap=20, precision=1.08, most=10)
    assert found.rate == pytest.approx(16, rel=0.1), found


def test_an_overloaded_server_has_its_breaking_point(slots):
    steps = [Stage(seconds=6, rate=rate) for rate in (4, 12, 32, 48)]
    stops = Stops(error_rate=0.1, p95=1.5, window=3.0)
    result = carried_out(slots, stages=steps, arrivals="constant", stops=stops)
    broke = breaking_point(result)
    assert result.ended == f"stopped: {broke.why}"
    assert broke.rate == 32


def test_failures_have_the_kinds_that_all_our_calls_have(target):
    kinds = {"broken": "http-500", "throttled": "throttled", "cut": "connection", "slow": "timeout"}
    kinds |= {"hangup": "connection", "garbage": "connection"}
    requests = [asked(name) for name in kinds] + [asked("query", component="absent", name="absent")]
    plain = {"arrivals": "closed", "concurrency": 7, "calls": 35, "deadline": 1.0, "stops": {"error_rate": None}}
    result = carried_out(target, *requests, **plain)
    assert result.calls == 35
    assert result.error_rate == 1
    found = {
        name: {result.recording.kinds[kind - 1] for kind in result.of(name)["kind"]} for name in [*kinds, "absent"]
    }
    assert found == {name: {kind} for name, kind in kinds.items()} | {"absent": {"refused"}}
    assert result.recording.said["timeout"] == "api: POST /answer/60000 gave no whole answer within 1 s."
    assert result.recording.said["refused"] == "absent: POST /answer/5 was refused: nothing listens there."


def test_streams_are_timed_token_by_token(target, server):
    one = asked(component="openai", operation="generate", name="answer")
    result = carried_out(target, one, arrivals="closed", concurrency=2, calls=10)
    truth = [written[0] - came for _, came, _, written in server.log()]
    assert result.recording.said == {}
    assert result.recording.tokens == 50
    assert result.value("p50", "ttft") == pytest.approx(np.median(truth), abs=0.1)
    assert 0.005 < result.value("p50", "tpot") < 0.2


def test_a_run_that_is_told_to_stop_waits_for_its_answers_alone(target):
    result = carried_out(target, stages=[Stage(seconds=600, rate=20)], watch=Watch(why_stop=lambda: "the guard failed"))
    assert result.ended == "stopped: the guard failed"
    assert result.calls < 10  # it was told so before it began


def left_over(result):
    """Generating processes that are still there."""
    pids = {worker.pid for worker in result.workers if worker.pid}
    return [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE]


class Once:
    """Does something once, when so many reports are there."""

    def __init__(self, file, act, reports=6):
        self.file, self.act, self.reports = file, act, reports
        self.done = False

    def __call__(self):
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        if len(lines) > self.reports and not self.done:
            self.done = True
            self.act([json.loads(line) for line in lines[1 : self.reports]])
        return ""


def test_several_processes_make_together_the_calls_of_one(target, server):
    result = carried_out(target, stages=[Stage(seconds=2, rate=50)], processes=2)
    noted = server.log()
    assert result.calls == len(noted) == 100
    assert sorted(result.recording.calls["number"]) == list(range(100))
    assert [worker.calls for worker in result.workers] == [50, 50]
    assert (result.ended, left_over(result)) == (DONE, [])


def test_a_master_leads_workers_that_connect_to_it(target, server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-c", "from pytest_llmops.cli import main; main()", "load-worker", bind]
    workers = [subprocess.Popen(command) for _ in range(2)]
    result = carried_out(target, stages=[Stage(seconds=2, rate=50)], workers=2, bind=bind)
    noted = server.log()
    assert result.calls == len(noted) == 100
    assert sorted(result.recording.calls["number"]) == list(range(100))
    assert [worker.calls for worker in result.workers] == [50, 50]
    assert [worker.wait(60) for worker in workers] == [0, 0]  # each served one run, and ends


def test_a_worker_that_is_killed_is_lost_and_what_it_reported_is_kept(target, tmp_path):
    kill = Once(tmp_path / "load.jsonl", lambda reports: os.kill(reports[0]["pid"], signal.SIGKILL))
    stages = [Stage(seconds=5, rate=30)]
    result = carried_out(target, stages=stages, processes=2, watch=Watch(why_stop=kill), file=kill.file)
    lost = [worker for worker in result.workers if worker.lost]
    assert (result.ended, len(lost)) == (DONE, 1)
    assert 0 < lost[0].calls < 75
    assert "1 of 2 generating processes were lost" in result.voids[0]
    assert left_over(result) == []


def test_ctrl_c_keeps_what_came_back_and_leaves_no_process(target, tmp_path):
    def interrupt(_reports):
        raise KeyboardInterrupt

    press = Once(tmp_path / "load.jsonl", interrupt)
    stages = [Stage(seconds=600, rate=20)]
    result = carried_out(target, stages=stages, watch=Watch(why_stop=press), file=press.file)
    assert result.ended == "interrupted"
    assert result.calls > 0
    assert read_result(press.file).ended == "interrupted"
    assert left_over(result) == []


def test_a_generator_that_is_killed_is_said_and_leaves_no_worker(target, tmp_path):
    def kill(reports):
        os.kill(psutil.Process(reports[0]["pid"]).ppid(), signal.SIGKILL)

    strike = Once(tmp_path / "load.jsonl", kill)
    stages = [Stage(seconds=600, rate=20)]
    result = carried_out(target, stages=stages, processes=2, watch=Watch(why_stop=strike), file=strike.file)
    assert result.ended == "broken off: the generator ended with status -9"
    assert result.calls > 0
    until = time.monotonic() + 30
    while left_over(result) and time.monotonic() < until:
        time.sleep(0.1)
    assert left_over(result) == []


def test_whatever_ends_us_ends_the_generating_processes(target, tmp_path):
    """Killed like this, nobody has the time to say anything to anyone."""
    table, environ = handed(target, ["api"])
    stages = [Stage(seconds=600, rate=20)]
    plan = LoadPlan(name="load", target="t", table=table, requests=[asked()], stages=stages, processes=2)
    code = "import sys; from pathlib import Path; from pytest_llmops.load.plan import LoadPlan; "
    code += "from pytest_llmops.load.run import run; import os; "
    code += "run(LoadPlan.model_validate_json(sys.argv[1]), os.environ, file=Path(sys.argv[2]))"
    file = tmp_path / "load.jsonl"
    ours = subprocess.Popen([sys.executable, "-c", code, plan.model_dump_json(), file], env=environ)
    until = time.monotonic() + 60
    while (not file.exists() or file.read_text().count("\n") < 4) and time.monotonic() < until:
        time.sleep(0.1)
    ours.kill()
    ours.wait()
    result = read_result(file)
    while left_over(result) and time.monotonic() < until:
        time.sleep(0.1)
    assert result.ended == "broken off"
    assert result.calls > 0
    assert left_over(result) == []


def test_a_target_that_dies_is_told_by_its_calls(target, tmp_path):
    with subprocess.Popen([sys.executable, SERVER], stdout=subprocess.PIPE, text=True) as dies:
        url = f"http://127.0.0.1:{int(dies.stdout.readline())}"
        part = target.table.components.api.model_copy(update={"url": url})
        own = replace(target, table=target.table.model_copy(update={"components": Components(api=part)}))
        strike = Once(tmp_path / "load.jsonl", lambda _reports: dies.kill())
        stages = [Stage(seconds=600, rate=20)]
        result = carried_out(own, stages=stages, watch=Watch(why_stop=strike), file=strike.file)
    assert result.ended.startswith("stopped: ")
    assert result.recording.succeeded > 0
    cut_short = "bad-answer"  # by the kill, while it was written
    assert "refused" in result.recording.kinds
    assert set(result.recording.kinds) <= {"refused", "connection", cut_short}


class Asked(BaseHTTPRequestHandler):
    """Answers whoever shows a key, and notes it."""

    protocol_version = "HTTP/1.1"
    keys: ClassVar[list[str]] = []

    def do_GET(self):
        self.keys.append(self.headers.get("X-Key") or self.headers.get("Authorization"))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_words):
        pass


def test_calls_are_signed_and_encrypted_as_all_others_are(tmp_path):
    authority, tls = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    authority.issue_cert("localhost").configure_cert(tls)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port, routes = server.server_address[1], {"query": {"path": "/x"}}
    known = {"url": f"https://localhost:{port}", "routes": routes, "tls": {"ca": "ca.pem"}}
    keyed = known | {"auth": {"header": "X-Key", "env": "KEY"}}
    named = known | {"url": f"https://me:secret@localhost:{port}"}
    strange = {"url": f"https://localhost:{port}", "routes": routes}
    table = TargetTable.model_validate({"components": {"api": keyed, "services": {"named": named, "strange": strange}}})
    target = Target("signed", table, tmp_path, environ={**os.environ, "KEY": "of-the-house"})
    requests = [asked(component=component, name=component) for component in ("api", "named", "strange")]
    result = carried_out(target, *requests, arrivals="closed", concurrency=3, calls=12, stops=Stops(error_rate=None))
    server.shutdown()
    server.server_close()
    assert result.recording.failures == {"tls": len(result.of("strange"))}
    assert set(Asked.keys) == {"of-the-house", "Basic bWU6c2VjcmV0"}
    assert len(Asked.keys) == len(result.of("api")) + len(result.of("named"))
    (tmp_path / "ca.pem").unlink()
    unable = carried_out(target, asked(), arrivals="closed", concurrency=1, calls=1)
    assert unable.ended == (
        f"stopped: a generating process could not go on: signed: [targets.signed.components.api] tls.ca: there is no "
        f"file {tmp_path}/ca.pem; paths are relative to llmops.toml."
    )
    assert unable.calls == 0
