"""Which share of the measured time is our own client's, idle and beside busy processes.

    python benchmarks/client_share.py [busy processes ...]

Thirty calls of each kind against a sandbox of its own. ``raw`` counts all that the client computes and waits for a CPU;
``rule`` is what voids a measurement: without the price of a call, over the whole run and of its median call.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from statistics import median

from pytest_llmops.clients.client import connect
from pytest_llmops.control.embedded import Sandbox, placed
from pytest_llmops.measure.client_share import OwnTime, bottleneck, share
from pytest_llmops.samples import Sample
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load
from pytest_llmops.target.models import Budget

CALLS = 30
WARM_UP = 3


def burn(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass


@contextmanager
def busy(processes: int):
    rivals = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(processes)]
    try:
        yield
    finally:
        for rival in rivals:
            rival.kill()
            rival.wait()


def run_of(call, prompts) -> list[Sample]:
    samples = []
    for number, prompt in zip(range(CALLS + WARM_UP), cycle(prompts), strict=False):
        own, start = OwnTime(), time.perf_counter()
        call(prompt)
        duration_s = time.perf_counter() - start
        computing_s, waiting_s = own.taken()
        if number >= WARM_UP:
            samples.append(Sample(prompt.id, 0.0, duration_s, computing_s=computing_s, waiting_s=waiting_s))
    return samples


def shown(name: str, run: list[Sample]) -> str:
    wall_s = sum(one.duration_s for one in run)
    raw = sum(min(one.duration_s, one.computing_s + one.waiting_s) for one in run) / wall_s
    rule = sum(share(one) * one.duration_s for one in run) / wall_s
    void = "void" if bottleneck(name, [run]) else ""
    middle = median(one.duration_s for one in run)
    return (
        f"{name:<24} {1000 * middle:8.2f} ms   raw {raw:6.1%}   rule {rule:6.1%}, "
        f"median call {median(map(share, run)):6.1%}   {void}"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        declared = load(None, "sandbox", Path(place), {})
        sandbox = Sandbox(declared)
        try:
            target = placed(declared, sandbox.facts)
            ledger = Ledger(Path(place) / "ledger", Budget(requests=100_000, tokens=10_000_000, seconds=100_000))
            ollama, api, qdrant, redis = (connect(target, one, ledger) for one in ("ollama", "api", "qdrant", "redis"))
            vectors = {prompt.id: ollama.embed(prompt, model=ollama.embedding_model) for prompt in target.workload}
            calls = {
                "a streamed answer": ollama.generate,
                "an embedding": ollama.embed,
                "a question to the API": api.query,
                "a vector search": lambda prompt: qdrant.search(vectors[prompt.id]),
                "the API's health": lambda _: api.health(),
                "GET /api/version": lambda _: ollama.version(),
                "a PING of Redis": lambda _: redis.ping(),
                "computing for 20 ms": lambda _: burn(0.02),
                "sleeping for 20 ms": lambda _: time.sleep(0.02),
            }
            for processes in [int(word) for word in sys.argv[1:]] or [0, 4, 16]:
                print(f"beside {processes} busy processes")
                with busy(processes):
                    for name, call in calls.items():
                        print("  " + shown(name, run_of(call, target.workload)))
        finally:
            sandbox.stop()


if __name__ == "__main__":
    main()
