import pytest

from pytest_llmops.judge.thresholds import said


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0, "days", "0 days"),
        (5.989e-5, "days", "0.00006 days"),
        (0.95, "", "0.95"),
        (17.333, "MB", "17.33 MB"),
        (12345.6, "requests", "12346 requests"),
        (0.1372, "s", "137 ms"),
        ("HEALTHY", "", "'HEALTHY'"),
    ],
)
def test_a_value_as_a_person_reads_it(value, unit, words):
    assert said(value, unit) == words
