"""What the load engine reports, against the log of the server that it calls.

    python benchmarks/load_truth.py [stall] [percentiles] [rate] [workers] [overload] [ttft]

``stall``: a server that answers nothing for 1.5 s at 50 calls a second; beside it what stock locust, which waits for
answers before it sends, reports of the same. ``percentiles``: at 1, 10, 100 and 1,000 ms. ``rate``: 300 calls a second
for 30 s from one core, beside what wrk, hey and stock locust do at full speed, where they are installed. ``workers``:
two and four processes, and a master with two that connect to it. ``overload``: more than one process can send.
``ttft``: 1 and 32 streams at a time, beside GuideLLM where `GUIDELLM` names its program. Generator and server have a
core each, and go before others on it where this user may say so.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np

from pytest_llmops.load.handing import handed
from pytest_llmops.load.histogram import Histogram
from pytest_llmops.load.plan import LoadPlan, Request, Stage, Stops
from pytest_llmops.load.recording import read_file, times_of
from pytest_llmops.load.run import run, worker_command
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable
from pytest_llmops.target.prompts import PromptText

SERVER = Path(__file__).with_name("plain_server.py")
SERVER_CPU, OUR_CPU = 0, (os.cpu_count() or 1) - 1
STOCK = """
from locust import FastHttpUser, constant_throughput, task

class Stock(FastHttpUser):
    wait_time = constant_throughput(THROUGHPUT)

    @task
    def ask(self):
        self.client.get("PATH")
"""


class Plain:
    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"

    def get(self, path: str):
        with urllib.request.urlopen(self.url + path) as answer:
            return json.load(answer)

    def served(self) -> np.ndarray:
        """Seconds from coming to answering of each request since the last look."""
        return np.array([answered - came for _, came, answered, _ in self.get("/log")])

    def first_tokens(self) -> np.ndarray:
        return np.array([written[0] - came for _, came, _, written in self.get("/log") if written])

    def later(self, seconds: float, path: str) -> None:
        threading.Timer(seconds, self.get, [path]).start()


@contextmanager
def plain_server(*options: str):
    command = [sys.executable, str(SERVER), "--cpu", str(SERVER_CPU), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Plain(int(process.stdout.readline()))
        finally:
            process.kill()


def carried_out(server: Plain, path: str = "/answer/0", *, stream: bool = False, file: Path | None = None, **more):
    """A load run against a path of the server, or its streams."""
    component = "openai" if stream else "api"
    routes = {"ask": {"path": path, "answer": "answer"}}
    tables = {
        "api": {"url": server.url, "routes": routes},
        "openai": {"url": server.url, "model": "m", "max_tokens": 16},
    }
    table = {"environment": "development", "components": {component: tables[component]}}
    target = Target("bench", TargetTable.model_validate(table), Path.cwd(), environ=dict(os.environ))
    table, environ = handed(target, [component])
    prompts = tuple(PromptText(id=f"p{number}", text=f"Question number {number}?") for number in range(5))
    how = {"operation": "generate"} if stream else {"operation": "route", "route": "ask"}
    request = Request(name="ask", component=component, prompts=prompts, **how)
    plan = LoadPlan(name="bench", target="bench", table=table, requests=[request], **more)
    return run(plan, environ, file=file)


def milliseconds(values) -> str:
    return "".join(f"{1000 * value:10.2f}" for value in values)


def cuts(values) -> list[float]:
    return [float(np.percentile(values, which)) for which in (50, 95, 99)]


def stock_locust(server: Plain, path: str, users: int, throughput: float, seconds: float):
    """What stock locust reports: rate, and its percentiles in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "stock.py")
        file.write_text(STOCK.replace("THROUGHPUT", str(throughput)).replace("PATH", path))
        command = [sys.executable, "-m", "locust", "-f", str(file), "--headless"]
        command += ["--host", server.url, "-u", str(users), "-r", str(users)]
        command += ["-t", f"{seconds:.0f}s", "--stop-timeout", "3", "--json-file", f"{folder}/out"]
        subprocess.run(command, cwd=folder, check=False, capture_output=True)
        found = json.loads(Path(folder, "out.json").read_text())[0]
    times = [ms / 1000 for ms, count in found["response_times"].items() for ms in [float(ms)] for _ in range(count)]
    return found["num_requests"] / seconds, cuts(times)


