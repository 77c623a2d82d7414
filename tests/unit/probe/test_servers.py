import pytest

from pytest_llmops.probe.proposal import Found

OLLAMA = {
    "/": "Ollama is running",
    "/api/version": {"version": "0.11.4"},
    "/api/tags": {
        "models": [
            {"name": "nomic-embed-text:latest", "model": "nomic-embed-text:latest", "size": 274302450,
             "details": {"format": "gguf", "family": "nomic-bert", "quantization_level": "F16"}},
            {"name": "llama3.2:3b", "model": "llama3.2:3b", "size": 2019393189,
             "details": {"format": "gguf", "family": "llama", "quantization_level": "Q4_K_M"}},
        ]
    },
    "/v1/models": {"object": "list", "data": [{"id": "llama3.2:3b", "object": "model", "owned_by": "library"}]},
}  # fmt: skip
VLLM = {
    "/health": "",
    "/ping": "",
    "/version": {"version": "0.10.1"},
    "/v1/models": {
        "object": "list",
        "data": [{"id": "Qwen/Qwen2.5-7B-Instruct", "object": "model", "created": 1, "owned_by": "vllm",
                  "root": "Qwen/Qwen2.5-7B-Instruct", "parent": None, "max_model_len": 32768, "permission": []}],
    },
    "/metrics": 'vllm:num_requests_running{model_name="Qwen/Qwen2.5-7B-Instruct"} 0\n',
}  # fmt: skip
QDRANT = {
    "/": {"title": "qdrant - vector search engine", "version": "1.15.3", "commit": "a"},
    "/collections": {"result": {"collections": [{"name": "small"}, {"name": "my docs"}]}, "status": "ok", "time": 1e-6},
    "/collections/small": {
        "result": {"status": "green", "points_count": 3,
                   "config": {"params": {"vectors": {"size": 4, "distance": "Dot"}}}},
        "status": "ok", "time": 1e-6,
    },
    "/collections/my%20docs": {
        "result": {"status": "green", "points_count": 70,
                   "config": {"params": {"vectors": {"text": {"size": 4}, "image": {"size": 8}}}}},
        "status": "ok", "time": 1e-6,
    },
    "/healthz": "healthz check passed",
}  # fmt: skip
PROMETHEUS = {
    "/": (302, "", {"Location": "/graph"}),
    "/-/ready": "Prometheus Server is Ready.\n",
    "/api/v1/status/buildinfo": {
        "status": "success",
        "data": {"version": "2.53.0", "revision": "4c3", "goVersion": "go1"},
    },
    "/metrics": 'prometheus_http_requests_total{code="200"} 1\n',
}
ALERTMANAGER = {
    "/-/ready": "OK",
    "/api/v2/status": {"cluster": {"peers": [], "status": "disabled"}, "versionInfo": {"version": "0.27.0"},
                       "config": {"original": ""}, "uptime": "2024-01-01T00:00:00Z"},
}  # fmt: skip
GRAFANA = {
    "/": (302, "", {"Location": "/login"}),
    "/api/health": {"commit": "a1", "database": "ok", "version": "11.1.0"},
    "/login": "<html><title>Grafana</title></html>",
}


def only(discovery):
    (found,) = discovery.found
    return found


def own(found: Found):
    return {entry.key: entry.value for entry in found.sections[0].entries if entry.on}


def test_ollama(serve, look):
    server = serve(OLLAMA)
    found = only(look(server.place))
    assert (found.kind, found.says, found.loud) == ("ollama", "Ollama 0.11.4, llama3.2:3b (of 2 models)", ())
    assert own(found) == {
        "url": server.url,
        "model": "llama3.2:3b",
        "embedding_model": "nomic-embed-text:latest",
    }
    assert found.sections[0].notes == (
        "It speaks OpenAI's API too, below /v1: a component `openai` with the same url would check that as well.",
    )
    assert set(server.asked) == {"GET"}


def test_ollama_without_models(serve, look):
    found = only(look(serve({**OLLAMA, "/api/tags": {"models": None}}).url))
    assert (found.kind, found.says) == ("ollama", "Ollama 0.11.4, no models")
    assert found.loud == ("lists no models: ollama pull NAME, and name it here as model",)


