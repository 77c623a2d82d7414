"""Qdrant's REST API, as a client sees it."""

import time

import httpx
import pytest

from pytest_llmops.sandbox.embedding import embed

QUESTION = embed("How many days is the refund window?")


@pytest.fixture
def call(stack):
    def send(method, path, body=None):
        return stack.http.request(method, f"{stack.url.qdrant}{path}", json=body)

    return send


def test_it_says_what_it_is(call):
    assert call("GET", "/").json()["title"] == "qdrant - vector search engine"
    assert call("GET", "/healthz").text == "healthz check passed"
    assert call("GET", "/livez").text == "healthz check passed"
    assert call("GET", "/readyz").text == "all shards are ready"
    page = call("GET", "/metrics").text
    assert "collections_total 1" in page
    assert "\nmemory_resident_bytes " in page


def test_the_corpus_is_there(call):
    listed = call("GET", "/collections").json()
    assert listed["result"] == {"collections": [{"name": "documents"}]}
    assert listed["status"] == "ok"
    assert listed["time"] >= 0
    info = call("GET", "/collections/documents").json()["result"]
    assert (info["status"], info["optimizer_status"], info["points_count"]) == ("green", "ok", 17)
    assert info["segments_count"] >= 1
    assert info["config"]["params"]["vectors"] == {"size": 256, "distance": "Cosine"}
    assert call("POST", "/collections/documents/points/count", {}).json()["result"] == {"count": 17}


def test_search_and_query_find_the_nearest(call):
    searched = call("POST", "/collections/documents/points/search", {"vector": QUESTION, "limit": 2}).json()["result"]
    assert [set(point) for point in searched] == [{"id", "version", "score"}] * 2
    queried = call(
        "POST", "/collections/documents/points/query", {"query": QUESTION, "limit": 2, "with_payload": True}
    ).json()["result"]["points"]
    assert queried[0]["payload"]["doc_id"] == "returns"
    assert [point["id"] for point in queried] == [point["id"] for point in searched]
    assert queried[0]["score"] > queried[1]["score"]


def test_a_search_alters_no_vector(call):
    def stored():
        asked = {"limit": 17, "with_vector": True}
        return call("POST", "/collections/documents/points/scroll", asked).json()["result"]["points"]

    before = stored()
    for path in ("search", "query"):
        call("POST", f"/collections/documents/points/{path}", {"vector" if path == "search" else path: QUESTION})
        assert stored() == before


def test_points_are_scrolled_and_retrieved(call):
    page = call("POST", "/collections/documents/points/scroll", {"limit": 10}).json()["result"]
    assert len(page["points"]) == 10
    rest = call("POST", "/collections/documents/points/scroll", {"limit": 10, "offset": page["next_page_offset"]})
    assert (len(rest.json()["result"]["points"]), rest.json()["result"]["next_page_offset"]) == (7, None)
    [point] = call("POST", "/collections/documents/points", {"ids": [1]}).json()["result"]
    assert point["payload"]["doc_id"] == "returns"


def test_a_collection_lives_and_dies(call):
    size = {"vectors": {"size": 2, "distance": "Cosine"}}
    assert call("PUT", "/collections/mine", size).json()["result"] is True
    assert call("PUT", "/collections/mine", size).json()["status"] == {
        "error": "Wrong input: Collection `mine` already exists!"
    }
    assert call("GET", "/collections/mine/exists").json()["result"] == {"exists": True}
    points = [
        {"id": 1, "vector": [1, 0], "payload": {"user": "a"}},
        {"id": 2, "vector": [0, 1], "payload": {"user": "b"}},
    ]
    assert (
        call("PUT", "/collections/mine/points?wait=true", {"points": points}).json()["result"]["status"] == "completed"
    )
    theirs = {"filter": {"must": [{"key": "user", "match": {"value": "a"}}]}}
    assert call("POST", "/collections/mine/points/count", theirs).json()["result"] == {"count": 1}
    call("POST", "/collections/mine/points/delete", theirs)
    noted = call("POST", "/collections/mine/points/delete", {"points": [2]}).json()["result"]
    assert noted["status"] == "acknowledged"
    assert call("POST", "/collections/mine/points/count", {}).json()["result"] == {"count": 0}
    assert call("DELETE", "/collections/mine").json()["result"] is True
    assert call("DELETE", "/collections/mine").json()["result"] is False
    assert call("GET", "/collections/mine/exists").json()["result"] == {"exists": False}