def stall() -> None:
    print("A stall of 1.5 s at 50 calls/s, for 10 s (ms)                   p50       p95       p99")
    with plain_server() as server:
        server.later(6.0, "/stall/1500")
        result = carried_out(server, "/answer/2", stages=[Stage(seconds=10, rate=50)])
        truth, ours = cuts(server.served()), cuts(result.times())
        print(f"  the server's own log                                 {milliseconds(truth)}")
        print(f"  load, from when a call was due                       {milliseconds(ours)}")
        off = [100 * (one / true - 1) for one, true in zip(ours, truth, strict=True)]
        print(f"    of the truth                                       {''.join(f'{one:+9.1f}%' for one in off)}")
        print(f"  load, from when it was sent                          {milliseconds(cuts(result.times('service')))}")
        server.later(6.0, "/stall/1500")
        _, stock = stock_locust(server, "/answer/2", users=5, throughput=10, seconds=10)
        print(f"  stock locust, 5 users, constant_throughput(10)       {milliseconds(stock)}")


def percentiles() -> None:
    print("Percentiles, and what the server's log says beside            p50       p95       p99")
    with tempfile.TemporaryDirectory() as folder, plain_server() as server:
        for ms, rate, seconds in ((1, 100, 10), (10, 100, 10), (100, 50, 10), (1000, 40, 10)):
            file = Path(folder, f"{ms}.jsonl")
            result = carried_out(server, f"/answer/{ms}", stages=[Stage(seconds=seconds, rate=rate)], file=file)
            truth = cuts(server.served())
            raw = times_of(read_file(file).calls, "service")
            counted = Histogram()
            counted.add(raw)
            told = [result.value(which, "service") for which in ("p50", "p95", "p99")]
            print(f"  {ms} ms, {len(raw)} calls: reported                         {milliseconds(told)}")
            off = max(abs(one / by_hand - 1) for one, by_hand in zip(told, cuts(raw), strict=True))
            rough = max(abs(one / by_hand - 1) for one, by_hand in zip(cuts(counted.values()), cuts(raw), strict=True))
            print(f"    off the raw samples by {100 * off:.4f} %; as a histogram by {100 * rough:.4f} %")
            beyond = [one - true for one, true in zip(told, truth, strict=True)]
            print(f"    more than the server's own log                     {milliseconds(beyond)}")


def rate() -> None:
    print("300 calls/s for 30 s from one core, against a server that answers at once")
    with plain_server() as server:
        result = carried_out(server, "/answer/0", stages=[Stage(seconds=30, rate=300)])
        delays, (worker,) = cuts(result.times("delay")), result.workers
        print(f"  sent {worker.begun} of {worker.due} due, {result.rate:.1f} answered a second of {result.offered:.0f}")
        print(f"  later than due (ms; p50, p95, p99)                   {milliseconds(delays)}")
        print(f"  answered after (ms; p50, p95, p99)                   {milliseconds(cuts(result.times('service')))}")
        print(f"  CPU of the generator {100 * worker.cpu:.0f} %; void: {result.voids or 'no'}")
        full = carried_out(server, "/answer/0", arrivals="closed", concurrency=20, seconds=8)
        print(f"For scale, at full speed from one core: load {full.rate:.0f} calls/s")
        speed, _ = stock_locust(server, "/answer/0", users=20, throughput=1e6, seconds=8)
        print(f"  stock locust, FastHttpUser {speed:.0f} calls/s")
        for name, words in (("wrk", "-t1 -c20 -d8"), ("hey", "-c 20 -z 8s -cpus 1")):
            if shutil.which(name):
                told = subprocess.check_output([name, *words.split(), f"{server.url}/answer/0"], text=True)
                line = next(line for line in told.splitlines() if "equests/sec" in line)
                print(f"  {name} {float(line.split()[-1]):.0f} calls/s")


