import numpy as np
import pytest
from pydantic import ValidationError

from pytest_llmops.load.plan import LoadPlan, Stage
from pytest_llmops.load.schedule import arrivals, chosen, parted, share

from .made_up import plan, request


def test_constant_arrivals_are_evenly_apart():
    assert arrivals(plan(Stage(seconds=2, rate=2), arrivals="constant")).tolist() == [0, 0.5, 1, 1.5]


def test_a_ramp_brings_as_many_calls_as_its_area():
    moments = arrivals(plan(Stage(seconds=10, rate=0, to=20), arrivals="constant"))
    assert len(moments) == 100
    assert moments[0] == 0
    assert moments[25] == pytest.approx(5)  # a quarter of the area lies below half of the time
    assert np.all(np.diff(moments) > 0)


def test_stages_follow_each_other_without_a_gap():
    moments = arrivals(plan(Stage(seconds=1, rate=10), Stage(seconds=1, rate=100), arrivals="constant"))
    assert len(moments) == 110
    assert moments[9:12] == pytest.approx([0.9, 1.0, 1.01])


def test_a_stage_without_calls_is_a_pause():
    moments = arrivals(
        plan(Stage(seconds=1, rate=2), Stage(seconds=5, rate=0), Stage(seconds=1, rate=2), arrivals="constant")
    )
    assert moments == pytest.approx([0, 0.5, 6, 6.5])


def test_poisson_arrivals_come_at_their_rate_and_as_irregularly_as_they_should():
    moments = arrivals(plan(Stage(seconds=1000, rate=50)))
    gaps = np.diff(moments)
    assert len(moments) == 50_000
    assert gaps.mean() == pytest.approx(0.02, rel=0.02)
    assert gaps.std() == pytest.approx(gaps.mean(), rel=0.03)  # of an exponential both are one
    assert moments[-1] < 1000


def test_the_seed_decides():
    one, again, other = (arrivals(plan(Stage(seconds=10, rate=5), seed=seed)) for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one[:10], other[:10])


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_workers_together_make_the_calls_of_one(workers):
    asked = plan(Stage(seconds=5, rate=20, to=40))
    parts = [call for worker in range(workers) for call in share(asked, worker, workers)]
    assert sorted(parts) == share(asked)


def test_parts_of_a_number_add_up():
    assert [parted(7, worker, 3) for worker in range(3)] == [3, 2, 2]


def test_a_mix_keeps_its_weights_at_any_length():
    asked = plan(Stage(seconds=1, rate=1), requests=[request("a", weight=3), request("b"), request("c")])
    first = [chosen(asked, number)[0] for number in range(50)]
    assert [first.count(place) for place in range(3)] == pytest.approx([30, 10, 10], abs=1)


def test_every_prompt_gets_its_turn():
    asked = plan(Stage(seconds=1, rate=1), requests=[request("a", prompts=3), request("b", prompts=2)])
    sent = {chosen(asked, number) for number in range(60)}
    assert sent == {(0, 0), (0, 1), (0, 2), (1, 0), (1, 1)}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"arrivals": "closed", "concurrency": 5}, "a closed loop takes concurrency, and calls or seconds; no stages"),
        ({"concurrency": 5}, "poisson arrivals take stages, and no concurrency, calls or seconds"),
        ({"stages": [Stage(seconds=1, rate=0)]}, "stages in which no call arrives are no load"),
    ],
)
def test_a_plan_is_open_or_closed(given, said):
    with pytest.raises(ValidationError, match=said):
        plan(**given)


def test_a_plan_says_what_it_offers():
    asked = plan(Stage(seconds=10, rate=0, to=20), Stage(seconds=10, rate=20))
    assert (asked.offered, asked.lasts_s, asked.rate, asked.peak) == (300, 20, 15, 20)
    closed = plan(arrivals="closed", concurrency=5, calls=100)
    assert (closed.offered, closed.lasts_s, closed.rate, closed.peak) == (100, 0, 0, 0)


def test_a_plan_says_how_long_it_takes_at_the_most():
    table = {"components": {"api": {"deadline": 7}}}
    assert plan(Stage(seconds=10, rate=1), table=table).at_most_s == 17
    assert plan(Stage(seconds=10, rate=1)).at_most_s == 40
    assert plan(arrivals="closed", concurrency=5, calls=11, deadline=2).at_most_s == 8
    assert plan(arrivals="closed", concurrency=5, calls=11, seconds=3, deadline=2).at_most_s == 5


def test_a_plan_is_plain_json_both_ways():
    asked = plan(Stage(seconds=10, rate=0, to=20), requests=[request(words={"limit": 3}), request("b", weight=2)])
    assert LoadPlan.model_validate_json(asked.model_dump_json()) == asked