@pytest.mark.parametrize("environ", [{}, {"K": "wrong"}])
def test_what_is_behind_a_key_is_not_said_to_be_absent(serve, look, environ):
    ollama = serve({**OLLAMA, "/api/tags": (401, "no"), "/v1/models": (401, "no")})
    found = only(look(ollama.url, environ=environ, key_env="K"))
    assert (found.says, found.loud) == ("Ollama 0.11.4, models behind its key", ())
    assert found.sections[0].entries[-1].comment == "the one that is timed; its list is behind the key"
    found = only(look(serve({**QDRANT, "/collections": (401, "no")}).url, environ=environ, key_env="K"))
    assert found.sections[0].entries[-1].comment == "the one that is searched; its list is behind the key"


def test_vllm_is_a_model_server_though_it_has_a_schema_health_and_metrics(serve, look, schema):
    server = serve({**VLLM, "/openapi.json": schema("vllm")})
    found = only(look(server.url))
    assert (found.kind, found.says) == ("openai", "vLLM 0.10.1, Qwen/Qwen2.5-7B-Instruct")
    assert own(found) == {"url": server.url, "model": "Qwen/Qwen2.5-7B-Instruct"}


@pytest.mark.parametrize("pasted", ["/v1", "/v1/", "/v1/models", "/v1/chat/completions", "/docs"])
def test_the_url_that_was_pasted_is_cut_to_what_the_file_wants(serve, look, pasted):
    server = serve(VLLM)
    found = only(look(server.url + pasted))
    assert (found.kind, own(found)["url"]) == ("openai", server.url)
    assert found.sections[0].notes == (
        f"You gave {(server.url + pasted).rstrip('/')}; what is asked of it lies below this url.",
    )


def test_a_model_server_that_wants_a_key(serve, look):
    server = serve(VLLM, key=("Authorization", "Bearer sesame", {"/health", "/", "/version"}))
    table = dict.fromkeys(("/v1/models", "/v1/chat/completions"), (401, {"error": "Unauthorized"}))
    shut = serve({**VLLM, **table})
    found = only(look(shut.url))
    assert (found.kind, found.says) == ("openai", "OpenAI's API, models behind its key")
    assert (own(found)["auth"], found.key.given) == ({"bearer": "HERE_OPENAI_API_KEY"}, False)
    found = only(look(server.url, environ={"MY_KEY": "sesame"}, key_env="MY_KEY"))
    assert (found.says, found.key.accepted) == ("vLLM 0.10.1, Qwen/Qwen2.5-7B-Instruct", True)
    assert own(found) == {"url": server.url, "auth": {"bearer": "MY_KEY"}, "model": "Qwen/Qwen2.5-7B-Instruct"}


def test_a_key_that_is_refused_is_said(serve, look):
    shut = (401, {"error": {"message": "Incorrect API key provided", "type": "invalid_request_error"}})
    found = only(look(serve({"/v1/models": shut, "*": shut}).url, environ={"K": "wrong"}, key_env="K"))
    assert (found.kind, found.key.variable, found.key.accepted) == ("openai", "K", False)


def test_a_list_that_is_open_while_the_rest_wants_a_key(serve, look):
    shut = (401, {"error": {"message": "Invalid API Key", "type": "authentication_error", "code": 401}})
    found = only(look(serve({**VLLM, "*": shut}).url))
    assert (own(found)["auth"], own(found)["model"]) == (
        {"bearer": "HERE_OPENAI_API_KEY"}, "Qwen/Qwen2.5-7B-Instruct",
    )  # fmt: skip


def test_qdrant(serve, look):
    server = serve(QDRANT)
    found = only(look(server.url))
    assert (found.kind, found.says) == ("qdrant", "Qdrant 1.15.3, my docs (70 points)")
    assert own(found) == {"url": server.url, "collection": "my docs", "vector": "text"}
    assert [entry.comment for entry in found.sections[0].entries] == [
        "", "70 points; also there: small", "which of its named vectors is searched; also there: image",
    ]  # fmt: skip


def test_qdrant_with_a_key(serve, look):
    server = serve(QDRANT, key=("api-key", "sesame", {"/", "/healthz"}))
    found = only(look(server.url))
    assert (found.says, own(found)["auth"]) == (
        "Qdrant 1.15.3, collections behind its key", {"header": "api-key", "env": "HERE_QDRANT_API_KEY"},
    )  # fmt: skip
    found = only(look(server.url, environ={"HERE_QDRANT_API_KEY": "sesame"}))
    assert (own(found)["collection"], found.key.accepted) == ("my docs", True)


def test_qdrant_without_collections(serve, look):
    found = only(look(serve({**QDRANT, "/collections": {"result": {"collections": []}}}).url))
    assert (found.says, own(found).keys()) == ("Qdrant 1.15.3, no collections", {"url"})


