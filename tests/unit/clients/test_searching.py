"""A search by vectors, by the API's answers, by a command; and what cannot be searched, or read."""

import json
from dataclasses import replace

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.clients.points import dimensions_of, points_of
from pytest_llmops.clients.searching import Searching
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import Budget, TargetTable
from pytest_llmops.target.retrieval import Labelled

QUERIES = [Labelled(id="one", text="How long?", expect=["returns"]), Labelled(id="two", text="Where?", expect=["x"])]
POINTS = [{"id": 7, "score": 0.9, "payload": {"doc_id": "returns"}}, {"id": 8, "score": 0.4, "payload": {}}]


@pytest.fixture
def searching(tmp_path):
    """A search of a target with these tables."""

    def searching(search, **components):
        table = TargetTable.model_validate({"components": components, "retrieval": {"documents": search}})
        target = replace(Target("staging", table, tmp_path), environ={})
        ledger = Ledger(tmp_path / "ledger", Budget())
        asked = []
        kept = {}

        def once(name, find_out):
            asked.append(name)
            if name not in kept:
                kept[name] = json.loads(json.dumps(find_out()))
            return kept[name]

        made = Searching("documents", target, lambda name: connect(target, name, ledger), once)
        return made, asked

    return searching


def answers(request):
    if request.path == "/v1/embeddings":
        return {"data": [{"embedding": [0.1, 0.2]}]}
    if request.path.endswith("/points/query"):
        return {"result": {"points": POINTS}}
    return {"text": "30 days", "found": [{"id": "returns", "score": 0.7}, {"id": "x"}], "sources": ["a", "b"]}


def test_by_vectors_the_embedding_of_each_query_is_searched(serve, searching):
    server = serve(answers)
    embed = {"method": "POST", "path": "/v1/embeddings", "body": {"model": "m3", "input": ["{prompt}"]}}
    one, asked = searching(
        {"embedder": "jina"},
        qdrant={"url": server.url, "collection": "documents"},
        services={"jina": {"url": server.url, "routes": {"embed": embed | {"answer": "data[0].embedding"}}}},
    )
    assert one.found(QUERIES) == {"one": [("returns", 0.9), ("8", 0.4)], "two": [("returns", 0.9), ("8", 0.4)]}
    assert one.embedded(QUERIES) == ("m3", {"one": [0.1, 0.2], "two": [0.1, 0.2]})
    assert [request.json["input"] for request in server.requests if "input" in request.text] == [
        ["How long?"],
        ["Where?"],
    ]
    assert asked[:2] == ["retrieval-documents", "embedded-documents"]


def test_a_service_that_answers_no_vector_is_a_failed_call(serve, searching):
    server = serve(lambda request: {"data": []})
    route = {"method": "POST", "path": "/v1/embeddings", "answer": "data[0].embedding"}
    one, _ = searching(
        {"embedder": "jina"},
        qdrant={"url": server.url, "collection": "documents"},
        services={"jina": {"url": server.url, "routes": {"embed": route}}},
    )
    with pytest.raises(CallFailed) as caught:
        one.found(QUERIES)
    assert str(caught.value) == "jina: its route 'embed' answered without a vector at 'data[0].embedding'."


@pytest.mark.parametrize(
    ("results", "found"),
    [
        ("found[].{id: id, score: score}", [("returns", 0.7), ("x", None)]),
        (None, [("a", None), ("b", None)]),
    ],
)
def test_by_the_api_the_sources_of_an_answer_are_what_was_found(serve, searching, results, found):
    server = serve(answers)
    query = {"method": "POST", "path": "/chat", "body": {"q": "{prompt}"}, "answer": "text", "sources": "sources"}
    table = {"by": "api"} | ({"results": results} if results else {})
    one, _ = searching(table, api={"url": server.url, "routes": {"query": query}})
    assert one.found(QUERIES)["one"] == found


