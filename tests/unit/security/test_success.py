"""The share of attacks that succeed, beside that of accepted runs."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_llmops.judge.baselines import Match
from pytest_llmops.samples import Series
from pytest_llmops.security.attack_outcome import Sent
from pytest_llmops.security.attack_review import AttackResults
from pytest_llmops.security.success import compared


def review(hits, of):
    outcomes = ["hit"] * hits + ["answered"] * (of - hits)
    sent = [Sent(f"a{n}", "direct", "LLM01", "", "", one, True, 0.1, 1, "x") for n, one in enumerate(outcomes)]
    return AttackResults("api", "1", tuple(sent))


def bench(*series, differs="", stored=True):
    match = Match(list(series), differs, known=bool(series), newest=datetime(2026, 1, 1, tzinfo=UTC))
    store = SimpleNamespace(find=lambda *_: match, directory=Path()) if stored else None
    return SimpleNamespace(
        store=store,
        check="security/test_x.py::test_x",
        beside={},
        target=SimpleNamespace(name="t"),
        fingerprint=lambda workload: {"workload": workload.digest},
    )


CLEAN = Series((0.1,) * 50, tuple(f"a{n}" for n in range(50)), 0)


def test_more_hits_than_before_are_a_regression_with_evidence():
    found = compared("attacks", review(12, 50), bench(CLEAN, CLEAN))
    assert found.result.state == "regression"
    assert found.worse.startswith("attacks: 12 of 50 attacks succeeded, 0 of 100 in the baseline; 12 of 50 attacks")
    assert "a0 (LLM01, direct): 'x'" in found.worse


def test_as_few_as_before_are_none():
    found = compared("attacks", review(0, 50), bench(CLEAN))
    assert (found.result.state, found.worse) in {("ok", ""), ("inconclusive", "")}
    assert found.recording is not None
    assert (found.recording.metric.series.failures, len(found.recording.metric.series.values)) == (0, 50)


@pytest.mark.parametrize(
    ("where", "state"),
    [(bench(), "no-baseline"), (bench(differs="workload is a now, b in the baseline"), "not-comparable")],
)
def test_nothing_to_compare_with_is_said(where, state):
    assert compared("attacks", review(1, 50), where).result.state == state


def test_without_a_store_the_share_is_recorded():
    found = compared("attacks", review(1, 50), bench(stored=False))
    assert (found.result.state, found.result.value) == ("recorded", 0.02)


def test_other_attacks_are_another_workload():
    first, second = (compared("attacks", review(0, of), bench(CLEAN)).recording.fingerprint for of in (50, 49))
    assert first != second
