"""Side by side: the other side's calls are the baseline, and nothing that is stored is asked."""

import json
from itertools import count
from types import SimpleNamespace

import pytest

from pytest_llmops.errors import CallFailed
from pytest_llmops.measure.bench import Purse
from pytest_llmops.samples import Stream
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.models import Budget

PINNED = {"looks": [30]}  # the whole call takes microseconds here, and noise in it would ask for more


def around(value, n=30):
    """A run's values, a few per cent around one."""
    return [value * (1 + 0.02 * (number % 3 - 1)) for number in range(n)]


@pytest.fixture
def against(take, streaming):
    """Measures a stream of this pace in turns with another."""

    def against(bench, own_s, other, **changes):
        call = streaming(other) if isinstance(other, float) else other
        return take(bench, streaming(own_s), twin=call, against="stable", **changes)

    return against


def failing(every):
    number = count(1)

    def call(prompt):
        if next(number) % every == 0:
            raise CallFailed("api", "http-500", "api: GET /x answered 500.")
        return SimpleNamespace(stream=Stream((0.1, 0.2), 5))

    return call


def test_the_other_side_is_the_baseline(bench, against):
    found = against(bench(baseline=PINNED), 0.2, 0.2)
    assert (found["ttft"].state, found["ttft"].baseline) == ("ok", pytest.approx(0.2))
    assert found["ttft"].reason == (
        "typical is unchanged; at worst it is unchanged, and the threshold is 1.20; against stable, called in turns"
    )
    assert (found["error_rate"].baseline, found.problems) == (0.0, [])
    assert len(found.samples) == 30  # the target's own


def test_what_is_slower_than_the_other_side_fails_without_a_second_run(bench, against):
    found = against(bench(baseline=PINNED), 0.2, 0.1)
    assert (found["ttft"].state, found["ttft"].n) == ("regression", 30)
    assert found.problems[0] == (
        f"x.ttft is 2.00 times slower than stable (95 % limits {found['ttft'].low:.2f} to "
        f"{found['ttft'].high:.2f}): 200 ms here, 100 ms there; 30 calls against stable, called in turns"
    )


def test_nothing_stored_is_consulted(bench, against, accepted, tmp_path):
    here = bench(baseline={"points": {"x.ttft": {"file": "gone.json", "value": "a"}}})
    accepted(here, "x.ttft", around(0.01), around(0.01), model="another")
    assert against(here, 0.2, 0.2)["ttft"].state == "ok"
    next((tmp_path / "baselines" / "staging").glob("*.json")).write_text("{")
    assert against(here, 0.2, 0.2, store=None)["ttft"].state == "ok"


def test_a_statistic_is_compared_with_the_other_sides(bench, against):
    found = against(bench(baseline={"primary": ["x.ttft.p95"]}), 0.2, 0.1)
    assert (found["ttft.p95"].state, found["ttft.p95"].n) == ("regression", 60)
    assert found["ttft.p95"].baseline == pytest.approx(0.102)


def test_error_rates_are_compared_too(bench, take):
    found = take(bench(), failing(3), twin=failing(10_000), against="stable")
    assert (found["error_rate"].state, found["error_rate"].baseline) == ("regression", 0.0)
    (problem,) = found.problems
    assert "0.0% of 30 in the baseline" in problem
    assert "; against stable, called in turns; the last: api: GET /x answered 500" in problem


def test_a_dead_counterpart_is_no_pass(bench, against):
    found = against(bench(), 0.2, failing(1))
    assert (found["x"].state, found["ttft"].state) == ("not-comparable", "not-comparable")
    assert found["x"].reason == "no call to stable yielded x; the last: api: GET /x answered 500"
    assert "not-comparable" in found.notes


def test_what_only_the_counterpart_yields_is_void(bench, take, streaming):
    found = take(bench(), lambda _: None, twin=streaming(0.2), against="stable")
    assert found.voids == [f"x.{part} has a baseline, but no call yielded it" for part in ("ttft", "tpot")]


def test_the_counterparts_budget_ends_it_too(bench, against, tmp_path, streaming):
    other = Ledger(tmp_path / "other", Budget(requests=40))
    found = against(bench(), 0.2, streaming(0.2, other), purse=Purse(other, "ollama"))
    assert found["ttft"].n == 25  # 70 % of forty, but for three to warm up
    assert json.dumps(found["ttft"].as_json())


def test_metrics_that_thresholds_alone_judge_stay_so(bench, against):
    found = against(bench(baseline={"recorded": ["*.ttft"]}), 0.2, 0.1)
    assert found["ttft"].state == "recorded"


def test_a_recording_is_of_the_target(bench, against):
    here = bench()
    found = against(here, 0.2, 0.1)
    assert {recording.metric.name for recording in found.recordings} == {"x", "x.ttft", "x.tpot"}
    ttft = next(one.metric for one in found.recordings if one.metric.name == "x.ttft")
    assert max(ttft.series.values) < 0.21 < 2 * min(ttft.series.values)
