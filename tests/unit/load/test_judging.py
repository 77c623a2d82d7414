from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pytest_llmops.judge import BaselineRun, Recording, Store, write_candidate
from pytest_llmops.load.joining import Course
from pytest_llmops.load.judging import judged, judged_breaking, objectives, told_regression
from pytest_llmops.load.plan import Stage
from pytest_llmops.load.recording import RECORD, Batch
from pytest_llmops.load.recording import Recording as Reports
from pytest_llmops.load.result import DONE, LoadResult
from pytest_llmops.load.samples import samples_of
from pytest_llmops.load.workers import Worker
from pytest_llmops.measure.bench import Bench
from pytest_llmops.samples import Metric, Prompt, Series, Workload
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

from .made_up import plan

PLAN = plan(Stage(seconds=50, rate=2))
WORKLOAD = Workload((Prompt("p0", "question 0"), Prompt("p1", "question 1")))
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def spread(typical_s, count=100, seed=5):
    return typical_s * np.random.default_rng(seed).lognormal(0, 0.1, count)


def result(service_s, *, ended=DONE, delay_s=0.0, failed=0):
    calls = np.zeros(len(service_s), RECORD)
    calls["number"] = np.arange(len(calls))
    calls["prompt"] = calls["number"] % 2
    calls["started"] = 1000 + calls["number"] / 2
    calls["service_s"], calls["delay_s"] = service_s, delay_s
    calls["kind"][:failed] = 1
    for name in ("ttft_s", "ttfo_s", "tpot_s"):
        calls[name] = np.nan
    reports = Reports([Batch(0, calls=calls, kinds=[("timeout", "api: too late.")])])
    return LoadResult(PLAN, reports, 1000.0, ended, (Worker(0, due=100, begun=100, calls=100),))


@pytest.fixture
def bench(tmp_path):
    def bench(**settings):
        table = TargetTable.model_validate({"environment": "staging", **settings})
        target = Target("staging", table, tmp_path, tmp_path / "llmops.toml")
        ledger, store = Ledger(tmp_path / "ledger", table.budget), Store(tmp_path / "baselines")
        return Bench(target, ledger, store, "load/test_x.py::test_x", load=PLAN.shape)

    return bench


@pytest.fixture
def accepted(tmp_path):
    def accepted(bench, *runs, **unlike):
        for number, values in enumerate(runs):
            series = Series(tuple(values), tuple(f"p{place % 2}" for place in range(len(values))))
            recording = Recording(bench.check, Metric("load", "s", series), {**bench.fingerprint(WORKLOAD), **unlike})
            run = BaselineRun("staging", MONDAY + timedelta(days=number), "x", "cpu", "3.12", "", (recording,))
            write_candidate(tmp_path / "candidate.json", run)
            bench.store.accept(tmp_path / "candidate.json", reason="normal", by="ada")

    return accepted


def carried(*results):
    """Carries out nothing: these are what comes back, one after the other."""
    left = list(results)
    return lambda: left.pop(0)


def test_times_rate_and_failures_are_told(bench):
    slow = {"load.service.p95": {"critical": "> 1 s"}, "load.rate": {"target": "> 1 1/s"}}
    _, found = judged(PLAN, bench(thresholds=slow), WORKLOAD, carried(result(spread(0.2), delay_s=0.005, failed=5)))
    assert found["load"].value == found["service"].value + 0.005
    assert found["service"].value == pytest.approx(0.2, rel=0.05)
    assert found["service.p95"].threshold == {"critical": "> 1 s"}
    assert found["delay"].value == pytest.approx(0.005)
    assert (found["error_rate"].value, found["rate"].value) == (0.05, pytest.approx(1.9, rel=0.01))
    assert found["error_rate"].reason.endswith("5 of 100 calls failed; the last: api: too late")
    assert found.problems == []


def test_a_threshold_that_does_not_hold_is_a_breach(bench):
    limits = {"load.p95": {"critical": "> 100 ms"}}
    _, found = judged(PLAN, bench(thresholds=limits), WORKLOAD, carried(result(spread(0.2))))
    assert [one.severity for one in found.breaches] == ["critical"]


def test_a_regression_is_confirmed_by_a_second_run(bench, accepted):
    where = bench()
    accepted(where, *(spread(0.2, seed=seed) for seed in range(3)))
    _, found = judged(PLAN, where, WORKLOAD, carried(result(spread(0.4)), result(spread(0.4, seed=6))))
    assert found["load"].state == "regression"
    assert found["load"].n == 200
    assert "unconfirmed" not in found.problems[0]


