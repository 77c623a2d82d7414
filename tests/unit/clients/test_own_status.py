"""What the application says of itself: of nothing counted it says nothing."""

import json

import pytest

from pytest_llmops.clients.own_status import OwnStatus
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.target.runbook import Status

SAID = Status(read="dashboard", status="health.status", counted="requests.total")


@pytest.fixture
def own(app):
    def own(status="healthy", alerts=(), total=3, said=SAID):
        shown = {"health": {"status": status}, "alerts": list(alerts), "requests": {"total": total}}
        return OwnStatus(app(dashboard=f"Warming...\n{json.dumps(shown)}\n"), said)

    return own


def test_it_is_well(own):
    assert own().not_good() == ""
    assert own().alerts() == []


def test_it_is_not(own):
    assert own("critical", ["SLOW", "ERRORS"]).not_good() == (
        "app_command: dashboard: the status is critical: SLOW; ERRORS"
    )
    assert own("warning").not_good() == "app_command: dashboard: the status is warning: no alert"
    assert own(alerts=["SLOW"]).alerts() == ["SLOW"]


@pytest.mark.parametrize("ask", [OwnStatus.not_good, OwnStatus.alerts])
def test_it_has_counted_nothing(own, ask):
    with pytest.raises(Vacuous) as caught:
        ask(own("warning", ["LOW SUCCESS RATE: 0.0%"], total=0))
    assert str(caught.value) == (
        "app_command: dashboard: it has counted nothing (requests.total is 0), so its status and alerts say nothing."
    )
    uncounted = SAID.model_copy(update={"counted": None})
    assert own("warning", ["LOW"], total=0, said=uncounted).alerts() == ["LOW"]


@pytest.mark.parametrize(
    ("sick", "said"),
    [
        ({"status": None}, "health.status is no status: None"),
        ({"total": "3"}, "requests.total is no count: '3'"),
        ({"total": True}, "requests.total is no count: True"),
        ({"status": "bad", "said": SAID.model_copy(update={"alerts": "alarms"})}, "alarms is no list of alerts: None"),
    ],
)
def test_it_cannot_be_read(own, sick, said):
    with pytest.raises(CallFailed) as caught:
        own(**sick).not_good()
    assert str(caught.value) == f"app_command: dashboard: {said}."


def test_nobody_said_where(app):
    with pytest.raises(Unsupported) as caught:
        OwnStatus(app(), None).alerts()
    assert str(caught.value) == ("the target does not say what the application says of itself; give it runbook.status.")
