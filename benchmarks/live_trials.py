"""The verdict on a live server: real HTTP calls on loopback, made, judged and confirmed by the shipped ``measure``.

    python benchmarks/live_trials.py [--quick]

The server is a process of its own, its delays log-normal (median 20 ms, sigma .3, seeded). Of each pair of runs the
first is accepted into a store of baselines, and the second judged against it at one pinned look, with the tau0 of runs
within one hour. Beside, the naive gate, mean, median or p95 ratio above 1.20, sees the same two runs. Side by side both
arms are called in turns until there is a verdict. Four processes make pairs at once. Exit status 1 if a goal is missed.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import random
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pytest_llmops.judge.baselines import Store
from pytest_llmops.measure.bench import Bench
from pytest_llmops.measure.candidate import as_json, write_run
from pytest_llmops.measure.measuring import measure
from pytest_llmops.samples import Prompt, Workload
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.connection import Connection

    from pytest_llmops.measure.results import Measurement

MEDIAN_S, SIGMA, SEED = 0.020, 0.3, 11
PROCESSES = 4
"""They mostly wait for the server."""
WORKLOAD = Workload((Prompt("p", "?"),))
SAME_HOUR = 0.03  # sd between runs of one host within the hour, which these are; five accepted runs would do as well
PLENTY = {"requests": 10_000_000, "tokens": 10_000_000, "seconds": 100_000}
NAIVE = {"mean": np.mean, "median": np.median, "p95": lambda values: np.quantile(values, 0.95)}

Row = tuple[str, str, str, bool]


@dataclass(frozen=True)
class Pair:
    """Two arms that are compared.

    Attributes:
        number: which of its kind; calls in turns are shuffled by it.
        look: calls of each run, the first of them accepted before the second is made; 0: in turns, adaptive.
        factor: times slower that the second truly is.
    """

    number: int
    look: int = 0
    factor: float = 1.0


@dataclass(frozen=True)
class Outcome:
    """What became of a pair.

    Attributes:
        state: of its one timed metric.
        ratio: as it was judged.
        calls: of the judged arm, warm-up apart, both runs where a second one was made.
        alarmed: whether a second run was made, to confirm.
        naive: whether the naive gate fires.
    """

    state: str
    ratio: float
    calls: int
    alarmed: bool = False
    naive: bool = False


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


def judged(task: tuple[int, Pair]) -> Outcome:
    """Make the calls of one pair to the server at a port, and judge them."""
    port, pair = task
    connection = HTTPConnection("127.0.0.1", port)
    try:
        with tempfile.TemporaryDirectory() as folder:
            bench = _bench(Path(folder), [pair.look] if pair.look else [])
            return (_stored if pair.look else _in_turns)(pair, bench, connection)
    finally:
        connection.close()


def _bench(folder: Path, looks: list[int]) -> Bench:
    baseline = {"looks": looks, "tau0": SAME_HOUR}
    settings = {"environment": "staging", "budget": PLENTY, "baseline": baseline}
    table = TargetTable.model_validate(settings)
    target = Target("live", table, folder, folder / "llmops.toml")
    return Bench(target, Ledger(folder / "ledger", table.budget), Store(folder / "baselines"), "live_trials.py::live")


def _caller(connection: HTTPConnection, factor: float) -> Callable[[Prompt], None]:
    def call(_prompt: Prompt) -> None:
        connection.request("GET", f"/{factor}")
        connection.getresponse().read()

    return call


def _stored(pair: Pair, bench: Bench, connection: HTTPConnection) -> Outcome:
    """Record and accept one run, and judge the next by it; an alarm stands if a second run confirms it."""
    assert bench.store
    recorded = measure("live", _caller(connection, 1.0), WORKLOAD, bench)
    candidate = write_run(bench.target.root, bench.target, [as_json(one) for one in recorded.recordings])
    assert candidate
    bench.store.accept(candidate, reason="what the next run is compared with", by="live_trials")
    found = measure("live", _caller(connection, pair.factor), WORKLOAD, bench)
    before, now = _first_run(recorded), _first_run(found)
    return replace(
        _outcome(found),
        alarmed=len(found.samples) > pair.look,
        naive=any(statistic(now) / statistic(before) > 1.2 for statistic in NAIVE.values()),
    )


def _in_turns(pair: Pair, bench: Bench, connection: HTTPConnection) -> Outcome:
    """Measure both arms in turns, as ``--llmops-against`` does."""
    bench = replace(bench, store=None, twin=_caller(connection, 1.0), against="twin")
    return _outcome(measure(f"live{pair.number}", _caller(connection, pair.factor), WORKLOAD, bench))


def _first_run(measured: Measurement) -> Sequence[float]:
    return measured.recordings[0].metric.series.values


def _outcome(measured: Measurement) -> Outcome:
    result = measured.results[0]
    return Outcome(result.state, result.ratio or 0.0, len(measured.samples))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fifth of the pairs")
    share = 5 if parser.parse_args().quick else 1
    unchanged = [Pair(number, look=30) for number in range(100 // share)]
    slower = [Pair(number, look=100, factor=1.5) for number in range(50 // share)]
    in_turns = [Pair(number) for number in range(100 // share)]
    began = time.monotonic()
    found = _played([*unchanged, *slower, *in_turns])
    lines = [
        *_unchanged([found[pair] for pair in unchanged]),
        *_slower([found[pair] for pair in slower]),
        *_adaptive([found[pair] for pair in in_turns]),
    ]
    width = max(len(case) for case, *_ in lines)
    for case, goal, figure, held in lines:
        print(f"{case:<{width}}  {goal:<8}  {figure:<8}  {'PASS' if held else 'FAIL'}")
    missed = sum(not held for *_, held in lines)
    print(f"\n{len(lines)} lines, {missed} missed their goal; {time.monotonic() - began:.0f} s")
    return 1 if missed else 0


def _played(pairs: list[Pair]) -> dict[Pair, Outcome]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    server = spawn.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    try:
        port = ours.recv()
        with spawn.Pool(PROCESSES) as pool:
            return dict(zip(pairs, pool.map(judged, [(port, pair) for pair in pairs], chunksize=1), strict=True))
    finally:
        server.terminate()


def _share(found: list[Outcome], state: str) -> float:
    return sum(one.state == state for one in found) / len(found)


def _unchanged(found: list[Outcome]) -> list[Row]:
    case = f"no change, stored, {len(found)} pairs of 30 calls"
    wrong, naive = _share(found, "regression"), sum(one.naive for one in found) / len(found)
    alarms = sum(one.alarmed for one in found)
    return [
        (f"{case}: regressions ({alarms} before confirmation)", "<= 2 %", f"{wrong:.1%}", wrong <= 0.02),
        (f"{case}: the naive gate fires", "> 5 %", f"{naive:.1%}", naive > 0.05),
    ]


def _slower(found: list[Outcome]) -> list[Row]:
    share = _share(found, "regression")
    took = f"+{100 * np.median([one.ratio for one in found]) - 100:.0f} % for the caller"
    case = f"+50 %, stored, {len(found)} pairs of 100 calls ({took}): found"
    return [(case, ">= 95 %", f"{share:.1%}", share >= 0.95)]


def _adaptive(found: list[Outcome]) -> list[Row]:
    case = f"no change, in turns, adaptive, {len(found)} pairs"
    wrong, still = _share(found, "regression"), _share(found, "inconclusive")
    calls = sum(one.calls for one in found) / len(found)
    return [
        (f"{case}: regressions", "<= 2 %", f"{wrong:.1%}", wrong <= 0.02),
        (f"{case}: inconclusive", "<= 2 %", f"{still:.1%}", still <= 0.02),
        (f"{case}: calls an arm", "<= 60", f"{calls:.1f}", calls <= 60),
    ]


if __name__ == "__main__":
    sys.exit(main())
