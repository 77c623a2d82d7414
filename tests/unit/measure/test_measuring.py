import math
from dataclasses import replace

import pytest

from pytest_llmops.errors import BaselineError, BudgetSpent, CallFailed, Unsupported
from pytest_llmops.measure.results import recorded
from pytest_llmops.target.thresholds import Threshold

ERRORS = {"*.error_rate": {"target": "<= 5 %"}}
WIDE = {"threshold": 2.0}


def around(value, n=30):
    """A run's values, a few per cent around one."""
    return [value * (1 + 0.02 * (number % 3 - 1)) for number in range(n)]


@pytest.fixture
def sleeping(passing):
    """A call that takes so long."""
    return lambda seconds: lambda prompt: passing.sleep(seconds)


def failing(every, kind="http-500"):
    count = iter(range(1, 10_000))

    def call(prompt):
        if next(count) % every == 0:
            raise CallFailed("api", kind, "api: GET /x gave no whole answer within 1 s.")

    return call


def test_without_a_baseline_the_state_says_so(bench, take, sleeping):
    found = take(bench(), sleeping(0.001))
    assert (found["x"].state, found["x"].n, found["x"].baseline) == ("no-baseline", 30, None)
    assert found["x"].reason == "there is no baseline to compare with"
    assert 0.001 <= found["x"].value < 0.002
    assert (found["error_rate"].state, found["error_rate"].value) == ("recorded", 0.0)
    assert (found.notes, found.problems) == (["no-baseline"], [])
    assert len(found.samples) == 30
    with pytest.raises(KeyError, match="ttft"):
        _ = found["ttft"]


def test_what_is_as_fast_as_before_is_ok(bench, accepted, take, sleeping):
    here = bench(baseline=WIDE)
    accepted(here, "x", around(0.0032), around(0.0033))
    found = take(here, sleeping(0.003))
    assert found["x"].state == "ok"
    assert found["x"].low < found["x"].ratio < found["x"].high < 2
    assert found["x"].baseline == pytest.approx(0.0032, rel=0.1)
    assert (found.notes, found.problems, len(found.comparisons)) == ([], [], 1)


def test_what_is_slower_in_two_runs_is_a_regression(bench, accepted, take, sleeping):
    here = bench(baseline=WIDE)
    accepted(here, "x", around(0.0032), around(0.0033))
    found = take(here, sleeping(0.01))
    assert (found["x"].state, found["x"].n) == ("regression", 60)  # the second run confirms
    assert found["x"].ratio > 2
    assert len(found.problems) == 1
    assert len(found.comparisons[0].current) == 60
    assert [len(recording.metric.series.values) for recording in found.recordings] == [30]  # the first run alone


def test_what_is_like_another_measurement_is_compared_with_its_runs(bench, accepted, take, streaming):
    here = bench(baseline={"primary": ["daily.ttft.p90"]})
    accepted(here, "daily.ttft", around(0.1), around(0.1))
    assert take(here, streaming(0.2))["ttft"].state == "no-baseline"
    found = take(here, streaming(0.2), like="daily")
    assert (found["ttft"].state, found["ttft"].baseline) == ("regression", pytest.approx(0.1, rel=0.01))
    assert [problem.partition(" is ")[0] for problem in found.problems] == ["x.ttft", "x.ttft.p90"]


def test_a_stream_is_judged_part_by_part(bench, accepted, take, streaming):
    here = bench()
    accepted(here, "x.ttft", around(0.2), around(0.2))
    found = take(here, streaming(0.2))
    assert {result.name: result.state for result in found.results} == {
        "x": "no-baseline",
        "x.ttft": "ok",
        "x.tpot": "no-baseline",
        "x.error_rate": "recorded",
    }
    assert found["ttft"].value == pytest.approx(0.2)
    assert found["ttft"].reason == "typical is unchanged; at worst it is 1.11 times worse, and the threshold is 1.20"


def test_a_baseline_of_other_conditions_is_not_compared(bench, accepted, take, streaming):
    here = bench()
    accepted(here, "x.ttft", around(0.1), model="sha256:0000", concurrency=4)
    found = take(here, streaming(0.2))
    assert (found["ttft"].state, found["ttft"].ratio) == ("not-comparable", None)
    assert found["ttft"].reason == (
        "model is sha256:ab12 now, sha256:0000 in the baseline; concurrency is 1 now, 4 in the baseline"
    )
    assert found.notes == ["no-baseline", "not-comparable", "no-baseline"]
    assert found.problems == []