def workers() -> None:
    print("Several processes, 200 calls/s for 5 s")
    with plain_server() as server:
        for count in (2, 4):
            result = carried_out(server, "/answer/5", stages=[Stage(seconds=5, rate=200)], processes=count)
            told(f"{count} processes", result, len(server.served()))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            bind = f"127.0.0.1:{free.getsockname()[1]}"
        led = [subprocess.Popen(worker_command("127.0.0.1", int(bind.partition(":")[2]))) for _ in range(2)]
        result = carried_out(server, "/answer/5", stages=[Stage(seconds=5, rate=200)], workers=2, bind=bind)
        told("a master and two workers", result, len(server.served()))
        for one in led:
            one.wait()


def told(what: str, result, served: int) -> None:
    calls = result.recording.calls
    once = "each once" if len(np.unique(calls["number"])) == len(calls) else "some twice"
    parts = " + ".join(str(worker.calls) for worker in result.workers)
    print(f"  {what}: {result.calls} samples ({parts}, {once}), the server has answered {served}; {result.ended}")


def overload() -> None:
    print("More than one process can send: 20,000 calls/s for 3 s")
    with plain_server() as server:
        stages = [Stage(seconds=3, rate=20_000)]
        result = carried_out(server, "/answer/0", stages=stages, arrivals="constant", stops=Stops(error_rate=None))
        print(f"  {result.rate:.0f} answered a second; {result.sent:.0%} of what was due was sent")
        for reason in result.voids or ["sound"]:
            print(f"  void: {reason}")


def ttft() -> None:
    print("Time to the first token against the server's clock, three rounds in turns (ms)  median      p95")
    with plain_server() as server:
        for streams, calls in ((1, 30), (32, 320)):
            seen: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {"load": [], "GuideLLM": []}
            for _ in range(3):
                result = carried_out(server, stream=True, arrivals="closed", concurrency=streams, calls=calls)
                seen["load"].append((result.times("ttft"), server.first_tokens()))
                if program := os.environ.get("GUIDELLM"):
                    theirs = guidellm(program, server, streams, calls)
                    seen["GuideLLM"].append((theirs, server.first_tokens()))
            for name, rounds in seen.items():
                if rounds:
                    told, truth = (np.concatenate(part) for part in zip(*rounds, strict=True))
                    print(f"  {streams:2} streams, {len(told)} calls: {name} is late by".ljust(70), late(told, truth))


def late(seen: np.ndarray, truth: np.ndarray) -> str:
    """By how much median and p95 are beyond the true ones."""
    return milliseconds(float(np.percentile(seen, which) - np.percentile(truth, which)) for which in (50, 95))


def guidellm(program: str, server: Plain, streams: int, calls: int) -> np.ndarray:
    """What GuideLLM tells of the same streams: its times to the first token, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        prompts, out = Path(folder, "prompts.jsonl"), Path(folder, "out.json")
        prompts.write_text("".join(json.dumps({"prompt": f"Question number {n}?"}) + "\n" for n in range(calls)))
        command = [program, "run", "--backend", f"kind=openai_http,target={server.url},model=m"]
        command += ["--profile", f"kind=concurrent,streams={streams}"]
        command += ["--constraint", f"kind=max_requests,count={calls}", "--data", f"kind=json_file,path={prompts}"]
        command += ["--output", f"kind=json,path={out}", "--disable-console"]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "HF_HUB_OFFLINE": "1"})
        (found,) = json.loads(out.read_text())["benchmarks"]
    return np.array([one["time_to_first_token_ms"] / 1000 for one in found["requests"]["successful"]])


def main() -> None:
    os.sched_setaffinity(0, {OUR_CPU})
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -15)
    asked = sys.argv[1:] or list(BENCHMARKS)
    first = os.getpriority(os.PRIO_PROCESS, 0) < 0
    said = "all processes of this go before others" if first else "no process of this goes before others"
    print(f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; {said}")
    for name in asked:
        BENCHMARKS[name]()


BENCHMARKS = {one.__name__: one for one in (stall, percentiles, rate, workers, overload, ttft)}


if __name__ == "__main__":
    main()
