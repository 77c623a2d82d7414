"""What can say nothing, collected in one place."""

from pytest_llmops.report.says_nothing import by_kind, collected, line_of

RULE = {"kind": "rule", "what": "Down", "why": "never fires: up stays 0", "known": "nobody exports it"}
METRIC = {"kind": "metric", "what": "errors", "why": "has no value but 0", "known": ""}


def check(test, category, reason):
    return {"test": test, "category": category, "reason": reason}


def test_findings_and_checks_that_no_finding_explains():
    checks = [
        check("a.py::test_rule", "vacuous", "vacuous: rule Down: never fires: up stays 0"),
        check("a.py::test_rate", "vacuous", "vacuous: api: requests has counted nothing yet.\n  at a.py:1"),
        check("a.py::test_red", "threshold", "api: too slow"),
        check("a.py::test_none", "unsupported", "unsupported: it has none"),
    ]
    entries = collected([RULE, METRIC], checks)
    rate = {"kind": "check", "what": "a.py::test_rate", "why": "api: requests has counted nothing yet.", "known": ""}
    assert entries == [RULE, METRIC, rate]
    assert by_kind(entries) == {"rule": ["Down"], "metric": ["errors"], "check": ["a.py::test_rate"]}
    assert [line_of(one) for one in entries] == [
        "rule Down: never fires: up stays 0 (known: nobody exports it)",
        "metric errors: has no value but 0",
        "check a.py::test_rate: api: requests has counted nothing yet.",
    ]
    assert collected([], []) == []
