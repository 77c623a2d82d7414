import pytest

from pytest_llmops.clients.vectors import Collection, Hit
from pytest_llmops.errors import CallFailed

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
    assert vectors.collection() == Collection("documents", "green", "ok", 42)  # the first, where none is configured
    assert vectors.collection("memories") == Collection("memories", "red", "disk full", 0)


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
