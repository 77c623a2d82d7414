import json

import pytest

from pytest_llmops.clients.preflight import preflight
from pytest_llmops.target.durations import spoken

TOKEN = b'HTTP/1.1 200 OK\r\n\r\n{"response": "Hi", "done": false}\n{"response": "", "done": true}\n'
EVENT = b'HTTP/1.1 200 OK\r\n\r\ndata: {"choices": [{"delta": {"content": "Hi"}}]}\n\ndata: [DONE]\n\n'
WELL = {
    "/api/version": {"version": "0.9.1"},
    "/api/tags": {"models": [{"name": "tiny", "digest": "ab12", "details": {"quantization_level": "Q4_0"}}]},
    "/api/generate": TOKEN,
    "/v1/models": {"data": [{"id": "tiny"}]},
    "/v1/chat/completions": EVENT,
    "/collections": {"result": {"collections": []}},
    "/health": (503, "not at all well"),
    "/": (404, "no such page"),
}


@pytest.fixture
def probe(serve, client):
    """Probes a component of a server that answers as given."""

    def probe(component, answers=None, deadline_s=5.0, **config):
        known = WELL | (answers or {})
        server = serve(lambda r: iter([known[r.path]]) if isinstance(known[r.path], bytes) else known[r.path])
        return preflight(client(component, url=server.url, **config), deadline_s), server

    return probe


@pytest.mark.parametrize(
    ("component", "facts"),
    [
        ("ollama", {"server": "0.9.1", "model": "tiny", "digest": "ab12", "quantisation": "Q4_0"}),
        ("openai", {"model": "tiny", "digest": "", "quantisation": ""}),
    ],
)
def test_a_model_server_generates(probe, component, facts):
    found, server = probe(component)
    assert (found.ok, found.level, found.facts) == (True, "generates", facts)
    assert found.reason == f"{component} at {server.url}: generates after {spoken(found.took_s)}"
    assert {request.headers["user-agent"].partition(" ")[2] for request in server.requests} == {"(preflight)"}


@pytest.mark.parametrize(
    ("component", "answers", "config", "level", "reason"),
    [
        ("ollama", {"/api/version": (502, "bad gateway")}, {}, "", "GET /api/version answered 502: bad gateway"),
        (
            "ollama",
            {"/api/tags": {"models": []}},
            {},
            "reachable",
            "it lists no models (level reached: reachable)",
        ),
        (
            "ollama",
            {},
            {"model": "huge"},
            "reachable",
            "model 'huge' is not listed; it has: tiny (level reached: reachable)",
        ),
        (
            "ollama",
            {"/api/generate": (500, "out of memory")},
            {},
            "model listed",
            "POST /api/generate answered 500: out of memory (level reached: model listed)",
        ),
        (
            "openai",
            {"/v1/chat/completions": b"HTTP/1.1 200 OK\r\n\r\ndata: [DONE]\n\n"},
            {},
            "model listed",
            "POST /v1/chat/completions ended without a token (level reached: model listed)",
        ),
        ("openai", {"/v1/models": (401, "who are you?")}, {}, "", "GET /v1/models answered 401: who are you?"),
        ("qdrant", {"/collections": (500, "boom")}, {}, "", "GET /collections answered 500: boom"),
    ],
)
def test_the_level_that_was_reached_and_why_no_further(probe, component, answers, config, level, reason):
    found, server = probe(component, answers, **config)
    assert (found.ok, found.level, found.reason) == (False, level, f"{component} at {server.url}: {reason}")


def test_an_api_is_there_when_it_answers_anything(probe):
    found, server = probe("api", routes={"health": {"path": "/health"}}, health={})
    assert (found.ok, found.level) == (True, "reachable")
    assert [request.path for request in server.requests] == ["/health"]
    assert probe("api")[0].ok


def test_vectors_are_there_when_they_list(probe):
    assert (probe("qdrant")[0].ok, probe("qdrant")[0].level) == (True, "reachable")


@pytest.mark.parametrize("component", ["api", "ollama", "openai", "qdrant"])
def test_nothing_listens(client, closed_port, component):
    url = f"http://127.0.0.1:{closed_port}"
    found = preflight(client(component, url=url.replace("//", "//eve:hunter22@")), 5.0)
    assert (found.ok, found.level, found.address) == (False, "", url)
    asked = {"api": "/", "ollama": "/api/version", "openai": "/v1/models", "qdrant": "/collections"}[component]
    assert found.reason == f"{component} at {url}: GET {asked} was refused: nothing listens there"


def test_a_redis_server_is_there_when_it_answers(client, redis_server, closed_port):
    url = f"redis://127.0.0.1:{closed_port}/0"
    absent = preflight(client("redis", url=url), 5.0)
    assert (absent.ok, absent.reason) == (False, f"redis at {url}: PING was refused: nothing listens there")
    redis_server()
    found = preflight(client("redis", url=url), 5.0)
    assert (found.ok, found.level, found.address) == (True, "reachable", url)


def test_a_probe_travels_as_plain_json(probe):
    found, _ = probe("ollama")
    plain = found.as_json()
    assert type(found)(**json.loads(json.dumps(plain))) == found
