"""Rows 9 to 13 that are no cell of latencies alone: error rates, cost, whole runs, prompts."""

from __future__ import annotations

import time
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from benchmarks.verdict_figures.cells import SEED, Cell, adaptive
from benchmarks.verdict_figures.goals import Goal, Line, bound
from benchmarks.verdict_figures.models import MODELS
from benchmarks.verdict_figures.naive import THRESHOLD, alarms
from pytest_llmops.judge import MIN_N, judge_failures, judge_point, judge_samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

PRIMARIES = 12
FEWEST_RUNS = 200
"""Whole runs that are played at least: with fewer, two unlucky ones would be a miss."""

PROMPTS, ROUNDS, PROMPT_SPREAD, NOISE, OFFSET = 20, 3, 0.7, 0.3, 0.05


def never_below_sixty(_trials: int) -> Line:
    """Row 9: whatever the values, 59 are not enough, on either side or against a point."""
    rng = np.random.default_rng(SEED)
    judged, asked = 0, 0
    for n in range(1, MIN_N["p95"]):
        few, many = np.exp(rng.normal(size=n)), np.exp(rng.normal(size=480))
        for design in ("stored", "interleaved"):
            for before, now in ((few, 9 * many), (many, 9 * few), (few, 9 * few)):
                judged += judge_samples("p95", [before], [now], design=design).ratio is not None
                asked += 1
        judged += judge_point("p95", 0.1, [few]).ratio is not None
        asked += 1
    goal = Goal(0.0)
    return Line(
        9, "p95 of fewer than 60 values judged", goal, goal.said(judged / asked), "", "", "", str(asked), "", not judged
    )


def equal_error_rates(_trials: int) -> Line:
    """Row 10, computed exactly: the chance that equal rates are called a regression, at its worst."""
    worst, where, naive = 0.0, "", 0.0
    for before, now in ((100, 100), (240, 240), (150, 30), (1200, 240)):
        for rate in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
            fires, fooled = _chance(before, rate, now, rate)
            naive = max(naive, fooled)
            if fires > worst:
                worst, where = fires, f"{100 * rate:g} % of {before} against {now}"
    goal = Goal(0.02)
    said = f"{100 * naive:.1f} %"
    return Line(
        10, "equal error rates fire, at worst", goal, goal.said(worst), "", said, "", "exact", where, goal.holds(worst)
    )


def found_errors(_trials: int) -> Line:
    """Row 10, computed exactly."""
    found, naive = _chance(100, 0.0, 100, 0.1)
    goal = Goal(0.95, at_most=False)
    said = f"{100 * naive:.1f} %"
    return Line(
        10,
        "errors 0 -> 10 %, 100 against 100: found",
        goal,
        goal.said(found),
        "",
        said,
        "",
        "exact",
        "",
        goal.holds(found),
    )


def cost(_trials: int) -> Line:
    """Row 11: the largest look there is, five accepted runs."""
    rng = np.random.default_rng(SEED)
    spent: dict[str, float] = {}
    for metric in MIN_N:
        n = 480
        before, now = [list(np.exp(rng.normal(size=n))) for _ in range(5)], [list(np.exp(rng.normal(size=n)))]
        ids = [[f"p{i % PROMPTS}" for i in range(n)]]
        judge_samples(metric, before, now, baseline_prompts=ids * 5, current_prompts=ids)
        spent[metric] = median(_timed(metric, before, now, ids) for _ in range(25))
    goal = Goal(15, percent=False, unit=" ms")
    dearest = max(spent, key=spent.__getitem__)
    each = ", ".join(f"{metric} {ms:.1f}" for metric, ms in spent.items())
    return Line(
        11, "a look at 480 calls against 5 x 480, paired", goal, goal.said(spent[dearest]), "", "", "", "25 each", each,
        goal.holds(spent[dearest]),
    )  # fmt: skip


def _timed(metric: str, before: list[list[float]], now: list[list[float]], ids: list[list[str]]) -> float:
    began = time.perf_counter()
    judge_samples(metric, before, now, baseline_prompts=ids * 5, current_prompts=ids)
    return 1000 * (time.perf_counter() - began)


