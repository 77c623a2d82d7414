"""Statistics that are compared as such, and points: a team's own numbers."""

import json

import pytest

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge import Looks
from pytest_llmops.measure.asking import Asking
from pytest_llmops.measure.judging import Judging
from pytest_llmops.measure.results import Measurement
from pytest_llmops.samples import Metric, Series


def around(value, n=60):
    """A run's values, a few per cent around one."""
    return [value * (1 + 0.02 * (number % 3 - 1)) for number in range(n)]


@pytest.fixture
def number(tmp_path):
    """Writes the team's own JSON, and returns the setting that points at its number."""

    def number(value, unit="s"):
        (tmp_path / "perf.json").write_text(json.dumps({"latency": {"slow": value}}))
        return {"file": "perf.json", "value": "latency.slow", "unit": unit}

    return number


def states(found):
    return {result.name: result.state for result in found.results}


def test_a_primary_statistic_is_a_result_of_its_own(bench, accepted, take, streaming):
    here = bench(baseline={"primary": ["x.ttft.p95", "x.ttft.typical", "other.p95"]})
    accepted(here, "x.ttft", around(0.2), around(0.2))
    found = take(here, streaming(0.2))
    assert states(found) == {
        "x": "no-baseline",
        "x.ttft": "ok",
        "x.ttft.p95": "ok",
        "x.tpot": "no-baseline",
        "x.error_rate": "recorded",
    }
    tail = found["ttft.p95"]
    assert (tail.n, tail.value, tail.baseline) == (60, pytest.approx(0.204), pytest.approx(0.204))
    assert tail.low < tail.ratio < tail.high < 1.2
    assert tail.reason.startswith("p95 is unchanged; at worst it is 1.")
    assert found.problems == []


def test_a_primary_statistic_that_is_worse_fails_by_its_name(bench, accepted, take, streaming):
    here = bench(baseline={"primary": ["x.ttft.p95"]})
    accepted(here, "x.ttft", around(0.1), around(0.1))
    found = take(here, streaming(0.2))
    assert (found["ttft.p95"].state, found["ttft.p95"].n) == ("regression", 120)
    assert [problem.partition(" (95 %")[0] for problem in found.problems] == [
        "x.ttft is 2.00 times slower than its baseline",  # a second run confirmed it, so it fails too
        "x.ttft.p95 is 2.00 times slower than its baseline",
    ]


def test_a_primary_statistic_may_have_a_threshold_too(bench, accepted, take, streaming):
    here = bench(baseline={"primary": ["x.ttft.p50"]}, thresholds={"x.ttft.p50": {"target": "< 100 ms"}})
    accepted(here, "x.ttft", around(0.2), around(0.2))
    found = take(here, streaming(0.2))
    assert [result.name for result in found.results].count("x.ttft.p50") == 1
    assert (found["ttft.p50"].state, found["ttft.p50"].threshold["broken"]) == ("ok", "< 100 ms")
    assert found.problems == ["x.ttft.p50 is 200 ms; the target is < 100 ms"]


def test_without_a_baseline_a_statistic_has_the_calls_that_the_next_run_needs(bench, take, streaming):
    found = take(bench(baseline={"primary": ["x.ttft.p95"]}), streaming(0.2))
    assert (found["ttft.p95"].state, found["ttft.p95"].n) == ("no-baseline", 60)
    assert [len(recording.metric.series.values) for recording in found.recordings] == [60, 60, 60]


def test_what_the_accepted_runs_are_too_short_for_is_inconclusive(bench, accepted, take, streaming):
    here = bench(baseline={"primary": ["x.ttft.p95"]})
    accepted(here, "x.ttft", around(0.2, 30), around(0.2, 30))
    tail = take(here, streaming(0.2))["ttft.p95"]
    assert (tail.state, tail.n) == ("inconclusive", 60)
    assert tail.reason == ("p95 needs 60 values in every run; the shortest has 30; record longer runs and accept them")


