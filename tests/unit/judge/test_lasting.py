"""A breach that must last: judged from several looks, each a moment and a value."""

import pytest

from pytest_llmops.judge.lasting import lasted_words, lasting
from pytest_llmops.target.thresholds import Threshold

LIMITS = Threshold.model_validate({"target": "< 70 %", "warning": "> 80 %", "critical": "> 90 %", "for": "5m"})


def looked(*values, step_s=100.0):
    return lasting("cpu_usage", [(step_s * n, value) for n, value in enumerate(values)], "%", LIMITS, 300.0)


@pytest.mark.parametrize(
    ("values", "state", "severity"),
    [
        ((95, 95, 95, 95), "lasted", "critical"),
        ((95, 95, 95), "open", "critical"),
        ((95,), "open", "critical"),
        ((95, 85, 95, 95), "lasted", "normal"),  # critical for moments, a warning all along
        ((95, 75, 85, 95), "lasted", "minor"),
        ((95, 95, 60, 95), "ended", None),
        ((60, 95, 95, 95), "ended", None),
    ],
)
def test_what_was_broken_at_each_look_has_lasted(values, state, severity):
    found = looked(*values)
    assert (found.state, found.breach and found.breach.severity) == (state, severity)


def test_its_value_is_that_of_the_look_with_the_mildest_breach():
    found = looked(95, 85, 82, 95)
    assert (found.value, found.breach.reason) == (85, "cpu_usage is 85 %; that is a warning (> 80 %)")
    assert looked(95, 60).value == 95


def test_what_is_said_of_it():
    found = looked(95, 92, 91, 97)
    assert found.value == 95
    assert found.breach.reason == "cpu_usage is 95 %; that is critical (> 90 %)"
    assert lasted_words(found, 300.0) == " for 5 min (seen for 5 min)"
    assert lasted_words(looked(95, 95, 10), 300.0) == " not for 5 min: it held after 3 min 20 s"
    assert lasted_words(looked(95), 300.0) == " (asked: for 5 min; breached, duration unproven)"
    assert lasted_words(looked(95, 10), 300.0, averaged=True) == " not for 5 min: it held on average after 100 s"
    why = "that takes 5 min, the budget leaves 60 s"
    assert lasted_words(looked(95), 300.0, why) == (
        " (asked: for 5 min; breached, duration unproven: that takes 5 min, the budget leaves 60 s)"
    )
