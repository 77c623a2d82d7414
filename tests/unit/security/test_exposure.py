"""What stands open, seen by calls that change nothing."""

import json

import pytest

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.security.exposure import Exposure


@pytest.fixture
def exposure(serve, target, client):
    """What stands open of one component whose server answers so."""

    def exposure(component, answer, lacks=None, **more):
        server = serve(answer)
        found = target({component: {"url": server.url, **more}}, {"KEY": "k"}, lacks=lacks or {})
        return server, Exposure(found, client(found))

    return exposure


def unknown(_request, body):
    """What Ollama answers."""
    return 404, {"error": f"model '{json.loads(body)['model']}' not found"}


@pytest.mark.parametrize("answer", [unknown, lambda *_: (200, "", {"Content-Type": "text/plain"})], ids=["no", "done"])
def test_a_model_server_that_looks_for_the_model_deletes_for_anybody(exposure, answer):
    server, found = exposure("ollama", answer)
    [said] = found.models()
    assert said.startswith("ollama: anybody may delete models: DELETE /api/delete of one that is not there answered ")
    [(method, path, body)] = server.asked
    assert (method, path) == ("DELETE", "/api/delete")
    assert b"llmops-no-such-model-" in body


GUARDED = [
    401,
    403,
    405,
    (404, "404 page not found"),
    (404, {"error": "not found"}),
    (404, {"detail": "Not Found"}),
    (302, "", {"Location": "https://sso.example/login?next=/"}),
]


@pytest.mark.parametrize("answer", GUARDED, ids=str)
def test_a_model_server_behind_a_guard_deletes_for_nobody(exposure, answer):
    _, found = exposure("ollama", lambda *_: answer)
    assert found.models() == []


@pytest.mark.parametrize("answer", GUARDED, ids=str)
def test_vectors_behind_a_guard(exposure, answer):
    _, found = exposure("qdrant", lambda *_: answer)
    assert found.vectors() == []


NEITHER = [
    500,
    502,
    503,
    429,
    400,
    (301, "", {"Location": "https://other.example/"}),
    (200, "<form>", {"Content-Type": "text/html"}),
]


@pytest.mark.parametrize("answer", NEITHER, ids=str)
@pytest.mark.parametrize("component", ["ollama", "qdrant"])
@pytest.mark.parametrize(
    "lacks", [{}, {"ollama_key": "it comes so", "qdrant_key": "it comes so"}], ids=["", "declared"]
)
def test_an_answer_that_tells_neither_is_no_finding_and_no_pass(exposure, component, answer, lacks):
    _, found = exposure(component, lambda *_: answer, lacks)
    with pytest.raises(CallFailed, match=rf"^{component}: whether anybody may .* cannot be told: "):
        found.models() if component == "ollama" else found.vectors()


def test_what_tells_neither_says_what_came(exposure):
    _, found = exposure("qdrant", lambda *_: 503)
    with pytest.raises(CallFailed) as neither:
        found.vectors()
    assert neither.value.kind == "http-503"
    assert str(neither.value) == (
        "qdrant: whether anybody may read collections cannot be told: GET /collections without a key answered 503, "
        "which is neither done nor refused; see who answers at this address."
    )


@pytest.mark.parametrize("answer", [500, 302], ids=str)
def test_metrics_of_which_nothing_is_told(exposure, answer):
    _, found = exposure("api", lambda *_: answer, metrics="/metrics")
    with pytest.raises(CallFailed, match=r"^api: whether anybody may read its metrics cannot be told: "):
        found.metrics()


def test_an_open_model_server_that_is_declared(exposure):
    _, found = exposure("ollama", unknown, {"ollama_key": "it comes so"})
    with pytest.raises(Unsupported) as lacking:
        found.models()
    assert str(lacking.value) == "ollama: this system has no ollama key: it comes so."


def test_a_closed_model_server_that_is_declared_open(exposure):
    _, found = exposure("ollama", lambda *_: 401, {"ollama_key": "it comes so"})
    with pytest.raises(CallFailed) as untrue:
        found.models()
    assert untrue.value.kind == "untrue"


def test_vectors(exposure):
    server, found = exposure("qdrant", lambda *_: (200, {"result": False}))
    assert [said.partition(":")[2].split(" ")[3] for said in found.vectors()] == ["read", "delete"]
    assert server.asked[1][:2][0] == "DELETE"
    assert server.asked[1][1].startswith("/collections/llmops-no-such-collection-")


