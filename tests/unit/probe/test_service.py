import pytest

from pytest_llmops.probe.proposal import Found
from pytest_llmops.target.components import Api

HEALTH = {"status": "ok", "services": {"db": "connected"}}


def only(discovery):
    (found,) = discovery.found
    assert found.kind == "api"
    return found


def tables(found: Found):
    """The sections that are switched on, as the target's own models read them."""
    raw = {}
    for section in found.sections:
        if section.on:
            table = raw
            for part in section.path:
                table = table.setdefault(part, {})
            table |= {entry.key: entry.value for entry in section.entries if entry.on}
    return Api.model_validate(raw)


def off(found: Found):
    return [section.path for section in found.sections if not section.on]


def test_a_service_with_a_schema(serve, look, schema):
    server = serve({"/openapi.json": schema("fastapi_rag"), "/health": HEALTH, "/health/ready": {"ready": True}})
    found = only(look(server.url))
    api = tables(found)
    assert (found.says, found.loud) == ("Harbour RAG 2.3.0, POST /v1/chat", ())
    assert (api.auth.header, api.auth.env) == ("X-API-Key", "HERE_API_KEY")
    assert (api.routes["query"].path, api.routes["query"].answer) == ("/v1/chat", "answer")
    assert (api.routes["health"].path, api.health.accept) == ("/health", {"status": ["ok"]})
    assert api.health.dependencies["db"].path == "services.db"
    assert off(found) == []
    assert "the schema also has /health/ready" in [one.comment for section in found.sections for one in section.entries]


@pytest.mark.parametrize(
    "path",
    ["/openapi.json", "/schema/openapi.json", "/v3/api-docs", "/swagger/v1/swagger.json", "/swagger.json",
     "/api/openapi.json", "/api-docs", "/docs/openapi.json"],
)  # fmt: skip
@pytest.mark.parametrize("base", ["", "/base"])
def test_the_schema_is_found_wherever_frameworks_serve_it(serve, look, schema, path, base):
    server = serve({base + path: schema("fastapi_rag"), f"{base}/health": HEALTH})
    assert tables(only(look(server.url + base))).url == server.url + base


def test_a_schema_at_the_host_alone(serve, look, schema):
    server = serve({"/openapi.json": schema("fastapi_rag"), "/app/health": HEALTH})
    found = only(look(f"{server.url}/app"))
    assert tables(found).url == server.url
    assert f"You gave {server.url}/app; what is asked of it lies below this url." in found.sections[0].notes


def test_the_servers_path_goes_before_all_others(serve, look, schema):
    found = only(look(serve({"/swagger.json": schema("swagger2"), "/v2/health": HEALTH}).url))
    api = tables(found)
    assert (api.routes["query"].path, api.routes["health"].path, api.auth.basic) == (
        "/v2/qa", "/v2/health", "HERE_API_LOGIN",
    )  # fmt: skip
    assert "POST /qa/form looks like one too, but it takes a form, and routes send JSON." in [
        note for section in found.sections for note in section.notes
    ]


def test_the_servers_path_is_left_out_where_only_paths_without_it_answer(serve, look, schema):
    api = tables(only(look(serve({"/swagger.json": schema("swagger2"), "/health": HEALTH}).url)))
    assert (api.routes["query"].path, api.routes["health"].path) == ("/qa", "/health")


def test_the_servers_path_is_left_out_where_the_url_has_it(serve, look, schema):
    server = serve({"/v2/swagger.json": schema("swagger2"), "/v2/health": HEALTH})
    assert tables(only(look(f"{server.url}/v2"))).routes["query"].path == "/qa"


def test_a_service_that_speaks_ollamas_api_is_a_service(serve, look, schema):
    server = serve(
        {
            "/api/version": {"version": "0.9.3"},
            "/api/tags": {"models": [{"name": "lightrag:latest"}]},
            "/openapi.json": schema("lightrag"),
            "/health": {"status": "healthy"},
        }
    )
    found = only(look(server.url))
    assert tables(found).routes["query"].path == "/query"
    assert found.sections[0].notes == (
        "Also there: it speaks Ollama's API too; a component `ollama` with the same url would time that.",
    )


def test_a_sick_service_is_said_so(serve, look):
    found = only(look(serve({"/health": {"status": "degraded", "db": "disconnected"}}).url))
    assert tables(found).health.accept == {"status": ["healthy", "ok"]}
    assert tables(found).health.dependencies["db"].accept == ["connected", "ok", "healthy"]
    assert found.loud == (
        "answers 200 at /health but calls itself sick: status is 'degraded', db is 'disconnected'",
        "has no route that could be asked a question, as far as is known; describe it as routes.query",
    )


