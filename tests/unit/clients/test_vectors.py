import json

import pytest

from pytest_llmops.clients.vectors import Cluster, Collection, Hit
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.samples import Prompt

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


def test_a_count_that_is_not_told_is_no_zero(qdrant):
    counts = {"points_count": 42, "indexed_vectors_count": 0, "segments_count": 3}
    path = "/collections/documents"
    vectors = qdrant(ANSWERS | {path: {"result": counts}}, collection="documents")[0]
    assert vectors.statistics() == {"points": 42, "indexed_vectors": 0, "segments": 3}
    for told in (counts | {"indexed_vectors_count": None}, {"points_count": 42, "segments_count": 3}):
        with pytest.raises(Unsupported) as caught:
            qdrant(ANSWERS | {path: {"result": told}})[0].statistics("documents")
        assert str(caught.value) == "qdrant: it tells no indexed_vectors_count of the collection documents."


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
    assert all(hit.bare for hit in vectors.search((0.1, 0.2), least=0.7))
    assert server.requests[-1].json == {"query": [0.1, 0.2], "limit": 3, "with_payload": True, "score_threshold": 0.7}


def test_a_point_that_comes_with_its_vector_is_not_bare(qdrant):
    found = {"points": [{"id": 7, "score": 0.9, "vector": [0.1, 0.2]}]}
    vectors, _ = qdrant({"/collections/documents/points/query": {"result": found}}, collection="documents")
    assert [hit.bare for hit in vectors.search((0.1, 0.2))] == [False]


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


TELEMETRY = {
    "result": {
        "collections": {
            "collections": [
                {"id": "documents", "shards": [
                    {"local": {"vectors_size_bytes": 3_000_000, "payloads_size_bytes": 500_000}},
                    {"local": {"segments": [{"info": {"disk_usage_bytes": 2_000_000}}], "vectors_size_bytes": 9}},
                    {"local": None},
                ]},
                {"id": "memories", "shards": [{"local": {}}]},
            ]
        }
    }
}  # fmt: skip


def test_a_collection_takes_what_its_shards_take(qdrant):
    vectors, _ = qdrant({"/telemetry?details_level=4": TELEMETRY})
    assert vectors.stored_mb("documents") == 5.5
    with pytest.raises(Unsupported) as unsupported:
        vectors.stored_mb("memories")
    assert str(unsupported.value) == "qdrant: its telemetry tells no size of the collection memories."
    with pytest.raises(CallFailed) as failed:
        vectors.stored_mb("gone")
    assert str(failed.value) == "qdrant: its telemetry does not tell of the collection gone."


PAGE = """\
# TYPE rest_responses_total counter
rest_responses_total{method="GET",endpoint="/collections",status="200"} 7
rest_responses_total{method="POST",endpoint="/collections/{name}/points/query",status="200"} 30
rest_responses_total{method="POST",endpoint="/collections/{name}/points/query",status="400"} 10
# TYPE rest_responses_avg_duration_seconds gauge
rest_responses_avg_duration_seconds{method="POST",endpoint="/collections/{name}/points/query",status="200"} 9
# TYPE rest_responses_duration_seconds histogram
rest_responses_duration_seconds_sum{method="POST",endpoint="/collections/{name}/points/query",status="200"} 0.6
rest_responses_duration_seconds_count{method="POST",endpoint="/collections/{name}/points/query",status="200"} 30
rest_responses_duration_seconds_sum{method="POST",endpoint="/collections/{name}/points/query",status="400"} 0.04
rest_responses_duration_seconds_count{method="POST",endpoint="/collections/{name}/points/query",status="400"} 10
# TYPE grpc_responses_total counter
grpc_responses_total{endpoint="/qdrant.Points/Search",status="0"} 4
grpc_responses_total{endpoint="/qdrant.Points/Search",status="13"} 1
# TYPE grpc_responses_duration_seconds histogram
grpc_responses_duration_seconds_bucket{endpoint="/qdrant.Points/Search",status="0",le="+Inf"} 4
grpc_responses_duration_seconds_sum{endpoint="/qdrant.Points/Search",status="0"} 2
grpc_responses_duration_seconds_count{endpoint="/qdrant.Points/Search",status="0"} 4
"""


