"""Canaries: written and read back, accepted by somebody with a reason, compared query by query."""

import datetime as dt
import json

import pytest

from pytest_llmops.errors import BaselineError, Vacuous
from pytest_llmops.judge.canary import Canaries, Canary, Query, digest, load, write
from pytest_llmops.judge.canary_change import changes, score_change
from pytest_llmops.judge.retrieval import Ranking, Retrieved
from pytest_llmops.target.load import load as load_target
from pytest_llmops.target.retrieval import Labelled

QUERIES = {f"q{at}": Labelled(id=f"q{at}", text=f"What is {at}?", expect=[f"d{at}"]) for at in range(8)}


def canary(**changed):
    queries = {
        name: Query(digest=digest(one), ranks=[1], names=["a", "b"], scores=[0.8, 0.41234567], vector=[0.1, 0.0])
        for name, one in QUERIES.items()
    }
    values = {"target": "staging", "search": "documents", "recorded": dt.datetime(2026, 3, 1, tzinfo=dt.UTC), "k": 3}
    return Canary.model_validate({**values, "model": "embed@abc", "queries": queries, **changed})


def now(rank=1, scores=(0.8, 0.4)):
    return Retrieved(tuple(Ranking(name, (rank,), ("a", "b"), scores) for name in QUERIES), 3)


@pytest.fixture
def target(tmp_path):
    file = tmp_path / "llmops.toml"
    file.write_text('[targets.staging.components.qdrant]\nurl = "http://127.0.0.1:6333"\n')
    return load_target(file, "staging", tmp_path)


def test_it_is_read_as_it_was_written(tmp_path):
    write(tmp_path / "one.json", canary())
    found = load(tmp_path / "one.json")
    assert found.queries["q3"].scores == [0.8, 0.4123]
    assert found.model == "embed@abc"
    assert len((tmp_path / "one.json").read_text().splitlines()) < 30
    assert json.loads((tmp_path / "one.json").read_text())["queries"]["q0"]["vector"] == [0.1, 0]


@pytest.mark.parametrize(
    ("text", "what"), [("{", "no readable JSON"), ('{"schema": 1}', "is no canary"), ("[]", "is no canary")]
)
def test_a_damaged_file_is_named(tmp_path, text, what):
    (tmp_path / "one.json").write_text(text)
    with pytest.raises(BaselineError, match=rf"one\.json.*{what}"):
        load(tmp_path / "one.json")


def test_accepting_is_an_act_of_somebody_with_a_reason(target):
    store = Canaries(target)
    assert store.newest("documents") is None
    with pytest.raises(BaselineError, match="by someone, with a reason"):
        store.accept(canary(), reason=" ", by="ann")
    assert store.accept(canary(), reason="as installed", by="ann").name == "documents-0001.json"
    assert store.accept(canary(model="new@def"), reason="another model", by="ann").name == "documents-0002.json"
    newest = store.newest("documents")
    assert newest.model == "new@def"
    assert newest.accepted.reason == "another model"
    assert store.newest("web") is None


def test_who_accepts_at_the_same_time_gets_the_next_number(target, monkeypatch):
    store = Canaries(target)
    store.accept(canary(), reason="x", by="ann")
    seen = [[], store.all()]
    monkeypatch.setattr(store, "all", lambda: seen.pop(0))
    assert store.accept(canary(model="new@def"), reason="x", by="bob").name == "documents-0002.json"
    assert [load(path).model for path in Canaries(target).all()] == [canary().model, "new@def"]


@pytest.mark.parametrize("other", ["documents-old", "documents-2"])
def test_a_search_whose_name_begins_like_another_has_its_own(target, other):
    store = Canaries(target)
    store.accept(canary(search=other), reason="x", by="ann")
    assert store.newest("documents") is None
    assert store.newest(other).search == other


def test_the_highest_number_is_the_newest_and_another_file_is_none(target):
    store = Canaries(target)
    store.accept(canary(), reason="x", by="ann")
    (store.folder / "documents-9999.json").write_text((store.folder / "documents-0001.json").read_text())
    (store.folder / "notes.json").write_text("{}")
    assert store.accept(canary(model="new@def"), reason="x", by="ann").name == "documents-10000.json"
    assert store.newest("documents").model == "new@def"


def test_nothing_changed_is_nothing_worse():
    assert {one.name: one.pct for one in changes(canary(), now(), [])} == {
        "retrieval_recall": 0,
        "retrieval_mrr": 0,
        "retrieval_similarity_p50": 0,
    }


def test_what_got_worse_is_said_beside_what_was_accepted():
    found = {one.name: one for one in changes(canary(), now(rank=2, scores=(0.6, 0.4)), [])}
    assert found["retrieval_recall"].pct == 0
    assert found["retrieval_mrr"].pct == pytest.approx(50)
    assert found["retrieval_similarity_p50"].pct == pytest.approx(25)
    assert (
        "median similarity 0.6, accepted 0.8; 8 queries, recorded 2026-03-01" in found["retrieval_similarity_p50"].said
    )


def test_a_query_that_is_another_now_is_left_out_by_name():
    queries = {**QUERIES, "q1": Labelled(id="q1", text="What else?", expect=["d1"])}
    del queries["q2"]
    one = canary()
    assert one.unlike(queries) == ["q1", "q2"]
    assert "not compared, for they are others now: q1, q2" in next(changes(one, now(), one.unlike(queries))).said
    with pytest.raises(Vacuous, match="no labelled query was asked"):
        next(changes(one, now(), list(QUERIES)))


def test_scores_that_are_others_are_off_in_either_direction():
    assert score_change(canary(), now(scores=(0.8, 0.41234567)), []).pct == 0
    assert score_change(canary(), now(scores=(0.4, 0.2)), []).pct > 20
    assert score_change(canary(), now(scores=(1.6, 0.8)), []).pct > 20
    with pytest.raises(Vacuous, match="0 queries have results with a score"):
        score_change(canary(), now(scores=()), [])


def test_canaries_that_cannot_be_looked_into_are_not_none(target):
    store = Canaries(target)
    store.folder.parent.mkdir(parents=True)
    store.folder.write_text("a file in the place of the folder")
    with pytest.raises(BaselineError, match="cannot be looked into, so nobody knows what was accepted"):
        store.newest("documents")
