"""The verdict on a live server: real HTTP calls on loopback, made by the shipped sampling loop.

    python benchmarks/live_trials.py [--quick]

The server is a process of its own, its delays log-normal (median 6 ms, sigma .3, seeded). Pairs of runs, one
the stored baseline of the other, are judged as runs of one host within the hour (tau0 3 %) and, beside, by the naive
gate: mean, median or p95 ratio above 1.20. Side by side both arms are called in turns until there is a verdict. Exit
status 1 if a goal is missed. HTTP's own time comes on top of each delay: the server's +50 % are less for the caller.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import sys
import tempfile
import time
from collections import Counter
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pytest_llmops.judge import CONFIRM_PAUSE_S, WARM_UP, judge_samples
from pytest_llmops.measure.bench import Bench
from pytest_llmops.measure.measuring import measure
from pytest_llmops.measure.sampling import Sampler, Side
from pytest_llmops.samples import Prompt, Workload
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

MEDIAN_S, SIGMA, SEED = 0.006, 0.3, 11
TAU0 = 0.03
"""Assumed offset between runs of the same host and hour."""
WORKLOAD = Workload((Prompt("p", "?"),))
PLENTY = {"requests": 10_000_000, "tokens": 10_000_000, "seconds": 100_000}
NAIVE = {"mean": np.mean, "median": np.median, "p95": lambda values: np.quantile(values, 0.95)}


def serve(told: Connection) -> None:
    """Answer ``GET /FACTOR`` after a delay that is so many times the usual; the port goes through the pipe."""
    delays = random.Random(SEED)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.readline():
            while (await reader.readline()).strip():
                pass
            factor = float(line.split()[1].lstrip(b"/"))
            await asyncio.sleep(MEDIAN_S * factor * delays.lognormvariate(0, SIGMA))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()

    async def forever() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(forever())


class Trials:
    """Calls to the server.

    Args:
        port: where it listens.
        folder: for the ledger.
    """

    def __init__(self, port: int, folder: Path) -> None:
        self.connection = HTTPConnection("127.0.0.1", port)
        self.table = TargetTable.model_validate({"environment": "staging", "budget": PLENTY})
        self.target = Target("live", self.table, folder, folder / "llmops.toml")
        self.ledger = Ledger(folder / "ledger", self.table.budget)
        self.ratios: list[float] = []

    def call(self, factor: float) -> Callable[[Prompt], None]:
        def call(_prompt: Prompt) -> None:
            self.connection.request("GET", f"/{factor}")
            self.connection.getresponse().read()

        return call

    def run(self, calls: int, factor: float = 1.0) -> list[float]:
        """One run's values, in seconds, warm-up dropped."""
        sampler = Sampler("live", Side(self.call(factor)), WORKLOAD, self.ledger, print)
        sampler.begin(WARM_UP)
        sampler.collect(calls)
        return [sample.duration_s for sample in sampler.own.runs[0]]

    def stored(self, pairs: int, calls: int, factor: float) -> Counter[str]:
        """Judge pairs of runs, one after the other; an alarm stands if a second run confirms it."""
        found: Counter[str] = Counter()
        for _ in range(pairs):
            before, now = self.run(calls), self.run(calls, factor)
            verdict = judge_samples("typical", [before], [now], tau0=TAU0)
            self.ratios.append(verdict.ratio or 0.0)
            if verdict.state == "regression":
                found["alarms"] += 1
                time.sleep(CONFIRM_PAUSE_S)
                verdict = judge_samples("typical", [before], [now, self.run(calls, factor)], tau0=TAU0)
            found[verdict.state] += 1
            found["naive"] += any(statistic(now) / statistic(before) > 1.2 for statistic in NAIVE.values())
        return found

    def in_turns(self, pairs: int) -> Counter[str]:
        """Measure both arms in turns, as ``--llmops-against`` does."""
        found: Counter[str] = Counter()
        for number in range(pairs):
            bench = Bench(self.target, self.ledger, None, "live", twin=self.call(1.0), against="twin")
            measured = measure(f"live{number}", self.call(1.0), WORKLOAD, bench)
            found[measured.results[0].state] += 1
            found["calls"] += len(measured.samples)
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fifth of the pairs")
    share = 5 if parser.parse_args().quick else 1
    began = time.monotonic()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        with tempfile.TemporaryDirectory() as folder:
            trials = Trials(ours.recv(), Path(folder))
            lines = [*_unchanged(trials, 100 // share), *_slower(trials, 50 // share), *_in_turns(trials, 100 // share)]
    finally:
        server.terminate()
    width = max(len(case) for case, *_ in lines)
    for case, goal, found, held in lines:
        print(f"{case:<{width}}  {goal:<8}  {found:<8}  {'PASS' if held else 'FAIL'}")
    missed = sum(not held for *_, held in lines)
    print(f"\n{len(lines)} lines, {missed} missed their goal; {time.monotonic() - began:.0f} s")
    return 1 if missed else 0


Row = tuple[str, str, str, bool]


def _unchanged(trials: Trials, pairs: int) -> list[Row]:
    found = trials.stored(pairs, 30, 1.0)
    case = f"no change, stored, {pairs} pairs of 30 calls"
    wrong, naive = found["regression"] / pairs, found["naive"] / pairs
    return [
        (f"{case}: regressions ({found['alarms']} before confirmation)", "<= 2 %", f"{wrong:.1%}", wrong <= 0.02),
        (f"{case}: the naive gate fires", "> 5 %", f"{naive:.1%}", naive > 0.05),
    ]


def _slower(trials: Trials, pairs: int) -> list[Row]:
    share = trials.stored(pairs, 100, 1.5)["regression"] / pairs
    took = f"+{100 * np.median(trials.ratios[-pairs:]) - 100:.0f} % for the caller"
    return [(f"+50 %, stored, {pairs} pairs of 100 calls ({took}): found", ">= 95 %", f"{share:.1%}", share >= 0.95)]


def _in_turns(trials: Trials, pairs: int) -> list[Row]:
    found = trials.in_turns(pairs)
    case = f"no change, in turns, adaptive, {pairs} pairs"
    wrong, still, calls = found["regression"] / pairs, found["inconclusive"] / pairs, found["calls"] / pairs
    return [
        (f"{case}: regressions", "<= 2 %", f"{wrong:.1%}", wrong <= 0.02),
        (f"{case}: inconclusive", "<= 2 %", f"{still:.1%}", still <= 0.02),
        (f"{case}: calls an arm", "<= 60", f"{calls:.1f}", calls <= 60),
    ]


if __name__ == "__main__":
    sys.exit(main())