def test_endpoints_are_told_the_most_expensive_first(qdrant):
    found = qdrant({"/metrics": (200, PAGE)})[0].endpoints()
    searched, query, listed = found
    assert (searched.name, searched.calls, searched.failed) == ("gRPC /qdrant.Points/Search", 5, 1)
    assert (searched.mean_s, searched.total_s) == (0.5, 2)
    assert (query.name, query.calls, query.failed) == ("POST /collections/{name}/points/query", 40, 10)
    assert query.mean_s == pytest.approx(0.016)
    assert query.total_s == pytest.approx(0.64)
    assert (listed.name, listed.calls, listed.failed, listed.mean_s) == ("GET /collections", 7, 0, None)
    assert found.calls == 52
    assert found.report().splitlines()[6:] == [
        "| gRPC /qdrant.Points/Search | 5 | 1 | 500.0 ms | 2.00 s |",
        "| POST /collections/{name}/points/query | 40 | 10 | 16.0 ms | 0.64 s |",
        "| GET /collections | 7 | 0 | not told | not told |",
    ]


def test_endpoints_without_durations_say_nothing(qdrant):
    untimed = "\n".join(line for line in PAGE.splitlines() if "_duration_" not in line or "_avg_" in line)
    found = qdrant({"/metrics": (200, untimed + "\n")})[0].endpoints()
    assert found.calls == 52
    with pytest.raises(Vacuous) as caught:
        found.report()
    assert str(caught.value) == "qdrant: its metrics time no response (rest_responses_duration_seconds)."


def test_a_page_that_counts_nothing_says_nothing(qdrant):
    with pytest.raises(Vacuous) as caught:
        qdrant({"/metrics": (200, "collections_total 1\n")})[0].endpoints()
    assert str(caught.value) == "qdrant: its metrics count no response (rest_responses_total)."


def test_what_is_no_page_of_metrics_is_said(qdrant):
    with pytest.raises(CallFailed) as caught:
        qdrant({"/metrics": (200, "<html>")})[0].endpoints()
    assert caught.value.kind == "bad-answer"
    assert str(caught.value).startswith("qdrant: GET /metrics answered no page of metrics (")


ENABLED = {
    "status": "enabled",
    "peers": {"1": {}, "2": {}},
    "consensus_thread_status": {"consensus_thread_status": "working"},
    "message_send_failures": {},
}


@pytest.mark.parametrize(
    ("told", "cluster"),
    [
        ({"status": "disabled"}, Cluster("disabled")),
        ({"status": "odd"}, Cluster("odd", wrong=("its status is 'odd'",))),
        (ENABLED, Cluster("enabled", 2)),
        (
            {**ENABLED, "message_send_failures": {"http://q-1:6335/": {"count": 3}}},
            Cluster("enabled", 2, ("peer http://q-1:6335/ is not reached",)),
        ),
        (
            {**ENABLED, "consensus_thread_status": {"consensus_thread_status": "stopped"}},
            Cluster("enabled", 2, ("its consensus is 'stopped'",)),
        ),
    ],
)
def test_a_cluster_is_whole_or_says_what_is_wrong(qdrant, told, cluster):
    assert qdrant({"/cluster": {"result": told}})[0].cluster() == cluster


def test_alive_is_a_2xx(qdrant):
    assert 0 < qdrant({"/healthz": (200, "healthz check passed")})[0].alive() < 5


PROMPTS = [Prompt(name, "", "") for name in "abc"]


def test_stored_vectors_stand_for_questions(qdrant):
    points = [{"id": 1, "vector": [0.1, 0.2]}, {"id": 2, "vector": [0.3, 0.4]}]
    vectors, server = qdrant({"/collections/d/points/scroll": {"result": {"points": points}}}, collection="d")
    assert vectors.stored(PROMPTS) == {"a": [0.1, 0.2], "b": [0.3, 0.4], "c": [0.1, 0.2]}
    assert server.requests[0].json == {"limit": 3, "with_vector": True, "with_payload": False}


def test_of_named_vectors_the_targets_is_taken(qdrant):
    points = [{"id": 1, "vector": {"text": [0.1], "image": [0.9]}}]
    answers = {"/collections/d/points/scroll": {"result": {"points": points}}}
    assert qdrant(answers, collection="d", vector="text")[0].stored(PROMPTS[:1]) == {"a": [0.1]}


def test_a_sparse_vector_is_none_to_search_by(qdrant):
    points = [{"id": 1, "vector": {"words": {"indices": [1], "values": [0.5]}}}]
    answers = {"/collections/d/points/scroll": {"result": {"points": points}}}
    with pytest.raises(Unsupported, match="the vector words of d is sparse"):
        qdrant(answers, collection="d", vector="words")[0].stored(PROMPTS[:1])


def test_an_empty_collection_has_no_vectors(qdrant):
    with pytest.raises(CallFailed) as caught:
        qdrant({"/collections/d/points/scroll": {"result": {"points": []}}}, collection="d")[0].stored(PROMPTS)
    assert (caught.value.kind, str(caught.value)) == ("empty", "qdrant: the collection d has no points.")
