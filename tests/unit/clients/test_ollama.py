"""What Ollama tells of its models, beside generating."""

import hashlib
import json

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.generation import table
from pytest_llmops.clients.preflight import preflight
from pytest_llmops.errors import CallFailed

MANIFEST = json.dumps({"schemaVersion": 2, "layers": []})
SAME = hashlib.sha256(MANIFEST.encode()).hexdigest()
TAGS = {
    "models": [
        {"name": "llama3.1:8b", "digest": SAME, "size": 4_700_000_000},
        {"name": "ada/tuned:v2", "digest": "0" * 64, "size": 1_000},
    ]
}


@pytest.fixture
def ollama(serve, client):
    answers = {
        "/api/tags": TAGS,
        "/api/ps": {"models": [{"name": "llama3.1:8b"}]},
        "/api/show": {"details": {"family": "llama"}},
    }
    return client("ollama", url=serve(lambda request: answers[request.path]).url)


@pytest.fixture
def registry(serve, target, ledger):
    """Makes a registry's client, and its server."""
    made = []

    def registry(answer):
        server = serve(answer)
        routes = {"manifest": {"path": "/v2/{owner}/{model}/manifests/{tag}"}}
        deployment = target(services={"registry": {"url": server.url, "routes": routes}})
        made.append(connect(deployment, "registry", ledger))
        return made[-1], server

    yield registry
    for one in made:
        one.http.close()


def test_the_status_of_its_version_is_known_whatever_it_is(serve, client):
    assert client("ollama", url=serve(lambda _: (503, "busy")).url).version_status() == 503


def test_models_as_a_table(ollama):
    assert table(ollama.models()) == (
        "| model | digest | GB | quantisation |\n|---|---|---:|---|\n"
        f"| llama3.1:8b | {SAME} | 4.70 | - |\n"
        f"| ada/tuned:v2 | {'0' * 64} | 0.00 | - |\n"
    )


def test_details_and_what_is_in_memory(ollama):
    assert ollama.details("llama3.1:8b") == {"family": "llama"}
    assert ollama.loaded() == ["llama3.1:8b"]
    assert [model.gigabytes for model in ollama.models()] == [4.7, 1e-6]


@pytest.mark.parametrize(("held", "was"), [("llama3.1:8b ada/tuned:v2", True), ("ada/tuned:v2", False), ("", False)])
def test_whether_the_model_in_use_was_in_memory(ollama, held, was):
    assert ollama.was_loaded({"loaded": held}) is was


def test_what_was_in_memory_is_lost_where_nobody_said_it(ollama):
    with pytest.raises(CallFailed) as caught:
        ollama.was_loaded({"model": "llama3.1:8b"})
    assert str(caught.value) == (
        "ollama: GET /api/ps was not answered before the first token: what was loaded is unknown."
    )


def test_our_own_token_is_not_what_loaded_it(serve, client):
    held = []
    chunk = {"response": "Hi", "done": True, "eval_count": 1}

    def answer(request):
        if request.path == "/api/generate":
            held.append({"name": "llama3.1:8b"})
            return iter([b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(chunk).encode() + b"\n"])
        return {"/api/tags": TAGS, "/api/ps": {"models": held}, "/api/version": {"version": "1"}}[request.path]

    ollama = client("ollama", url=serve(answer).url, model="llama3.1:8b")
    first, second = preflight(ollama, 5.0), preflight(ollama, 5.0)
    assert (first.facts["loaded"], second.facts["loaded"]) == ("", "")
    assert ollama.loaded() == ["llama3.1:8b", "llama3.1:8b"]


def test_models_of_which_there_is_another_build(ollama, registry):
    client, server = registry(lambda _: (200, MANIFEST))
    assert ollama.outdated(client) == ["ada/tuned:v2"]
    assert [request.path for request in server.requests] == [
        "/v2/library/llama3.1/manifests/8b",
        "/v2/ada/tuned/manifests/v2",
    ]


def test_a_manifest_that_is_not_to_be_had(ollama, registry):
    client, _ = registry(lambda _: (404, '{"errors": []}'))
    with pytest.raises(CallFailed) as caught:
        ollama.outdated(client)
    assert caught.value.kind == "http-404"
