"""The weekly flywheel, by what its commands print."""

import json

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.errors import CallFailed, Vacuous
from pytest_llmops.operate.annotations import Scratch
from pytest_llmops.operate.flywheel import Flywheel

from .test_failure_reports import report

MONDAY = 1_796_029_200.0  # 2026-11-30 09:00 UTC
NEW_YEAR = 1_798_797_600.0  # 2027-01-01 10:00 UTC
FILES = {"faithfulness_tests.jsonl": 5, "promptfoo_tests.jsonl": 5}


@pytest.fixture
def flywheel(read, ledger):
    """A flywheel whose commands print what they are given, JSON where it is no text."""

    def flywheel(at=MONDAY, **prints):
        lines = ["[targets.demo.components.app_command.commands]"]
        for name, said in prints.items():
            text = said if isinstance(said, str) else json.dumps(said)
            lines.append(f"{name} = {{ argv = ['sh', '-c', 'printf %s \"$0\"', {json.dumps(text)}] }}")
        target = read("\n".join(lines))
        return Flywheel(connect(target, "app_command", ledger(target)), lambda: at)

    return flywheel


def refused(ask, kind="bad-answer"):
    with pytest.raises(CallFailed) as caught:
        ask()
    assert caught.value.kind == kind
    return str(caught.value).removeprefix("app_command: ")


def test_weeks_are_those_of_iso(flywheel):
    assert repr(flywheel(x="")) == "Flywheel(2026-W49)"


def test_at_new_year_it_is_still_the_week_of_the_old_one(flywheel):
    found = flywheel(NEW_YEAR, triage_reports={"2026-W53": report(other=1), "2026-W52": report(other=2)})
    assert (found.week, found.report().failures, found.weeks().before.failures) == ("2026-W53", 1, 2)


def test_a_label_of_the_calendars_year_is_not_this_weeks(flywheel):
    found = flywheel(NEW_YEAR, triage_reports={"2027-W53": report()})
    said = "triage-2026-W53.json is not among the triage reports; the newest is of 2027-W53."
    assert refused(found.report, "absent") == said


def rehearsal(**other):
    told = report(hallucination=2) | {"top_failures": [{"trace_id": "a", "query": ""}, {"trace_id": "b", "query": ""}]}
    return {"files": ["triage-2026-W49.json"], "report": told, "tasks": ["a", "b"]} | other


def test_the_first_phase_leaves_a_report_and_tasks(flywheel):
    found = flywheel(triage_rehearsal=rehearsal()).rehearsed()
    assert (found.week, found.failures) == ("2026-W49", 2)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"files": [], "report": None}, "it wrote no report, and not triage-2026-W49.json"),
        ({"files": ["triage-2027-W49.json"]}, "it wrote triage-2027-W49.json, and not triage-2026-W49.json"),
        ({"tasks": ["a"]}, "1 of 2 failures became no task: b"),
    ],
)
def test_a_first_phase_that_did_not(flywheel, other, said):
    assert refused(flywheel(triage_rehearsal=rehearsal(**other)).rehearsed) == f"triage_rehearsal: {said}."


def test_a_first_phase_without_a_trace_says_nothing(flywheel):
    with pytest.raises(Vacuous, match="looked at no answer"):
        flywheel(triage_rehearsal=rehearsal(report=report(responses=0), tasks=[])).rehearsed()
    assert refused(flywheel(triage_rehearsal={"files": []}).rehearsed) == "triage_rehearsal: its JSON lacks tasks."


def test_reports_that_are_not_there(flywheel):
    said = "triage-2026-W49.json is not among the triage reports; there is none at all."
    assert refused(flywheel(triage_reports={}).report, "absent") == said
    assert refused(flywheel(triage_reports=[]).report) == ("triage_reports: it does not print the report of each week.")
    with pytest.raises(Vacuous) as caught:
        flywheel(triage_reports={"2026-W49": report(), "2026-W47": report()}).weeks()
    assert str(caught.value) == "there is no triage report of 2026-W48, so 2026-W49 cannot be compared with it."
    with pytest.raises(Vacuous, match="the triage of 2026-W48 looked at no answer"):
        flywheel(triage_reports={"2026-W49": report(), "2026-W48": report(responses=0)}).weeks()