def twelve_calls(trials: int) -> Line:
    """Row 12: twelve measured calls, typical each."""
    rng = np.random.default_rng([SEED, 12])
    cells = [Cell(model, stored=5, tau=OFFSET) for model in MODELS] * 2
    return _whole_runs("12 x typical", [[cell] for cell in cells], trials, rng)


def four_calls(trials: int) -> Line:
    """Row 12 again: four measured calls, three statistics of each."""
    rng = np.random.default_rng([SEED, 13])
    groups = [
        [Cell(model, metric, stored=5, tau=OFFSET) for metric in ("typical", "mean", "p95")]
        for model in ("lognormal", "weibull", "cached", "drifting")
    ]
    return _whole_runs("4 x typical, mean, p95", groups, trials, rng)


def _whole_runs(what: str, groups: list[list[Cell]], trials: int, rng: np.random.Generator) -> Line:
    trials = max(trials, FEWEST_RUNS)
    blocked = open_ones = fooled = 0
    for _ in range(trials):
        stopped = alarmed = False
        for group in groups:
            verdicts, _, naive = adaptive(group, rng)
            stopped |= any(verdict.state == "regression" or verdict.suspect for verdict in verdicts)
            open_ones += sum(verdict.state == "inconclusive" for verdict in verdicts)
            alarmed |= bool(naive)
        blocked += stopped
        fooled += alarmed
    goal = Goal(0.02)
    return Line(
        12, f"whole run, stored K = 5, tau 5 %, {what}: blocked", goal, goal.said(blocked / trials),
        bound(blocked, trials, goal), "", f"{100 * fooled / trials:.1f} %", str(trials),
        f"{100 * open_ones / trials / PRIMARIES:.1f} % of metrics inconclusive", goal.holds(blocked / trials),
    )  # fmt: skip


def same_prompts(trials: int) -> Iterator[Line]:
    """Row 13: paired by prompt, stored, five accepted runs."""
    for factor, goal, case in (
        (1.0, Goal(0.005), "no change: alarms"),
        (1.5, Goal(0.95, at_most=False), "+50 %: found"),
    ):
        rng = np.random.default_rng([SEED, round(100 * factor)])
        fires = loose = own = every = 0
        for _ in range(trials):
            before, now, ids = _prompted(rng, factor)
            paired = judge_samples("typical", before, [now], baseline_prompts=[ids] * 5, current_prompts=[ids])
            fires += paired.state == "regression"
            loose += judge_samples("typical", before, [now]).state == "regression"
            naive = alarms(np.concatenate(before), now)
            own += "typical" in naive
            every += bool(naive)
        yield Line(
            13, f"20 prompts x 3, stored K = 5, tau 5 %, paired, {case}", goal, goal.said(fires / trials),
            bound(fires, trials, goal),
            f"{100 * own / trials:.1f} %", f"{100 * every / trials:.1f} %", str(trials),
            f"not paired: {100 * loose / trials:.1f} %", goal.holds(fires / trials),
        )  # fmt: skip


def _prompted(
    rng: np.random.Generator, factor: float
) -> tuple[list[NDArray[np.float64]], NDArray[np.float64], list[str]]:
    own = PROMPT_SPREAD * rng.normal(size=PROMPTS)
    runs = [
        np.exp(np.tile(own, ROUNDS) + NOISE * rng.normal(size=PROMPTS * ROUNDS) + OFFSET * rng.normal())
        for _ in range(6)
    ]
    return runs[:5], factor * runs[5], [f"p{i}" for i in range(PROMPTS)] * ROUNDS


def _chance(n: int, p: float, m: int, q: float) -> tuple[float, float]:
    """That ``judge_failures`` calls a regression, and that a plain ratio of the rates is above 1.20."""
    fires = fooled = 0.0
    for a, first in _binomial(n, p):
        for b, second in _binomial(m, q):
            fires += first * second * (judge_failures((a, n), (b, m)).state == "regression")
            fooled += first * second * (b / m > THRESHOLD * a / n)
    return fires, fooled


def _binomial(n: int, p: float) -> list[tuple[int, float]]:
    if not p:
        return [(0, 1.0)]
    k = np.arange(n + 1)
    logs = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + k * np.log(p) + (n - k) * np.log1p(-p)
    return [(int(i), float(np.exp(log))) for i, log in zip(k, logs, strict=True) if log > -14]
