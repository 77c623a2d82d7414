import pytest

from pytest_llmops.errors import ConfigError

FILE = """
[targets.staging.components.redis]
url = "redis://cache.example"
[targets.staging.baseline.points]
"query_latency.p95" = {{ file = "docs/production.json", value = "{value}", unit = "{unit}" }}
"""
PLACE = "llmops.toml: [targets.staging.baseline.points.query_latency.p95]"
KNOWN = "Known: s, ms, us, min for times, 1/s, tokens/s for rates."


def test_a_point_of_the_teams_own(read):
    points = read(FILE.format(value="performance.p95", unit="ms")).table.baseline.points
    point = points["query_latency.p95"]
    assert (point.file, point.value, point.unit) == ("docs/production.json", "performance.p95", "ms")


PROBLEMS = {
    ("a[", "ms"): "value: 'a[' is not JMESPath (Invalid jmespath expression: Incomplete expression:).",
    ("a", "millis"): f"unit: 'millis' is no unit of a point. Did you mean 'ms'? {KNOWN}",
    ("a", "tps"): f"unit: 'tps' is no unit of a point. Did you mean 'tokens/s'? {KNOWN}",
    ("a", "rps"): f"unit: 'rps' is no unit of a point. Did you mean '1/s'? {KNOWN}",
    ("a", "m"): f"unit: 'm' is no unit of a point. Did you mean 'min'? {KNOWN}",
    ("a", "token/sec"): f"unit: 'token/sec' is no unit of a point. Did you mean 'tokens/s'? {KNOWN}",
    ("a", "percent"): f"unit: 'percent' is no unit of a point. {KNOWN}",
}


@pytest.mark.parametrize(("value", "unit"), PROBLEMS)
def test_a_mistake_is_found_when_the_file_is_read(read, value, unit):
    with pytest.raises(ConfigError) as caught:
        read(FILE.format(value=value, unit=unit))
    assert str(caught.value) == f"{PLACE} {PROBLEMS[value, unit]}"
