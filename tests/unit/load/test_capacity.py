"""The search for the highest rate that holds, by servers that are reckoned and not run."""

import heapq
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.load.capacity import MOST, PRECISION, Capacity, Probe, search


def answered(rate, slots, service_s, seconds, random):
    """Response times of Poisson arrivals at a server of so many slots, each call taking the same time: M/D/N."""
    due = np.cumsum(random.exponential(1 / rate, size=max(1, int(rate * seconds))))
    free = [0.0] * slots
    times = []
    for moment in due:
        done = max(heapq.heappop(free), moment) + service_s
        heapq.heappush(free, done)
        times.append(done - moment)
    return np.array(times)


@pytest.mark.parametrize(("slots", "service_s"), [(1, 0.02), (4, 0.1), (8, 0.25), (32, 0.4)])
@pytest.mark.parametrize("seed", range(4))
def test_a_known_limit_is_found_within_10_percent(slots, service_s, seed):
    random, limit = np.random.default_rng(seed), slots / service_s

    def holds(rate):
        times = answered(rate, slots, service_s, 1200 * service_s / slots, random)
        return np.percentile(times, 95) <= service_s * (1 + 40 / slots)

    found = search(holds, start=limit / 7)
    assert abs(found.rate / limit - 1) <= 0.10, str(found)
    assert found.ended == "settled"
    assert found.beyond / found.rate <= PRECISION


@given(limit=st.floats(0.5, 5000), start=st.floats(0.5, 5000))
def test_the_border_lies_between_what_holds_and_what_does_not(limit, start):
    found = search(lambda rate: rate <= limit, start, least=0.25, most=50)
    assert found.ended == "settled"
    assert found.rate <= limit < found.beyond <= PRECISION * found.rate * (1 + 1e-6)


@given(answers=st.lists(st.booleans(), min_size=60, max_size=60), most=st.integers(1, 50))
def test_it_ends_whatever_the_probes_say(answers, most):
    left = iter(answers)
    found = search(lambda _rate: next(left), 10.0, cap=100.0, most=most)
    assert 1 <= len(found.probes) <= most
    assert all(0.125 <= one.rate <= 100 for one in found.probes)


@pytest.mark.parametrize("wrong", range(9))
def test_one_probe_that_errs_is_found_out(wrong):
    tries = []

    def holds(rate):
        tries.append(rate)
        return (rate <= 40) != (len(tries) == wrong + 1)

    found = search(holds, 10.0)
    assert found.ended == "settled"
    assert 40 / PRECISION <= found.rate <= 40


def test_one_in_twenty_probes_may_err_anywhere():
    random, off = np.random.default_rng(7), []
    for _ in range(300):
        found = search(lambda rate: (rate <= 40) != (random.random() < 0.05), 10.0)
        off.append(abs(found.rate / 40 - 1))
    assert np.mean(np.array(off) <= 0.10) >= 0.95


def test_the_cap_is_never_exceeded():
    tried = []
    found = search(lambda rate: tried.append(rate) is None, 10.0, cap=50.0)
    assert tried == [10, 20, 40, 50, 50]
    assert found == Capacity(50.0, math.inf, "at the cap", tuple(Probe(rate, holds=True) for rate in tried))
    assert str(found) == "at least 50 calls/s, which is the most that may be sent (5 tries)"


def test_what_holds_nowhere_is_said():
    found = search(lambda _rate: False, 8.0, least=1.0)
    assert (found.rate, found.beyond, found.ended) == (0.0, 1.0, "nowhere")
    assert [one.rate for one in found.probes] == [8, 4, 2, 1, 1]
    assert str(found) == "the objectives hold at no rate, down to 1 calls/s (5 tries)"


def test_too_few_probes_are_said():
    found = search(lambda rate: rate <= 40, 10.0, most=4)
    assert (found.rate, found.beyond, found.ended) == (40.0, 80.0, "out of probes")
    assert str(found) == "40 calls/s hold, at 80 no longer (4 tries; that were too few to be sure)"
    assert str(search(lambda _rate: False, 10.0, most=2)) == "below 5 calls/s; 2 tries did not find out by how much"
    assert str(search(lambda _rate: True, 10.0, most=1)) == "10 calls/s hold (1 tries; that were too few to be sure)"


def test_what_it_found_is_plain_json():
    found = search(lambda rate: rate <= 10, 10.0, precision=2)
    assert str(found) == "10 calls/s hold, at 20 no longer (4 tries)"
    assert found.as_json() == {
        "rate": 10.0,
        "beyond": 20.0,
        "ended": "settled",
        "probes": [[10.0, True], [20.0, False], [10.0, True], [20.0, False]],
    }
    assert search(lambda _rate: True, 1.0, cap=1.0).as_json()["beyond"] is None


@pytest.mark.parametrize("words", [{"start": 0}, {"start": 1, "cap": 0}, {"start": 1, "precision": 1}])
def test_rates_that_are_none_are_refused(words):
    with pytest.raises(ValueError, match="have to be above 0, and precision"):
        search(lambda _rate: True, **words)


def test_a_search_is_bounded():
    assert len(search(lambda rate: rate <= 33, 1.0).probes) <= MOST
