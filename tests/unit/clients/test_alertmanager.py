import json
from urllib.parse import parse_qsl, urlsplit

import pytest

from pytest_llmops.clients.preflight import preflight
from pytest_llmops.errors import CallFailed

STATUS = {
    "cluster": {"peers": [], "status": "disabled"},
    "config": {"original": "route:\n  receiver: none\n"},
    "uptime": "2026-11-20T15:36:42.033Z",
    "versionInfo": {"branch": "debian/sid", "goVersion": "go1.19.8", "version": "0.25.0"},
}
SILENCE = {
    "id": "a7a705b5-a412-4381-adde-36bb303210a4",
    "status": {"state": "active"},
    "updatedAt": "2026-11-20T15:36:47.373Z",
    "comment": "known",
    "createdBy": "ada",
    "endsAt": "2026-11-20T17:36:47.373Z",
    "matchers": [
        {"isEqual": True, "isRegex": False, "name": "alertname", "value": "TargetDown"},
        {"isEqual": False, "isRegex": False, "name": "env", "value": "prod"},
        {"isEqual": True, "isRegex": True, "name": "job", "value": "a|b"},
        {"isEqual": False, "isRegex": True, "name": "zone", "value": "eu.*"},
        {"isRegex": True, "name": "old", "value": ".+"},
    ],
    "startsAt": "2026-11-20T15:36:47.373Z",
}
ALERT = {
    "annotations": {"summary": "dead is down"},
    "endsAt": "2026-11-20T15:40:47.632Z",
    "fingerprint": "e3b1b7c177183bf8",
    "receivers": [{"name": "mail"}, {"name": "pager"}],
    "startsAt": "2026-11-20T15:36:47.632Z",
    "status": {"inhibitedBy": ["ab12"], "silencedBy": [SILENCE["id"]], "state": "suppressed"},
    "updatedAt": "2026-11-20T15:36:47.636Z",
    "generatorURL": "http://vm:9090/graph?g0.expr=up+%3D%3D+0&g0.tab=1",
    "labels": {"alertname": "TargetDown", "instance": "127.0.0.1:9101", "severity": "critical"},
}
ANSWERS = {
    "/-/ready": (200, "OK"),
    "/api/v2/status": STATUS,
    "/api/v2/alerts": [ALERT],
    "/api/v2/silences": [SILENCE],
}


@pytest.fixture
def alertmanager(serve, client):
    """A client, and its server."""

    def alertmanager(**answers):
        known = ANSWERS | {f"/api/v2/{route}": answer for route, answer in answers.items()}
        server = serve(lambda request: known[urlsplit(request.path).path])
        return client("alertmanager", url=server.url), server

    return alertmanager


def test_it_is_there_when_it_says_its_version(alertmanager):
    client, server = alertmanager()
    found = preflight(client, 5.0)
    assert (found.ok, found.level, found.facts) == (True, "reachable", {"server": "0.25.0"})
    assert repr(client) == f"Alertmanager({server.url})"
    assert 0 < client.ready() < 5


def test_alerts_say_who_is_told_and_what_holds_them_back(alertmanager):
    client, server = alertmanager()
    (alert,) = client.alerts()
    assert (alert.name, alert.state, alert.since) == ("TargetDown", "suppressed", 1795189007.632)
    assert (alert.labels, alert.annotations) == (ALERT["labels"], {"summary": "dead is down"})
    assert (alert.receivers, alert.silenced_by, alert.inhibited_by) == (("mail", "pager"), (SILENCE["id"],), ("ab12",))
    assert dict(parse_qsl(urlsplit(server.requests[-1].path).query)) == {"active": "true", "silenced": "true"}
    client.alerts(active=False, silenced=False)
    assert dict(parse_qsl(urlsplit(server.requests[-1].path).query)) == {"active": "false", "silenced": "false"}


def test_silences_say_who_made_them_and_for_which_alerts(alertmanager):
    (silence,) = alertmanager()[0].silences()
    assert (silence.id, silence.state, silence.by, silence.comment) == (SILENCE["id"], "active", "ada", "known")
    assert silence.matchers == ('alertname="TargetDown"', 'env!="prod"', 'job=~"a|b"', 'zone!~"eu.*"', 'old=~".+"')
    assert (silence.starts, silence.ends) == (1795189007.373, 1795196207.373)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (
            (404, '{"code":404,"message":"path /api/v2/alerts was not found"}'),
            "http-404",
            'GET /api/v2/alerts answered 404: {"code":404,"message":"path /api/v2/alerts was not found"}',
        ),
        ((200, "<html>"), "bad-answer", "GET /api/v2/alerts answered no JSON: '<html>'."),
        (
            {"status": "success"},
            "bad-answer",
            'GET /api/v2/alerts answered something else than Alertmanager\'s API: \'{"status": "success"}\'.',
        ),
    ],
    ids=["no such route", "page", "another API"],
)
def test_an_answer_that_is_not_alertmanagers(alertmanager, answer, kind, reason):
    with pytest.raises(CallFailed) as caught:
        alertmanager(alerts=answer)[0].alerts()
    assert (caught.value.kind, str(caught.value)) == (kind, f"alertmanager: {reason}")


def test_alerts_are_handed_over_as_they_are(alertmanager):
    client, server = alertmanager()
    sent = [{"labels": {"alertname": "LlmopsCheckFailed", "check": "a"}, "endsAt": "2026-11-30T09:00:00Z"}]
    client.send(sent)
    (request,) = server.requests
    assert (request.method, request.path, json.loads(request.text)) == ("POST", "/api/v2/alerts", sent)


def test_alerts_that_are_not_taken_are_an_error(alertmanager):
    client, _ = alertmanager(alerts=(400, "bad labels"))
    with pytest.raises(CallFailed, match=r"POST /api/v2/alerts answered 400"):
        client.send([{"labels": {}}])
