"""A model that does not stay in memory: the daily timing of it is void, and says so."""

import pytest

pytestmark = pytest.mark.acceptance

TIMED = "suites/daily/test_latency.py::test_generation_latency"


def test_a_model_that_comes_and_goes_is_an_error(suite):
    run = suite("--llmops-sandbox-fault=llm:cold=0.2", "--llmops-gate", TIMED)
    ((_, check),) = run.checks.items()
    assert (run.status, check["outcome"], check["category"]) == (11, "error", "void"), run.out
    metrics = {metric["name"]: metric for metric in check["metrics"]}
    assert {metrics[name]["state"] for name in ("generation_latency", "generation_latency.ttft")} == {"void"}
    assert 1.0 <= metrics["generation_latency.cold_load"]["value"] < 2.0
    assert metrics["generation_latency"]["value"] < 0.5  # no cold call is in it
    assert "generation_latency: the model was loaded anew in 6 of 30 calls, for 1" in " ".join(run.out.split())


def test_a_single_cold_call_is_shown_and_compared_with_nothing(suite):
    run = suite("--llmops-sandbox-fault=llm:cold=0.03", TIMED)
    ((_, check),) = run.checks.items()
    assert (run.status, check["outcome"]) == (0, "passed"), run.out
    metrics = {metric["name"]: metric for metric in check["metrics"]}
    cold = metrics["generation_latency.cold_load"]
    assert (cold["state"], cold["baseline"], cold["n"]) == ("recorded", None, 1)
    assert metrics["generation_latency"]["state"] == "ok"