def test_a_result_without_a_name_is_no_result(serve, searching):
    server = serve(answers)
    query = {"method": "POST", "path": "/chat", "body": {"q": "{prompt}"}, "answer": "text"}
    one, _ = searching(
        {"by": "api", "results": "found[].{id: nothing}"}, api={"url": server.url, "routes": {"query": query}}
    )
    with pytest.raises(CallFailed, match=r"a result of the search documents is .*, without an id"):
        one.found(QUERIES)


def test_by_a_command_the_queries_are_its_last_word(searching):
    code = (
        "import json, sys; print(json.dumps({name: [{'id': text, 'score': 1}] "
        "for name, text in json.loads(sys.argv[1]).items()}))"
    )
    command = {"argv": ["python3", "-c", code], "output": "json"}
    one, _ = searching(
        {"by": "command", "command": "search"}, app_command={"root": "/", "commands": {"search": command}}
    )
    assert one.found(QUERIES) == {"one": [("How long?", 1.0)], "two": [("Where?", 1.0)]}
    with pytest.raises(Unsupported, match="is a command that embeds for itself"):
        one.embedded(QUERIES)


def test_a_command_that_leaves_a_query_out_has_failed(searching):
    command = {"argv": ["python3", "-c", "print('{\"one\": []}')"], "output": "json"}
    one, _ = searching(
        {"by": "command", "command": "search"}, app_command={"root": "/", "commands": {"search": command}}
    )
    with pytest.raises(CallFailed, match="search printed no list of results for two"):
        one.found(QUERIES)


def test_what_the_target_lacks_is_unsupported(serve, searching):
    server = serve(answers)
    with pytest.raises(Unsupported, match="has no vector store"):
        searching({}, redis={"url": "redis://127.0.0.1:1"})[0].found(QUERIES)
    with pytest.raises(Unsupported, match="has no model server, so nothing here can embed"):
        searching({}, qdrant={"url": server.url})[0].found(QUERIES)
    with pytest.raises(Unsupported, match="the target names no embedding model"):
        searching({}, qdrant={"url": server.url}, openai={"url": server.url, "model": "m"})[0].found(QUERIES)
    with pytest.raises(Unsupported, match="has no api, by which documents is searched"):
        searching({"by": "api"}, qdrant={"url": server.url})[0].found(QUERIES)


def test_points_are_read_page_by_page(serve, client):
    pages = [
        {"points": [{"id": 1, "payload": {"text": "a"}, "vector": {"dense": [1, None]}}], "next_page_offset": 2},
        {"points": [{"id": 2, "payload": None, "vector": {"other": [1]}}], "next_page_offset": None},
    ]
    left = iter(pages)

    def answer(request):
        if request.path.endswith("/scroll"):
            return {"result": next(left)}
        return {"result": {"config": {"params": {"vectors": {"dense": {"size": 384}, "other": {"size": 8}}}}}}

    server = serve(answer)
    qdrant = client("qdrant", url=server.url, collection="documents", vector="dense")
    found = list(points_of(qdrant, 10, vectors=True))
    assert [(one.id, one.payload, one.vector) for one in found] == [("1", {"text": "a"}, (1, None)), ("2", {}, ())]
    asked = server.requests[-1].json
    assert (asked["limit"], asked["with_payload"], asked["offset"]) == (9, True, 2)
    assert dimensions_of(qdrant) == 384


@pytest.mark.parametrize(("vectors", "limits"), [(True, [250, 249]), (False, [1000, 999])])
def test_a_page_without_vectors_is_larger_and_one_page_is_read_at_a_time(serve, client, vectors, limits):
    server = serve(lambda _: {"result": {"points": [{"id": 1}], "next_page_offset": 2}})
    qdrant = client("qdrant", url=server.url, collection="documents")
    found = points_of(qdrant, limits[0], vectors=vectors, keys=["at", "doc.id"])
    assert server.requests == []
    assert next(found).id == "1"
    assert len(server.requests) == 1
    next(found)
    assert [one.json["limit"] for one in server.requests] == limits
    assert server.requests[0].json["with_payload"] == ["at", "doc.id"]
