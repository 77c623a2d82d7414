"""When each call of a plan is due, and what it sends: pure, by the seed, the same however many workers share it.

Arrival number i belongs to worker i mod n. So the workers' calls together are the one process that a single worker
would have made, to the last one, and a run can be repeated on more or fewer of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_llmops.load.plan import LoadPlan, Stage

GOLDEN = (math.sqrt(5) - 1) / 2
"""Its multiples, less their whole parts, lie as evenly in 0 to 1 as any sequence can, in any order of taking them."""


def arrivals(plan: LoadPlan) -> NDArray[np.float64]:
    """Seconds from the start at which each call of an open-loop plan is due, shape (n,), ascending.

    Poisson arrivals, given how many there are, lie as so many independent draws do (Cox and Lewis 1966, section 2.1):
    so as many are made as are to be expected, and a plan costs what it says. At a rate that changes they are those at
    rate 1, at the moments by which so many were to be expected. Constant ones are the whole numbers.
    """
    count = max(1, round(plan.offered))
    if plan.arrivals == "constant":
        marks = np.arange(count, dtype=np.float64)
    else:
        marks = np.sort(np.random.default_rng(plan.seed).uniform(0, plan.offered, count))
    return _moments(marks, plan.stages)


def share(plan: LoadPlan, worker: int = 0, workers: int = 1) -> list[tuple[int, float]]:
    """The calls of one worker: number, and seconds from the start at which it is due.

    Args:
        plan: open loop.
        worker: which, from 0.
        workers: of how many.
    """
    moments = arrivals(plan)
    return [(number, float(moments[number])) for number in range(worker, len(moments), workers)]


def parted(whole: int, worker: int = 0, workers: int = 1) -> int:
    """One worker's part of a number that is shared: parts differ by one at the most."""
    return whole // workers + (worker < whole % workers)


def chosen(plan: LoadPlan, number: int) -> tuple[int, int]:
    """What call ``number`` sends: the place of its request in the mix, and of its prompt in that."""
    weights = [request.weight for request in plan.requests]
    point = (plan.seed * GOLDEN + number * GOLDEN) % 1.0 * sum(weights)
    request = 0
    while request < len(weights) - 1 and point >= weights[request]:
        point -= weights[request]
        request += 1
    return request, number % len(plan.requests[request].prompts)


def _moments(marks: NDArray[np.float64], stages: Sequence[Stage]) -> NDArray[np.float64]:
    """The moments by which so many calls were to be expected: within a stage the root of a quadratic."""
    moments, before, start = [], 0.0, 0.0
    for stage in stages:
        left = marks[(marks >= before) & (marks < before + stage.calls)] - before
        slope = (stage.end_rate - stage.rate) / stage.seconds
        root = np.sqrt(np.maximum(stage.rate**2 + 2 * slope * left, 0.0))
        below = stage.rate + root  # 0 only of the first call of a ramp from 0, which is due at its start
        moments.append(start + np.divide(2 * left, below, out=np.zeros_like(left), where=below > 0))
        before, start = before + stage.calls, start + stage.seconds
    return np.concatenate(moments)
