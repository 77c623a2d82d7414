"""What triage and the channels say of what could not be looked at: it is never all clear."""

import re
from types import SimpleNamespace

import pytest

from pytest_llmops.errors import LlmopsError, Vacuous
from pytest_llmops.operate.findings import Finding
from pytest_llmops.plugin.channels import Channels
from pytest_llmops.plugin.diagnostics import Diagnostics
from pytest_llmops.plugin.incidents import done_since, incidents_of
from pytest_llmops.plugin.triaging import Triage
from pytest_llmops.state.journal import Journal
from pytest_llmops.state.story import Step
from pytest_llmops.target.severities import Severity

SEVERITIES = [
    Severity(name="P1", response=60, when=[{"says": "Slow", "figure": "mean"}, {"says": "Away", "any_down": ["api"]}]),
    Severity(name="P2", response=60, when=[{"says": "Odd", "flag": "odd"}, {"says": "Idle", "figure": "idle"}]),
]
LATE = Finding("figure", "mean", "unknown", "mean: no answer within 80 s", "ollama")
IDLE = Finding("figure", "idle", "unknown", "idle: nothing was counted", "api", applies=False)
WELL = Finding("component", "api", "ok", "api: reachable")
DOWN = Finding("component", "api", "failed", "api: refused")


def table():
    return SimpleNamespace(name="here", table=SimpleNamespace(severities=SEVERITIES))


def triage(*findings):
    fact = {"findings": [one.as_json() for one in findings], "took_s": 1.0, "at": 0.0, "unrecorded": ""}
    directory = SimpleNamespace(once=lambda _name, _find: fact)
    return Triage(SimpleNamespace(directory=directory, fact=str, declared=table()))


class Told(Channels):
    """Channels that keep what they are given."""

    def __init__(self):
        self._run = SimpleNamespace(declared=table())
        self.messages = []

    def tell(self, severity, title, body):
        self.messages.append((severity, title, body))
        return []

    def routed(self, severity):
        return []


def test_a_severity_that_may_hold_unseen_is_not_clear():
    late = triage(LATE, IDLE, WELL)
    with pytest.raises(Vacuous) as caught:
        late.certain(1)
    assert str(caught.value) == "P1 may hold unseen, not judged: Slow: mean: no answer within 80 s"
    late.certain(2)  # what was never counted hides nothing
    assert late.unseen("figure") == [LATE]
    assert late.unseen("component") == []


def test_what_could_not_be_looked_at_is_not_well():
    with pytest.raises(Vacuous) as caught:
        triage(LATE, IDLE, WELL).all_seen("component", "figure")
    assert str(caught.value) == (
        "what was seen is well, and what could not be looked at may not be: figure mean: no answer within 80 s"
    )
    triage(LATE, IDLE, WELL).all_seen("component")
    triage(IDLE, WELL).all_seen()  # what was never counted hides nothing


def test_an_alert_lists_the_limits_that_could_not_be_judged():
    channels = Told()
    channels.alert(triage(LATE, IDLE, DOWN))
    assert channels.messages == [
        (
            "P1",
            "P1 on here: 1 check failed",
            "- component api: refused\n- figure mean could not be judged: no answer within 80 s",
        )
    ]


def test_no_alert_is_no_good_news_where_a_limit_could_not_be_judged():
    channels = Told()
    with pytest.raises(Vacuous) as caught:
        channels.alert(triage(LATE, WELL))
    assert str(caught.value) == (
        "no check is seen to have failed, but a limit may be broken unseen: "
        "figure mean could not be judged: no answer within 80 s."
    )
    assert channels.alert(triage(IDLE, WELL)) == []
    assert channels.messages == []


@pytest.fixture
def collected(tmp_path):
    """The diagnostics of a run, by what its bundle lacks."""

    def collected(*lacking):
        (tmp_path / "had.json").write_text("[1]")
        parts = [{"file": "had.json", "took_s": 0.5}]
        fact = {"folder": str(tmp_path), "took_s": 1.0, "index": {"files": parts, "lacking": lacking}}
        directory = SimpleNamespace(once=lambda _name, _find: fact)
        return Diagnostics(SimpleNamespace(directory=directory), SimpleNamespace(took_s=2.0))

    return collected


def test_what_the_bundle_lacks_is_a_failure_only_where_there_was_something_to_be_had(collected):
    away = {"file": "a.json", "why": "it did not answer", "failed": True, "applies": True, "took_s": 0.25}
    silent = {"file": "b.json", "why": "it does not watch itself", "failed": False, "applies": False, "took_s": 0.25}
    diagnostics = collected(away, silent)
    assert diagnostics.read("had.json") == [1]
    assert diagnostics.took_with_triage_s("had.json", "a.json") == 2.75
    with pytest.raises(LlmopsError) as failed:
        diagnostics.read("a.json")
    assert (type(failed.value), str(failed.value)) == (LlmopsError, "a.json is not in the bundle: it did not answer")
    with pytest.raises(Vacuous):
        diagnostics.read("b.json")
    with pytest.raises(LlmopsError) as unwanted:
        diagnostics.read("c.json")
    assert str(unwanted.value) == "c.json is not in the bundle: nothing of the kind was wanted"


STEP = Step("ollama", "container voyageur-ollama", "restart", {}, "running", {}, ["docker start voyageur-ollama"])


def test_actions_are_those_of_the_journal_since_the_incident_began(tmp_path):
    run = SimpleNamespace(
        own=SimpleNamespace(embedded=False), declared=SimpleNamespace(state_folder=tmp_path, name="here"), began=2e9
    )
    journal = Journal.of(tmp_path, "here")
    journal.add(STEP, dict.fromkeys(("target", "environment", "root", "pid", "test", "run"), "t.py::test_it"))
    assert done_since(run) == []  # of an earlier run, and there is no incident
    incidents_of(run).saw("P1", ["A server is down"], 1e9)
    (said,) = done_since(run)
    assert said.startswith("restart of container voyageur-ollama at 20")
    assert said.endswith(" UTC (t.py::test_it), not taken back yet")
    journal.undone(1)
    assert re.search(r" UTC \(t\.py::test_it\), taken back \(20.* UTC\)$", done_since(run)[0])
    journal.path.write_text("{}\n")
    assert done_since(run)[0].startswith("what was done to the target is not known: ")