def test_without_a_store_nothing_is_compared(bench, accepted, take, streaming):
    here = bench()
    accepted(here, "x.ttft", around(0.1))
    found = take(here, streaming(0.2), store=None)
    assert {result.state for result in found.results} == {"recorded"}
    assert found["ttft"].reason == "judged by thresholds alone"
    assert found.notes == []


def test_metrics_that_thresholds_alone_judge_have_no_baseline(bench, accepted, take, streaming):
    here = bench(baseline={"recorded": ["*.ttft", "*.tpot"]}, thresholds={"x.ttft": {"target": "< 100 ms"}})
    accepted(here, "x.ttft", around(0.1))
    found = take(here, streaming(0.2))
    assert (found["ttft"].state, found["ttft"].baseline) == ("recorded", None)
    assert found.problems == ["x.ttft is 200 ms; the target is < 100 ms"]
    assert [recording.metric.name for recording in found.recordings] == ["x", "x.ttft", "x.tpot"]


def test_every_call_that_failed_counts_against_the_error_rate(bench, take):
    found = take(bench(thresholds=ERRORS), failing(3))
    assert (found["error_rate"].n, found["x"].n) == (31, 20)  # the failure in the warm-up is kept
    assert found["error_rate"].value == 11 / 31
    reason = "11 of 31 calls failed; the last: api: GET /x gave no whole answer within 1 s"
    assert found["error_rate"].reason == reason
    assert found["error_rate"].threshold == {"target": "<= 5 %", "broken": "<= 5 %"}
    assert found.problems == [f"x.error_rate: {reason}; the target is <= 5 %"]


def test_where_every_call_fails_it_gives_up_and_has_no_time(bench, take):
    found = take(bench(thresholds=ERRORS), failing(1, "refused"))
    assert [result.name for result in found.results] == ["x.error_rate"]
    assert (found["error_rate"].value, found["error_rate"].n) == (1.0, 5)
    assert [sample.error for sample in found.samples] == ["refused"] * 5
    assert len(found.problems) == 1


def test_more_failures_than_before_are_a_regression(bench, accepted, take, streaming):
    here = bench()
    accepted(here, "x", around(0.001, 60), around(0.001, 60))
    found = take(here, failing(3))
    assert (found["error_rate"].state, found["error_rate"].baseline) == ("regression", 0.0)
    assert found["x"].state == "inconclusive"
    assert "survivorship" in found["x"].reason
    (problem,) = found.problems
    assert problem == (
        "x.error_rate: 35.5% of 31 calls failed, 0.0% of 120 in the baseline; chance alone does so in 0.0% of all "
        "cases; the last: api: GET /x gave no whole answer within 1 s"
    )


def test_thresholds_on_other_statistics_are_results_of_their_own(bench, take, streaming):
    here = bench(thresholds={"x.ttft.p90": {"warning": "> 150 ms"}, "x.ttft.mean": {"target": "< 1 s"}})
    found = take(here, streaming(0.2))
    assert found["ttft.p90"].value == pytest.approx(0.204)
    assert (found["ttft.p90"].threshold["broken"], found["ttft.p90"].state) == ("> 150 ms", "recorded")
    assert found["ttft.mean"].reason == "judged by thresholds alone"
    assert found.problems == ["x.ttft.p90 is 204 ms; that is a warning (> 150 ms)"]


def test_a_threshold_on_a_tail_gets_the_calls_that_it_needs(bench, take, streaming):
    found = take(bench(thresholds={"x.ttft.p95": {"critical": "> 100 ms"}}), streaming(0.2))
    assert (found["ttft.p95"].state, found["ttft.p95"].n) == ("recorded", 60)
    assert [breach.severity for breach in found.breaches] == ["critical"]


def test_a_statistic_that_the_budget_does_not_reach_is_void(bench, take, streaming):
    here = bench(thresholds={"x.ttft.p99": {"target": "< 1 s"}}, budget={"requests": 60})
    found = take(here, streaming(0.2, here.ledger))
    assert (found["ttft.p99"].state, found["ttft.p99"].value) == ("void", None)
    assert found.voids == [found["ttft.p99"].reason]
    assert found.voids[0].startswith("x.ttft.p99 needs 300 values to be judged; there are ")


def test_what_has_a_baseline_and_is_gone_is_void(bench, accepted, take, streaming):
    here = bench()
    accepted(here, "x.ttft", around(0.1), around(0.1))
    found = take(here, lambda _: None)
    assert found.voids == ["x.ttft has a baseline, but no call yielded it"]


