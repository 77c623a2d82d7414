import numpy as np
import pytest

from pytest_llmops.judge import CONFIRM_PAUSE_S, LOOKS, WARM_UP, Collect, Done, Looks, Rule
from pytest_llmops.judge.schedule import schedule
from pytest_llmops.samples import Metric, Series

PLENTY = 10_000
UNCONFIRMED = "; unconfirmed: the budget left no calls for a second run"


def series(seed, n, factor=1.0, failures=0, sigma=0.2):
    rng = np.random.default_rng(seed)
    return Series(tuple(0.5 * factor * np.exp(sigma * rng.normal(size=n))), failures=failures)


def run(*args, **kwargs):
    return [Metric("answer", "s", series(*args, **kwargs))]


def stored(**kwargs):
    return {"answer": [series(seed, 60, **kwargs) for seed in range(5)]}


def test_the_first_look_is_at_thirty_calls():
    assert (LOOKS, WARM_UP, CONFIRM_PAUSE_S) == ((30, 60, 120, 240), 3, 1.0)
    assert Looks({}, Rule()).start() == Collect(30, fresh_run=False, pause_s=0)


def test_what_is_decided_needs_no_further_look():
    done = Looks(stored(), Rule()).after([run(21, 30)], PLENTY, PLENTY)
    assert isinstance(done, Done)
    assert {name: verdict.state for name, verdict in done.verdicts.items()} == {
        "answer": "ok",
        "answer.error_rate": "inconclusive",  # 30 calls say little about failures, and ask for no more
    }


def test_without_a_baseline_one_look_is_enough():
    done = Looks({}, Rule()).after([run(21, 30)], PLENTY, PLENTY)
    assert {name: verdict.state for name, verdict in done.verdicts.items()} == {
        "answer": "no-baseline",
        "answer.error_rate": "no-baseline",
    }


def test_what_is_open_is_looked_at_again_until_the_looks_end():
    looks = Looks(stored(sigma=0.6), Rule())
    for made, further in ((30, 30), (60, 60), (120, 120)):
        assert looks.after([run(1, made, 1.17, sigma=0.6)], PLENTY, PLENTY) == Collect(further)
    done = looks.after([run(1, 240, 1.17, sigma=0.6)], PLENTY, PLENTY)
    assert done.verdicts["answer"].state == "inconclusive"


def test_failed_calls_count_as_made():
    step = Looks(stored(sigma=0.6), Rule()).after([run(1, 29, 1.17, sigma=0.6, failures=1)], PLENTY, PLENTY)
    assert step == Collect(30)


def test_a_look_that_cannot_be_paid_ends_it():
    looks = Looks(stored(sigma=0.6), Rule())
    assert looks.after([run(1, 30, 1.17, sigma=0.6)], 30, 60) == Collect(30)
    done = looks.after([run(1, 60, 1.17, sigma=0.6)], 59, 89)
    assert done.verdicts["answer"].state == "inconclusive"


def test_a_regression_is_confirmed_by_a_fresh_run():
    looks = Looks(stored(), Rule())
    first, second = run(1, 30, 1.8), run(2, 30, 1.8)
    assert looks.after([first], 0, 30) == Collect(30, fresh_run=True, pause_s=1.0)
    done = looks.after([first, second], 0, 0)
    assert (done.verdicts["answer"].state, done.verdicts["answer"].n) == ("regression", 60)
    assert UNCONFIRMED not in done.verdicts["answer"].reason


def test_a_regression_that_a_fresh_run_does_not_show_is_none():
    looks = Looks(stored(), Rule())
    first, second = run(1, 30, 1.8), run(2, 30)
    assert looks.after([first], PLENTY, PLENTY).fresh_run
    done = looks.after([first, second], PLENTY, PLENTY)
    # two runs so unlike each other: whatever it is called, it ends here
    assert isinstance(done, Done)
    assert done.verdicts["answer"].ratio < 1.5


def test_an_unaffordable_confirmation_is_said():
    done = Looks(stored(), Rule()).after([run(1, 30, 1.8)], 0, 29)
    assert done.verdicts["answer"].state == "regression"
    assert done.verdicts["answer"].reason.endswith(UNCONFIRMED)
    verdict = done.verdicts["answer"]
    assert verdict.reason == (
        f"typical is {verdict.ratio:.2f} times worse; at best it is {verdict.low:.2f} times worse, and the "
        f"threshold is 1.20{UNCONFIRMED}"
    )


def test_side_by_side_confirms_itself():
    looks = Looks({}, Rule(design="interleaved"))
    done = looks.after([run(1, 30, 1.8)], PLENTY, PLENTY, baselines={"answer": [series(7, 30)]})
    assert done.verdicts["answer"].state == "regression"
    assert UNCONFIRMED not in done.verdicts["answer"].reason