def test_a_collection_that_qdrant_itself_does_not_find(exposure):
    def answer(request, _body):
        name = request.path.rpartition("/")[2]
        said = {"status": {"error": f"Not found: Collection `{name}` doesn't exist!"}}
        return (404, said) if request.command == "DELETE" else 403

    _, found = exposure("qdrant", answer)
    [said] = found.vectors()
    assert said.startswith("qdrant: anybody may delete collections: ")


def test_vectors_that_anybody_may_read(exposure):
    _, found = exposure("qdrant", lambda request, _: (200, {"result": {}}) if request.command == "GET" else 503)
    [said] = found.vectors()
    assert said == (
        "qdrant: anybody may read collections: GET /collections without a key answered 200; "
        "start it with QDRANT__SERVICE__API_KEY"
    )


def test_pages(exposure):
    def some(request, _body):
        return (200, "x") if request.path in {"/docs", "/actuator/env"} else 404

    _, found = exposure("api", some)
    assert found.docs() == [
        "api: GET /docs without a key answered 200; serve the documentation of routes to nobody but their users"
    ]
    assert found.debug() == ["api: GET /actuator/env without a key answered 200; take it out of what is deployed"]


def test_a_page_for_any_path_is_none(exposure):
    _, found = exposure("api", lambda *_: (200, "<html>", {"Content-Type": "text/html"}))
    assert found.debug() == found.docs() == []


def test_a_page_beside_one_for_any_path_is_told_by_its_words(exposure):
    def some(request, _body):
        said = "<title>Swagger" if request.path == "/docs" else f"<html>nothing at {request.path}"
        return 200, said, {"Content-Type": "text/html"}

    _, found = exposure("api", some)
    assert [said.partition(";")[0] for said in found.docs()] == ["api: GET /docs without a key answered 200"]
    assert found.debug() == []


@pytest.mark.parametrize("answer", [500, 503, 429, (302, "", {"Location": "https://other.example/"})], ids=str)
def test_pages_of_which_nothing_is_told(exposure, answer):
    _, found = exposure("api", lambda *_: answer)
    for look in (found.docs, found.debug):
        with pytest.raises(CallFailed, match=r"^api: whether anybody may read .* cannot be told: GET /"):
            look()


def test_a_redirect_on_the_same_host_is_followed_once(exposure):
    def some(request, _body):
        there = {"/docs": "/manual/", "/debug": "/round", "/round": "/debug", "/metrics": "/metrics/"}
        if request.path in there:
            return 307, "", {"Location": there[request.path]}
        return 200 if request.path in {"/manual/", "/metrics/"} else 404

    _, found = exposure("api", some, metrics="/metrics")
    assert [said.partition(";")[0] for said in found.docs()] == ["api: GET /manual/ without a key answered 200"]
    assert len(found.metrics()) == 1
    with pytest.raises(CallFailed, match=r"cannot be told: GET /round without a key answered 307"):
        found.debug()


def test_what_is_not_there(exposure):
    _, found = exposure("api", lambda *_: 404)
    with pytest.raises(Unsupported) as none:
        found.models()
    assert str(none.value) == "target staging has no component ollama."
    with pytest.raises(Unsupported):
        found.metrics()


def test_metrics(exposure):
    _, found = exposure("api", lambda *_: (200, ""), metrics="/metrics")
    assert found.metrics() == [
        "api: GET /metrics without a key answered 200: anybody may read its metrics; let only Prometheus get there"
    ]


def test_metrics_that_are_declared_open(exposure):
    _, found = exposure("api", lambda *_: 401, {"private_metrics": "open"}, metrics="/metrics")
    with pytest.raises(CallFailed) as untrue:
        found.metrics()
    assert str(untrue.value) == (
        "api: security.lacks.private_metrics says 'open', but GET /metrics without a key answered 401: "
        "take it out of the profile."
    )


@pytest.mark.parametrize("lacks", [{}, {"private_metrics": "open"}], ids=["", "declared"])
@pytest.mark.parametrize("status", [404, 405])
def test_a_metrics_page_that_is_not_there_is_kept_from_nobody(exposure, status, lacks):
    _, found = exposure("api", lambda *_: status, lacks, metrics="/metrics")
    with pytest.raises(Vacuous) as caught:
        found.metrics()
    assert str(caught.value) == (
        f"api: GET /metrics answered {status} with a key as without one, so there is no metrics page that could be "
        "kept; see components.api.metrics."
    )


def test_a_metrics_page_that_is_hidden_from_who_has_no_key(exposure):
    auth = {"header": "X-Key", "env": "KEY"}
    _, found = exposure("api", lambda request, _: 200 if "X-Key" in request.headers else 404, metrics="/m", auth=auth)
    assert found.metrics() == []