def test_an_answer_that_is_blocked_is_no_success(bench, take):
    class Blocked:
        failure = "blocked"

    found = take(bench(), lambda _: Blocked())
    assert found["error_rate"].value == 1
    assert "the last: the answer to" in found["error_rate"].reason


def test_the_worst_breach_is_said_first(bench, take, streaming):
    limits = {"x": {"target": "> 1 h"}, "x.ttft": {"critical": "> 1 ms"}, "x.tpot": {"warning": "> 1 ms"}}
    found = take(bench(thresholds=limits), streaming(0.2))
    assert [breach.severity for breach in found.breaches] == ["minor", "critical", "normal"]
    assert [problem.split()[0] for problem in found.problems] == ["x.ttft", "x.tpot", "x"]


def test_a_target_that_only_warns_is_no_problem(bench, take, streaming):
    found = take(bench(thresholds={"x.ttft": {"target": "< 1 ms", "on_target_miss": "warn"}}), streaming(0.2))
    assert found["ttft"].threshold["broken"] == "< 1 ms"
    assert found.problems == []


SLOWER = (
    "x.ttft is 2.00 times slower than its baseline (95 % limits {}): 200 ms now, 100 ms then; {} calls against 2 "
    "accepted runs, the newest of 2026-03-03 09:30"
)


@pytest.mark.parametrize(("primary", "gates"), [([], True), (["x.ttft"], True), (["x"], False)])
def test_a_regression_that_nobody_confirmed_gates_primaries_alone(bench, accepted, take, streaming, primary, gates):
    here = bench(baseline={"primary": primary}, budget={"requests": 50})
    accepted(here, "x.ttft", around(0.1), around(0.1))
    found = take(here, streaming(0.2, here.ledger))
    assert (found["ttft"].state, found["ttft"].n) == ("regression", 30)
    assert found["ttft"].reason == (
        "typical is 2.00 times worse; at best it is 1.80 times worse, and the threshold is 1.20; unconfirmed: the "
        "budget left no calls for a second run"
    )
    said = f"{SLOWER.format('1.80 to 2.22', 30)}; unconfirmed: the budget left no calls for a second run"
    assert found.problems == ([said] if gates else [])
    assert ("unconfirmed regression" in found.notes) is not gates


def test_a_regression_that_a_second_run_confirmed_gates_in_any_case(bench, accepted, take, streaming):
    here = bench(baseline={"primary": ["x"]})
    accepted(here, "x.ttft", around(0.1), around(0.1))
    found = take(here, streaming(0.2))
    assert (found["ttft"].state, found["ttft"].n) == ("regression", 60)
    assert found.problems == [SLOWER.format("1.84 to 2.18", 60)]


def test_a_small_budget_gives_few_calls_and_no_verdict(bench, accepted, take, streaming):
    here = bench(budget={"requests": 15})
    accepted(here, "x.ttft", around(0.2))
    found = take(here, streaming(0.2, here.ledger))
    assert (found["ttft"].state, found["ttft"].n) == ("inconclusive", 7)
    assert found["ttft"].reason == (
        "typical needs 10 values in every run; the shortest has 7; its share of the budget ended (10 requests): raise "
        "budget.requests"
    )


def test_a_measurement_that_ends_before_its_first_look_is_never_ok(bench, accepted, take, streaming):
    here = bench(budget={"requests": 20})
    accepted(here, "x.ttft", *([around(0.2)] * 5))
    found = take(here, streaming(0.2, here.ledger))
    assert (found["ttft"].state, found["ttft"].suspect, found["ttft"].n) == ("inconclusive", False, 11)
    assert found["ttft"].reason.startswith("typical is unchanged; at worst it is 1.")
    assert found["ttft"].reason.endswith(
        ", and the threshold is 1.20; but only 11 of the first 30 calls were made; its share of the budget ended "
        "(14 requests): raise budget.requests"
    )


def test_what_is_recorded_has_as_many_calls_as_a_single_accepted_run_needs(bench, take, streaming):
    found = take(bench(), streaming(0.2), recording=True)
    assert [len(recording.metric.series.values) for recording in found.recordings] == [120, 120, 120]
    assert found["ttft"].n == 120


@pytest.mark.parametrize(
    ("settings", "calls"), [({"baseline": {"looks": [12]}}, 12), ({"budget": {"requests": 100}}, 67)]
)
def test_pinned_looks_and_a_share_that_ends_make_it_fewer(bench, take, streaming, settings, calls):
    here = bench(**settings)
    found = take(here, streaming(0.2, here.ledger), recording=True)
    assert {len(recording.metric.series.values) for recording in found.recordings} == {calls}