@pytest.mark.parametrize(
    ("table", "kind", "says"),
    [
        (PROMETHEUS, "prometheus", "Prometheus 2.53.0"),
        ({"/-/ready": "Prometheus is Ready.\n"}, "prometheus", "Prometheus"),
        (ALERTMANAGER, "alertmanager", "Alertmanager 0.27.0"),
        (GRAFANA, "grafana", "Grafana 11.1.0"),
        ({**GRAFANA, "/api/health": {"database": "ok"}}, "grafana", "Grafana"),
    ],
)
def test_watching_servers(serve, look, table, kind, says):
    server = serve(table)
    found = only(look(server.url))
    assert (found.kind, found.says, own(found)) == (kind, says, {"url": server.url})


def test_grafana_with_a_key(serve, look):
    server = serve(
        {**GRAFANA, "/api/search": []}, key=("Authorization", "Bearer sesame", {"/", "/api/health", "/login"})
    )
    assert own(only(look(server.url)))["auth"] == {"bearer": "HERE_GRAFANA_API_KEY"}
    found = only(look(server.url, environ={"HERE_GRAFANA_API_KEY": "sesame"}))
    assert (own(found)["auth"], found.key.accepted) == ({"bearer": "HERE_GRAFANA_API_KEY"}, True)


def test_a_service_that_only_looks_like_grafana(serve, look):
    assert only(look(serve({"/api/health": {"database": "ok"}}).url)).kind == "api"


def test_a_login_before_everything(serve, look):
    login = ("Authorization", "Basic YW5uOnNlc2FtZQ==", ())
    server = serve(PROMETHEUS, key=login, challenge='Basic realm="here"')
    (unknown,) = look(server.url).unknown
    assert unknown.reason == (
        "answers 401 to every path: export HERE_API_LOGIN=… (user:password) and run llmops init again"
    )
    found = only(look(server.url, environ={"HERE_API_LOGIN": "ann:sesame"}))
    assert (found.kind, own(found)["auth"]) == ("prometheus", {"basic": "HERE_API_LOGIN"})
    (unknown,) = look(server.url, environ={"L": "ann:wrong"}, key_env="L").unknown
    assert unknown.reason == "answers 401 to every path, also with the key in L"


def test_the_login_of_a_url_is_used_and_not_written(serve, look):
    server = serve(PROMETHEUS, key=("Authorization", "Basic YW5uOnNlc2FtZQ==", ()))
    found = only(look(server.url.replace("//", "//ann:sesame@")))
    assert own(found) == {"url": server.url, "auth": {"basic": "HERE_PROMETHEUS_LOGIN"}}
    assert (found.key.holds, found.key.given) == ("user:password, as your URL had them", False)
    (unknown,) = look(server.url.replace("//", "//ann:wrong@")).unknown
    assert unknown.reason == "answers 401 to every path: the user and password of the URL were refused"
    assert unknown.url == server.url


def test_one_key_for_several_addresses_is_not_sent_over_plain_http_to_another_machine(serve, look):
    server = serve(PROMETHEUS, key=("Authorization", "Bearer sesame", ()))
    seen = []
    plain = server.answer
    server.answer = lambda path, headers: (seen.append(headers.get("Authorization")), plain(path, headers))[1]
    elsewhere = server.url.replace("127.0.0.1", "0.0.0.0")  # not a loopback address, and yet nobody else
    (unknown,) = look(elsewhere, environ={"K": "sesame"}, key_env="K", several=True).unknown
    assert unknown.reason == (
        "answers 401 to every path; K was not tried: the key would go over plain http; "
        "give this address alone to try it"
    )
    assert set(seen) == {None}
    assert only(look(elsewhere, environ={"K": "sesame"}, key_env="K")).key.accepted
    assert only(look(server.url, environ={"K": "sesame"}, key_env="K", several=True)).key.accepted
    (unknown,) = look(elsewhere, environ={}, key_env="K", several=True).unknown
    assert (
        unknown.reason
        == "answers 401 to every path: export K=… (the value of the header X-API-Key) and run llmops init again"
    )


def test_a_key_is_sent_only_where_one_is_asked_for(serve, look):
    seen = []
    server = serve({**OLLAMA})
    plain = server.answer
    server.answer = lambda path, headers: (seen.append(headers.get("Authorization")), plain(path, headers))[1]
    look(server.url, environ={"K": "sesame"}, key_env="K")
    assert seen
    assert set(seen) == {None}
