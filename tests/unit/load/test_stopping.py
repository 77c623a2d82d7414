"""The rules of giving up, at moments that are made up."""

import numpy as np
import pytest

from pytest_llmops.load.plan import Stage, Stops
from pytest_llmops.load.recording import Batch, Recording
from pytest_llmops.load.result import DONE, LoadResult
from pytest_llmops.load.stopping import BreakingPoint, StopRule, breaking_point

from .made_up import calls, plan

TAIL = Stops(error_rate=None, p95=2.0, window=10.0, least=20)
STEPS = (Stage(seconds=10, rate=10), Stage(seconds=10, rate=20), Stage(seconds=10, rate=30))


def first_stop(rule, *taken):
    """The first call, from 1, after which it says stop, and what it says; one ends a second."""
    for number, (now, seconds, failed) in enumerate(taken, 1):
        if said := rule.after(now, seconds, failed=failed):
            return number, said
    return None


def a_second_apart(*seconds):
    return [(float(now), one, False) for now, one in enumerate(seconds)]


def often(*seconds, every=0.1):
    return [(every * now, one, False) for now, one in enumerate(seconds)]


def test_a_p95_above_its_limit_ends_it():
    told = first_stop(StopRule(TAIL), *often(*[0.1] * 38, 2.5, 2.5, 2.5))
    assert told == (41, "the p95 of the last 41 calls is above 2 s")


def test_one_slow_call_in_twenty_does_not():
    assert first_stop(StopRule(TAIL), *often(*[0.1] * 19, 2.5, *[0.1] * 19, 2.5)) is None


def test_the_limit_itself_is_no_stop():
    assert first_stop(StopRule(TAIL), *often(*[2.0] * 50)) is None


def test_fewer_calls_than_least_say_nothing():
    assert first_stop(StopRule(TAIL), *often(*[9.0] * 19)) is None
    assert first_stop(StopRule(TAIL), *often(*[9.0] * 20)) == (20, "the p95 of the last 20 calls is above 2 s")


def test_what_is_longer_ago_than_the_window_no_longer_counts():
    assert first_stop(StopRule(TAIL), *a_second_apart(*[9.0] * 100)) is None  # never more than 11 of them
    slow_then_quick = [*often(*[9.0] * 15), *[(20 + 0.1 * one, 0.1, False) for one in range(30)]]
    assert first_stop(StopRule(TAIL), *slow_then_quick, (23.1, 9.0, False)) is None


def test_a_target_without_a_p95_is_never_too_slow():
    assert first_stop(StopRule(Stops(error_rate=0.5)), *often(*[99.0] * 100)) is None


def test_failures_count_by_themselves():
    rule = StopRule(Stops(error_rate=0.5, least=4))
    told = first_stop(rule, *[(0.1 * one, 0.1, one >= 2) for one in range(10)])
    assert told == (5, "60 % of the last 5 calls failed, more than 50 %")


def made(stages, took, *, ended=DONE, stops=TAIL, failed=lambda _due: False, workers=1):
    """A run at constant arrivals; ``took`` says of each call, by when it is due, how long it takes."""
    asked = plan(*stages, arrivals="constant", stops=stops)
    moments, start = [], 0.0
    for stage in stages:
        moments += [start + one / stage.rate for one in range(round(stage.calls))]
        start += stage.seconds
    batches = []
    for worker in range(workers):
        own = list(enumerate(moments))[worker::workers]
        rows = [(number, 1000 + due, 0.0, took(due), int(failed(due))) for number, due in own]
        batches.append(Batch(worker, calls=calls(*rows), kinds=[("http-500", "")]))
    return LoadResult(asked, Recording(batches), 1000.0, ended)


def test_it_broke_at_the_rate_at_which_the_slow_calls_were_due():
    broke = breaking_point(made(STEPS, lambda due: 0.1 if due < 12 else 3.0, ended="stopped: the p95 …"))
    assert broke.rate == 20
    assert broke.why.startswith("the p95 of the last ")
    assert 15 < broke.after_s < 16
    assert str(broke) == f"{broke.why}, {broke.after_s:.1f} s after the start"


def test_slow_calls_of_the_step_before_are_that_steps():
    """Calls due at 10 a second are 12 s late: the rule comes up once 20 a second are sent."""
    broke = breaking_point(made(STEPS, lambda due: 0.1 if due < 8 else 4.0))
    assert (broke.rate, broke.after_s > 10) == (10, True)


def test_failures_break_it_as_well():
    rule = Stops(error_rate=0.1, window=2.0)
    broke = breaking_point(made(STEPS, lambda _due: 0.1, stops=rule, failed=lambda due: due >= 20))
    assert broke.rate == 30
    assert "failed, more than 10 %" in broke.why


def test_a_ramp_breaks_between_its_ends():
    ramp = (Stage(seconds=20, rate=10, to=30),)
    broke = breaking_point(made(ramp, lambda due: 0.1 if due < 10 else 3.0))
    assert broke.rate == pytest.approx(20, abs=2)


def test_what_did_not_break_carried_its_peak_at_least():
    broke = breaking_point(made(STEPS, lambda _due: 0.1))
    assert broke == BreakingPoint(30, "", 30)
    assert str(broke) == "at least: it did not break in 30 s, up to 30 calls/s"


def test_what_ended_for_another_reason_has_none():
    assert breaking_point(made(STEPS, lambda _due: 0.1, ended="stopped: api is not well")) is None


def test_each_worker_looks_at_its_own_calls():
    """As in the run: of two workers each sees half of the calls, and one of them was first."""
    took = {0: 0.1, 1: 3.0}
    broke = breaking_point(made(STEPS, lambda due: took[round(due * 10) % 2] if due < 10 else 0.1, workers=2))
    assert broke.rate == 10
    alone = breaking_point(made(STEPS, lambda due: took[round(due * 10) % 2] if due < 10 else 0.1))
    assert alone.after_s <= broke.after_s


@pytest.mark.parametrize(("at", "rate"), [(-1, 10), (5, 15), (10, 20), (10.1, 5), (99, 5)])
def test_the_rate_of_a_moment(at, rate):
    asked = plan(Stage(seconds=10, rate=10, to=20), Stage(seconds=10, rate=5))
    assert asked.rate_at(at) == pytest.approx(rate)
    assert np.isfinite(rate)
