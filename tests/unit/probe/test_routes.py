import pytest

from pytest_llmops.probe import routes
from pytest_llmops.probe.openapi import Document
from pytest_llmops.probe.service import answers_questions


def described(body=None, answer=None, path="/chat", method="post", **more):
    operation = {"responses": {"200": {"content": {"application/json": {"schema": answer or {}}}}}, **more}
    if body is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": body}}}
    return Document({"openapi": "3.1.0", "paths": {path: {method: operation}}})


def fields(*required, **properties):
    return {"type": "object", "required": list(required), "properties": properties}


TEXT = {"type": "string"}


def only(document):
    (found,) = routes.candidates(document)
    return found


def test_fastapi(schema):
    best, *rest = routes.candidates(Document(schema("fastapi_rag")))
    assert (best.shown, best.answer, best.sources, best.blocked) == (
        "POST /v1/chat", "answer", "sources[].doc_id", "status == 'blocked'",
    )  # fmt: skip
    assert best.body == {
        "question": "{prompt}",
        "session_id": "00000000-0000-4000-8000-000000000000",
        "user_id": "{user}",
        "mode": "hybrid",
        "stream": False,
        "bypass_cache": "{fresh}",
    }
    assert best.why["mode"] == "required; as the schema gives it"
    assert best.why["user_id"] == "required; a guess"
    assert "top_k" not in best.body
    assert {one.shown: one.cannot for one in rest} == {
        "GET /v1/search": "",
        "POST /v1/chat/stream": "it answers with a stream of events, and routes read JSON",
    }


def test_spring(schema):
    best, other = routes.candidates(Document(schema("spring")))
    assert (best.shown, best.answer, best.sources) == ("POST /api/ask", "data.replyText", "data.citations")
    assert (best.body, best.params) == ({"userMessage": "{prompt}", "locale": "en"}, {"tenant": "acme"})
    assert (other.shown, other.cannot) == (
        "POST /api/conversations/{conversationId}/messages", "its path needs conversationId",
    )  # fmt: skip


def test_aspnet(schema):
    best = routes.candidates(Document(schema("aspnet")))[0]
    assert (best.shown, best.body) == ("POST /api/Chat/Complete", {"input": {"text": "{prompt}"}, "tenantId": 7})
    assert (best.answer, best.sources) == ("output.content", '"source-documents"[].metadata.source')


def test_swagger_2(schema):
    best, form = routes.candidates(Document(schema("swagger2")))
    assert (best.shown, best.body, best.answer) == ("POST /qa", {"text": "{prompt}", "lang": "de"}, "result.text")
    assert form.cannot == "it takes a form, and routes send JSON"


def test_a_model_server_has_no_query_route_of_its_own(schema):
    document = Document(schema("vllm"))
    assert all(one.of_a_model_server for one in routes.candidates(document))
    assert not answers_questions(document)


def test_a_service_that_speaks_a_model_servers_api_has_one(schema):
    document = Document(schema("lightrag"))
    assert answers_questions(document)
    best = next(one for one in routes.candidates(document) if not one.of_a_model_server)
    assert (best.shown, best.answer, best.body) == ("POST /query", "response", {"query": "{prompt}", "stream": False})


def test_a_gateways_schema_holds_more_than_models_and_is_a_model_server_all_the_same(schema):
    raw = schema("lightrag")
    raw["info"]["title"] = "LiteLLM API"
    assert not answers_questions(Document(raw))


@pytest.mark.parametrize(
    "path",
    [
        "/v1/chat/completions",
        "/openai/v1/completions",
        "/engines/{model}/chat/completions",
        "/api/generate",
        "/api/chat",
        "/v2/rerank",
        "/invocations",
        "/generate_stream",
    ],
)
def test_paths_of_model_servers(path):
    assert routes.MODEL_SERVERS.fullmatch(path)


@pytest.mark.parametrize("path", ["/chat", "/v1/chat", "/query", "/v1/query", "/api/v1/ask", "/rag/query", "/search"])
def test_paths_of_services(path):
    assert not routes.MODEL_SERVERS.fullmatch(path)


@pytest.mark.parametrize(
    "name", ["question", "query", "userQuery", "prompt", "message", "input", "text", "q", "user_message"]
)
def test_names_of_the_question(name):
    assert only(described(fields(name, **{name: TEXT}))).body == {name: "{prompt}"}


@pytest.mark.parametrize(
    "name", ["query_type", "message_id", "prompt_template", "model", "system_prompt", "text_format"]
)
def test_names_that_are_no_question(name):
    assert routes.candidates(described(fields(name, **{name: TEXT}))) == []


def test_the_likelier_name_goes_first():
    found = only(described(fields(text=TEXT, query=TEXT, question=TEXT)))
    assert found.body == {"question": "{prompt}"}


def test_a_list_of_messages():
    message = fields("role", role={"enum": ["user", "assistant"]}, content=TEXT)
    found = only(described(fields("messages", messages={"type": "array", "items": message})))
    assert found.body == {"messages": [{"role": "user", "content": "{prompt}"}]}


def test_a_question_one_object_down():
    found = only(described(fields("input", input=fields("question", question=TEXT)), path="/chain/invoke"))
    assert found.body == {"input": {"question": "{prompt}"}}


