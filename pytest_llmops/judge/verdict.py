"""The verdict on one statistic: has it become worse than its baseline, or better, or can nobody tell yet?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pytest_llmops.judge.decision import Question, Verdict, decide, undecided
from pytest_llmops.judge.difference import Between, unpaired
from pytest_llmops.judge.pairing import paired
from pytest_llmops.judge.schedule import MIN_N
from pytest_llmops.judge.side import Side

if TYPE_CHECKING:
    from pytest_llmops.judge.difference import Difference
    from pytest_llmops.judge.side import PromptIds, Runs

__all__ = ["SURVIVORSHIP", "Design", "Verdict", "judge_samples", "lacking"]

Design = Literal["stored", "interleaved"]

SURVIVORSHIP = 0.05
"""Share of lost calls above which the rest no longer speaks for typical and mean."""

_LOCATION = ("typical", "mean", "p50")  # a paired mean cannot see a tail


def judge_samples(
    metric: str,
    baseline_runs: Runs,
    current_runs: Runs,
    *,
    threshold: float = 1.20,
    design: Design = "stored",
    higher_is_better: bool = False,
    floor: float = 0.0,
    tau0: float = 0.05,
    baseline_prompts: PromptIds | None = None,
    current_prompts: PromptIds | None = None,
) -> Verdict:
    """Judge one statistic of the current runs against the baseline's.

    A regression needs both an estimate above ``threshold`` and a one-sided p <= .01 (interleaved: .008) against a true
    ratio of sqrt(threshold) or less; ok needs the 97 % upper limit below ``threshold``.

    Args:
        metric: the statistic: typical, mean, p50, p90, p95 or p99.
        baseline_runs: one list of values (seconds) per accepted run, in time order, warm-up dropped.
        current_runs: the same for what is judged. A call that timed out may be given as ``math.inf``.
        threshold: times worse from which it matters.
        design: ``stored``: the baseline is from other days; ``interleaved``: called in turns with the current side.
        higher_is_better: values are rates. Their reciprocals are judged, tokens per second as seconds per token: a
            mean is weighted by time, p95 is the slow tail, and ``math.inf`` is a lost call here too.
        floor: a worsening by less than this, in the values' unit, is nobody's problem.
        tau0: assumed spread of log latency between unchanged runs: .03 on the same host within the hour, .05
            otherwise, .10 for a shared endpoint.
        baseline_prompts: prompt ids, shaped as ``baseline_runs``; with ten or more shared ids prompts are paired.
        current_prompts: the same for ``current_runs``.

    Raises:
        ValueError: an unknown statistic or design, a setting out of range, a value that is not above zero, prompt
            ids that do not fit their run.
    """
    if design not in ("stored", "interleaved"):
        raise ValueError(f"unknown design {design!r}; there are stored, interleaved")
    question = Question(metric, threshold, Between(design == "interleaved", tau0), higher_is_better, floor)
    baseline = Side("baseline", baseline_runs, baseline_prompts)
    current = Side("current", current_runs, current_prompts)
    if not baseline.n:
        return undecided("no-baseline", current.n, "there is no baseline to compare with")
    reason = lacking(metric, current, baseline)
    if reason:
        return undecided("inconclusive", current.n, reason)
    if higher_is_better:
        baseline, current = baseline.reciprocal(), current.reciprocal()
    slowest = max(baseline.slowest, current.slowest)
    baseline, current = baseline.ranked(metric, slowest), current.ranked(metric, slowest)
    return decide(question, _difference(question, baseline, current), current.n, current.shortest)


def lacking(metric: str, current: Side, baseline: Side | None = None) -> str:
    """Why nothing can be said at all of these sides; empty if something can."""
    if not current.n:
        return "no call of the current side gave a value"
    sides = [current] if baseline is None else [baseline, current]
    if baseline is not None and not max(side.slowest for side in sides):
        return "no call of either side came back"
    lost = max(side.lost for side in sides)
    if metric in ("typical", "mean") and lost > SURVIVORSHIP:
        return f"{lost:.0%} of the calls never came back, and {metric} of the others would flatter (survivorship)"
    shortest = min(side.came_back if metric == "mean" else side.shortest for side in sides)
    if shortest < MIN_N[metric]:
        return f"{metric} needs {MIN_N[metric]} values in every run; the shortest has {shortest}"
    return ""


def _difference(question: Question, baseline: Side, current: Side) -> Difference:
    whole = unpaired(question.metric, baseline.runs, current.runs, question.between)
    if question.metric not in _LOCATION or baseline.prompts is None or current.prompts is None:
        return whole
    pairs = paired(question.metric, baseline.prompted(), current.prompted(), question.between)
    if pairs is None or (not question.between.interleaved and whole.variance < pairs.variance):
        return whole
    return pairs
