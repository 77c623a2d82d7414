"""Pairing by prompt: the same prompt before and after, so that the prompts' own spread cancels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from pytest_llmops.judge.difference import Difference, drift, share_of_current
from pytest_llmops.judge.estimate import NO_SPREAD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.difference import Between
    from pytest_llmops.judge.estimate import Values

PromptedRun: TypeAlias = "tuple[Values, Sequence[str]]"
"""One run: values, shape (n,), in time order, and the prompt id of each."""

MIN_PROMPTS = 10
"""Shared prompts below which runs are not paired."""


def paired(
    name: str,
    baseline: Sequence[PromptedRun],
    current: Sequence[PromptedRun],
    between: Between,
) -> Difference | None:
    """Compare prompt by prompt; None where fewer than ten prompts are in every run.

    Each run is its values, shape (n,), and the prompt id of each. Prompts differ far more from one another than
    the same prompt does from run to run, and that spread cancels. For ``mean`` the prompts' arithmetic means
    are compared, otherwise their log means.
    """
    runs = [*baseline, *current]
    shared = sorted(set.intersection(*(set(prompts) for _, prompts in runs)))
    if len(shared) < MIN_PROMPTS:
        return None
    rows = np.array([_by_prompt(run, shared, name) for run in runs])
    before, now = rows[: len(baseline)], rows[len(baseline) :]
    differences = now.mean(axis=0) - before.mean(axis=0)
    rests = _rests(runs, shared)
    factor = drift(rests[: len(baseline)], rests[len(baseline) :], between)
    noise = max(factor * float(differences.var(ddof=1)) / len(shared), NO_SPREAD)
    levels = before.mean(axis=1)
    within = factor * _within(before)
    offset = between.part([float(level) for level in levels], within, 1 / len(baseline) + 1 / len(current))
    share = 1.0 if between.interleaved else share_of_current([v for v, _ in baseline], [v for v, _ in current])
    return Difference(
        float(differences.mean()),
        math.exp(float(levels.mean())),
        ((noise, len(shared) - 1), offset),
        noise * share,
    )


def _by_prompt(run: PromptedRun, shared: Sequence[str], name: str) -> Values:
    """One run as a row: the log level of each shared prompt; shape (prompts,)."""
    values, prompts = run
    scale = values if name == "mean" else np.log(values)
    place = {prompt: i for i, prompt in enumerate(shared)}
    index = np.array([place.get(prompt, len(shared)) for prompt in prompts])
    sums = np.bincount(index, weights=scale, minlength=len(shared) + 1)[: len(shared)]
    row = sums / np.bincount(index, minlength=len(shared) + 1)[: len(shared)]
    if name == "mean":
        # Linearised, so that the row's mean is the log of the run's mean and its spread is the mean's influence.
        centre = row.mean()
        row = np.log(centre) + row / centre - 1
    return np.asarray(row, dtype=np.float64)


def _within(rows: Values) -> float:
    """Sampling variance of a row's mean that is left once prompts and runs have had their say."""
    runs, prompts = rows.shape
    if runs < 2:
        return 0.0
    rest = rows - rows.mean(axis=1, keepdims=True) - rows.mean(axis=0) + rows.mean()
    square = float(np.sum(rest**2))
    return square / float((runs - 1) * (prompts - 1) * prompts)


def _rests(runs: Sequence[PromptedRun], shared: Sequence[str]) -> list[Values]:
    """The logs of each run, in time order, without its level and without each prompt's own."""
    place = {prompt: i for i, prompt in enumerate(shared)}
    rests = []
    for values, prompts in runs:
        kept = [i for i, prompt in enumerate(prompts) if prompt in place]
        logs = np.log(values[kept])
        rests.append((logs - logs.mean(), np.array([place[prompts[i]] for i in kept])))
    index = np.concatenate([where for _, where in rests])
    sums = np.bincount(index, weights=np.concatenate([rest for rest, _ in rests]))
    effect = sums / np.bincount(index)
    return [rest - effect[where] for rest, where in rests]
