import math
import time

import numpy as np
import pytest

from pytest_llmops.judge import MIN_N, judge_samples

STATISTICS = ["typical", "mean", "p50", "p90", "p95", "p99"]


def runs(seed, count, n=60, factor=1.0, sigma=0.3, tau=0.0):
    """So many runs of log-normal latencies around half a second, each with its own offset."""
    rng = np.random.default_rng(seed)
    return [list(0.5 * factor * np.exp(tau * rng.normal() + sigma * rng.normal(size=n))) for _ in range(count)]


@pytest.mark.parametrize("design", ["stored", "interleaved"])
def test_no_change_is_ok(design):
    verdict = judge_samples("typical", runs(1, 5, 120), runs(2, 1, 120), design=design)
    assert (verdict.state, verdict.suspect, verdict.n) == ("ok", False, 120)
    assert verdict.low < verdict.ratio < verdict.high < 1.2
    assert verdict.reason == (
        f"typical is {verdict.ratio:.2f} times worse; at worst it is {verdict.high:.2f} times worse, "
        "and the threshold is 1.20"
    )


@pytest.mark.parametrize("design", ["stored", "interleaved"])
@pytest.mark.parametrize("metric", STATISTICS)
def test_sixty_percent_slower_is_a_regression(metric, design):
    n = max(120, MIN_N[metric])
    verdict = judge_samples(metric, runs(1, 5, n), runs(2, 1, n, 1.6), design=design)
    assert (verdict.state, verdict.suspect) == ("regression", False)
    assert verdict.ratio == pytest.approx(1.6, rel=0.25)
    assert verdict.reason == (
        f"{metric} is {verdict.ratio:.2f} times worse; at best it is {verdict.low:.2f} times worse, "
        "and the threshold is 1.20"
    )


@pytest.mark.parametrize("metric", ["typical", "mean", "p50"])
def test_the_same_change_the_other_way_is_an_improvement(metric):
    verdict = judge_samples(metric, runs(1, 5, 120), runs(2, 1, 120, 1 / 1.6))
    assert verdict.state == "improvement"
    assert verdict.ratio == pytest.approx(1 / 1.6, rel=0.1)
    assert verdict.reason == (
        f"{metric} is {1 / verdict.ratio:.2f} times better; at worst it is {1 / verdict.high:.2f} times better"
    )


@pytest.mark.parametrize("metric", STATISTICS)
def test_a_rate_is_judged_as_the_time_that_one_takes(metric):
    n = max(120, MIN_N[metric])
    before, now = runs(1, 5, n), runs(2, 1, n, 1.6)
    rates = [[[1 / value for value in run] for run in side] for side in (before, now)]
    assert vars_of(judge_samples(metric, *rates, higher_is_better=True)) == pytest.approx(
        vars_of(judge_samples(metric, before, now))
    )
    assert judge_samples(metric, *rates, higher_is_better=True).state == "regression"
    assert (
        judge_samples("typical", *reversed(rates), higher_is_better=True, design="interleaved").state == "improvement"
    )


def vars_of(verdict):
    return verdict.ratio, verdict.low, verdict.high, verdict.n


def test_the_tail_of_a_rate_is_where_it_is_slow():
    before, now = runs(1, 5, 120), runs(2, 1, 120)
    worst = sorted(now[0])[:12]
    now[0] = [value / 3 if value in worst else value for value in now[0]]
    assert judge_samples("p95", before, now, higher_is_better=True).state == "regression"
    assert judge_samples("p95", before, now).ratio < 1.1


def test_a_lost_call_is_the_worst_of_rates_too():
    now = runs(2, 1, 120)
    now[0][10:30] = [math.inf] * 20
    assert judge_samples("p95", runs(1, 5, 120), now, higher_is_better=True).state == "regression"
    assert judge_samples("mean", runs(1, 5, 120), now, higher_is_better=True).reason == (
        "17% of the calls never came back, and mean of the others would flatter (survivorship)"
    )


def test_the_floor_of_a_rate_is_in_its_own_unit():
    before, now = runs(1, 5, 120, factor=80), runs(2, 1, 120, factor=50)  # 40 tokens/s, then 25
    assert judge_samples("typical", before, now, floor=12, higher_is_better=True).state == "regression"
    verdict = judge_samples("typical", before, now, floor=25, higher_is_better=True)
    assert verdict.state == "ok"
    assert verdict.reason == (
        f"typical is {verdict.ratio:.2f} times worse, a change of 14.5; less than 25 is nobody's problem"
    )


def test_an_offset_as_large_as_runs_have_alarms_nobody():
    alarms = 0
    for seed in range(200):
        before, now = runs(seed, 5, tau=0.05), runs(10_000 + seed, 1, tau=0.05)
        alarms += judge_samples("typical", before, now).state == "regression"
    assert alarms <= 1