def test_a_p95_that_gates_is_compared_as_well(bench, accepted):
    where = bench(baseline={"primary": ["load.p95"]})
    accepted(where, *(spread(0.2, 300, seed=seed) for seed in range(3)))
    slow = spread(0.2, 300)
    slow[slow > np.percentile(slow, 90)] *= 2
    _, found = judged(PLAN, where, WORKLOAD, carried(result(slow), result(slow)))
    assert (found["load"].state, found["load.p95"].state) == ("ok", "regression")


def test_runs_of_another_shape_are_not_compared(bench, accepted):
    where = bench()
    accepted(where, spread(0.2), concurrency="poisson, 9/s for 50 s")
    _, found = judged(PLAN, where, WORKLOAD, carried(result(spread(0.4))))
    assert found["load"].state == "not-comparable"
    assert found["load"].reason == ("concurrency is poisson, 2/s for 50 s now, poisson, 9/s for 50 s in the baseline")


def test_two_deployments_are_compared_under_the_same_load(bench):
    where = replace(bench(), store=None, against="staging-2")
    slow = carried(result(spread(0.4)), result(spread(0.4, seed=6)))
    _, found = judged(PLAN, where, WORKLOAD, slow, against=carried(result(spread(0.2, seed=7))))
    assert found["load"].state == "regression"
    assert "times slower than staging-2" in found.problems[0]
    assert "against staging-2, under the same load before" in found.problems[0]
    _, found = judged(PLAN, where, WORKLOAD, carried(result(spread(0.2))), against=carried(result(spread(0.2, seed=7))))
    assert (found["load"].state, found.problems) == ("ok", [])


def test_the_other_side_is_void_as_well(bench):
    where = replace(bench(), store=None, against="staging-2")
    late = carried(result(spread(0.2), delay_s=0.05))
    _, found = judged(PLAN, where, WORKLOAD, carried(result(spread(0.2))), against=late)
    assert found.voids[0].startswith("staging-2: load: calls began 50 ms later than they were due")


def test_a_run_that_measured_its_generator_is_void(bench):
    _, found = judged(PLAN, bench(), WORKLOAD, carried(result(spread(0.2), delay_s=0.05)))
    assert [one.state for one in found.results] == ["void"]
    assert found.voids[0].startswith("load: calls began 50 ms later than they were due")
    assert found.recordings == []


def test_a_run_that_was_stopped_is_judged_by_thresholds_alone_and_never_a_baseline(bench, accepted):
    where = bench(thresholds={"*.error_rate": {"target": "<= 5 %"}})
    accepted(where, spread(0.1))
    half = result(spread(0.4, 40), ended="stopped: 60 % of the last 20 calls failed, more than 50 %", failed=24)
    _, found = judged(PLAN, where, WORKLOAD, carried(half))
    assert found["load"].state == "recorded"
    assert found.problems[0].startswith("load.error_rate: 24 of 40 calls failed")
    assert found.recordings == []


def test_a_run_without_a_call_says_nothing(bench):
    _, found = judged(PLAN, bench(), WORKLOAD, carried(result([])))
    assert found.voids == ["load: no call was over (done)"]


def test_objectives_are_the_strictest_limits_of_each_part(bench):
    thresholds = {
        "load.p95": {"target": "< 2 s", "critical": "> 9 s"},
        "load.p99": {"critical": "> 5 s"},
        "load.ttft": {"warning": "> 300 ms"},
        "load.rate": {"target": "> 3 1/s"},
    }
    table = bench(thresholds=thresholds).target.table
    assert objectives("load", table.thresholds) == {"response": 2.0, "ttft": 0.3}
    assert objectives("other", table.thresholds) == {}


def test_goodput_is_told_where_there_are_objectives(bench):
    limits = {"load.p50": {"critical": "> 1 s"}}
    mixed = spread(0.2)
    mixed[:25] = 3.0
    _, found = judged(PLAN, bench(thresholds=limits), WORKLOAD, carried(result(mixed)))
    assert found["goodput"].value == 0.75


def test_samples_tell_what_the_calls_told():
    one = result([0.5], delay_s=0.25)
    calls = one.recording._calls[0]
    calls["ttft_s"], calls["ttfo_s"], calls["tpot_s"], calls["tokens"] = 0.1, 0.1, 0.02, 5
    (sample,) = samples_of(one)
    assert (sample.duration_s, sample.prompt, sample.error) == (0.75, "p0", None)
    assert sample.stream.ttft_s == pytest.approx(0.35)
    assert sample.stream.tpot_s == pytest.approx(0.02)
    assert sample.stream.tokens_out == 5
    assert not sample.stream.reasoned


