"""A profile's own Prometheus page, moved by events."""

import json

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pytest_llmops.sandbox.metrics import Metrics
from pytest_llmops.sandbox.order import read

ANSWERED = {"route": "query", "handler": "/chat", "method": "POST", "status": 200, "outcome": "ok", "duration_s": 0.7}
BLOCKED = {**ANSWERED, "outcome": "blocked"}
TABLES = {
    "app_requests_total": {"labels": {"handler": "{handler}", "status": "{status}", "app": "one"}},
    "app_duration_seconds": {"kind": "histogram", "by": "duration_s", "buckets": [0.5, 1]},
    "app_tokens_total": {"by": "tokens", "where": {"outcome": "ok"}, "labels": {"model": "{model}"}},
    "app_size_bytes": {"kind": "summary", "by": 100},
    "app_score": {"kind": "gauge", "by": 0.9, "where": {"outcome": "ok"}, "cases": {"low": 0.5}},
    "app_info": {"kind": "gauge", "labels": {"version": "1"}, "moves": False, "start": 1},
    "app_errors_total": {"labels": {"kind": "{kind}"}, "moves": False},
}


@pytest.fixture
def page():
    """A function from events to the samples of the page, by name and labels."""

    def of(*events, faults=()):
        api = {"routes": {"query": {"path": "/chat"}}}
        order = {
            "components": {"api": api},
            "sandbox": {"metrics": TABLES, "process_metrics": False},
            "faults": list(faults),
        }
        metrics = Metrics(read(json.dumps(order)).stack)
        for event in events:
            metrics.request(event)
        text = metrics.exposition().decode()
        samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        return {(sample.name, *sample.labels.values()): sample.value for sample in samples}

    return of


def test_only_what_can_be_there_is_there_from_the_start(page):
    assert page() == {
        ("app_duration_seconds_bucket", "0.5"): 0,
        ("app_duration_seconds_bucket", "1.0"): 0,
        ("app_duration_seconds_bucket", "+Inf"): 0,
        ("app_duration_seconds_count",): 0,
        ("app_duration_seconds_sum",): 0,
        ("app_size_bytes_count",): 0,
        ("app_size_bytes_sum",): 0,
        ("app_score",): 0,
        ("app_info", "1"): 1,
    }


def test_events_move_what_they_are_about(page):
    found = page({**ANSWERED, "model": "m", "tokens": 12, "kind": "x"}, BLOCKED, ANSWERED)
    assert found[("app_requests_total", "one", "/chat", "200")] == 3
    assert (found[("app_duration_seconds_bucket", "0.5")], found[("app_duration_seconds_bucket", "1.0")]) == (0, 3)
    assert found[("app_duration_seconds_sum",)] == pytest.approx(2.1)
    assert found[("app_tokens_total", "m")] == 12
    assert (found[("app_size_bytes_count",)], found[("app_size_bytes_sum",)]) == (3, 300)
    assert found[("app_score",)] == 0.9
    assert not [name for name, *_ in found if name.startswith("app_errors")]


def test_a_case_puts_another_number_in_its_place(page):
    assert page(ANSWERED, faults=["app_score:low"])[("app_score",)] == 0.5


def test_frozen_metrics_stand_where_they_were(page):
    found = page(ANSWERED, ANSWERED, faults=["api:frozen-metrics"])
    assert found[("app_requests_total", "one", "/chat", "200")] == 1