def test_runs_that_scatter_are_believed_over_the_assumption():
    steady, scattered = runs(1, 5, 240), runs(1, 5, 240)
    for run, factor in zip(scattered, (0.8, 0.9, 1.0, 1.1, 1.25), strict=True):
        run[:] = [factor * value for value in run]
    now = runs(2, 1, 240, 1.35)
    assert judge_samples("typical", steady, now).state == "regression"
    doubtful = judge_samples("typical", scattered, now)
    assert (doubtful.state, doubtful.suspect) == ("inconclusive", True)
    assert doubtful.reason == (
        f"typical is {doubtful.ratio:.2f} times worse, but {doubtful.low:.2f} times worse and {doubtful.high:.2f} "
        "times worse are both possible; the runs differ too much from one another for more calls to settle it: "
        "accept more baseline runs, or compare side by side"
    )


def test_an_open_question_says_how_many_calls_would_settle_it():
    verdict = judge_samples("typical", runs(1, 1, 30, sigma=0.6), runs(8, 1, 30, 1.15, 0.6), design="interleaved")
    assert verdict.state == "inconclusive"
    head, needed = verdict.reason.split("; ")
    assert head == (
        f"typical is {verdict.ratio:.2f} times worse, but {1 / verdict.low:.2f} times better and "
        f"{verdict.high:.2f} times worse are both possible"
    )
    calls = int(needed.removeprefix("about ").removesuffix(" calls in place of 30 would settle it"))
    assert 30 < calls < 10_000


def test_ok_takes_more_than_the_limit_that_is_told():
    for seed in range(200):
        verdict = judge_samples("typical", runs(seed, 1, 40), runs(1000 + seed, 1, 40), design="interleaved")
        assert verdict.high < 1.2 or verdict.state != "ok"
        if verdict.high < 1.2 and verdict.state == "inconclusive":
            break
    found = f"typical is {verdict.ratio:.2f} times worse; at worst it is {verdict.high:.2f} times worse, "
    head, needed = verdict.reason.split("; about ")
    assert head == f"{found}too near the threshold of 1.20 to be sure"
    assert 40 < int(needed.removesuffix(" calls in place of 40 would settle it")) < 80


def test_suspect_is_an_estimate_above_the_threshold_that_is_not_proven():
    verdict = judge_samples("typical", runs(1, 1, 12, sigma=0.6), runs(2, 1, 12, 1.3, 0.6))
    assert (verdict.state, verdict.suspect) == ("inconclusive", verdict.ratio > 1.2)
    assert verdict.suspect


@pytest.mark.parametrize("metric", STATISTICS)
def test_too_few_values_are_not_judged(metric):
    n = MIN_N[metric]
    verdict = judge_samples(metric, runs(1, 2, 300), runs(2, 1, n - 1, 3.0))
    assert (verdict.state, verdict.suspect, verdict.ratio, verdict.low, verdict.high) == (
        ("inconclusive", False, None, None, None)
    )
    assert verdict.reason == f"{metric} needs {n} values in every run; the shortest has {n - 1}"
    assert judge_samples(metric, runs(1, 2, 300), runs(2, 1, n, 3.0)).ratio is not None


def test_below_the_floor_nothing_matters():
    before, now = runs(1, 5, 120, factor=0.004), runs(2, 1, 120, factor=0.0064)
    assert judge_samples("typical", before, now).state == "regression"
    verdict = judge_samples("typical", before, now, floor=0.005)
    assert verdict.state == "ok"
    assert verdict.reason == (
        f"typical is {verdict.ratio:.2f} times worse, a change of 0.00124 s; less than 0.005 s is nobody's problem"
    )
    assert judge_samples("typical", before, now, floor=0.0005).state == "regression"


def test_a_change_that_may_reach_the_floor_stays_open_and_is_no_suspect():
    before, now = runs(1, 1, 12, factor=0.004), runs(2, 1, 12, factor=0.0064)
    verdict = judge_samples("typical", before, now, floor=0.0014, design="interleaved")
    assert (verdict.state, verdict.suspect) == ("inconclusive", False)


def test_without_a_baseline_nothing_is_judged():
    verdict = judge_samples("p95", [], runs(1, 1))
    assert (verdict.state, verdict.n, verdict.reason) == ("no-baseline", 60, "there is no baseline to compare with")
    assert judge_samples("p95", [[], []], runs(1, 1)).state == "no-baseline"
    assert judge_samples("typical", runs(1, 1), [[]]).reason == "no call of the current side gave a value"


def prompted(seed, count, factor=1.0, prompts=20, rounds=3):
    """Runs over prompts that differ far more from one another than any prompt from run to run."""
    own = 0.7 * np.random.default_rng(99).normal(size=prompts)
    rng = np.random.default_rng(seed)
    ids = [f"p{i}" for i in range(prompts)] * rounds
    values = [list(factor * np.exp(np.tile(own, rounds) + 0.3 * rng.normal(size=len(ids)))) for _ in range(count)]
    return values, [ids] * count


@pytest.mark.parametrize("design", ["stored", "interleaved"])
@pytest.mark.parametrize("metric", ["typical", "mean", "p50"])
def test_pairing_by_prompt_sees_more(metric, design):
    before, before_ids = prompted(1, 5)
    now, now_ids = prompted(2, 1, 1.5)
    loose = judge_samples(metric, before, now, design=design)
    tight = judge_samples(metric, before, now, design=design, baseline_prompts=before_ids, current_prompts=now_ids)
    assert math.log(tight.high / tight.low) < 0.7 * math.log(loose.high / loose.low)
    assert tight.state == "regression"


