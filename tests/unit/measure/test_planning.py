"""Shares of the budget, and what slow calls change."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from pytest_llmops.errors import CallFailed
from pytest_llmops.measure.bench import Purse
from pytest_llmops.measure.planning import Allowance, Share, shares, usual_calls, warm_up_where_slow
from pytest_llmops.state.ledger import Ledger, Spent
from pytest_llmops.target.component import RateLimit
from pytest_llmops.target.models import Budget

LONG_S = 1.02


def around(value, n=30):
    """A run's values, a few per cent around one."""
    return [value * (1 + 0.02 * (number % 3 - 1)) for number in range(n)]


@pytest.fixture
def ledger(tmp_path):
    return Ledger(tmp_path / "ledger", Budget(requests=100, tokens=1000, seconds=100))


def calling(rounds=1, seconds=0.0, tokens=0.0):
    """A sampler as far as a share looks at it."""
    return SimpleNamespace(rounds=rounds, seconds_a_call=seconds, tokens_a_call=tokens)


def test_each_measurement_has_its_part_of_seventy_per_cent():
    assert shares(Budget(), 7) == Spent(200, 20_000, pytest.approx(60))
    assert shares(Budget(), 1) == Spent(1400, 140_000, pytest.approx(420))


def test_what_one_leaves_over_flows_on(ledger):
    assert Share(Purse(ledger), 7).allotted == Spent(10, 100, pytest.approx(10))
    ledger.charge("api", requests=4, seconds=1)
    assert Share(Purse(ledger), 6).allotted == Spent(11, 116, pytest.approx(11.5))
    assert Share(Purse(ledger), 1).allotted == Spent(66, 700, pytest.approx(69))


def test_what_confirmed_another_is_not_taken_from_those_to_come(ledger):
    with ledger.confirming():
        ledger.charge("api", requests=25, seconds=20)
    assert Share(Purse(ledger), 7).allotted == Spent(10, 100, pytest.approx(10))
    own = Share(Purse(ledger), 7)
    assert own.left(reserve=True) == Spent(15, 400, pytest.approx(20))
    ledger.charge("api", requests=4)
    assert (own.left(), own.left(reserve=True).requests) == (Spent(6, 100, pytest.approx(10)), 11)


@pytest.mark.parametrize(
    ("spent", "sampler", "calls", "ends"),
    [
        ({}, calling(seconds=3), 3, "its share of the budget ended (10 s): raise budget.seconds"),
        ({}, calling(tokens=30), 3, "its share of the budget ended (100 tokens): raise budget.tokens"),
        ({"requests": 2}, calling(2), 8, "its share of the budget ended (10 requests): raise budget.requests"),
        ({"requests": 6}, calling(3), 2, "its share of the budget ended (10 requests): raise budget.requests"),
        ({"tokens": 60}, calling(2), 1, "its share of the budget ended (100 tokens): raise budget.tokens"),
        ({"seconds": 50}, calling(1, 1), 0, "its share of the budget ended (10 s): raise budget.seconds"),
    ],
)
def test_room_is_what_the_scarcest_allows(ledger, spent, sampler, calls, ends):
    share = Share(Purse(ledger), 7)
    ledger.charge("api", **spent)
    room = share.room(sampler, reserve=False)
    assert (room.calls, room.ends) == (calls, ends)


def test_the_components_own_limit_counts_too(ledger):
    share = Share(Purse(ledger, "api", RateLimit(calls=5, per_s=3600)), 7)
    ledger.charge("api", requests=3)
    room = share.room(calling(3), reserve=False)
    assert (room.calls, room.ends) == (2, "api allows no more than 5 calls in 60 min")


def test_side_by_side_both_budgets_count(bench, ledger, tmp_path):
    small = Ledger(tmp_path / "other", Budget(requests=10))
    here = bench()
    assert Allowance(here).room(calling(), reserve=False).calls == 1400
    both = Allowance(replace(here, purse=Purse(small, "api")))
    assert both.room(calling(), reserve=False).calls == 7
    itself = replace(here, purse=Purse(here.ledger, "api"))
    assert len(Allowance(itself).shares) == 1


def test_a_slow_measurement_leaves_the_others_their_share(bench, accepted, take, streaming):
    here = bench(budget={"requests": 200})
    accepted(here, "x.ttft", *(around(0.2 * factor) for factor in (0.7, 1.3, 1, 0.6, 1.2)))  # nothing settles this
    found = take(here, streaming(0.22, here.ledger), measurements_left=lambda: 2)
    assert (found["ttft"].state, found["ttft"].n) == ("inconclusive", 60)
    assert found["ttft"].reason.endswith("; its share of the budget ended (70 requests): raise budget.requests")
    assert Share(Purse(here.ledger), 1).allotted.requests == 140 - 63