def test_a_tail_that_the_budget_does_not_reach_is_inconclusive_and_says_what_to_raise(bench, accepted, take, streaming):
    here = bench(baseline={"primary": ["x.ttft.p95"]}, budget={"requests": 60})
    accepted(here, "x.ttft", around(0.2), around(0.2))
    found = take(here, streaming(0.2, here.ledger))
    assert (found["ttft"].state, found["ttft.p95"].state, found["ttft.p95"].value) == ("ok", "inconclusive", None)
    assert found["ttft.p95"].reason == (
        "p95 needs 60 values in every run; the shortest has 39; its share of the budget ended (42 requests): raise "
        "budget.requests"
    )
    assert "its share" not in found["ttft"].reason


def test_of_slow_calls_ten_are_enough_but_not_for_a_tail(bench, accepted, take, passing):
    made = []

    def slow(prompt):
        made.append(prompt.id)
        passing.sleep(1.02)

    here = bench(baseline={"primary": ["x.p95", "x.p50"]})
    here.ledger.charge("api", requests=3)
    accepted(here, "x", around(1.02, 10), around(1.02, 10))
    found = take(here, slow, component="api")
    assert (len(made), states(found)) == (
        10,
        {"x": "ok", "x.p95": "recorded", "x.p50": "ok", "x.error_rate": "inconclusive"},
    )
    assert (found["x.p95"].value, found["x.p95"].n) == (None, 10)
    assert found["x.p95"].reason == (
        "x.p95 needs 60 values to be judged; there are 10, and at 1.02 s a call daily timing makes no more"
    )
    assert found.notes == ["not judged"]


def short_and_slow(bench, workload, values, **settings):
    """What is made of a few calls, for which daily timing makes no more though a tail has a limit."""
    asking, metric = Asking("x", bench(**settings), workload), Metric("x", "s", Series(tuple(values)))
    looks = Looks(asking.baselines(), asking.rule)
    looks.start(slow=True)
    measurement = Measurement("x", [], [])
    Judging(asking, looks.after([[metric]], 0, 0), "", measurement, confirmed=False).time(metric)
    return measurement


SIX_SECONDS = {"x.p95": {"target": "< 2 s", "critical": "> 5 s", "for": "2m"}}


def test_a_few_slow_calls_break_the_limit_of_a_tail(bench, workload):
    found = short_and_slow(bench, workload, [6.0] * 4 + [1.5] * 6, thresholds=SIX_SECONDS)
    assert found.problems == [
        "x.p95 is at least 6 s, by 10 values; that is critical (> 5 s) (asked: for 2 min; breached, duration unproven)"
    ]
    assert (found["x.p95"].value, found["x.p95"].threshold["broken"]) == (None, "> 5 s")
    assert "not judged" not in found.notes


def test_one_slow_call_of_ten_does_not(bench, workload):
    found = short_and_slow(bench, workload, [6.0] + [1.5] * 9, thresholds=SIX_SECONDS)
    assert (found.problems, "not judged" in found.notes) == ([], True)
    assert found["x.p95"].reason.startswith("x.p95 needs 60 values to be judged; there are 10, and at 1.9")


def slow_and_long(bench, workload, accepted, **settings):
    """What is made of 240 slow calls where a tail gates, and so was dropped by ``judge``."""
    here = bench(baseline={"primary": ["x.p95"]}, **settings)
    accepted(here, "x", around(1.05, 240))
    asking, values = Asking("x", here, workload), tuple(around(1.05, 240))
    runs = [[Metric("x", "s", Series(values))]]
    looks = Looks(asking.baselines(), asking.rule)
    looks.start(slow=True)
    measurement = Measurement("x", [], [])
    Judging(asking, looks.after(runs, 0, 0), "", measurement, confirmed=False).time(runs[0][0])
    return measurement


def test_a_tail_of_slow_calls_that_gates_still_has_its_threshold(bench, workload, accepted):
    found = slow_and_long(bench, workload, accepted, thresholds={"x.p95": {"target": "< 1 s"}})
    assert (found["x.p95"].state, found["x.p95"].n, found.notes) == ("recorded", 240, [])
    assert found.problems == [found["x.p95"].reason]
    assert found["x.p95"].reason.endswith(" s; the target is < 1 s")