def test_a_sick_service_may_answer_503(serve, look):
    found = only(look(serve({"/health": (503, {"status": "DOWN"})}).url))
    assert (tables(found).health.status, tables(found).health.accept) == ([200], {"status": ["UP", "OK", "HEALTHY"]})
    assert found.loud[0] == "answers 503 at /health but calls itself sick: status is 'DOWN'"


def test_an_unknown_word_and_an_old_time_are_said(serve, look):
    found = only(look(serve({"/health": {"status": "warming", "timestamp": "2020-01-01T00:00:00Z"}}).url))
    assert tables(found).health.accept == {}
    assert found.loud[0] == "says status = 'warming' at /health: say in the file whether that is good"
    assert found.loud[1].startswith("gives a time at /health that is ")
    assert found.loud[1].endswith(" days old")


@pytest.mark.parametrize(
    "path",
    ["/health", "/healthz", "/health/live", "/health/ready", "/api/health", "/actuator/health", "/status", "/readyz"],
)
def test_a_plain_service_with_a_health_route(serve, look, path):
    found = only(look(serve({path: "OK"}).url))
    assert (tables(found).routes["health"].path, tables(found).health.status) == (path, [200])
    assert off(found) == [("routes", "query")]


def test_a_status_other_than_200(serve, look):
    assert tables(only(look(serve({"/health": (204, "")}).url))).health.status == [204]


@pytest.mark.parametrize(
    "table",
    [
        {"/health": (200, "<html></html>", {"Content-Type": "text/html"})},
        {"/health": (503, "overloaded")},
        {"*": (200, {"anything": True})},
        {"/": "Welcome"},
    ],
)
def test_what_is_no_service(serve, look, table):
    found = look(serve(table).url)
    assert found.found == ()


def test_a_health_route_that_is_not_in_the_schema_goes_before_a_status_that_is(serve, look, schema):
    raw = schema("fastapi_rag")
    raw["paths"] = {"/index/status": {"get": {"responses": {}}}, "/v1/chat": raw["paths"]["/v1/chat"]}
    server = serve({"/openapi.json": raw, "/index/status": {"indexed": 3}, "/healthz": "ok"})
    assert tables(only(look(server.url))).routes["health"].path == "/healthz"


def test_a_key_that_no_schema_names(serve, look):
    server = serve({"/health": HEALTH}, key=("X-API-Key", "sesame", {"/"}))
    (unknown,) = look(server.url).unknown
    assert unknown.reason == (
        "answers 401 to every path: export HERE_API_KEY=… (the value of the header X-API-Key) and run llmops init again"
    )
    found = only(look(server.url, environ={"K": "sesame"}, key_env="K"))
    assert (tables(found).auth.header, tables(found).auth.env, found.key.accepted) == ("X-API-Key", "K", True)


def test_a_health_route_that_wants_the_key(serve, look, schema):
    open_ = {"/openapi.json", "/llmops-no-such-path", "/"}
    server = serve(
        {"/openapi.json": schema("spring"), "/assist/actuator/health": {"status": "UP"}},
        key=("Authorization", "Bearer sesame", open_),
    )
    api = tables(only(look(server.url, environ={"HERE_API_KEY": "sesame"})))
    assert (api.auth.bearer, api.routes["query"].path) == ("HERE_API_KEY", "/assist/api/ask")


def test_a_key_variable_that_nothing_asks_for_is_left_as_a_suggestion(serve, look):
    found = only(look(serve({"/health": HEALTH}).url, environ={"K": "sesame"}, key_env="K"))
    assert found.key is None
    entry = next(entry for entry in found.sections[0].entries if entry.key == "auth")
    assert (entry.value, entry.on) == ({"header": "X-API-Key", "env": "K"}, False)


def test_figures_of_the_metrics_page(serve, look):
    text = 'http_requests_total{path="/health",code="200"} 3\nprocess_resident_memory_bytes 1e6\n'
    found = only(look(serve({"/health": HEALTH, "/metrics": text}).url))
    (section,) = found.beside
    assert (tables(found).metrics, section.path, [entry.key for entry in section.entries]) == (
        "/metrics", ("figures",), ["requests_total", "api_error_rate", "api_success_rate", "resident_memory"],
    )  # fmt: skip