def dead_of(call, name):
    [found] = [
        one
        for one in call("GET", "/telemetry?details_level=4").json()["result"]["collections"]["collections"]
        if one["id"] == name
    ]
    [segment] = found["shards"][0]["local"]["segments"]
    return segment["info"]["num_deleted_vectors"]


def test_its_optimizer_is_steered_by_configuration(call):
    call("PUT", "/collections/kept", {"vectors": {"size": 2, "distance": "Cosine"}})
    points = [{"id": number, "vector": [1, number]} for number in range(200)]
    call("PUT", "/collections/kept/points", {"points": points})
    call("POST", "/collections/kept/points/delete", {"points": list(range(1, 120))})
    assert dead_of(call, "kept") == 119  # so few are left alone
    few = call("PATCH", "/collections/kept", {"optimizers_config": {"vacuum_min_vector_number": 99}})
    assert few.status_code == 422
    assert few.json()["status"]["error"] == (
        "Validation error in JSON body: [optimizers_config.vacuum_min_vector_number: value 99 invalid, must be 100 or "
        "more]"
    )
    assert call("PATCH", "/collections/kept", {"optimizers_config": {"flush_interval_sec": 5.0}}).status_code == 400
    asked = {"optimizers_config": {"vacuum_min_vector_number": 100}, "hnsw_config": {"m": 8}}
    assert call("PATCH", "/collections/kept?timeout=9", asked).json()["result"] is True
    info = call("GET", "/collections/kept").json()["result"]
    assert info["status"] == "yellow"
    assert (info["config"]["optimizer_config"]["vacuum_min_vector_number"], info["config"]["hnsw_config"]["m"]) == (
        100,
        8,
    )
    assert (dead_of(call, "kept"), info["points_count"]) == (0, 81)
    ends_at = time.monotonic() + 60
    while call("GET", "/collections/kept").json()["result"]["status"] != "green":
        assert time.monotonic() < ends_at
    assert call("PATCH", "/collections/absent", {}).status_code == 404
    call("DELETE", "/collections/kept")


def test_errors_have_their_shape(call):
    missing = call("GET", "/collections/absent")
    assert missing.status_code == 404
    assert missing.json()["status"] == {"error": "Not found: Collection `absent` doesn't exist!"}
    short = call("POST", "/collections/documents/points/search", {"vector": [1, 2], "limit": 1})
    assert (short.status_code, short.json()["status"]["error"]) == (
        400,
        "Wrong input: Vector dimension error: expected dim: 256, got 2",
    )
    named = call("PUT", "/collections/documents/points", {"points": [{"id": "one", "vector": QUESTION}]})
    assert (named.status_code, "is not a valid point ID" in named.json()["status"]["error"]) == (400, True)
    assert call("POST", "/collections/documents/points/search", {"vector": "x"}).status_code == 400


def test_a_key_is_asked_for_where_the_target_has_one(start):
    auth = {"components": {"qdrant": {"auth": {"header": "api-key", "env": "Q"}}}}
    sandbox = start(only=["qdrant", "api"], over=auth)
    get = sandbox.http.get
    refused = get(f"{sandbox.url.qdrant}/collections")
    assert (refused.status_code, refused.text) == (401, "Must provide an API key or an Authorization bearer token")
    assert get(f"{sandbox.url.qdrant}/collections", headers={"api-key": "x"}).text == "Invalid API key or JWT"
    assert get(f"{sandbox.url.qdrant}/collections", headers={"api-key": sandbox.environ["Q"]}).status_code == 200
    assert get(f"{sandbox.url.qdrant}/readyz").status_code == 200
    assert sandbox.query("Who pays for return shipping?").status_code == 200