def test_nine_shared_prompts_are_not_paired():
    before, before_ids = prompted(1, 5, prompts=9)
    now, now_ids = prompted(2, 1, prompts=9)
    loose = judge_samples("typical", before, now)
    assert judge_samples("typical", before, now, baseline_prompts=before_ids, current_prompts=now_ids) == loose


def test_a_tail_is_never_judged_by_pairs():
    before, before_ids = prompted(1, 5)
    now, now_ids = prompted(2, 1)
    loose = judge_samples("p95", before, now)
    assert judge_samples("p95", before, now, baseline_prompts=before_ids, current_prompts=now_ids) == loose


def test_pairing_keeps_the_spread_between_runs():
    before, before_ids = prompted(1, 5)
    now, now_ids = prompted(2, 1)

    def width(tau0):
        found = judge_samples("typical", before, now, tau0=tau0, baseline_prompts=before_ids, current_prompts=now_ids)
        return math.log(found.high / found.low)

    assert width(0.10) > 1.3 * width(0.03)


def test_a_single_lost_call_upsets_nothing():
    now = runs(2, 1, 120)
    now[0][7] = math.inf
    for metric in ("typical", "mean", "p50", "p90"):
        verdict = judge_samples(metric, runs(1, 5, 120), now)
        assert math.isfinite(verdict.high)
        assert verdict.state in ("ok", "inconclusive")


def test_many_lost_calls_are_a_regression_of_the_tail_and_silence_the_middle():
    now = runs(2, 1, 120)
    now[0][10:30] = [math.inf] * 20
    assert judge_samples("p95", runs(1, 5, 120), now).state == "regression"
    verdict = judge_samples("typical", runs(1, 5, 120), now)
    assert (verdict.state, verdict.reason) == (
        "inconclusive",
        "17% of the calls never came back, and typical of the others would flatter (survivorship)",
    )


def test_nothing_but_lost_calls_is_no_agreement():
    lost = [[math.inf] * 60]
    assert judge_samples("p95", lost, lost).reason == "no call of either side came back"
    assert judge_samples("p95", runs(1, 1), lost).state == "regression"


def test_a_mean_needs_values_that_came_back_in_every_run():
    before = [*runs(1, 5, 60), [math.inf] * 12]
    assert judge_samples("mean", before, runs(2, 1)).reason == "mean needs 10 values in every run; the shortest has 0"
    assert judge_samples("p50", before, runs(2, 1)).state == "inconclusive"


@pytest.mark.parametrize(("now", "state", "beyond"), [(1e200, "regression", 1e300), (1e-200, "improvement", 1e-300)])
def test_a_ratio_beyond_all_numbers_is_the_largest_that_there_is(now, state, beyond):
    verdict = judge_samples("typical", [[1 / now] * 30], [[now] * 30])
    assert verdict.state == state
    assert (verdict.ratio > beyond) == (now > 1)
    assert 0 < verdict.low <= verdict.ratio <= verdict.high < math.inf


def test_constant_values_are_judged():
    assert judge_samples("p50", [[2.0] * 20], [[2.0] * 20], design="interleaved").state == "ok"
    assert judge_samples("p50", [[2.0] * 20], [[3.0] * 20], design="interleaved").state == "regression"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"threshold": 0.9}, "threshold is 0.9; it is times worse, so it must be above 1"),
        ({"floor": -1.0}, "floor is -1; it must not be below 0"),
        ({"tau0": -0.1}, "tau0 is -0.1; it must not be below 0"),
        ({"design": "twin"}, "unknown design 'twin'; there are stored, interleaved"),
        ({"current_prompts": [["a"]]}, "the prompt ids of the current runs do not fit their values, one id for each"),
        (
            {"metric": "typicl"},
            "unknown statistic 'typicl'; there are typical, mean, p50, p90, p95, p99. Did you mean 'typical'?",
        ),
        ({"current_runs": [[1.0, -0.5]]}, "value 2 of current run 1 is -0.5; it must be above zero"),
        ({"baseline_runs": [[1.0], [math.nan]]}, "value 1 of baseline run 2 is nan; it must be above zero"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(change, text):
    asked = {"metric": "typical", "baseline_runs": runs(1, 1), "current_runs": runs(2, 1), **change}
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the whole text is compared)
        judge_samples(asked.pop("metric"), asked.pop("baseline_runs"), asked.pop("current_runs"), **asked)
    assert str(caught.value) == text


@pytest.mark.parametrize("metric", STATISTICS)
def test_a_look_at_the_largest_size_costs_little(metric):
    before, now = runs(1, 5, 300), runs(2, 1, 300)
    judge_samples(metric, before, now)
    took_s = []
    for _ in range(10):
        began = time.thread_time()  # what it computes: how long it waits for a CPU is the machine's affair
        judge_samples(metric, before, now)
        took_s.append(time.thread_time() - began)
    assert min(took_s) < 0.015
