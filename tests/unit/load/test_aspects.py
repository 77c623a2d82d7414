"""What a load run shows beside its percentiles."""

import numpy as np
import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.load.aspects import waited
from pytest_llmops.load.plan import Stage
from pytest_llmops.load.recording import Batch, Recording
from pytest_llmops.load.result import DONE, LoadResult

from .made_up import calls, plan

SPIKE = (Stage(seconds=10, rate=1), Stage(seconds=5, rate=4), Stage(seconds=10, rate=1))


def result(service_s, *, failed=(), kind="throttled", stages=SPIKE):
    """A call a second, each as long as said, those of the numbers failed."""
    rows = [(number, 1000.0 + number, 0.0, took, int(number in failed)) for number, took in enumerate(service_s)]
    recording = Recording([Batch(0, calls=calls(*rows), kinds=[(kind, "api: it failed.")])])
    return LoadResult(plan(*stages), recording, 1000.0, DONE)


def streamed(ttft_s, service_s):
    found = calls(*((number, 1000.0, 0.0, took, 0) for number, took in enumerate(service_s)))
    found["ttft_s"] = ttft_s
    return found


def test_a_spike_that_nobody_feels_is_over_at_once():
    assert result([0.2] * 25).recovery_s() == 0.0


def test_a_spike_is_over_once_five_in_a_row_are_quick_again():
    slow_until_19 = [0.2] * 10 + [2.0] * 10 + [0.2] * 5
    assert result(slow_until_19).recovery_s() == pytest.approx(6.0)  # three of five: the call due at 21 is the last


def test_failed_calls_are_no_recovery():
    assert result([0.2] * 25, failed=range(15, 25)).recovery_s() == pytest.approx(9.0)


def test_a_single_slow_call_is_no_trouble():
    assert result([0.2] * 18 + [3.0] + [0.2] * 6).recovery_s() == 0.0


def test_where_most_calls_failed_before_there_is_nothing_usual_to_come_back_to():
    with pytest.raises(Vacuous) as caught:
        result([0.2] * 25, failed=range(6)).recovery_s()
    assert str(caught.value) == "6 of 10 calls before the spike failed: there is nothing usual to come back to."
    assert result([0.2] * 25, failed=range(4)).recovery_s() == 0.0


def test_the_spike_is_wherever_the_shape_has_it():
    climbs = Stage(seconds=3, rate=1, to=4), Stage(seconds=2, rate=4), Stage(seconds=2, rate=4, to=1)
    stages = (Stage(seconds=4, rate=1), Stage(seconds=6, rate=1), *climbs, Stage(seconds=8, rate=1))
    slow_until_20 = [0.2] * 10 + [2.0] * 11 + [0.2] * 4
    assert result(slow_until_20, stages=stages).recovery_s() == pytest.approx(5.0)  # three of five: the call due at 22


def test_without_a_rise_there_is_no_spike():
    with pytest.raises(Vacuous) as caught:
        result([0.2] * 25, stages=(Stage(seconds=25, rate=1),)).recovery_s()
    assert str(caught.value) == (
        "none of 1 stages rises above the first, so there is no spike: give the shape a stage of more times, such as "
        "load.shapes.spike."
    )


def test_too_few_calls_say_nothing_of_a_spike():
    with pytest.raises(Vacuous, match="10 calls before a spike and 0 after it"):
        result([0.2] * 12).recovery_s()


def test_refusals_are_told_by_stage_and_of_all():
    refused = result([0.1] * 25, failed=range(12, 15), kind="http-429")
    assert [refused.refused_in(stage) for stage in range(3)] == [0.0, 60.0, 0.0]
    assert refused.refused_pct == 12.0
    assert [refused.failed_in(stage) for stage in range(3)] == [0.0, 60.0, 0.0]
    late = result([0.1] * 25, failed=range(12, 15), kind="timeout")
    assert (late.refused_pct, late.refused_in(1), late.failed_in(1)) == (0.0, 0.0, 60.0)


def test_no_call_of_a_stage_says_nothing_of_refusals():
    with pytest.raises(Vacuous, match="no call was due from 15 to 25 s"):
        result([0.1] * 14).refused_in(2)


def test_what_is_surely_quicker_is_told_and_what_may_not_be_is_not():
    noise = np.random.default_rng(3).normal(0, 0.02, 25)
    before, after = result(1.0 + noise), result(0.5 + noise)
    assert after.quicker_than(before) == pytest.approx(50, abs=3)
    assert before.quicker_than(after) == 0.0
    assert result(1.0 + noise[::-1]).quicker_than(before) == 0.0


def test_who_waits_for_a_slot_begins_later_than_alone():
    alone = streamed([0.1] * 5, [0.3] * 5)
    assert waited(streamed([0.1, 0.12, 0.4, 0.41], [0.3, 0.3, 0.6, 0.6]), alone) == 2
    assert waited(streamed([0.1, 0.12], [0.3, 0.3]), alone) == 0


def test_without_streams_nobody_can_be_said_to_have_waited():
    with pytest.raises(Vacuous, match="no streamed answer"):
        waited(streamed([np.nan], [0.3]), streamed([0.1], [0.3]))