def test_an_answer_that_the_schema_does_not_describe_is_a_guess(serve, look, schema):
    raw = schema("fastapi_rag")
    raw["paths"]["/v1/chat"]["post"]["responses"]["200"]["content"]["application/json"]["schema"] = {}
    found = only(look(serve({"/openapi.json": raw, "/health": HEALTH}).url))
    assert tables(found).routes["query"].answer == (
        "answer || response || reply || output || result || text || content || message"
    )
    assert found.loud == ("does not say where the answer of POST /v1/chat is: the file holds a guess",)


def test_only_get_is_sent(serve, look, schema):
    server = serve({"/openapi.json": schema("fastapi_rag"), "/health": HEALTH})
    look(server.url)
    assert set(server.asked) == {"GET"}
    assert len(server.asked) < 40


def watched(serve, table, **settings):
    """A server, and the list of the paths that it is asked for."""
    server, paths = serve(table, **settings), []
    plain = server.answer
    server.answer = lambda path, headers: (paths.append(path), plain(path, headers))[1]
    return server, paths


def test_a_route_of_the_service_that_may_cost_something_is_not_asked(serve, look):
    asked = {"parameters": [{"name": "question", "in": "query", "required": True, "schema": {"type": "string"}}]}
    raw = {
        "openapi": "3.1.0",
        "servers": [{"url": "/v9"}],
        "paths": {
            "/reindex": {"get": {}},
            "/export/all": {"get": {}},
            "/health/reset": {"get": {}},
            "/ask": {"get": {**asked, "security": [{"k": []}]}},
            "/health/deep": {"get": {}},
        },
        "components": {"securitySchemes": {"k": {"type": "http", "scheme": "bearer"}}},
    }
    server, paths = watched(serve, {"/openapi.json": raw, "/v9/health/deep": HEALTH})
    api = tables(only(look(server.url, environ={"HERE_API_KEY": "sesame"})))
    assert (api.routes["query"].method, api.routes["query"].path) == ("GET", "/v9/ask")
    assert (api.auth.bearer, api.routes["health"].path) == ("HERE_API_KEY", "/v9/health/deep")
    ends = ("/reindex", "/export/all", "/health/reset", "/ask")
    assert [path for path in paths if path.endswith(ends)] == []


def test_a_query_route_that_takes_get_as_well_is_not_asked(serve, look, schema):
    raw = schema("fastapi_rag")
    raw["paths"]["/v1/chat"]["get"] = {"responses": {}}
    server, paths = watched(serve, {"/openapi.json": raw, "/health": HEALTH})
    assert tables(only(look(server.url))).routes["query"].path == "/v1/chat"
    assert "/v1/chat" not in paths


@pytest.mark.parametrize(("there", "prefix"), [("/v9/ask", "/v9"), ("/ask", "")])
def test_the_servers_path_is_told_by_a_route_that_is_not_for_get(serve, look, schema, there, prefix):
    raw = schema("fastapi_rag")
    raw["paths"] = {"/ask": raw["paths"]["/v1/chat"]}
    found = only(look(serve({"/openapi.json": {**raw, "servers": [{"url": "/v9"}]}, there: 405, "/": 200}).url))
    assert tables(found).routes["query"].path == f"{prefix}/ask"


CHAT = {"openapi": "3.1.0", "paths": {"/v1/chat/completions": {"post": {}}, "/v1/models": {"get": {}}}}


@pytest.mark.parametrize(
    "raw",
    [CHAT, {**CHAT, "servers": [{"url": "/v1"}], "paths": {"/chat/completions": {"post": {}}}}],
)
def test_a_model_server_whose_list_fails_is_a_model_server(serve, look, raw):
    broken = (500, "Internal Server Error")
    server = serve({"/openapi.json": raw, "/health": {"status": "ok"}, "/v1/models": broken})
    (found,) = look(server.url).found
    assert (found.kind, found.says) == ("openai", "OpenAI's API, no list of models")
    assert found.loud == ("answers 500 without a list to GET /v1/models: name the one to time as model",)
    assert [(entry.key, entry.value, entry.comment, entry.on) for entry in found.sections[0].entries] == [
        ("url", server.url, "", True),
        ("model", "NAME", "has to be named: its list of models fails", False),
    ]


def test_a_service_of_its_own_that_also_has_a_chat_without_a_list_is_a_service(serve, look, schema):
    raw = schema("fastapi_rag")
    raw["paths"] |= {"/v1/chat/completions": {"post": {}}}
    found = only(look(serve({"/openapi.json": raw, "/health": HEALTH}).url))
    assert tables(found).routes["query"].path == "/v1/chat"
