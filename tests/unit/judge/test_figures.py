"""A small part of benchmarks/verdict_figures, with fixed seeds: the rule has to reach these figures for ever."""

from collections import Counter

import numpy as np
import pytest

from pytest_llmops.judge import judge_samples

PAIRS = 200


def runs(rng, count, n, *, sigma, tau=0.0, factor=1.0):
    return [factor * np.exp(tau * rng.normal() + sigma * rng.normal(size=n)) for _ in range(count)]


def states(seed, metric, calls, *, stored=0, tau=0.0, sigma=0.3, factor=1.0):
    """What became of so many pairs; ``stored``: baseline runs, 0 for calls in turns."""
    rng, found = np.random.default_rng(seed), Counter()
    for _ in range(PAIRS):
        before = runs(rng, max(1, stored), calls, sigma=sigma, tau=tau)
        now = runs(rng, 1, calls, sigma=sigma, tau=tau, factor=factor)
        found[judge_samples(metric, before, now, design="stored" if stored else "interleaved").state] += 1
    return found


@pytest.mark.parametrize(("metric", "calls"), [("typical", 30), ("mean", 30), ("p95", 60)])
@pytest.mark.parametrize(("stored", "tau"), [(0, 0.0), (1, 0.05), (5, 0.05)])
def test_row_1_unchanged_metrics_alarm_nobody(metric, calls, stored, tau):
    assert states(1, metric, calls, stored=stored, tau=tau, sigma=0.6)["regression"] <= 0.005 * PAIRS


@pytest.mark.parametrize(("factor", "share"), [(1.5, 0.85), (2.0, 0.99)])
def test_row_4_thirty_calls_in_turns_find_what_is_half_slower(factor, share):
    assert states(2, "typical", 30, factor=factor)["regression"] >= share * PAIRS


@pytest.mark.parametrize(("stored", "factor", "share"), [(1, 1.5, 0.88), (5, 1.3, 0.60), (5, 1.5, 0.98)])
def test_row_7_stored_runs_find_it_in_spite_of_what_lies_between_runs(stored, factor, share):
    assert states(3, "typical", 240, stored=stored, tau=0.05, factor=factor)["regression"] >= share * PAIRS


@pytest.mark.parametrize(("sigma", "share"), [(0.3, 0.01), (0.6, 0.03)])
def test_row_8_a_third_slower_is_hardly_ever_called_ok(sigma, share):
    assert states(4, "typical", 30, sigma=sigma, factor=1.3)["ok"] <= share * PAIRS


@pytest.mark.parametrize(("factor", "least", "most"), [(1.0, 0.0, 0.005), (1.5, 0.95, 1.0)])
def test_row_13_prompts_are_compared_with_themselves(factor, least, most):
    rng, found = np.random.default_rng(5), 0
    ids = [f"p{number}" for number in range(20)] * 3
    for _ in range(PAIRS):
        own = np.tile(np.exp(0.7 * rng.normal(size=20)), 3)
        before = [own * run for run in runs(rng, 5, 60, sigma=0.3, tau=0.05)]
        now = [own * run for run in runs(rng, 1, 60, sigma=0.3, tau=0.05, factor=factor)]
        verdict = judge_samples("typical", before, now, baseline_prompts=[ids] * 5, current_prompts=[ids])
        found += verdict.state == "regression"
    assert least * PAIRS <= found <= most * PAIRS
