"""Alert rules over time, and their trial over made-up series."""

import pytest

from pytest_llmops.promql import AlertRule, Memory, PromqlError, Watch
from pytest_llmops.promql.trial import series, tried, values

DOWN = AlertRule("Down", "up == 0", 30.0, {"severity": "critical"})


def test_pending_then_firing_then_gone():
    memory, watch = Memory(), Watch(DOWN)
    seen = []
    for at, up in ((0, 1), (10, 0), (20, 0), (40, 0), (50, 1), (60, 0)):
        memory.add({"__name__": "up", "job": "api"}, at, up)
        seen.append([(alert.state, alert.since, alert.value) for alert in watch.look(memory, at)])
    assert seen == [[], [("pending", 10, 0)], [("pending", 10, 0)], [("firing", 10, 0)], [], [("pending", 60, 0)]]


def test_an_alert_has_the_labels_of_series_and_rule():
    memory = Memory()
    memory.add({"__name__": "up", "job": "api", "severity": "none"}, 0, 0)
    (alert,) = Watch(DOWN).look(memory, 0)
    assert alert.labels == {"alertname": "Down", "job": "api", "severity": "critical"}


def test_a_number_is_an_alert_without_labels():
    (alert,) = Watch(AlertRule("Always", "vector(1)")).look(Memory(), 5)
    assert (alert.labels, alert.state) == ({"alertname": "Always"}, "firing")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0+10x3", [0, 10, 20, 30]),
        ("5-1x2", [5, 4, 3]),
        ("1x2", [1, 1, 1]),
        ("_x2 7", [None, None, 7]),
        ("_ .5", [None, 0.5]),
    ],
)
def test_the_notation_of_samples(text, found):
    assert list(values(text)) == found


def test_what_is_no_sample_and_no_series():
    with pytest.raises(PromqlError) as caught:
        list(values("1 two"))
    assert str(caught.value) == "'two' is no sample; write for example '0+10x5', '1x3', '_' or 7."
    with pytest.raises(PromqlError) as caught:
        series('up{job=~"a.*"}')
    assert str(caught.value) == '\'up{job=~"a.*"}\' names no single series; write for example up{job="api"}.'
    with pytest.raises(PromqlError) as caught:
        tried(DOWN, {"up": "_x3"}, at_s=60, interval_s=15)
    assert str(caught.value) == "up has no sample in '_x3'."
    assert series('up{job="a"}') == {"__name__": "up", "job": "a"}


@pytest.mark.parametrize(("samples", "states"), [("1 0x3", ["firing"]), ("1 1 1 0", ["pending"]), ("1x4", [])])
def test_a_trial_on_both_sides_of_the_duration(samples, states):
    assert [alert.state for alert in tried(DOWN, {'up{job="api"}': samples}, at_s=45, interval_s=15)] == states