def test_a_regression_is_confirmed_while_recording_too(bench, accepted, take, streaming):
    here = bench()
    accepted(here, "x.ttft", around(0.1))
    found = take(here, streaming(0.2), recording=True)
    assert (found["ttft"].state, found["ttft"].n) == ("regression", 240)
    assert {len(recording.metric.series.values) for recording in found.recordings} == {120}


def test_a_budget_that_leaves_no_call_is_said_before_any(bench, take):
    here, called = bench(budget={"requests": 10}), []
    here.ledger.charge("api", requests=7)
    with pytest.raises(BudgetSpent) as caught:
        take(here, called.append)
    assert str(caught.value) == (
        "x: the run's budget leaves no call for it; raise budget.requests, budget.tokens or budget.seconds, or select "
        "fewer tests."
    )
    assert called == []


def test_results_travel_as_plain_json(bench, take, streaming):
    plain = take(bench(thresholds=ERRORS), streaming(1 / 3))["ttft"].as_json()
    assert (plain["name"], plain["unit"], plain["value"]) == ("x.ttft", "s", 0.3333333)
    rates = take(bench(thresholds=ERRORS), failing(1))["error_rate"].as_json()
    assert not any(isinstance(value, float) and math.isnan(value) for value in rates.values())


@pytest.mark.parametrize(("environment", "host_class"), [("sandbox", "sandbox"), ("staging", None)])
def test_what_must_be_alike(bench, workload, environment, host_class):
    here = bench(environment=environment)
    found = here.fingerprint(workload)
    shaped = bench(environment=environment, components={"ollama": {"url": "http://127.0.0.1:9", "max_tokens": 9}})
    assert found.pop("workload") != replace(shaped, component="ollama").fingerprint(workload)["workload"]
    kind = found.pop("host_class")
    assert kind == host_class or (host_class is None and kind.endswith("cpu"))
    assert found == {
        "target": "staging",
        "model": "sha256:ab12",
        "concurrency": 1,
        "measurement_version": 1,
    }


def test_the_model_is_the_one_that_was_called(bench, accepted, take, streaming):
    asked = []

    def call(prompt):
        asked.append("embedder@cd34")
        return streaming(0.2)(prompt)

    here = bench()
    accepted(here, "x.ttft", around(0.2), around(0.2), model="embedder@cd34")
    found = take(here, call, model=lambda: asked[-1] if asked else "nobody")
    assert found["ttft"].state == "ok"
    assert {recording.fingerprint["model"] for recording in found.recordings} == {"embedder@cd34"}


def unsupported(prompt):
    raise Unsupported("openai: model tiny gives no embeddings.")


def test_what_was_never_there_is_unsupported(bench, accepted, take):
    here = bench()
    accepted(here, "another", around(0.2))
    with pytest.raises(Unsupported) as caught:
        take(here, unsupported)
    assert str(caught.value) == "openai: model tiny gives no embeddings."


def test_what_was_there_when_a_baseline_was_accepted_is_a_failure(bench, accepted, take):
    here = bench()
    accepted(here, "x", around(0.2), model="sha256:0000")
    with pytest.raises(CallFailed) as caught:
        take(here, unsupported)
    assert caught.value.kind == "unsupported"
    assert str(caught.value) == (
        "x has a baseline, and can be measured no longer: openai: model tiny gives no embeddings."
    )


def test_a_damaged_baseline_is_said_before_any_call(bench, accepted, take, tmp_path):
    here, called = bench(), []
    accepted(here, "x", around(0.2))
    next((tmp_path / "baselines" / "staging").glob("*.json")).write_text("{")
    with pytest.raises(BaselineError):
        take(here, called.append)
    assert called == []


def test_a_live_value_says_what_it_is():
    limits = {"rate": Threshold(warning="< 20")}
    well, nothing = recorded("rate", 30.0, "tokens/s", limits, "the server's own figure")
    assert (well.reason, nothing) == ("rate is 30 tokens/s (the server's own figure)", None)
    slow, breach = recorded("rate", 10.0, "tokens/s", limits, "from the stream")
    assert slow.reason == breach.reason == "rate is 10 tokens/s; that is a warning (< 20) (from the stream)"
    assert recorded("rate", 30.0, "", {})[0].reason == "rate is 30"
