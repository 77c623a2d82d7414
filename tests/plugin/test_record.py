"""Which limits ``record`` holds a figure to: all, one of them, whether a single look decides; and when it fails."""

import time
from functools import partial
from types import SimpleNamespace

import pytest

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.figures import Reading, Spread
from pytest_llmops.errors import Unsupported, Vacuous
from pytest_llmops.plugin import recording
from pytest_llmops.plugin.recording import Record
from pytest_llmops.plugin.sentences import Failed
from pytest_llmops.plugin.this_test import ThisTest
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.models import Budget
from pytest_llmops.target.thresholds import Threshold

RATE = Threshold.model_validate({"target": "< 1 %", "critical": "> 5 %", "for": "5 min"})


@pytest.fixture
def record(tmp_path, monkeypatch):
    """A record of a target whose error rate is so much at the first look, then so much; whoever waits does not."""
    waited = []
    passing = {"sleep": waited.append, "clock": lambda: time.time() + sum(waited)}
    monkeypatch.setattr(recording, "Watch", partial(recording.Watch, **passing))

    def record(first, *later):
        values = [first, *later]

        def read(name, during=None):
            return Reading(values.pop(0) if len(values) > 1 else values[0], "%", "made up", 0.0)

        plain = SimpleNamespace(share_of_calls=False)
        figures = SimpleNamespace(read=read, again=read, past=lambda *_: [], table=lambda _name: plain)
        table = SimpleNamespace(thresholds={"api_error_rate": RATE}, faster=1.0)
        run = SimpleNamespace(
            figures=figures,
            declared=SimpleNamespace(name="here", table=table),
            ledger=Ledger(tmp_path / "ledger", Budget()),
            say=lambda _: None,
        )
        check = SimpleNamespace(metrics=[], notes=[], breaches=[])
        return Record(ThisTest(run, None, check)), check

    return record


def test_a_missed_target_is_no_critical_breach(record):
    kept, check = record(3.0)
    assert kept.figure("api_error_rate", level="critical").threshold == {"critical": "> 5 %"}
    assert (check.notes, check.breaches) == ([], [])


def test_a_critical_breach_lasts_or_is_a_note(record):
    kept, check = record(8.0)
    with pytest.raises(Failed, match=r"api_error_rate is 8 %; that is critical \(> 5 %\) for 5 min"):
        kept.figure("api_error_rate", level="critical")
    assert check.breaches == ["critical"]
    kept, check = record(8.0, 3.0)
    kept.figure("api_error_rate", level="critical")
    assert (check.notes, check.breaches) == (["breach did not last"], [])


def test_one_look_decides_where_it_has_to(record):
    kept, check = record(3.0, 0.0)
    with pytest.raises(Failed) as caught:
        kept.figure("api_error_rate", at_once=True)
    assert str(caught.value) == "api_error_rate is 3 %; the target is < 1 % (made up)"
    assert check.breaches == ["minor"]
    record(3.0, 0.0)[0].figure("api_error_rate")  # else it did not last


def test_a_limit_that_the_target_lacks_is_not_held(record):
    with pytest.raises(Unsupported) as caught:
        record(8.0)[0].figure("api_error_rate", level="warning")
    assert str(caught.value) == (
        "target here has no warning limit of api_error_rate: no warning in thresholds.api_error_rate."
    )


def test_the_mean_and_the_peak_of_a_day_are_two_values_with_limits_of_their_own(record):
    kept, check = record(0.0)
    over = Spread(30.0, 8.0, "%", 1_700_000_000.0, 7200.0)
    kept._run.figures.spread = lambda *_: over
    kept._run.declared.table.thresholds["use_peak[*]"] = RATE
    with pytest.raises(Failed, match=r"use_peak\[cpu\] is 8 %.*\(22:13 UTC, over 2 h of the last 24 h\)"):
        kept.spread("use[cpu]", 86400)
    assert [(one["name"], one["value"]) for one in check.metrics] == [("use_mean[cpu]", 30.0), ("use_peak[cpu]", 8.0)]
    kept.spread("use[cpu]", 86400, kept_as="week")
    assert [one["name"] for one in check.metrics[2:]] == ["week_mean[cpu]", "week_peak[cpu]"]


