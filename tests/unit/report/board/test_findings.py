"""What a board says first: each thing once, the worst first, with what to do."""

import pytest

from pytest_llmops.report.board.findings import findings
from pytest_llmops.report.metric import ACCEPT

from ....recorded import recorded


def check(test, outcome="failed", category="failed", severity="normal", reason="it is wrong", metrics=()):
    return {
        "test": test, "outcome": outcome, "category": category, "severity": severity, "reason": reason,
        "last_passed": None, "metrics": list(metrics),
    }  # fmt: skip


def metric(name, state="ok", *, suspect=False, reason="", ratio=None, broken=None):
    limits = {"critical": "> 9 s", "broken": broken} if broken else None
    return {
        "name": name, "unit": "s", "value": 1.0, "baseline": None, "ratio": ratio, "low": ratio, "high": ratio, "n": 9,
        "state": state, "suspect": suspect, "threshold": limits, "reason": reason, "last_good": None,
    }  # fmt: skip


def run(*checks, **more):
    return {
        "checks": list(checks), "preflight": [], "twin": None, "incident": None, "missing": [], "left_changed": [],
        "not_made": {"checks": 0, "timed": 0}, **more,
    }  # fmt: skip


def test_of_a_healthy_run_there_is_none_but_that_it_has_no_baseline():
    (one,) = findings(recorded("healthy"))
    assert (one.tone, one.word, one.title) == ("note", "no baseline", "there is no baseline to compare with")
    assert "generation_latency.ttft" in one.names
    assert one.to_do == f"Accept a first one: {ACCEPT}."


def test_regressions_come_by_how_much_worse_and_what_only_missed_its_target_after_them():
    found = findings(recorded("regression"))
    assert [one.figure for one in found] == [
        *(f"{n}\N{NO-BREAK SPACE}times" for n in (2.51, 1.93, 1.76, 1.75, 1.74)),
        "2.5 s",
    ]
    assert [one.word for one in found] == ["normal, regression"] * 5 + ["minor, threshold"]
    first, last = found[0], found[-1]
    assert first.title == "query_latency is 2.51 times slower than its baseline"
    (said,) = first.said
    assert said.startswith("95 % limits 2.26 to 2.78: 551 ms now, 231 ms then; 60 calls against 5 accepted runs, ")
    assert (first.about, first.beside) == ("daily/test_latency.py::test_query_latency", "95 % 2.26 to 2.78")
    assert first.commands[0].startswith("curl -sS -X POST http://127.0.0.1:")
    assert ACCEPT in first.to_do
    assert last.beside == "target < 2 s"


def test_a_component_that_is_down_is_the_first_and_its_advice_is_what_to_do():
    first, second, *_ = found = findings(recorded("down"))
    assert (first.word, first.about) == ("unreachable", "11 checks not made")
    assert first.title.endswith("GET /api/version was refused: nothing listens there.")
    assert first.to_do.startswith("Is it started, and is ")
    assert (second.word, second.figure, second.beside) == ("critical, threshold", "100 %", "critical > 5 %")
    assert sum(one.word == "unreachable" for one in found) == 1


def test_checks_that_say_the_same_are_one_finding():
    alike = [one for one in findings(recorded("down")) if one.title.startswith("api: POST /chat answered 503")]
    (one,) = alike
    assert one.about == "6 checks"
    assert "daily/test_traffic.py::test_cache_hit_rate" in one.names


def test_a_critical_one_comes_before_all_that_are_less():
    found = findings(run(check("c", severity="minor"), check("b", reason="odd"), check("a", severity="critical")))
    assert [one.word for one in found] == ["critical, failed", "normal, failed", "minor, failed"]


def test_a_target_that_is_left_changed_comes_before_everything_with_what_to_type():
    left = {
        "test": "dr/t.py::t", "component": "redis", "what": "container r", "act": "kill", "state": "running",
        "why": "start was not seen", "by_hand": ["docker start r"],
    }  # fmt: skip
    first, second = findings(run(check("a", severity="critical"), left_changed=[left]))
    assert (first.title, first.about, first.commands) == (
        "the target is NOT as it was",
        "dr/t.py::t",
        ("docker start r",),
    )
    assert first.said == ("redis (container r) was running before kill, and is to be so again", "start was not seen")
    assert first.to_do.startswith("llmops recover")
    assert second.about == "a"


def test_a_journal_that_cannot_be_read_is_said_as_such():
    nobody = {**dict.fromkeys(("test", "component", "what", "act", "state"), ""), "why": "torn", "by_hand": []}
    (one,) = findings(run(left_changed=[nobody]))
    assert (one.title, one.said) == ("nobody knows whether the target is as it was", ("torn",))


@pytest.mark.parametrize(
    ("metric", "word", "tone"),
    [
        (metric("m", "inconclusive", suspect=True, reason="maybe"), "suspect", "warn"),
        (metric("m", "not-comparable", reason="another model"), "not comparable", "warn"),
        (metric("m", "no-baseline", reason="none"), "no baseline", "note"),
        (metric("m", "improvement", reason="0.5"), "improved", "note"),
    ],
    ids=["suspect", "not comparable", "no baseline", "improved"],
)
def test_what_passed_and_is_not_settled_is_said_by_name(metric, word, tone):
    (one,) = findings(run(check("t", "passed", "", "", "", [metric])))
    assert (one.word, one.tone, one.names) == (word, tone, ("m",))
    assert one.to_do


def test_what_was_not_made_missing_or_waived_is_there():
    missing = {"metric": "old", "check": "t.py::t", "reason": "old has a baseline, but its check is gone"}
    waived = check("w", "waived", "threshold", "minor", "it is 5 s\n  at x")
    found = findings(run(waived, missing=[missing], not_made={"checks": 3, "timed": 2}))
    assert [(one.word, one.tone) for one in found] == [("not made", "bad"), ("missing", "warn"), ("waived", "note")]
    assert (found[0].title, found[0].about) == ("3 checks did not come to an end", "2 of them timed")
    assert (found[1].title, found[1].names) == ("its check is gone", ("old",))
    assert (found[2].title, found[2].about) == ("it is 5 s", "w")


def test_an_incident_stands_above_the_checks():
    incident = {
        "severity": "p1",
        "title": "P1: service down",
        "met": ["all calls fail (t)"],
        "evidence": [],
        "folder": "",
    }
    first, _ = findings(run(check("a"), incident=incident))
    assert (first.word, first.title, first.said) == ("incident", "P1: service down", ("all calls fail (t)",))
    assert findings(run(incident={**incident, "severity": ""})) == []


def test_against_another_deployment_nothing_is_to_be_accepted():
    slower = metric("m", "regression", ratio=1.5)
    twin = {"called": "canary", "preflight": []}
    (one,) = findings(run(check("t", category="regression", metrics=[slower]), twin=twin))
    assert one.to_do == "Find what makes it slower than canary."
