"""A search's collection: vectors, texts, times of ingestion; and what a canary takes of a round."""

import datetime as dt
import json
import time
from dataclasses import replace

import pytest

from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.measure import stored
from pytest_llmops.measure.retrieving import Retrieval
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

NOW = time.time()
QUERY = {"id": "one", "text": "How long?", "expect": ["returns", ["delivery", "shipping"]]}
VECTORS = {"How long?": [1.0, 0.0], "alike": [1.0, 0.1], "other": [0.0, 1.0], "Returns. 30 days.": [0.6, 0.8]}


class Http:
    """Answers Qdrant's routes out of lists."""

    def __init__(self, points):
        self.points = points
        self.wanted = []

    def call(self, method, path, body=None):
        self.wanted += [body["with_payload"]] if body else []
        told = {"points": self.points[: (body or {}).get("limit")], "next_page_offset": None}
        if method == "GET":
            told = {"config": {"params": {"vectors": {"size": 2}}}}
        return Answer({"result": told, "status": "ok"})


class Answer:
    def __init__(self, told):
        self.told = told

    def ok(self):
        return self

    def table(self):
        return self.told

    def json(self):
        return self.told


class Qdrant:
    def __init__(self, points):
        self.http = Http(points)
        self.config = type("config", (), {"vector": None})
        self.component = "qdrant"

    def own(self):
        return "documents"

    def kept(self):
        return type("kept", (), {"count": lambda _: len(self.http.points)})()

    def search(self, vector, limit):
        from pytest_llmops.clients.vectors import Hit

        return [Hit("7", 0.9, {"doc_id": "shipping"}), Hit("8", 0.5, {"doc_id": "returns"})][:limit]


class Llm:
    embedding_model, embedding_identity = "embed", "embed@abc"
    asked = 0

    def embed(self, text, model):
        type(self).asked += 1
        return VECTORS[text]


def point(number, vector=(0.6, 0.8), **payload):
    return {"id": number, "vector": list(vector), "payload": {"title": "Returns", "text": "30 days.", **payload}}


@pytest.fixture
def retrieval(tmp_path):
    """A search of this table over these points."""

    def retrieval(points=(), **search):
        table = TargetTable.model_validate(
            {
                "components": {"qdrant": {"url": "http://127.0.0.1:1"}, "openai": {"url": "http://127.0.0.1:1"}},
                "retrieval": {"documents": {"queries": [QUERY], **search}},
            }
        )
        target = replace(Target("staging", table, tmp_path), environ={})
        clients = {"qdrant": Qdrant(list(points)), "openai": Llm()}
        return Retrieval("documents", target, clients.__getitem__, lambda _, make: json.loads(json.dumps(make())))

    return retrieval


def test_a_round_ranks_each_expected_document(retrieval):
    found = retrieval().found()
    assert found.rankings[0].ranks == (2, 1)
    assert found.rankings[0].scores == (0.9, 0.5)
    assert (found.recall_pct, found.mrr) == (100, 1)


def test_a_second_round_is_embedded_anew(retrieval):
    one, before = retrieval(), Llm.asked
    assert one.found() == one.found(again=True)
    assert Llm.asked - before == 2


def test_a_search_that_nobody_describes_is_named(retrieval):
    one = retrieval()
    with pytest.raises(Unsupported) as caught:
        Retrieval("web", one._target, None, None)
    assert str(caught.value) == (
        "target staging describes no search 'web'; it has: documents. "
        "Add [targets.staging.retrieval.web] (docs, 'retrieval')."
    )
    with pytest.raises(Unsupported, match="has no labelled queries, so nobody knows what should be found"):
        retrieval(queries=[]).found()


def test_stored_vectors_are_looked_at(retrieval):
    found = retrieval([point(1), point(2, (0.0, 0.0)), point(3, (1.0,))]).collection.stored()
    assert (found.points, found.dimensions) == (3, 2)
    assert found.unsound == ("point 2 is zero", "point 3 has 1 numbers, not 2")
    with pytest.raises(Vacuous, match="no points to look at"):
        retrieval().collection.stored()