def test_statistics_are_values_with_limits_of_their_own(record):
    kept, check = record(0.0)
    kept.statistics("latency", [1.0, 2.0, 3.0, 6.0], "s", of="of the week")
    assert [(one["name"], one["value"]) for one in check.metrics] == [
        ("latency.mean", 3.0), ("latency.p50", 2.5), ("latency.p95", 5.55), ("latency.p99", 5.91),
    ]  # fmt: skip
    assert check.metrics[0]["reason"] == "latency.mean is 3 s (of 4 values; of the week)"
    with pytest.raises(Vacuous) as caught:
        kept.statistics("latency", [])
    assert str(caught.value) == "latency: there is no value, so there are no statistics."


def test_a_mean_that_has_surely_become_worse_is_held_to_a_limit(record):
    kept, check = record(0.0)
    kept._run.declared.table.thresholds["*.worse"] = Threshold.model_validate({"critical": "> 20 %"})
    steady, doubled = [10.0, 10.1, 9.9], [20.0, 20.2, 19.8]
    assert kept.shift("rate", steady, doubled, "down").value == 0
    assert kept.shift("rate", doubled, doubled, "off").value == 0
    with pytest.raises(
        Failed, match=r"rate.worse is 96.9.*critical \(> 20 %\) \(rate: mean 20, 10 in the period before"
    ):
        kept.shift("rate", steady, doubled)
    with pytest.raises(Failed, match=r"rate.worse is 4[89]"):
        kept.shift("rate", doubled, steady, "off")
    assert check.breaches == ["critical", "critical"]


def test_a_peak_that_has_surely_become_higher_is_held_to_the_same_limit(record):
    kept, check = record(0.0)
    kept._run.declared.table.thresholds["*.worse"] = Threshold.model_validate({"critical": "> 20 %"})
    assert kept.peak_shift("use", [10.0, 30.0, 11.0], [50.0, 10.0, 12.0]).value == 0
    with pytest.raises(Failed, match=r"use.peak.worse is 40 %; that is critical .*use: peak 16, 10 in the period"):
        kept.peak_shift("use", [10.0, 9.0, 8.0], [15.0, 14.0, 16.0])
    assert check.breaches == ["critical"]


def test_to_the_end_all_is_recorded_and_all_breaches_are_told_with_the_call_of_the_first(record):
    kept, check = record(8.0)

    def all_of_it(besides=None):
        with kept.to_the_end():
            for number, value in enumerate([0.5, 8.0, 3.0, 0.1]):
                last_exchange.set(f"call {number}")
                kept("api_error_rate", value, "%", of=f"part {number}")
            if besides:
                raise besides

    with pytest.raises(Failed) as caught:
        all_of_it()
    unproven = "(asked: for 5 min; breached, duration unproven)"
    assert str(caught.value).splitlines() == [
        f"api_error_rate is 8 %; that is critical (> 5 %) {unproven} (part 1)",
        f"api_error_rate is 3 %; the target is < 1 % {unproven} (part 2)",
    ]
    assert (len(check.metrics), check.breaches, last_exchange.get()) == (4, ["critical", "minor"], "call 1")
    with pytest.raises(Failed) as caught:
        all_of_it(Vacuous("nothing was counted."))
    assert str(caught.value).splitlines()[-1] == "nothing was counted."
    with pytest.raises(Failed):  # and from then on at once again
        kept("api_error_rate", 8.0, "%")


def test_to_the_end_of_what_holds_nothing_fails(record):
    kept, check = record(8.0)
    with kept.to_the_end():
        kept("api_error_rate", 0.5, "%")
    assert check.breaches == []
    with pytest.raises(Vacuous), kept.to_the_end():
        raise Vacuous("nothing was counted.")


def test_a_value_that_says_nothing_without_a_limit_names_the_key_to_write(record):
    kept, check = record(0.0)
    with pytest.raises(Vacuous) as caught:
        kept("audit_gap", 7200.0, "s", of="from 9 to 11", example='critical = "> 2 d"')
    assert str(caught.value) == (
        'audit_gap is 2 h (from 9 to 11); no threshold judges it: give thresholds."audit_gap" a limit in llmops.toml, '
        'such as critical = "> 2 d".'
    )
    assert [one["name"] for one in check.metrics] == ["audit_gap"]
    assert kept("api_error_rate", 0.5, "%", example='target = "< 1 %"').threshold == {
        "target": "< 1 %",
        "critical": "> 5 %",
    }
