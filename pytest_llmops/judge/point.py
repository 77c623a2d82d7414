"""The verdict against a point: a number that a team wrote down, without any runs behind it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_llmops.judge.decision import Question, decide, undecided
from pytest_llmops.judge.difference import Between, from_point
from pytest_llmops.judge.side import Side
from pytest_llmops.judge.verdict import lacking

if TYPE_CHECKING:
    from pytest_llmops.judge.decision import Verdict
    from pytest_llmops.judge.side import Runs


def judge_point(
    metric: str,
    point: float,
    current_runs: Runs,
    *,
    threshold: float = 1.20,
    higher_is_better: bool = False,
    floor: float = 0.0,
    tau0: float = 0.05,
) -> Verdict:
    """Judge one statistic of the current runs against a number: ok, regression or inconclusive, never improvement.

    The rule is that of ``judge_samples``. The point has no spread of its own, but was found on another day: it
    counts as one baseline run.

    Args:
        metric: the statistic: typical, mean, p50, p90, p95 or p99.
        point: what it should be, in the values' unit.
        current_runs: one list of values (seconds) per run, in time order, warm-up dropped. A call that timed out may
            be given as ``math.inf``.
        threshold: times worse from which it matters.
        higher_is_better: values and point are rates; see ``judge_samples``.
        floor: a worsening by less than this, in the values' unit, is nobody's problem.
        tau0: assumed spread of log latency between unchanged runs; see ``judge_samples``.

    Raises:
        ValueError: an unknown statistic, a setting out of range, a point or a value that is not above zero.
    """
    if not 0 < point < math.inf:
        raise ValueError(f"the point to compare with is {point:g}; it must be above zero, and finite")
    expected = f"{point:.4g}" if higher_is_better else f"{point:.4g} s"
    question = Question(metric, threshold, Between(interleaved=False, tau0=tau0), higher_is_better, floor, expected)
    current = Side("current", current_runs, None)
    reason = lacking(metric, current)
    if reason:
        return undecided("inconclusive", current.n, reason)
    if higher_is_better:
        current, point = current.reciprocal(), 1 / point
    current = current.ranked(metric, max(current.slowest, point))
    found = from_point(metric, math.log(point), current.runs, question.between)
    return decide(question, found, current.n, current.shortest)
