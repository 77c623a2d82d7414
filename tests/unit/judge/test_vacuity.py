"""Rules that cannot fire, or fire always; panels that draw nothing; declarations that are no longer so."""

import pytest
from pydantic import ValidationError

from pytest_llmops.judge.condition import metrics_of, once_fired
from pytest_llmops.judge.vacuity import Exported, Finding, known, mistaken, of_panel, of_rule
from pytest_llmops.promql import parse
from pytest_llmops.target.monitoring import AlertRule, Vacuity

EXPORTED = Exported(
    frozenset({"up", "http_requests_total", "took_seconds", "took_seconds_bucket", "drift", "declared_errors"}),
    frozenset({"drift", "declared_errors_total"}),
    {"took_seconds_bucket": 1.0},
)

NOWHERE = "never fires: {} is not exported by what is scraped"


def rule(expr, **more):
    return AlertRule.model_validate({"alert": "Rule", "expr": expr, **more})


@pytest.mark.parametrize(
    ("expr", "said"),
    [
        ("up == 0", []),
        ("absent_total > 1", ["never fires: absent_total is not exported by what is scraped"]),
        ("drift == 1", ["never fires: drift stays 0"]),
        ("rate(declared_errors_total[5m]) > 0", ["never fires: declared_errors_total stays 0"]),
        ("histogram_quantile(0.95, rate(took_seconds_bucket[5m])) > 0.5", []),
        (
            "histogram_quantile(0.95, sum by (le) (rate(took_seconds_bucket[5m]))) > 5",
            ["never fires: the highest finite bucket of took_seconds_bucket is 1, and it asks for more than 5"],
        ),
        (
            "(histogram_quantile(0.95, took_seconds_bucket)) > 1",
            ["never fires: the highest finite bucket of took_seconds_bucket is 1, and it asks for more than 1"],
        ),
        ("histogram_quantile(0.95, took_seconds_bucket) >= 1", []),  # which it is once all take longer
        (
            "2 <= histogram_quantile(0.95, took_seconds_bucket)",
            ["never fires: the highest finite bucket of took_seconds_bucket is 1, and it asks for at least 2"],
        ),
        ("absent(heartbeat)", []),
        ("absent_over_time(heartbeat[5m]) == 1", []),
        ("up == 0 or legacy_up == 0", []),
        ("other_up == 0 or legacy_up == 0", [NOWHERE.format("other_up"), NOWHERE.format("legacy_up")]),
        ("up == 0 unless maintenance", []),
        ("maintenance unless up", [NOWHERE.format("maintenance")]),
        ("up == 0 and maintenance == 1", [NOWHERE.format("maintenance")]),
        ("sum(rate(other_total[5m])) by (job) > 0", [NOWHERE.format("other_total")]),
        ("rate(declared_errors_total[5m]) == 0", ["always fires: declared_errors_total stays 0"]),
        ("drift < 1 or up == 0", ["always fires: drift stays 0"]),
        ("1 > drift and up == 0", []),
        ("sum(drift) > 2 * sum(drift) / 7", ["never fires: drift stays 0"]),
        ("drift > up", []),
        ("0 < drift", ["never fires: drift stays 0"]),
        ("up / drift > 1", []),
        ("100 * sum(drift) / sum(up) > 5", ["never fires: drift stays 0"]),
        ("drift + up > 1", []),
        ("count(drift) > 1", []),
        ("drift > bool 1", []),
        (
            'rate(http_requests_total{status=~"5.."}[5m]) / rate(http_requests_total[5m]) > 0.05',
            [
                (
                    "says nothing: both sides of the division of http_requests_total keep the label status, so that "
                    "each series is divided by itself and the ratio is 1; sum both sides"
                )
            ],
        ),
        ('sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05', []),
        ('rate(http_requests_total{status="500"}[5m]) / on (job) rate(http_requests_total{status="200"}[5m])', []),
        ("rate(http_requests_total[5m]) / rate(http_requests_total[5m]) > 2", []),
    ],
)
def test_why_a_rule_says_nothing(expr, said):
    assert of_rule(rule(expr), EXPORTED) == said


def test_what_fired_can_fire():
    assert once_fired("never fires: drift stays 0") == ""
    assert (
        once_fired("never fires: drift stays 0; always fires: up stays 0; fires when all is well")
        == "fires when all is well"
    )


def test_a_rule_is_tried_on_both_sides_of_its_limit():
    trials = [
        {"says": "all is well", "samples": {"up": "1x10"}, "at": "2m", "fires": True},
        {"says": "it is down", "samples": {"up": "0x10"}, "at": "2m", "fires": False},
        {"says": "it was down once", "samples": {"up": "1x6 0 1"}, "at": "105 s", "fires": False},
    ]
    found = mistaken(rule("up == 0", trials=trials, **{"for": "30 s"}))
    assert found == ["does not fire when all is well", "fires when it is down"]


def test_a_histogram_of_a_trial_is_made_of_what_everything_takes():
    trials = [{"says": "all take 0.4 s", "takes": {'took_seconds{job="x"}': "0.4 s"}, "at": "30 s", "fires": False}]
    table = rule("took_seconds_bucket > 1", trials=trials, buckets={"took_seconds": [0.1, 0.5]})
    assert table.samples(table.trials[0]) == {
        'took_seconds_bucket{job="x",le="0.1"}': "0+0x2",
        'took_seconds_bucket{job="x",le="0.5"}': "0+30x2",
        'took_seconds_bucket{job="x",le="+Inf"}': "0+30x2",
        'took_seconds_count{job="x"}': "0+30x2",
        'took_seconds_sum{job="x"}': "0+12x2",
    }


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        ({"takes": {"others": "1 s"}}, "the histogram 'others' has no buckets; give buckets.others its finite bounds"),
        ({"takes": {"took_seconds[5m]": "1 s"}}, "'took_seconds[5m]' names no single series"),
        ({}, "a trial needs series; give it samples, or takes for a histogram"),
    ],
)
def test_a_trial_that_cannot_be_made(trial, said):
    with pytest.raises(ValidationError) as caught:
        rule("up", trials=[{"says": "it", "at": "1m", "fires": True} | trial], buckets={"took_seconds": [1.0]})
    assert said in str(caught.value)


def test_a_panel_draws_while_one_of_its_queries_does():
    assert of_panel(["drift", "up"], EXPORTED) == ""
    assert of_panel(["drift", "nowhere"], EXPORTED) == "drift stays 0; nowhere is not exported"
    assert of_panel(["label_replace(drift, 'a', 'b', 'c', 'd')"], EXPORTED) == "drift stays 0"
    assert of_panel(["drift["], EXPORTED) == ""
    assert of_panel([], EXPORTED) == ""


def test_the_series_of_an_expression():
    node = parse('sum(rate(a_total[5m])) / b > on () {job="x"} or a_total')
    assert metrics_of(node) == ["a_total", "b"]


def test_what_is_declared_is_known_or_no_longer_so():
    found = [Finding("rule", "A", "never fires: x is not exported"), Finding("metric", "m", "has no value but 0")]
    declared = [
        Vacuity(kind="rule", what="A", why="nobody exports x"),
        Vacuity(kind="metric", what="other", why="its recorder is never called"),
    ]
    findings, untrue = known(found, declared)
    assert [(one.what, one.known) for one in findings] == [("A", "nobody exports x"), ("m", "")]
    assert untrue == ["metric other is declared vacuous (its recorder is never called), and is not: take it out"]
    assert str(findings[0]) == "rule A: never fires: x is not exported"
