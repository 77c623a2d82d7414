"""A week's failures beside those of the week before."""

import pytest

from pytest_llmops.errors import CallFailed, Vacuous
from pytest_llmops.operate.failure_reports import Weeks, read


def report(week="2026-W49", responses=100, clusters=(), asked=(), **kinds):
    return {
        "total_responses": responses,
        "total_failures": sum(kinds.values()),
        "by_category": {kind: {"count": count, "example_trace_ids": []} for kind, count in kinds.items()},
        "clusters": [
            {"cluster_id": 0, "size": size, "representative_query": question, "category": kind, "trace_ids": []}
            for kind, question, size in clusters
        ],
        "top_failures": [{"trace_id": str(number), "query": question} for number, question in enumerate(asked)],
    }


def weeks(now, before):
    return Weeks(read("app", "2026-W49", now), read("app", "2026-W48", before))


FEE = ("hallucination", "What is the fee?", 2)
NIGHT = ("retrieval_failure", "Who answers at night?", 3)


def test_a_report_is_read():
    found = read("app", "2026-W49", report(hallucination=3, other=1, clusters=[FEE], asked=["", "Why?"]))
    assert (found.responses, found.failures, found.kinds) == (100, 4, {"hallucination": 3, "other": 1})
    assert found.shares == {"hallucination": 75.0, "other": 25.0}
    assert found.questions == {"Why?"}
    assert [str(one) for one in found.clusters] == ["hallucination: 'What is the fee?' (2)"]
    assert read("app", "2026-W49", report()).shares == {}


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (None, "is not as it should be: 'NoneType' object is not subscriptable"),
        ({"by_category": {}}, "lacks 'clusters'"),
        (report(other=1) | {"by_category": {"other": {}}}, "lacks 'count'"),
        (report(other=1) | {"by_category": []}, "is not as it should be: 'list' object has no attribute 'items'"),
        (report(other=2) | {"total_failures": 3}, "says 3 failures of 100 answers, and by category they are 2"),
        (report(other=2, responses=1), "says 2 failures of 1 answers, and by category they are 2"),
    ],
)
def test_a_report_that_is_none(found, said):
    with pytest.raises(CallFailed) as caught:
        read("app", "2026-W49", found)
    assert str(caught.value) == f"app: the triage report of 2026-W49 {said}."
    assert caught.value.kind == "bad-answer"


def test_a_week_without_answers_says_nothing():
    read("app", "2026-W49", report()).require_answers()
    with pytest.raises(Vacuous, match=r"^the triage of 2026-W49 looked at no answer: there is no trace of its days\."):
        read("app", "2026-W49", report(responses=0)).require_answers()


def test_new_groups_are_those_that_the_week_before_did_not_have():
    found = weeks(report(hallucination=4, clusters=[FEE, NIGHT]), report(other=9, clusters=[(*FEE[:2], 9)]))
    assert [str(one) for one in found.new_clusters] == ["retrieval_failure: 'Who answers at night?' (3)"]
    gone = weeks(report(other=2), report(other=2, clusters=[FEE]))
    assert gone.new_clusters == []


def test_where_nothing_is_grouped_nothing_can_be_new():
    with pytest.raises(Vacuous) as caught:
        _ = weeks(report(other=7), report(other=9)).new_clusters
    assert str(caught.value) == (
        "the triage reports of 2026-W48 and 2026-W49 hold up to 9 failures and no cluster: nothing groups them, so "
        "that none could be new."
    )
    assert weeks(report(other=1), report()).new_clusters == []  # one failure is no group


def test_what_comes_back():
    now = report(hallucination=4, other=1, clusters=[FEE, NIGHT], asked=["", "Why?", "How?"])
    before = report(hallucination=2, wrong_route=1, clusters=[FEE], asked=["", "Why?"])
    assert weeks(now, before).recurring == [
        "cluster hallucination: 'What is the fee?' (2)",
        "question 'Why?'",
        "hallucination: 2, now 4",
    ]


def test_by_how_much_the_kinds_have_changed():
    found = weeks(report(hallucination=6, other=4), report(hallucination=5, wrong_route=5))
    assert found.changes == {"wrong_route": -50.0, "other": 40.0, "hallucination": 10.0}
    assert list(found.changes) == ["wrong_route", "other", "hallucination"]
    for pair in ((report(), report(other=1)), (report(other=1), report())):
        with pytest.raises(Vacuous, match="found no failure, so there are no shares to compare"):
            _ = weeks(*pair).changes


def test_the_page_of_the_week():
    page = weeks(report(hallucination=4, clusters=[FEE, NIGHT]), report(hallucination=1, other=2, clusters=[FEE]))
    lines = page.document().splitlines()
    assert lines[0] == "# Failures of 2026-W49"
    assert "| hallucination | 1 | 4 |" in lines
    assert "| other | 2 | 0 |" in lines
    assert "| all | 3 | 4 |" in lines
    assert "- known: hallucination: 'What is the fee?' (2)" in lines
    assert "- new: retrieval_failure: 'Who answers at night?' (3)" in lines
    assert "- hallucination: 1, now 4" in lines
    bare = weeks(report(), report()).document()
    assert "No failures are grouped." in bare
    assert bare.endswith("## In both weeks\n\nNothing.\n")
