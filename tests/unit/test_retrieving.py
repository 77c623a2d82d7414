"""Searches beside their accepted canaries: none yet, recorded, accepted, of another model."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest

from pytest_llmops.clients.vectors import Hit
from pytest_llmops.errors import Unsupported
from pytest_llmops.judge.canary import Canaries, load
from pytest_llmops.plugin.retrieving import Retrievals
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

QUERIES = [{"id": f"q{at}", "text": f"What is {at}?", "expect": [f"d{at}"]} for at in range(6)]


class Qdrant:
    """Finds the document of each query at this rank, with this score."""

    def __init__(self):
        self.rank, self.score, self.points = 1, 0.8, 60

    def own(self):
        raise Unsupported("qdrant: it has several collections.")

    def kept(self):
        return SimpleNamespace(count=lambda: self.points)

    def search(self, vector, limit):
        number = vector.index(1.0)
        names = [f"x{at}" for at in range(self.rank - 1)]
        return [Hit(name, self.score, {"doc_id": name}) for name in [*names, f"d{number}"]]


class Llm:
    """Embeds each query in a direction of its own."""

    embedding_model, embedding_identity, turned = "embed", "embed@abc", 0

    def embed(self, text, model):
        vector = [0.0] * 12
        vector[int(text[8]) + self.turned] = 1.0
        return vector


@pytest.fixture
def site(tmp_path):
    """A target with a search, its servers, and what makes the fixture of a test."""
    table = TargetTable.model_validate(
        {
            "components": {"qdrant": {"url": "http://127.0.0.1:1"}, "openai": {"url": "http://127.0.0.1:1"}},
            "retrieval": {"documents": {"queries": QUERIES}},
        }
    )
    target = replace(Target("staging", table, tmp_path), environ={})
    qdrant, llm, said = Qdrant(), Llm(), []

    def asking(baseline="compare"):
        facts = {}

        def once(name, make):
            if name not in facts:
                facts[name] = json.loads(json.dumps(make()))
            return facts[name]

        run = SimpleNamespace(
            options=SimpleNamespace(baseline=baseline),
            own=SimpleNamespace(target=target, reached={"qdrant": qdrant, "openai": llm}.__getitem__),
            declared=target,
            once=once,
            directory=SimpleNamespace(once=once),
            report_folder=tmp_path / "reports",
            say=said.append,
        )
        check = SimpleNamespace(notes=[])
        return Retrievals(SimpleNamespace(run=run, check=check)), check

    def accept():
        asking("record")[0].changes("documents")
        [path] = (tmp_path / "reports" / "candidates" / "canary").glob("*.json")
        Canaries(target).accept(load(path), reason="as installed", by="ann")
        path.unlink()

    return SimpleNamespace(asking=asking, accept=accept, qdrant=qdrant, llm=llm, said=said, folder=tmp_path)


def test_without_an_accepted_canary_there_is_a_note_and_no_verdict(site):
    retrieval, check = site.asking()
    assert retrieval.changes("documents") == []
    assert retrieval.score_changes("documents") == []
    assert retrieval.drift("documents") is None
    assert retrieval.model_change("documents") == ""
    assert check.notes == ["no-baseline"] * 4
    assert not (site.folder / "reports").exists()


def test_recording_leaves_a_candidate_and_accepts_nothing(site):
    retrieval, check = site.asking("record")
    assert retrieval.changes("documents") == retrieval.changes("documents") == []
    assert check.notes == ["no-baseline"] * 2
    [path] = (site.folder / "reports" / "candidates" / "canary").glob("*.json")
    assert path.name.startswith("staging.documents-")
    assert site.said == [f"candidate: {path}; llmops canary accept makes it what documents is compared with"]
    assert site.asking()[0].changes("documents") == []


def test_what_is_as_it_was_accepted_is_no_worse(site):
    site.accept()
    retrieval, check = site.asking()
    assert [one.pct for one in retrieval.changes("documents")] == [0, 0, 0]
    assert retrieval.drift("documents").p == 1
    assert retrieval.model_change("documents") == ""
    assert check.notes == []


def test_what_got_worse_is_told_by_how_much(site):
    site.accept()
    site.qdrant.rank, site.qdrant.score = 2, 0.6
    found = {one.name: one.pct for one in site.asking()[0].changes("documents")}
    assert found == {
        "retrieval_recall": 0,
        "retrieval_mrr": pytest.approx(50),
        "retrieval_similarity_p50": pytest.approx(25),
    }
    assert site.asking()[0].score_changes("documents")[0].pct > 20


def test_vectors_that_moved_under_the_same_name_have_drifted(site):
    site.accept()
    site.llm.turned = 6
    retrieval, check = site.asking()
    found = retrieval.drift("documents")
    assert found.shift == pytest.approx(1)
    assert found.same == pytest.approx(0)
    assert check.notes == []


def test_another_model_is_named_and_called_no_drift(site):
    site.accept()
    site.llm.embedding_identity = "embed@def"
    retrieval, check = site.asking()
    assert retrieval.model_change("documents").startswith("embed@def embeds, and embed@abc did (accepted ")
    assert check.notes == []
    assert retrieval.drift("documents") is None
    assert retrieval.score_changes("documents") == []
    assert [one.name for one in retrieval.changes("documents")] == ["retrieval_recall", "retrieval_mrr"]
    assert check.notes == ["not-comparable"] * 3


def test_a_collection_that_has_shrunk_is_worse_whoever_embeds_and_one_that_has_grown_is_not(site):
    retrieval, check = site.asking()
    assert retrieval.figure_changes("documents", "collection_points") == []
    assert check.notes == ["no-baseline"]
    site.accept()
    site.llm.embedding_identity = "embed@def"
    found = []
    for points in (54, 60, 66, 0):
        site.qdrant.points = points
        retrieval, check = site.asking()
        [change] = retrieval.figure_changes("documents", "collection_points")
        found.append(change.pct)
        assert change.said.startswith(f"{points}, accepted 60; accepted ")
        assert check.notes == []
    assert found == [pytest.approx(10), 0, 0, 100]


def test_a_canary_of_before_there_was_such_a_number_says_nothing_and_notes_it(site):
    site.accept()
    [path] = (site.folder / "baselines" / "staging" / "canary").glob("*.json")
    path.write_text(path.read_text().replace('"collection_points": 60.0', '"segment_length": 8.0'))
    retrieval, check = site.asking()
    assert retrieval.figure_changes("documents", "collection_points") == []
    assert check.notes == ["no-baseline"]


def test_switched_off_nothing_is_compared_and_nothing_noted(site):
    site.accept()
    retrieval, check = site.asking("off")
    assert retrieval.changes("documents") == []
    assert check.notes == []


def test_a_model_that_nobody_names_cannot_be_the_same(site):
    site.llm.embedding_identity = ""
    with pytest.raises(Unsupported, match="nobody says by which model its texts are embedded"):
        site.asking()[0].model_change("documents")
