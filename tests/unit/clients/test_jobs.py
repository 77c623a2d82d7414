"""Work that an API is given: taken on, refused, waited for."""

import pytest

from pytest_llmops.clients import jobs
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous

ROUTES = {
    "files": {"path": "/files/{tab}"},
    "start": {"method": "POST", "path": "/run/{tab}", "body": {"files": "{files}"}, "answer": "workflow_id"},
    "job": {"path": "/status/{job}", "answer": "status", "values": {"failed": "failed"}},
}


@pytest.fixture
def api(serve, client):
    """An API that answers paths from a table; a list is what it answers one after the other, the last for ever."""

    def api(answers, routes=ROUTES):
        given = {path: list(found) if isinstance(found, tuple) else [found] for path, found in answers.items()}

        def answer(request):
            found = given[request.path]
            return found.pop(0) if len(found) > 1 else found[0]

        server = serve(answer)
        return client("api", {}, url=server.url, routes=routes), server

    return api


def test_work_is_begun_with_the_first_file(api):
    client, server = api({"/files/tab1": {"files": ["a.pdf", "b.pdf"]}, "/run/tab1": {"workflow_id": "tab1_7"}})
    assert client.begin("tab1").job == "tab1_7"
    assert server.requests[-1].json == {"files": ["a.pdf"]}


def test_work_is_begun_with_the_file_that_the_target_names(api):
    routes = ROUTES | {"start": ROUTES["start"] | {"body": {"files": ["sample.pdf"]}}}
    client, server = api({"/files/tab1": {"files": ["a.pdf"]}, "/run/tab1": {"workflow_id": "tab1_7"}}, routes)
    assert client.begin("tab1").job == "tab1_7"
    assert server.requests[-1].json == {"files": ["sample.pdf"]}


def test_work_may_be_refused_in_a_200(api):
    client, _ = api({"/files/tab1": {"files": ["a.pdf"]}, "/run/tab1": {"error": "maintenance"}})
    begun = client.begin("tab1")
    assert begun.job == ""
    assert begun.said == 'api: POST /run/tab1 answered 200: {"error": "maintenance"}'


def test_work_is_turned_away_by_a_503_and_by_no_other_5xx(api):
    busy, _ = api({"/files/tab1": {"files": ["a.pdf"]}, "/run/tab1": ((503, "maintenance"),)})
    assert busy.begin("tab1").job == ""
    broken, _ = api({"/files/tab1": {"files": ["a.pdf"]}, "/run/tab1": ((500, "broken"),)})
    with pytest.raises(CallFailed, match="api: POST /run/tab1 answered 500"):
        broken.begin("tab1")


def test_where_no_file_lies_nothing_is_said(api):
    client, _ = api({"/files/tab1": {"files": []}})
    with pytest.raises(Vacuous, match=r"api: no file lies where tab1 looks for some, so no work can be handed over\."):
        client.begin("tab1")


def test_an_api_without_jobs(api):
    client, _ = api({}, routes={"files": ROUTES["files"]})
    with pytest.raises(Unsupported, match="describes no route 'job'"):
        client.begin("tab1")


def test_work_is_waited_for(api):
    client, server = api({"/status/7": ({"status": "running"}, {"status": "completed", "failed": ["a.pdf"]})})
    done = client.ended("7")
    assert (done.state, done.failed, len(server.requests)) == ("completed", ("a.pdf",), 2)
    assert jobs.LOOK_S <= done.took_s < 60


def test_work_that_does_not_end_in_time(api):
    client, _ = api({"/status/7": {"status": "running"}})
    with pytest.raises(CallFailed, match=r"api: 7 is running still after 50 ms\."):
        client.ended("7", 0.05)