def test_faults_not_ready_unrelated_slow(start):
    sandbox = start(faults=["vectors:not-ready", "vectors:unrelated", "vectors:slow=0.1"], only=["qdrant"])
    began = time.monotonic()
    ready = sandbox.http.get(f"{sandbox.url.qdrant}/readyz")
    assert (ready.status_code, ready.text) == (503, "some shards are not ready")
    assert time.monotonic() - began > 0.1
    body = {"query": QUESTION, "limit": 3, "with_payload": True}
    found = sandbox.http.post(f"{sandbox.url.qdrant}/collections/documents/points/query", json=body).json()["result"]
    assert "returns" not in [point["payload"]["doc_id"] for point in found["points"]]
    assert len(found["points"]) == 3


def test_fault_errors(start):
    sandbox = start(faults=["vectors:errors=0.5"], only=["qdrant"])
    asked = f"{sandbox.url.qdrant}/collections/documents/points/query"
    found = [sandbox.http.post(asked, json={"query": QUESTION}) for _ in range(4)]
    assert [answer.status_code for answer in found] == [200, 500, 200, 500]
    assert found[1].json()["status"] == {"error": "Service internal error: 1 of 1 read operations failed"}
    counted = 'rest_responses_total{method="POST",endpoint="/collections/{name}/points/query",status="500"} 2'
    assert counted in sandbox.http.get(f"{sandbox.url.qdrant}/metrics").text.splitlines()


def test_fault_unwell(start):
    sandbox = start(faults=["vectors:unwell"], only=["qdrant"])
    alive = sandbox.http.get(f"{sandbox.url.qdrant}/healthz")
    assert (alive.status_code, alive.text) == (503, "unwell")


def test_fault_empty(start):
    sandbox = start(faults=["vectors:empty"], only=["qdrant"])
    assert sandbox.http.get(f"{sandbox.url.qdrant}/collections/documents").json()["result"]["points_count"] == 0
    body = {"vector": QUESTION, "limit": 3}
    found = sandbox.http.post(f"{sandbox.url.qdrant}/collections/documents/points/search", json=body)
    assert found.json()["result"] == []


def test_fault_down(start):
    sandbox = start(faults=["vectors:down"], only=["qdrant"])
    with pytest.raises(httpx.ConnectError):
        sandbox.http.get(f"{sandbox.url.qdrant}/")


def test_responses_are_counted_by_endpoint_and_telemetry_tells_sizes(start):
    sandbox = start(only=["qdrant"])
    for name in ("documents", "documents", "gone"):
        sandbox.http.get(f"{sandbox.url.qdrant}/collections/{name}")
    page = sandbox.http.get(f"{sandbox.url.qdrant}/metrics").text
    assert 'rest_responses_total{method="GET",endpoint="/collections/{name}",status="200"} 2' in page
    assert 'rest_responses_total{method="GET",endpoint="/collections/{name}",status="404"} 1' in page
    assert 'rest_responses_avg_duration_seconds{method="GET",endpoint="/collections/{name}",status="200"} 0.0' in page
    brief = sandbox.http.get(f"{sandbox.url.qdrant}/telemetry").json()["result"]["collections"]
    assert brief == {"number_of_collections": 1}
    whole = sandbox.http.get(f"{sandbox.url.qdrant}/telemetry?details_level=4").json()["result"]
    told = whole["collections"]["collections"]
    assert [one["id"] for one in told] == ["documents"]
    assert told[0]["shards"][0]["local"]["vectors_size_bytes"] > 1000


def test_fault_no_metrics(start):
    sandbox = start(faults=["vectors:no-metrics"], only=["qdrant"])
    assert sandbox.http.get(f"{sandbox.url.qdrant}/metrics").status_code == 404
    assert sandbox.http.get(f"{sandbox.url.qdrant}/collections").status_code == 200
