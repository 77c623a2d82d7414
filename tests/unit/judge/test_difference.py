import math

import numpy as np
import pytest

from pytest_llmops.judge.difference import Between, drift, share_of_a_run, unpaired

IN_TURNS, STORED = Between(interleaved=True, tau0=0.05), Between(interleaved=False, tau0=0.05)


def drifting(rng, n):
    values = rng.normal(size=n)
    for i in range(1, n):
        values[i] += 0.6 * values[i - 1]
    return 0.2 * values


def test_drift_that_passes_through_both_sides_counts_only_where_they_were_not_called_in_turns():
    rng = np.random.default_rng(1)
    shared = drifting(rng, 400)
    before, now = shared + 0.05 * rng.normal(size=400), shared + 0.05 * rng.normal(size=400)
    assert drift([before], [now], IN_TURNS) == pytest.approx(1.0, abs=0.2)
    assert drift([before], [now], STORED) > 2


def test_drift_of_each_side_alone_counts_in_turns_too():
    rng = np.random.default_rng(2)
    before, now = drifting(rng, 400), drifting(rng, 400)
    assert drift([before], [now], IN_TURNS) == pytest.approx(4.0, rel=0.25)  # (1 + .6) / (1 - .6)


def test_sides_of_unequal_length_are_compared_as_far_as_they_go():
    rng = np.random.default_rng(3)
    before, now = drifting(rng, 400), drifting(rng, 380)
    assert drift([before], [now], IN_TURNS) == pytest.approx(4.0, rel=0.3)


def test_a_long_run_among_short_ones_brings_more_of_its_own_offset():
    assert share_of_a_run([np.ones(30)] * 5) == pytest.approx(1 / 5)
    assert share_of_a_run([np.ones(240), *[np.ones(30)] * 4]) == pytest.approx(61_200 / 360**2)


def test_the_offset_of_an_uneven_baseline_is_wider():
    rng = np.random.default_rng(4)
    every = [np.exp(0.001 * rng.normal(size=n)) for n in (240, 240, 240, 240, 240, 240)]
    even = unpaired("typical", every[:5], every[5:], STORED)
    uneven = unpaired("typical", [every[0], *(run[:30] for run in every[1:5])], every[5:], STORED)
    assert math.sqrt(uneven.variance / even.variance) == pytest.approx(
        math.sqrt((1 + 61_200 / 360**2) / (1 + 1 / 5)), rel=1e-2
    )
