"""One cell of the table: a situation, drawn many times, judged by the shipped code and by the naive gate."""

from __future__ import annotations

import zlib
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.verdict_figures.models import MODELS, in_turns, tail_begins
from benchmarks.verdict_figures.naive import alarms
from pytest_llmops.judge import LOOKS, MIN_N, Collect, Done, Looks, Rule, judge_samples
from pytest_llmops.judge.schedule import RECORDED_CALLS
from pytest_llmops.samples import Metric, Series

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from benchmarks.verdict_figures.models import Logs
    from pytest_llmops.judge import Verdict
    from pytest_llmops.judge.verdict import Design

    Values = NDArray[np.float64]

BASELINE_CALLS = RECORDED_CALLS
"""Calls of each accepted run, where the current one is adaptive: as many as a run that records goes on to."""

MOST = 480
"""Calls of the last look that any statistic has."""

PLENTY = 10_000
SEED = 4


@dataclass(frozen=True)
class Cell:
    """A situation.

    Attributes:
        model: of latency.
        metric: the statistic that is judged.
        calls: of each run; 0: adaptive, by the shipped looks.
        stored: accepted baseline runs; 0: interleaved.
        tau: sd of the log offset between runs.
        sigma: sd of log latency.
        factor: times slower that the current side truly is.
        tail_only: only calls beyond the p90 are.
        baseline_calls: of each accepted run, where the current one is adaptive.
    """

    model: str
    metric: str = "typical"
    calls: int = 0
    stored: int = 0
    tau: float = 0.0
    sigma: float = 0.3
    factor: float = 1.0
    tail_only: bool = False
    baseline_calls: int = BASELINE_CALLS

    def __str__(self) -> str:
        against = f"K={self.stored} tau {self.tau:g}" if self.stored else "interleaved"
        return f"{self.model} {self.metric}, {against}, sigma {self.sigma:g}, {self.calls or 'adaptive'}"


@dataclass
class Counts:
    """What came of a cell's trials."""

    trials: int
    states: Counter[str]
    calls: int


def play(cell: Cell, trials: int) -> Counts:
    """Draw and judge; the seed is the cell's own, so that a row says the same alone and among others."""
    rng = np.random.default_rng([SEED, zlib.crc32(repr(cell).encode())])
    counts = Counts(trials, Counter(), 0)
    for _ in range(trials):
        verdict, calls, naive = _fixed(cell, rng) if cell.calls else _adaptive(cell, rng)
        counts.states[verdict.state] += 1
        counts.states["suspect"] += verdict.suspect
        counts.states["naive"] += cell.metric in naive
        counts.states["any"] += bool(naive)
        counts.calls += calls
    return counts


def _fixed(cell: Cell, rng: Generator) -> tuple[Verdict, int, frozenset[str]]:
    before, now = _sides(cell, rng, cell.calls, cell.calls)
    verdict = judge_samples(cell.metric, before, [now], design="stored" if cell.stored else "interleaved")
    return verdict, cell.calls, alarms(np.concatenate(before), now)


def _adaptive(cell: Cell, rng: Generator) -> tuple[Verdict, int, frozenset[str]]:
    (verdict,), calls, naive = adaptive([cell], rng)
    return verdict, calls, naive


def adaptive(cells: list[Cell], rng: Generator) -> tuple[list[Verdict], int, frozenset[str]]:
    """Cells that differ in the metric alone, on the same calls, as the shipped looks have them made."""
    cell = cells[0]
    names = {one.metric: "call" if one.metric == "typical" else f"call.{one.metric}" for one in cells}
    design: Design = "stored" if cell.stored else "interleaved"
    rule = Rule(design=design, statistics=tuple(name for name in names.values() if name != "call"))
    before, now = _sides(cell, rng, cell.baseline_calls, MOST)
    looks, runs, made = Looks({}, rule), [now], [0]
    step: Collect | Done = looks.start()
    while isinstance(step, Collect):
        if step.fresh_run:
            runs.append(np.exp(_slowed(cell, _run(cell, rng, step.calls))))
            made.append(0)
        made[-1] += step.calls
        known = before if cell.stored else [before[0][: made[0]]]
        current = [[Metric("call", "s", _series(run[:n]))] for run, n in zip(runs, made, strict=True)]
        step = looks.after(current, PLENTY, PLENTY, baselines={"call": [_series(run) for run in known]})
    first = max([LOOKS[0], *(MIN_N[metric] for metric in names)])
    naive = alarms(np.concatenate(before) if cell.stored else before[0][:first], now[:first])
    return [step.verdicts[name] for name in names.values()], sum(made), naive


def _sides(cell: Cell, rng: Generator, stored_calls: int, calls: int) -> tuple[list[Values], Values]:
    if not cell.stored:
        before, now = in_turns(cell.model, rng, calls, cell.sigma)
        return [np.exp(before)], np.exp(_slowed(cell, now))
    runs = [np.exp(_run(cell, rng, stored_calls)) for _ in range(cell.stored)]
    return runs, np.exp(_slowed(cell, _run(cell, rng, calls)))


def _run(cell: Cell, rng: Generator, calls: int) -> Logs:
    return MODELS[cell.model](rng, calls, cell.sigma) + cell.tau * rng.normal()


def _slowed(cell: Cell, logs: Logs) -> Logs:
    slow = logs > tail_begins(cell.model, cell.sigma) if cell.tail_only else True
    return logs + np.log(cell.factor) * slow


def _series(values: Values) -> Series:
    return Series(tuple(values.tolist()))