def test_every_metric_must_be_decided():
    baselines = {"answer": stored()["answer"], "answer.ttft": stored(sigma=0.6)["answer"]}
    both = [Metric("answer", "s", series(21, 30)), Metric("answer.ttft", "s", series(1, 30, 1.17, sigma=0.6))]
    assert Looks(baselines, Rule()).after([both], PLENTY, PLENTY) == Collect(30)
    assert set(Looks(baselines, Rule()).after([both], 0, 0).verdicts) == {
        "answer",
        "answer.ttft",
        "answer.error_rate",
    }


def test_error_rates_sum_the_runs_and_stop_nothing():
    done = Looks(stored(), Rule()).after([run(21, 24, failures=6)], PLENTY, PLENTY)
    assert done.verdicts["answer"].state == "inconclusive"
    assert done.verdicts["answer"].reason == (
        "20% of the calls failed, and the others alone would flatter (survivorship)"
    )
    assert done.verdicts["answer.error_rate"].state == "regression"
    assert done.verdicts["answer.error_rate"].reason == (
        "20.0% of 30 calls failed, 0.0% of 300 in the baseline; chance alone does so in 0.0% of all cases"
    )


def test_what_is_slower_although_calls_were_lost_is_suspect():
    baselines = {"answer": [series(seed, 56, failures=4) for seed in range(5)]}
    verdict = Looks(baselines, Rule()).after([run(21, 30, 3.0)], 0, 0).verdicts["answer"]
    assert (verdict.state, verdict.suspect) == ("inconclusive", True)
    assert verdict.reason == (
        "7% of the calls failed, and the others alone would flatter (survivorship); even so, they are "
        f"{verdict.ratio:.2f} times worse"
    )
    assert verdict.ratio > 2.5


def test_as_fast_as_before_but_for_lost_calls_is_no_suspect():
    verdict = Looks(stored(), Rule()).after([run(21, 24, failures=6)], 0, 0).verdicts["answer"]
    assert (verdict.state, verdict.suspect) == ("inconclusive", False)


@pytest.mark.parametrize(
    ("factor", "state"), [(1.0, "inconclusive"), (0.3, "inconclusive"), (3.0, "regression")], ids=str
)
@pytest.mark.parametrize("looks", [(), (30, 60)], ids=["usual", "pinned"])
def test_below_the_first_look_a_run_may_alarm_but_not_reassure(factor, state, looks):
    verdict = Looks(stored(), Rule(looks=looks)).after([run(21, 25, factor)], 0, 0).verdicts["answer"]
    assert (verdict.state, verdict.suspect) == (state, False)
    assert ("; but only 25 of the first 30 calls were made" in verdict.reason) == (state == "inconclusive")


def test_a_pinned_look_that_was_reached_is_one():
    assert Looks(stored(), Rule(looks=(25,))).after([run(21, 25)], 0, 0).verdicts["answer"].state == "ok"


def test_a_dead_service_is_not_called_again():
    done = Looks(stored(), Rule()).after([run(21, 0, failures=30)], PLENTY, PLENTY)
    assert done.verdicts["answer"].reason == "no call of the current side gave a value"
    assert done.verdicts["answer.error_rate"].state == "regression"


@pytest.mark.parametrize(("rule", "state"), [(Rule(threshold=2.0), "ok"), (Rule(floor=2.0), "ok")])
def test_the_rule_reaches_the_verdict(rule, state):
    done = Looks(stored(), rule).after([run(1, 30, 1.5)], 0, 0)
    assert done.verdicts["answer"].state == state


def test_prompts_pair_the_runs():
    own = np.exp(0.8 * np.random.default_rng(9).normal(size=15))

    def prompted(seed, factor=1.0):
        noise = np.exp(0.1 * np.random.default_rng(seed).normal(size=30))
        ids = tuple(f"p{i}" for i in range(15)) * 2
        return Series(tuple(factor * np.tile(own, 2) * noise), ids)

    looks = Looks({"answer": [prompted(seed) for seed in range(5)]}, Rule())
    verdict = looks.after([[Metric("answer", "s", prompted(11, 1.5))]], 0, 0).verdicts["answer"]
    assert verdict.state == "regression"
    assert verdict.ratio == pytest.approx(1.5, rel=0.05)


def test_slow_calls_are_looked_at_from_ten_on():
    looks = Looks({"answer": [series(seed, 10, sigma=0.6) for seed in range(5)]}, Rule())
    assert looks.start(slow=True) == Collect(10)
    for made, further in ((10, 10), (20, 20), (40, 40), (80, 80), (160, 80)):
        assert looks.after([run(1, made, 1.17, sigma=0.6)], PLENTY, PLENTY) == Collect(further)
    assert isinstance(looks.after([run(1, 240, 1.17, sigma=0.6)], PLENTY, PLENTY), Done)


@pytest.mark.parametrize("slow", [False, True])
def test_pinned_looks_are_made_whatever_the_speed(slow):
    looks = Looks(stored(sigma=0.6), Rule(looks=(15, 45)))
    assert looks.start(slow=slow) == Collect(15)
    assert looks.after([run(1, 15, 1.17, sigma=0.6)], PLENTY, PLENTY) == Collect(30)
    done = looks.after([run(1, 45, 1.17, sigma=0.6)], PLENTY, PLENTY)
    assert (done.verdicts["answer"].state, done.unfinished) == ("inconclusive", ())


