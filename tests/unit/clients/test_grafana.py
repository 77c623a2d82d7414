import json

import pytest

from pytest_llmops.clients.preflight import preflight
from pytest_llmops.errors import CallFailed

WELL = {"commit": "701c851be7a930e04fbc6ebb1cd4254da80edd4c", "database": "ok", "version": "10.4.2"}


@pytest.fixture
def grafana(serve, client):
    """A client, and its server, whose health route answers as given."""

    def grafana(answer=WELL):
        server = serve(lambda request: answer if request.path == "/api/health" else (404, '{"message":"Not found"}'))
        return client("grafana", url=server.url), server

    return grafana


def test_it_is_there_when_its_database_is_ok(grafana):
    client, server = grafana()
    found = preflight(client, 5.0)
    assert (found.ok, found.level, found.facts) == (True, "database ok", {"server": "10.4.2"})
    assert repr(client) == f"Grafana({server.url})"


def test_health(grafana):
    client, _ = grafana()
    found = client.health()
    assert (found.database, found.version, found.commit) == ("ok", "10.4.2", WELL["commit"])
    assert 0 < found.elapsed_s < 60
    assert client.version() == "10.4.2"


def test_a_server_that_hides_its_version_is_as_well_as_any(grafana):
    client, _ = grafana({"database": "ok"})
    assert (client.health().version, client.health().commit) == ("", "")
    assert preflight(client, 5.0).facts == {"server": ""}


def test_a_failing_database_is_an_answer_and_not_there(grafana):
    client, server = grafana((503, json.dumps(WELL | {"database": "failing"})))
    assert (client.health().database, client.version()) == ("failing", "10.4.2")
    found = preflight(client, 5.0)
    assert (found.ok, found.level) == (False, "reachable")
    assert found.reason.startswith(f"grafana at {server.url}: its database is 'failing' (level reached: reachable)")


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        ((503, "upstream is away"), "http-503", "GET /api/health answered 503: upstream is away"),
        ((302, ""), "http-302", "GET /api/health answered 302: an empty body"),
        (
            {"status": "ok"},
            "bad-answer",
            'GET /api/health names no database, so this is no Grafana: \'{"status": "ok"}\'.',
        ),
    ],
    ids=["proxy", "login page", "another server"],
)
def test_an_answer_that_is_not_grafanas(grafana, answer, kind, reason):
    with pytest.raises(CallFailed) as caught:
        grafana(answer)[0].health()
    assert (caught.value.kind, str(caught.value)) == (kind, f"grafana: {reason}")