def test_texts_are_embedded_as_they_were(retrieval):
    points = [point(1), point(2, (0.8, -0.6))]
    same = retrieval(points, embedded="join('. ', [title, text])").collection.reembedded()
    assert same == {"1": pytest.approx(1), "2": pytest.approx(0)}
    with pytest.raises(CallFailed, match="of 3 numbers, and its text as embed@abc embeds it, of 2") as caught:
        retrieval([point(1, (1.0, 0.0, 0.0))], embedded="join('. ', [title, text])").collection.reembedded()
    assert caught.value.kind == "other-model"
    with pytest.raises(Unsupported, match="has no text at 'body'; it has title, text"):
        retrieval(points, text="body").collection.reembedded()


@pytest.mark.parametrize(
    "stamp", [NOW - 3600, dt.datetime.fromtimestamp(NOW - 3600, dt.UTC).isoformat()], ids=["epoch", "iso"]
)
def test_recent_documents_are_those_since_then_the_newest_first(retrieval, stamp):
    points = [
        point(1, doc_id="old", at=NOW - 90_000),
        point(2, doc_id="new", at=stamp),
        point(3, doc_id="newer", at=NOW - 60),
        point(4, doc_id="new", at=NOW - 80_000),
        point(5, doc_id="untold"),
    ]
    recent = retrieval(points, ingested="at").collection.recent(86_400)
    assert [one.document for one in recent] == ["newer", "new"]


def test_a_collection_too_large_to_be_read_says_nothing_of_its_newest(retrieval, monkeypatch):
    monkeypatch.setattr(stored, "MANY", 2)
    assert len(retrieval([point(n, at=NOW) for n in (1, 2)], ingested="at").collection.recent(86_400)) == 2
    with pytest.raises(Vacuous, match="has 3 points, more than the 2 whose times are read"):
        retrieval([point(n, at=NOW) for n in (1, 2, 3)], ingested="at").collection.recent(86_400)


@pytest.mark.parametrize(
    ("document", "wanted"), [("doc.id", ["at", "doc.id"]), ("doc.id || title", True)], ids=["plain", "an expression"]
)
def test_of_a_payload_only_what_plain_paths_name_is_read(retrieval, document, wanted):
    one = retrieval([point(1, doc={"id": "new"}, at=NOW)], ingested="at", document=document)
    assert [str(found.document) for found in one.collection.recent(86_400)] == ["new"]
    assert one._searching.vectors().http.wanted == [wanted]


@pytest.mark.parametrize(
    ("stamp", "wrong"), [(NOW + 86_400, "to come"), ("soon", "no time")], ids=["to come", "no time"]
)
def test_a_time_that_cannot_be_is_a_failed_call(retrieval, stamp, wrong):
    with pytest.raises(CallFailed, match=f"point 1 was ingested at at = .*, which is {wrong}"):
        retrieval([point(1, at=stamp)], ingested="at").collection.recent(86_400)


def test_what_tells_no_time_is_unsupported(retrieval):
    with pytest.raises(Unsupported, match="does not say when a document was ingested"):
        retrieval([point(1)]).collection.recent(86_400)
    with pytest.raises(Unsupported, match="no payload tells at 'at' when its document was ingested"):
        retrieval([point(1)], ingested="at").collection.recent(86_400)


def test_a_canary_holds_ranks_scores_and_embeddings(retrieval):
    pairs = [
        {"one": "How long?", "other": "alike", "alike": True},
        {"one": "How long?", "other": "other", "alike": False},
    ]
    canary = retrieval([point(1)], pairs=pairs).canary()
    assert (canary.model, canary.search, canary.k) == ("embed@abc", "documents", 3)
    assert canary.queries["one"].ranks == [2, 1]
    assert canary.queries["one"].vector == [1.0, 0.0]
    margin = pytest.approx(0.995, abs=1e-3)
    assert canary.figures == {"collection_points": 1, "segment_length": 8, "embedding_margin": margin}


def test_drift_needs_embeddings_then_and_now(retrieval):
    one = retrieval()
    canary = one.canary()
    with pytest.raises(Vacuous, match="1 texts are too few"):
        one.drifted(canary)
    query = canary.queries["one"].model_copy(update={"vector": []})
    with pytest.raises(Unsupported, match="the canary of documents holds no embeddings"):
        one.drifted(canary.model_copy(update={"queries": {"one": query}}))