def test_time_that_runs_out_ends_a_batch(bench, take, passing):
    here = bench(budget={"seconds": 1})
    quick_then_slow = iter([0.0] * 5 + [0.1] * 100)
    found = take(here, lambda _: passing.sleep(next(quick_then_slow)), measurements_left=lambda: 2)
    assert found["x"].n < 10
    assert here.ledger.spent().seconds < 0.7 + 0.2  # 70 %, and the call during which it ran out


def test_what_can_just_be_judged_may_draw_on_the_others_shares(bench, accepted, take, passing):
    here = bench(budget={"seconds": 4})  # 0.4 s for each of seven
    accepted(here, "x", *(around(0.05) for _ in range(5)))
    found = take(here, lambda _: passing.sleep(0.08), measurements_left=lambda: 7)
    assert (found["x"].n, found["x"].state) == (20, "regression")  # ten, and ten of the reserve


def test_what_is_too_little_to_be_judged_may_look_slower(bench, accepted, take, passing):
    here = bench(budget={"seconds": 1})
    accepted(here, "x", *(around(0.05) for _ in range(5)))
    found = take(here, lambda _: passing.sleep(0.1), measurements_left=lambda: 1)
    assert (found["x"].n < 10, found["x"].state, found["x"].suspect) == (True, "inconclusive", True)
    assert found["x"].reason.endswith("; its share of the budget ended (700 ms): raise budget.seconds")


def test_what_answered_before_is_warm(bench, take, passing):
    made = []

    def slow(prompt):
        made.append(prompt.id)
        passing.sleep(LONG_S)

    here = bench(baseline={"looks": [2]})
    here.ledger.charge("api", requests=3)
    found = take(here, slow, component="api")
    assert (found["x"].n, made) == (2, ["p0", "p1"])  # the first told that calls are slow, and counts


def test_quick_calls_are_warmed_up_in_full_all_the_same(bench, take):
    made = []
    here = bench(baseline={"looks": [2]})
    here.ledger.charge("api", requests=3)
    found = take(here, lambda prompt: made.append(prompt.id), component="api")
    assert (found["x"].n, made) == (2, ["p0", "p1", "p2", "p0", "p1"])


@pytest.mark.parametrize(
    ("by_others", "failed", "here", "dropped"),
    [(0, 0, 0, 3), (1, 0, 0, 2), (2, 0, 0, 1), (9, 0, 0, 1), (0, 9, 0, 3), (0, 0, 2, 1), (2, 0, 1, 0), (0, 0, 3, 0)],
)
def test_what_slow_calls_still_need_to_be_warm(bench, by_others, failed, here, dropped):
    own = bench()
    Ledger(own.ledger.path, Budget()).charge("api", requests=by_others)  # another process of the run
    own.ledger.charge("api", requests=failed, answered=False)
    own.ledger.charge("api", requests=here)
    assert warm_up_where_slow(replace(own, component="api")) == dropped


def test_side_by_side_both_have_to_be_warm(bench, tmp_path):
    own, other = replace(bench(), component="api"), Ledger(tmp_path / "other", Budget())
    own.ledger.charge("api", requests=3)
    other.charge("ollama", requests=1)
    assert warm_up_where_slow(replace(own, purse=Purse(other, "ollama"))) == 2


def test_a_confirmation_is_paid_by_the_reserve(bench, accepted, take, streaming):
    here = bench(budget={"requests": 120})
    accepted(here, "x.ttft", around(0.1), around(0.1))
    found = take(here, streaming(0.2, here.ledger), measurements_left=lambda: 2)
    assert (found["ttft"].state, found["ttft"].n) == ("regression", 60)
    assert (here.ledger.spent().requests, here.ledger.reserve_spent().requests) == (66, 33)


def test_a_budget_that_ends_is_not_blamed_for_failures(bench, accepted, take):
    def refused(_):
        raise CallFailed("api", "refused", "api: nobody listens.")

    here = bench()
    accepted(here, "x", around(0.2))
    assert "budget" not in " ".join(result.reason for result in take(here, refused).results)


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        ({}, 33),
        ({"baseline": {"looks": [12, 40]}}, 15),
        ({"baseline": {"primary": ["x.ttft.p95", "y.p99"]}}, 63),
        ({"thresholds": {"x.p99": {"target": "< 1 s"}}}, 303),
    ],
)
def test_what_a_measurement_usually_takes(bench, settings, calls):
    assert usual_calls(bench(**settings).target, "x") == calls


@pytest.mark.parametrize(
    ("settings", "calls"),
    [
        ({}, 123),
        ({"baseline": {"looks": [12, 40]}}, 15),
        ({"thresholds": {"x.p95": {"target": "< 1 s"}}}, 123),
        ({"thresholds": {"x.p99": {"target": "< 1 s"}}}, 303),
    ],
)
def test_what_a_measurement_usually_takes_where_it_is_recorded(bench, settings, calls):
    assert usual_calls(bench(**settings).target, "x", recording=True) == calls
