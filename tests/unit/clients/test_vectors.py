import json

import pytest

from pytest_llmops.clients.vectors import Collection, Hit
from pytest_llmops.errors import CallFailed, Unsupported

ANSWERS = {
    "/readyz": (200, "all shards are ready"),
    "/collections": {"result": {"collections": [{"name": "documents"}, {"name": "memories"}]}},
    "/collections/documents": {"result": {"status": "green", "optimizer_status": "ok", "points_count": 42}},
    "/collections/memories": {"result": {"status": "red", "optimizer_status": {"error": "disk full"}}},
    "/collections/documents/points/query": {
        "result": {
            "points": [{"id": 7, "score": 0.9, "payload": {"title": "t"}}, {"id": "b", "score": 1, "payload": None}]
        }
    },
}


@pytest.fixture
def qdrant(serve, client):
    """A client, and its server."""

    def qdrant(answers=ANSWERS, **config):
        server = serve(lambda request: answers.get(request.path, (404, '{"status": {"error": "Not found"}}')))
        return client("qdrant", url=server.url, **config), server

    return qdrant


def test_ready_is_a_2xx(qdrant):
    assert 0 < qdrant()[0].ready() < 5
    with pytest.raises(CallFailed) as caught:
        qdrant({"/readyz": (503, "some shards are not ready")})[0].ready()
    assert str(caught.value) == "qdrant: GET /readyz answered 503: some shards are not ready"


def test_collections_by_name(qdrant):
    vectors, _ = qdrant()
    assert vectors.collections() == ["documents", "memories"]
    assert vectors.collection("documents") == Collection("documents", "green", "ok", 42)
    assert vectors.collection("memories") == Collection("memories", "red", "disk full", 0)


def test_the_collection_is_the_one_that_is_named_or_the_only_one(qdrant):
    only = ANSWERS | {"/collections": {"result": {"collections": [{"name": "documents"}]}}}
    assert qdrant(only)[0].collection().name == "documents"
    assert qdrant(collection="memories")[0].collection().name == "memories"
    for ask in (lambda vectors: vectors.collection(), lambda vectors: vectors.search([0.1])):
        with pytest.raises(Unsupported) as caught:
            ask(qdrant()[0])
        assert str(caught.value) == (
            "qdrant: it has several collections (documents, memories); name the one that is searched as collection = "
            '"…" of the component.'
        )


def test_a_collection_that_is_not_there(qdrant):
    with pytest.raises(CallFailed) as caught:
        qdrant(collection="docs")[0].collection()
    assert (caught.value.kind, str(caught.value)) == (
        "http-404",
        'qdrant: GET /collections/docs answered 404: {"status": {"error": "Not found"}}',
    )


def test_a_server_without_collections(qdrant):
    with pytest.raises(CallFailed) as caught:
        qdrant({"/collections": {"result": {"collections": []}}})[0].search([0.1])
    assert (caught.value.kind, str(caught.value)) == ("no-collection", "qdrant: it has no collections.")


def test_a_search_names_ids_and_scores(qdrant):
    vectors, server = qdrant(collection="documents")
    hits = vectors.search((0.1, 0.2), limit=2)
    assert hits == [Hit("7", 0.9, {"title": "t"}), Hit("b", 1.0, {})]
    assert server.requests[-1].json == {"query": [0.1, 0.2], "limit": 2, "with_payload": True}


def test_a_named_vector_is_searched_by_its_name(qdrant):
    vectors, server = qdrant(collection="documents", vector="title")
    vectors.search((0.1, 0.2))
    assert server.requests[-1].json == {"query": [0.1, 0.2], "limit": 3, "with_payload": True, "using": "title"}


MODEL = (
    "name the model that filled the collection as embedding_model of the model server, or the vector that is searched "
    'as vector = "…" of the component'
)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("Wrong input: Vector dimension error: expected dim: 768, got 3", MODEL),
        ("Wrong input: Not existing vector name error: ", 'name one of its vectors as vector = "…" of the component'),
        (
            "Wrong input: Not existing vector name error: titel",
            'name one of its vectors as vector = "…" of the component',
        ),
        (
            "Wrong input: Collection requires specified vector name in the request, available names: title, text",
            'name one of them as vector = "…" of the component',
        ),
    ],
)
def test_a_vector_that_is_none_of_the_collections(qdrant, said, advice):
    path = "/collections/documents/points/query"
    vectors, _ = qdrant({path: (400, json.dumps({"status": {"error": said}, "time": 0.1}))}, collection="documents")
    for ask in (vectors.search, vectors.best):
        with pytest.raises(Unsupported) as caught:
            ask([0.1, 0.2, 0.3])
        assert str(caught.value) == f"qdrant: POST {path}: {said.strip().rstrip(':')}; {advice}."


@pytest.mark.parametrize("status", [400, 500])
def test_any_other_failure_of_a_search_is_one(qdrant, status):
    path = "/collections/documents/points/query"
    with pytest.raises(CallFailed) as caught:
        qdrant({path: (status, '{"status": {"error": "Wrong input: limit"}}')}, collection="documents")[0].search([0.1])
    assert caught.value.kind == f"http-{status}"


def test_a_search_that_finds_nothing(qdrant):
    empty = {"/collections/documents/points/query": {"result": {"points": []}}}
    with pytest.raises(CallFailed) as caught:
        qdrant(empty, collection="documents")[0].best([0.1])
    assert (caught.value.kind, str(caught.value)) == ("empty", "qdrant: a search in documents found nothing.")