GATES = {"primary": ["load.p95"], "threshold": 1.2}
WORSE = {"worse_pct": {"critical": "> 20 %"}}


def tailed(typical_s, seed, hiccup=0):
    """A hundred calls; in a hiccup so many in a row take four times as long."""
    values = spread(typical_s, 100, seed)
    values[40 : 40 + hiccup] *= 4
    return values


def against_three(bench, accepted, *runs, again=lambda: True):
    where = bench(baseline=GATES, thresholds=WORSE)
    accepted(where, *(tailed(0.2, seed) for seed in range(3)))
    left = [result(one) for one in runs]
    _, found = judged(PLAN, where, WORKLOAD, lambda: left.pop(0), again=again)
    told_regression("worse_pct", found, where.target.table.thresholds)
    worse = [one for one in found.results if one.name == "worse_pct"]
    return found, worse[0] if worse else None, len(left)


def test_a_doubled_p95_of_a_hundred_calls_fails(bench, accepted):
    found, worse, _ = against_three(bench, accepted, *(tailed(0.4, seed) for seed in (11, 12, 13)))
    assert found["p95"].state == "regression"
    assert worse.value > 20
    assert worse.reason.endswith("(load.p95: 2.00 times its baseline, by 200 calls)")
    assert [one.severity for one in found.breaches] == ["critical"]
    assert found.regressions


@pytest.mark.parametrize("seed", range(20, 30))
def test_noise_in_a_hundred_calls_is_no_regression(bench, accepted, seed):
    found, worse, _ = against_three(bench, accepted, *(tailed(0.2, seed + 100 * number) for number in range(3)))
    assert (found.problems, worse.value <= 20) == ([], True)


def test_one_bad_second_is_undecided_and_further_runs_decide(bench, accepted):
    found, worse, left = against_three(bench, accepted, tailed(0.2, 31, hiccup=7), tailed(0.2, 32), tailed(0.2, 33))
    assert (found.problems, left, worse.value) == ([], 0, 0)


def test_where_the_budget_leaves_no_other_run_it_stays_undecided(bench, accepted):
    found, worse, _ = against_three(bench, accepted, tailed(0.2, 31, hiccup=7), again=lambda: False)
    assert (found["p95"].state, found["p95"].suspect, worse.value) == ("inconclusive", True, 0)


def test_what_has_no_baseline_is_by_no_percentage_worse(bench):
    where, done = bench(baseline=GATES, thresholds=WORSE), result(tailed(0.4, 1))
    _, found = judged(PLAN, where, WORKLOAD, carried(done))
    told_regression("worse_pct", found, where.target.table.thresholds)
    assert "worse_pct" not in [one.name for one in found.results]


def test_a_rise_beside_load_is_judged_and_too_few_looks_are_void(bench):
    limits = {"load.memory_rise": {"critical": "> 20 MB/min"}}
    rising = Course("memory", "MB", "a page", tuple((60.0 * one, 30.0 * one) for one in range(9)))
    done = replace(result(spread(0.2)), beside={"memory": rising})
    _, found = judged(PLAN, bench(thresholds=limits), WORKLOAD, carried(done))
    assert (found["memory_rise"].value, len(found.breaches)) == (pytest.approx(30), 1)
    few = replace(done, beside={"memory": replace(rising, points=rising.points[:3])})
    _, found = judged(PLAN, bench(thresholds=limits), WORKLOAD, carried(few))
    assert found.voids == ["load.memory_rise: 3 looks are too few to say whether it rises"]


def test_a_breaking_point_is_judged_by_its_threshold(bench):
    limits = bench(thresholds={"load.breaking_point": {"critical": "<= 2 1/s"}}).target.table.thresholds
    stops = PLAN.stops.model_copy(update={"p95": 1.0, "window": 30.0, "least": 10})
    slow = replace(result(spread(3.0), ended="stopped: p95"), plan=PLAN.model_copy(update={"stops": stops}))
    found = judged_breaking("load.breaking_point", slow, limits)
    assert (found.results[0].value, len(found.breaches)) == (2, 1)
    assert "is above 1 s" in found.breaches[0].reason
    guarded = judged_breaking("load.breaking_point", result(spread(0.2), ended="stopped: api is not well"), limits)
    assert guarded.voids == [
        "load.breaking_point: it was stopped: api is not well, and so says nothing of where it breaks"
    ]
