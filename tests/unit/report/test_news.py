"""What is new of a check: against what was told, not against the last run."""

import pytest

from pytest_llmops.report.news import Now, after, changes, states
from pytest_llmops.state.news import Red
from pytest_llmops.target.news import RANKS


def check(name, outcome="passed", category="", severity="", reason=""):
    return {
        "test": name,
        "suite": "daily",
        "outcome": outcome,
        "category": category,
        "severity": severity,
        "reason": reason,
        "metrics": [],
        "last_passed": None,
    }


def red(severity="normal", kind="failed", since=10.0, seen=10.0):
    return Red(severity, kind, "why", since, since, seen)


def test_what_a_run_says_of_its_checks():
    found = states(
        [
            check("a"),
            check("b", "failed", "threshold", "minor", "p95 is 4 s\nlimit < 3 s\n  where: x.py"),
            check("c", "failed", "regression", "normal", "slower"),
            check("d", "error", "unreachable", "critical", "ollama at x: refused"),
            check("e", "error", "void", "normal", "unsound"),
            check("f", "waived", "threshold", "critical", "known"),
            check("g", "skipped", "vacuous"),
            check("h", "passed", "no-baseline"),
            check("i", "error", "crashed", "critical", ""),
        ]
    )
    assert found == [
        Now("a"),
        Now("b", "minor", "failed", "p95 is 4 s"),
        Now("c", "normal", "regression", "slower"),
        Now("d", "critical", "unreachable", "ollama at x: refused"),
        Now("e", "normal", "error", "unsound"),
        Now("f", kind="waived"),
        Now("h"),
        Now("i", "critical", "error", "crashed"),
    ]


def test_of_several_of_one_key_the_worst_counts():
    ok, bad = check("a"), check("a", "failed", "failed", "normal", "no")
    assert [one.severity for one in states([ok, bad])] == [one.severity for one in states([bad, ok])] == ["normal"]


@pytest.mark.parametrize(
    ("was", "now", "what"),
    [
        (None, Now("a"), None),
        (None, Now("a", kind="waived"), None),
        (None, Now("a", "minor", "failed"), "broken"),
        (red(), Now("a", "normal", "failed"), None),
        (red(), Now("a", "critical", "failed"), "worse"),
        (red(), Now("a", "minor", "failed"), "eased"),
        (red(), Now("a", "normal", "regression"), "otherwise"),
        (red(), Now("a"), "recovered"),
        (red(), Now("a", kind="waived"), "waived"),
    ],
)
def test_a_change_is_one_of_state(was, now, what):
    found = changes({"a": was} if was else {}, [now], RANKS)
    assert [one.what for one in found] == ([what] if what else [])


def test_a_check_that_was_not_made_is_not_spoken_of():
    known = {"a": red()}
    assert changes(known, [Now("b")], RANKS) == []
    assert after(known, [Now("b")], RANKS, 20.0) == known


def test_who_takes_only_what_is_critical_learns_when_it_is_so_no_more():
    assert changes({}, [Now("a", "normal", "failed")], {"critical"}) == []
    assert after({}, [Now("a", "normal", "failed")], {"critical"}, 20.0) == {}
    known = {"a": red("critical")}
    eased = [Now("a", "normal", "failed")]
    assert [one.what for one in changes(known, eased, {"critical"})] == ["eased"]
    assert after(known, eased, {"critical"}, 20.0) == {}


def test_the_beginning_is_kept_and_that_of_the_severity():
    known = after({"a": red(since=10.0)}, [Now("a", "normal", "failed", "x")], RANKS, 20.0)
    assert known == {"a": Red("normal", "failed", "x", 10.0, 10.0, 20.0)}
    known = after(known, [Now("a", "critical", "failed", "x")], RANKS, 30.0)
    assert known == {"a": Red("critical", "failed", "x", 10.0, 30.0, 30.0)}
    assert after(known, [Now("a")], RANKS, 40.0) == {}


def test_the_worst_comes_first():
    found = [Now("ok"), Now("a", "minor", "failed"), Now("b", "critical", "failed")]
    assert [one.now.check for one in changes({"ok": red()}, found, RANKS)] == ["b", "a", "ok"]