def test_values_of_what_has_to_be_sent():
    body = fields(
        "question", "lang", "n", "ratio", "flag", "tags", "opts", "when", "code", "tricky", "session_id",
        question=TEXT, lang={"type": "string", "enum": ["fr", "de"]}, n={"type": "integer", "minimum": 4},
        ratio={"type": "number", "default": 0.5}, flag={"type": "boolean"}, tags={"type": "array", "minItems": 1},
        opts=fields("deep", deep={"type": "integer"}, other=TEXT), when={"type": "string", "format": "date"},
        code={"type": "string", "minLength": 8}, tricky={"type": "string", "example": "{name}"}, session_id=TEXT,
    )  # fmt: skip
    assert only(described(body)).body == {
        "question": "{prompt}", "lang": "fr", "n": 4, "ratio": 0.5, "flag": False, "tags": ["llmops"],
        "opts": {"deep": 1}, "when": "2024-01-01", "code": "llmops--", "tricky": "llmops", "session_id": "llmops",
    }  # fmt: skip


def test_a_whole_example_gives_its_values():
    document = described(fields("question", "tenant", question=TEXT, tenant=TEXT))
    kind = document.raw["paths"]["/chat"]["post"]["requestBody"]["content"]["application/json"]
    kind["examples"] = {"one": {"value": {"question": "Why?", "tenant": "acme"}}}
    assert only(document).body == {"question": "{prompt}", "tenant": "acme"}


def test_a_get_route_with_a_query_parameter():
    found = only(
        described(
            method="get",
            path="/ask",
            parameters=[
                {"name": "q", "in": "query", "required": True, "schema": TEXT},
                {"name": "k", "in": "query", "required": True, "schema": {"type": "integer"}},
                {"name": "page", "in": "query", "schema": {"type": "integer"}},
            ],
        )
    )
    assert (found.body, found.params) == (None, {"q": "{prompt}", "k": 3})


def test_a_path_parameter_with_an_example_is_filled_in():
    found = only(
        described(
            fields(query=TEXT),
            path="/collections/{name}/query",
            parameters=[{"name": "name", "in": "path", "required": True, "schema": TEXT, "example": "docs"}],
        )
    )
    assert (found.path, found.cannot) == ("/collections/docs/query", "")


@pytest.mark.parametrize(
    ("parameter", "cannot", "headers"),
    [
        ("X-Tenant", "it needs the header or cookie X-Tenant, which routes cannot send", ()),
        ("x-api-key", "", (("header", "x-api-key"),)),
    ],
)
def test_a_header_that_has_to_be_sent(parameter, cannot, headers):
    parameters = [{"name": parameter, "in": "header", "required": True, "schema": TEXT}]
    found = only(described(fields(query=TEXT), parameters=parameters))
    assert (found.cannot, found.headers) == (cannot, headers)


def test_those_that_are_near_are_named():
    operation = {
        "requestBody": {"content": {"application/json": {"schema": fields(query=TEXT)}}},
        "responses": {"200": {"content": {"application/json": {"schema": fields(answer=TEXT)}}}},
    }
    paths = {path: {"post": operation} for path in ("/query", "/ask", "/search", "/feedback", "/upload")}
    found = routes.candidates(Document({"openapi": "3.0.0", "paths": paths}))
    assert [one.shown for one in found] == ["POST /query", "POST /ask", "POST /search"]
    assert [one.shown for one in routes.near(found)] == ["POST /ask", "POST /search"]


@pytest.mark.parametrize(
    ("answer", "path"),
    [
        (fields(answer=TEXT), "answer"),
        (fields(message=TEXT, data=fields(answer=TEXT)), "data.answer"),
        (fields(status=TEXT, result=fields(text=TEXT)), "result.text"),
        (fields(choices={"type": "array", "items": fields(message=fields(role=TEXT, content=TEXT))}),
         "choices[0].message.content"),
        (fields(response_time_ms=TEXT, response=TEXT), "response"),
        (fields(**{"final-answer": TEXT}), '"final-answer"'),
        (fields(answer={"anyOf": [{"type": "null"}, TEXT]}), "answer"),
        (fields(sources={"type": "array", "items": fields(text=TEXT)}, output=TEXT), "output"),
        (TEXT, "@"),
        (fields(count={"type": "integer"}), None),
        ({}, None),
    ],
)  # fmt: skip
def test_where_the_answer_is(answer, path):
    assert only(described(fields(query=TEXT), answer)).answer == path


@pytest.mark.parametrize(
    ("items", "path"),
    [
        (TEXT, "sources"),
        (fields(id=TEXT, title=TEXT), "sources[].id"),
        (fields(score={"type": "number"}, documentId=TEXT), "sources[].documentId"),
        (fields(text=TEXT, metadata=fields(url=TEXT)), "sources[].metadata.url"),
        (fields(score={"type": "number"}), None),
    ],
)
def test_where_the_sources_are(items, path):
    answer = fields(answer=TEXT, sources={"type": "array", "items": items})
    assert only(described(fields(query=TEXT), answer)).sources == path


def test_a_flag_of_a_block():
    answer = fields(answer=TEXT, blocked={"type": "boolean"})
    assert only(described(fields(query=TEXT), answer)).blocked == "blocked"
