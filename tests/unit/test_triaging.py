"""What a test may conclude from triage: nothing, of a severity that may hold unseen."""

from types import SimpleNamespace

import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.operate.findings import Finding
from pytest_llmops.plugin.triaging import Triage
from pytest_llmops.target.severities import Severity

HIGH = Severity.model_validate(
    {
        "name": "P1",
        "meaning": "Major degradation",
        "response": "30m",
        "when": [
            {"says": "A part is away", "any_down": ["model"]},
            {"says": "Slow responses", "figure": "latency", "level": "critical"},
        ],
    }
)
THERE = Finding("component", "model", "ok", "model: generates")


@pytest.fixture
def triage():
    """Triage of a target with one severity, that found so."""

    def triage(*findings):
        found = {"findings": [one.as_json() for one in findings], "took_s": 1.0, "at": 0.0, "unrecorded": ""}
        directory = SimpleNamespace(once=lambda _name, _make: found)
        return Triage(
            SimpleNamespace(
                directory=directory, fact=str, declared=SimpleNamespace(table=SimpleNamespace(severities=[HIGH]))
            )
        )

    return triage


def test_a_severity_of_which_all_is_known_is_certain(triage):
    assert triage(THERE, Finding("figure", "latency", "ok", "latency is 1 s", value=1.0)).certain(1) is None
    assert triage(THERE).certain(1) is None  # the target has no such figure


def test_a_figure_for_which_there_was_no_time_may_hide_a_severity(triage):
    late = Finding("figure", "latency", "unknown", "latency: no answer within 25 s", "api")
    with pytest.raises(Vacuous) as caught:
        triage(THERE, late).certain(1)
    assert str(caught.value) == "P1 may hold unseen, not judged: Slow responses: latency: no answer within 25 s"
