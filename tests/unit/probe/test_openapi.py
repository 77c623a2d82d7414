import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.probe import routes
from pytest_llmops.probe.openapi import Document, is_schema

KEYS = [
    "$ref", "allOf", "anyOf", "oneOf", "type", "properties", "required", "items", "parameters", "requestBody",
    "content", "schema", "get", "post", "responses", "200", "application/json", "servers", "url", "components",
    "securitySchemes", "security", "in", "name", "question", "answer", "paths", "default", "enum", "format",
]  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["#/a", "#/paths", "object", "string"]),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(KEYS) | st.text(),
            inner,
        )
    ),
    max_leaves=40,
)


@given(st.dictionaries(st.sampled_from(["/chat", "/query/{id}", "ask"]), JSON), JSON, JSON)
def test_a_malformed_schema_is_read_as_far_as_it_goes(paths, components, security):
    document = Document(
        {"openapi": "3.1.0", "paths": paths, "components": components, "security": security, "a": paths}
    )
    for one in document.operations():
        assert one.method in {"GET", "POST"}
    for one in routes.candidates(document):
        assert one.operation.path.startswith("/")
    assert document.prefix == ""


@pytest.mark.parametrize("raw", [None, [], "x", {}, {"openapi": "3.0.0"}, {"openapi": 3, "paths": {}}, {"paths": {}}])
def test_what_is_no_schema(raw):
    assert not is_schema(raw)


@pytest.mark.parametrize("version", [{"openapi": "3.1.0"}, {"swagger": "2.0"}])
def test_what_is_a_schema(version):
    assert is_schema({**version, "paths": {}})


@pytest.mark.parametrize(
    ("raw", "prefix"),
    [
        ({"servers": [{"url": "/api/"}]}, "/api"),
        ({"servers": [{"url": "https://rag.example/v2"}]}, "/v2"),
        ({"servers": [{"url": "https://rag.example"}]}, ""),
        ({"servers": [{"url": "https://{host}/{base}"}]}, ""),
        ({"servers": [{"url": "http://[broken/x"}]}, ""),
        ({"basePath": "/v2"}, "/v2"),
        ({"basePath": "/"}, ""),
        ({}, ""),
    ],
)
def test_the_path_before_all_others(raw, prefix):
    assert Document(raw).prefix == prefix


def test_references_are_followed_and_choices_made_one():
    document = Document(
        {
            "components": {
                "schemas": {
                    "A/b": {"type": "object", "required": ["x"], "properties": {"x": {"type": "integer"}}},
                    "Self": {"allOf": [{"$ref": "#/components/schemas/Self"}], "properties": {"y": {}}},
                }
            }
        }
    )
    flat = document.flat(
        {
            "allOf": [
                {"$ref": "#/components/schemas/A~1b"},
                {"properties": {"z": {"type": "string"}}, "required": ["z"]},
            ],
            "description": "d",
        }
    )
    assert (flat["required"], list(flat["properties"]), flat["description"]) == (["x", "z"], ["x", "z"], "d")
    assert document.flat({"anyOf": [{"type": "null"}, {"type": "array"}, {"type": "string", "maxLength": 9}]}) == {
        "type": "string",
        "maxLength": 9,
    }
    assert document.flat({"type": ["null", "integer"]})["type"] == "integer"
    assert document.flat({"$ref": "#/components/schemas/Self"})["properties"] == {"y": {}}
    assert document.flat({"$ref": "other.json#/A"}) == {}
    assert document.flat({"enum": ["a"]})["type"] == "string"


def test_keys_by_scheme(schema):
    def keys(name, path):
        return next(one.keys for one in Document(schema(name)).operations() if one.path == path)

    assert keys("fastapi_rag", "/v1/chat") == (("header", "X-API-Key"),)
    assert keys("fastapi_rag", "/health") == ()
    assert keys("lightrag", "/query") == (("header", "X-API-Key"), ("bearer", ""))
    assert keys("spring", "/api/ask") == (("bearer", ""),)
    assert keys("swagger2", "/qa") == (("basic", ""),)


def test_a_key_that_may_be_left_out_is_none():
    raw = {
        "paths": {"/a": {"get": {"security": [{}, {"k": []}]}}, "/b": {"get": {}}},
        "security": [{"k": []}],
        "components": {"securitySchemes": {"k": {"type": "apiKey", "in": "query", "name": "key"}}},
    }
    assert [one.keys for one in Document(raw).operations()] == [(), ()]
