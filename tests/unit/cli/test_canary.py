"""llmops canary."""

import datetime as dt

import pytest

from pytest_llmops.judge.canary import Canary, Query, write


@pytest.fixture
def candidate(tmp_path):
    """Leaves a candidate, as a run that records does."""

    def candidate(name="one", **changed):
        values = {
            "target": "staging",
            "search": "documents",
            "recorded": dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
            "k": 3,
        }
        queries = {"refund": Query(digest="0123", ranks=[1])}
        path = tmp_path / "reports" / "candidates" / "canary" / f"{name}.json"
        write(path, Canary.model_validate({**values, "model": "embed@abc", "queries": queries, **changed}))
        return path

    return candidate


def test_nothing_is_accepted_where_nothing_was_recorded(llmops, file):
    status, said = llmops("canary", "accept", "--reason", "x", "--by", "ann")
    assert status == 1
    assert "there is no candidate of staging in" in said
    assert "pytest -m quality --llmops-baseline record" in said
    assert llmops("canary", "list")[1].startswith("staging has no accepted canary.")


def test_the_newest_of_each_search_is_accepted_and_another_model_is_named(llmops, file, candidate, tmp_path):
    candidate()
    candidate("two", search="web", model="")
    candidate("other", target="elsewhere")
    status, said = llmops("canary", "accept", "--reason", "as installed", "--by", "ann")
    assert status == 0, said
    assert [line.partition(", as ")[0] for line in said.splitlines()] == [
        "accepted: documents, 1 queries, embed@abc",
        "accepted: web, 1 queries, no model named",
    ]
    candidate("later", model="new@def", recorded=dt.datetime(2026, 4, 1, tzinfo=dt.UTC))
    said = llmops("canary", "accept", "--reason", "moved", "--by", "ann")[1]
    assert "another model: new@def in the place of embed@abc" in said
    listed = llmops("canary", "list")[1]
    assert "documents-0001.json" in listed
    assert "accepted" in listed
    assert "by ann: moved" in listed


def test_a_candidate_of_another_target_is_refused(llmops, file, candidate):
    status, said = llmops("canary", "accept", "--reason", "x", "--by", "ann", candidate(target="elsewhere"))
    assert status == 1
    assert "these candidates are of target elsewhere, not of staging; give --target." in said