@pytest.mark.parametrize(
    ("pending", "task", "wrong"),
    [
        (3, {"trace_id": "t1"}, ""),
        (0, None, ""),
        (3, None, "3 tasks wait, and none is handed out: their files cannot be read"),
        (0, {"trace_id": "t1"}, "task t1 is handed out, and none waits"),
    ],
)
def test_the_queue(flywheel, pending, task, wrong):
    found = flywheel(annotations={"pending": pending, "completed": 2, "next": task, "oldest_s": 60}).queue()
    assert (found.wrong, found.pending, found.completed, found.oldest_s) == (wrong, pending, 2, 60.0)


def test_a_scratch_copy(flywheel):
    holds = {"submitted": 5, "grown": FILES, "exported": FILES, "unreadable": [], "unusable": 0}
    assert flywheel(flywheel_scratch_holds={"scratch": "copied", **holds}).scratch() == Scratch(5, FILES, FILES, (), 0)
    gone = flywheel(flywheel_scratch_holds={"scratch": "none", **holds})
    said = "flywheel_scratch_holds: there is no scratch copy of the golden dataset."
    assert refused(gone.scratch, "absent") == said


def test_what_annotations_became():
    assert Scratch(5, FILES, FILES, (), 0).astray("imported", FILES) == []
    lost = Scratch(5, {}, {}, ("exported/a.jsonl:3",), 2)
    assert lost.astray("exported", {"a.jsonl": 3, "b.jsonl": 5}) == [
        "a.jsonl: 3 of 5 completed annotations were exported; 2 are stored without a question or an answer",
        "no JSON stands at exported/a.jsonl:3",
    ]
    assert Scratch(5, {}, {}, (), 0).astray("imported", {}) == ["no file of golden cases was imported"]
    with pytest.raises(Vacuous) as caught:
        Scratch(0, FILES, FILES, (), 0).astray("imported", FILES)
    assert str(caught.value) == "no annotation is completed, so there is nothing that could become a golden case."


def test_scores_of_the_evaluation(flywheel):
    scores = {"faithfulness": 0.9, "context_precision": None}
    found = flywheel(quality_eval={"status": "completed", "sample_size": 50, "scores": scores})
    assert found.scores() == {"faithfulness": 0.9}


@pytest.mark.parametrize("status", ["insufficient_data", "skipped"])
def test_an_evaluation_of_nothing_says_nothing(flywheel, status):
    with pytest.raises(Vacuous) as caught:
        flywheel(quality_eval={"status": status, "sample_size": 0, "message": "No traces"}).scores()
    assert str(caught.value) == (
        f"the application's evaluation says {status} (No traces), so no score is compared: local traces hold no "
        "question."
    )


def test_an_evaluation_that_gave_no_score(flywheel):
    told = {"status": "completed", "sample_size": 50, "scores": {"faithfulness": None}}
    said = "quality_eval: it ended as 'completed' with 0 scores of 50 traces."
    assert refused(flywheel(quality_eval=told).scores) == said
    assert refused(flywheel(quality_eval=told | {"status": "error"}).scores) == said.replace("completed", "error")


def stats(total, entries=1, **sources):
    return {"version": "1.2.0", "total_examples": total, "by_source": sources, "history_entries": entries}


def test_golden_cases(flywheel):
    assert flywheel(golden_stats=stats(7, annotated=5, synthetic=2)).golden_cases() == {"annotated": 5, "synthetic": 2}
    with pytest.raises(Vacuous) as caught:
        flywheel(golden_stats=stats(0, entries=0)).golden_cases()
    assert str(caught.value) == (
        "golden_stats counts no case of version 1.2.0: metadata.json, from which it counts, is not there."
    )


def test_golden_cases_that_disagree(flywheel):
    said = "golden_stats: it counts 7 cases, and by source 5."
    assert refused(flywheel(golden_stats=stats(7, annotated=5)).golden_cases) == said


def test_what_golden_cases_cover(flywheel):
    assert flywheel(golden_coverage="noise\n  a: 2 (covered)\n  b: 0 (GAP)\n").coverage() == {"a": 2, "b": 0}


def test_coverage_that_cannot_be_read(flywheel):
    assert refused(flywheel(golden_coverage="nothing").coverage) == "golden_coverage: it names no kind of failure."
    said = "golden_coverage: its words disagree with its numbers: a: 0 (covered)."
    assert refused(flywheel(golden_coverage="  a: 0 (covered)\n").coverage) == said
