from pytest_llmops.report.properties import properties

METRIC = {
    "name": "query_latency.p90",
    "unit": "s",
    "value": 0.31,
    "baseline": 0.2,
    "ratio": 1.55,
    "low": 1.4,
    "high": 1.72,
    "n": 30,
    "state": "regression",
    "suspect": False,
    "threshold": None,
}
CHECK = {
    "procedures": ["voyageur.a.b", "voyageur.a.c"],
    "outcome": "failed",
    "category": "regression",
    "severity": "normal",
    "metrics": [METRIC],
}


def test_a_regression_says_metric_baseline_ratio_and_verdict():
    assert properties(CHECK, "staging") == [
        ("llmops.procedures", "voyageur.a.b voyageur.a.c"),
        ("llmops.target", "staging"),
        ("llmops.outcome", "failed"),
        ("llmops.category", "regression"),
        ("llmops.severity", "normal"),
        ("llmops.metric.query_latency.p90", "310 ms"),
        ("llmops.metric.query_latency.p90.baseline", "200 ms"),
        ("llmops.metric.query_latency.p90.ratio", "1.55 (1.40-1.72)"),
        ("llmops.metric.query_latency.p90.verdict", "regression"),
    ]


def test_what_is_empty_is_left_out():
    plain = {"procedures": [], "outcome": "passed", "category": "", "severity": "", "metrics": []}
    assert properties(plain, "staging") == [("llmops.target", "staging"), ("llmops.outcome", "passed")]