@pytest.mark.parametrize(("thresholds", "notes"), [({"x.p95": {"target": "< 2 s"}}, []), ({}, ["not judged"])])
def test_of_a_tail_of_slow_calls_the_comparison_alone_is_dropped(bench, workload, accepted, thresholds, notes):
    found = slow_and_long(bench, workload, accepted, thresholds=thresholds)
    assert (found["x.p95"].value, found["x.p95"].ratio) == (pytest.approx(1.071), None)
    assert found["x.p95"].reason == "of calls that take so long no p95 is compared; thresholds alone judge it"
    assert (found.notes, found.problems) == (notes, [])


def test_with_baselines_off_no_statistic_is_compared(bench, take, streaming, number):
    here = bench(baseline={"primary": ["x.ttft.p95"], "points": {"x": number(0.001)}})
    found = take(here, streaming(0.2), store=None)
    assert (set(states(found).values()), found["ttft"].n) == ({"recorded"}, 30)
    assert "x.ttft.p95" not in states(found)


def test_a_point_takes_the_place_of_accepted_runs(bench, accepted, take, streaming, number):
    here = bench(baseline={"points": {"x.ttft": number(100, "ms")}})
    accepted(here, "x.ttft", around(0.2), around(0.2))
    found = take(here, streaming(0.2))
    assert (found["ttft"].state, found["ttft"].baseline) == ("regression", pytest.approx(0.1))
    assert found["ttft"].reason.endswith("; expected by latency.slow in perf.json")
    (problem,) = found.problems
    assert problem.startswith("x.ttft is 2.00 times slower than what is expected (95 % limits 1.")
    assert problem.endswith("200 ms now, 100 ms expected; 60 calls against latency.slow in perf.json")


def test_a_point_of_a_statistic_is_compared_with_that(bench, take, streaming, number):
    found = take(bench(baseline={"points": {"x.ttft.p95": number(0.2)}}), streaming(0.2))
    assert (found["ttft.p95"].state, found["ttft.p95"].baseline, found["ttft.p95"].n) == ("ok", 0.2, 60)
    # the team gave its number: of the other metrics no baseline is missed
    assert {found[name].state for name in ("x", "ttft", "tpot")} == {"recorded"}
    assert found.notes == []


def test_a_rate_is_judged_as_the_time_that_one_takes(bench, take, streaming, number):
    found = take(bench(baseline={"points": {"x.tpot": number(20, "tokens/s")}}), streaming(0.2))
    assert found["tpot"].value == pytest.approx(0.05, rel=0.05)  # four tokens in the second 200 ms
    assert (found["tpot"].state, found["tpot"].baseline) == ("ok", 0.05)


def test_a_rate_that_does_not_fit_its_metric_is_said_before_any_call(bench, take, number):
    called = []
    with pytest.raises(BaselineError) as caught:
        take(bench(baseline={"points": {"x.ttft.p50": number(20, "tokens/s")}}), called.append)
    assert str(caught.value) == (
        'baseline.points."x.ttft.p50": a number in tokens/s is for x.tpot; of x.ttft give the time.'
    )
    assert called == []


def test_a_point_that_cannot_be_read_is_said_before_any_call(bench, take, number, tmp_path):
    called, point = [], number(0.2)
    (tmp_path / "perf.json").unlink()
    with pytest.raises(BaselineError) as caught:
        take(bench(baseline={"points": {"x": point}}), called.append)
    assert str(caught.value).startswith('baseline.points."x": there is no file ')
    assert called == []


def test_points_of_other_measurements_are_not_read(bench, take, streaming, number, tmp_path):
    point = number(0.2)
    (tmp_path / "perf.json").unlink()
    assert take(bench(baseline={"points": {"y": point}}), streaming(0.2))["x"].state == "no-baseline"