@pytest.mark.parametrize(
    ("statistic", "looks"),
    [
        ("mean", (30, 60, 120, 240)),
        ("p90", (30, 60, 120, 240, 480)),
        ("p95", (30, 60, 120, 240, 480)),
        ("p99", (30, 60, 120, 240, 300, 480)),
    ],
)
def test_a_tail_is_looked_at_for_longer(statistic, looks):
    assert schedule([f"answer.{statistic}"], pinned=(), slow=False) == looks
    assert schedule([f"answer.{statistic}"], pinned=(), slow=True) == (10, 20, 40, 80, 160, 240)


def long_runs(**kwargs):
    return {"answer": [series(seed, 300, **kwargs) for seed in range(5)]}


def test_a_statistic_that_is_named_has_a_verdict_of_its_own():
    looks = Looks(long_runs(), Rule(statistics=("answer.p95", "other.p50")))
    assert looks.start() == Collect(30)
    assert looks.after([run(21, 30)], PLENTY, PLENTY) == Collect(30)  # the metric is decided, its p95 never below 60
    done = looks.after([run(21, 60, 1.7)], 0, 0)
    assert list(done.verdicts) == ["answer", "answer.p95", "answer.error_rate"]
    assert done.verdicts["answer.p95"].state == "regression"
    assert done.verdicts["answer.p95"].reason.startswith("p95 is 1.69 times worse; ")


def test_looks_that_cannot_decide_what_is_open_are_left_out():
    looks = Looks(long_runs(), Rule(statistics=("answer.p99",)))
    assert looks.after([run(21, 30)], PLENTY, PLENTY) == Collect(270)


def test_no_call_is_made_for_what_the_accepted_runs_are_too_short_for():
    done = Looks(stored(), Rule(statistics=("answer.p99",))).after([run(21, 30)], PLENTY, PLENTY)
    assert done.verdicts["answer.p99"].reason == "p99 needs 300 values in every run; the shortest has 30"
    assert done.unfinished == ()


def test_tails_of_slow_calls_are_not_judged_unless_the_looks_are_pinned():
    named = ("answer.p95", "answer.p50")
    for rule, judged in ((Rule(statistics=named), ["answer.p50"]), (Rule(statistics=named, looks=(60,)), [*named])):
        looks = Looks(long_runs(), rule)
        looks.start(slow=True)
        done = looks.after([run(21, 60)], 0, 0)
        assert list(done.verdicts) == ["answer", *judged, "answer.error_rate"]


def test_a_point_is_compared_with_in_place_of_the_runs():
    rule = Rule(statistics=("answer.p50",), points={"answer.p50": 0.2})
    done = Looks(stored(), rule).after([run(21, 30)], PLENTY, 0)
    assert done.verdicts["answer"].state == "ok"  # by the accepted runs
    assert done.verdicts["answer.p50"].state == "regression"
    assert "than the 0.2 s that were expected" in done.verdicts["answer.p50"].reason


def test_what_a_further_look_might_have_decided_is_named():
    looks = Looks(stored(sigma=0.6), Rule())
    assert looks.after([run(1, 60, 1.17, sigma=0.6)], 59, 89).unfinished == ("answer",)
    assert looks.after([run(1, 240, 1.17, sigma=0.6)], 0, 0).unfinished == ()


def test_a_failure_among_few_calls_is_no_reason_to_stop():
    looks = Looks(stored(), Rule())
    looks.start(slow=True)
    one_of_ten = run(21, 9, failures=1)
    assert looks.after([one_of_ten], PLENTY, PLENTY) == Collect(10)  # of twenty calls it would be 5 %
    two_of_ten = run(21, 8, failures=2)
    assert isinstance(looks.after([two_of_ten], PLENTY, PLENTY), Done)


def test_a_second_run_may_be_shorter_than_the_first_but_not_than_a_look():
    slow = run(1, 60, 1.8)
    assert Looks(stored(), Rule()).after([slow], 0, 45) == Collect(45, fresh_run=True, pause_s=1.0)
    assert isinstance(Looks(stored(), Rule()).after([slow], 0, 29), Done)
    tail = Rule(statistics=("answer.p95",))
    assert isinstance(Looks(long_runs(), tail).after([slow], 0, 59), Done)
    assert Looks(long_runs(), tail).after([slow], 0, 60) == Collect(60, fresh_run=True, pause_s=1.0)


def test_side_by_side_both_sides_grow():
    rule = Rule(design="interleaved", statistics=("answer.p95",))
    other = {"answer": [series(7, 29, failures=1)]}
    assert Looks(other, rule).after([run(1, 30)], PLENTY, PLENTY) == Collect(30)
    other = {"answer": [series(7, 26, failures=4)]}  # of sixty calls more than 5 %
    assert isinstance(Looks(other, rule).after([run(1, 30)], PLENTY, PLENTY), Done)
