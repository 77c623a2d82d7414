"""Who owes an answer: by the record of incidents and what people have signed off."""

import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.operate.responses import Answers
from pytest_llmops.state.incidents import Record
from pytest_llmops.target.moments import Period
from pytest_llmops.target.severities import Incident, Severity

P1 = Severity(name="P1", response=900, procedure="aegis-rag.severity.p1")
P0 = Severity(name="P0", response=0, procedure="voyageur.severity.p0-critical")
OPENED = 1_796_000_000.0


def answers(*records, signed=None, now=OPENED + 3600, **incident):
    return Answers(records, Incident(**incident), signed or {}, now)


def record(severity="P1", opened=OPENED, **more):
    return Record("one", severity, opened, **more)


def test_an_incident_that_nobody_has_answered_in_time_is_told_with_what_to_do():
    (said,) = answers(record()).unanswered(P1)
    assert said == (
        "P1 since 2026-11-30 00:53:20 UTC is unanswered after 60 min; asked is within 15 min "
        "(to answer: llmops sign-off aegis-rag.severity.p1)"
    )


def test_how_long_it_lasts():
    long_over, running = record(ended=OPENED + 60), record(opened=OPENED + 600)
    assert answers(long_over, running, now=OPENED + 6000).lasting_s(3600) == 5400
    assert answers(long_over, running).lasting_s(3600) == 3600
    assert answers().lasting_s(3600) == 3600


def test_when_to_look_for_what_went_wrong():
    running = answers(record(), now=OPENED + 6000)
    assert list(map(str, running.periods((), 3600))) == ["2026-11-30T00:53:20Z to 2026-11-30T02:33:20Z"]
    assert answers().periods((), 600) == (Period(OPENED + 3000, OPENED + 3600),)
    reported = answers(record()).periods((OPENED + 3000, OPENED - 90_000), 3600)
    assert reported == (Period(OPENED - 93_600, OPENED - 86_400), Period(OPENED - 600, OPENED + 3600))


def test_one_that_must_be_answered_at_once_is_late_as_soon_as_it_is_known():
    (said,) = answers(record("P0"), now=OPENED + 1).unanswered(P0)
    assert said == (
        "P0 since 2026-11-30 00:53:20 UTC is unanswered after 1 s; asked is at once "
        "(to answer: llmops sign-off voyageur.severity.p0-critical)"
    )


@pytest.mark.parametrize(
    ("given", "late"),
    [
        ({"now": OPENED + 899}, False),
        ({"now": OPENED + 901}, True),
        ({"signed": {"aegis-rag.severity.p1": [OPENED + 60]}}, False),
        ({"signed": {"aegis-rag.severity.p1": [OPENED - 60]}}, True),  # of an earlier incident
        ({"signed": {"aegis-rag.severity.p0": [OPENED + 60]}}, True),
        ({"signed": {"x.acknowledge": [OPENED + 60]}, "acknowledged_by": "x.acknowledge"}, False),
        ({"signed": {"aegis-rag.severity.p1": [OPENED + 3000]}}, False),  # late, and somebody is there now
    ],
)
def test_a_word_since_it_was_opened_answers_it(given, late):
    assert bool(answers(record(), **given).unanswered(P1)) is late


def test_one_that_ended_before_its_time_was_up_needs_no_answer():
    assert answers(record(ended=OPENED + 600)).unanswered(P1) == []
    assert len(answers(record(ended=OPENED + 1000), now=OPENED + 10**6).unanswered(P1)) == 1
    assert answers(record(answered=OPENED + 10)).unanswered(P1) == []
    assert answers(record("P0")).unanswered(P1) == []


def test_one_that_was_answered_late_is_told_until_its_review():
    late = {"signed": {"aegis-rag.severity.p1": [OPENED + 3000]}, "reviewed_by": "x.review"}
    (said,) = answers(record(), **late).late(P1)
    assert said == (
        "P1 since 2026-11-30 00:53:20 UTC was answered after 50 min; asked is within 15 min "
        "(its review is not there yet: llmops sign-off x.review)"
    )
    (said,) = answers(record("P0", answered=OPENED + 5), reviewed_by="x.review").late(P0)
    assert "was answered after 5 s; asked is at once (its review" in said
    assert answers(record("P0", answered=OPENED + 5)).late(P0) == []  # no word could ever end it


@pytest.mark.parametrize(
    ("found", "given"),
    [
        (record(), {}),  # nobody at all: that is another matter
        (record(answered=OPENED + 900), {}),
        (record("P0", answered=OPENED + 9000), {}),
        (record(answered=OPENED + 3000, reviewed=OPENED + 3500), {}),
        (record(answered=OPENED + 3000), {"signed": {"x.review": [OPENED + 3500]}}),
    ],
)
def test_one_in_time_or_with_its_review_is_not_told_as_late(found, given):
    assert answers(found, reviewed_by="x.review", **given).late(P1) == []


def test_the_first_word_since_it_was_opened_is_the_answer():
    step = "aegis-rag.severity.p1"
    found = answers(record(), signed={step: [OPENED - 60, OPENED + 60, OPENED + 7200]}, reviewed_by="x.review")
    assert found.response_s(P1) == 60
    assert (found.unanswered(P1), found.late(P1)) == ([], [])
    both = answers(record(), signed={step: [OPENED + 7200], "x.ack": [OPENED + 90]}, acknowledged_by="x.ack")
    assert both.response_s(P1) == 90
    assert [at - OPENED for at, _ in found.timeline()] == [-60, 0, 60, 7200]


def test_a_later_sign_off_of_the_review_moves_no_earlier_one():
    signed = {"x.review": [OPENED + 50, OPENED + 400, OPENED + 9000]}
    found = answers(record(ended=OPENED + 100), signed=signed, reviewed_by="x.review")
    assert found.review_s() == 300


def test_the_newest_of_a_severity_is_looked_at_for_a_late_answer():
    older = Record("old", "P1", OPENED - 10**6, answered=OPENED - 10**5)
    assert answers(older, record(answered=OPENED + 60), reviewed_by="x.review").late(P1) == []
    assert len(answers(older, reviewed_by="x.review").late(P1)) == 1


def test_how_long_it_waited_is_known():
    found = answers(record(), signed={"aegis-rag.severity.p1": [OPENED + 120]})
    assert found.response_s(P1) == 120
    assert answers(record()).response_s(P1) is None


def test_a_severity_without_a_step_says_that_nothing_says_how():
    severity = Severity(name="P1", response=900)
    (said,) = answers(record()).unanswered(severity)
    assert said.endswith("(to answer: nothing in the file says how)")


def test_an_incident_without_its_review_is_not_hidden_by_a_newer_one():
    older = Record("old", "P1", OPENED - 10**6, ended=OPENED - 10**5)
    newer = record(ended=OPENED + 100)
    found = answers(older, newer, now=OPENED + 1100, reviewed_by="x.review")
    assert found.review_s() == 101_100  # due for so long
    assert found.review_of() == (
        "P1 since 2026-11-18 11:06:40 UTC, ended 2026-11-28 21:06:40 UTC, not reviewed: llmops sign-off x.review"
    )
    assert answers(older).review_of().endswith("not reviewed: nothing in the file says how")


def test_where_all_are_reviewed_the_newest_counts():
    older = Record("old", "P1", OPENED - 10**6, ended=OPENED - 10**5)
    newer = record(ended=OPENED + 100)
    reviewed = {"signed": {"x.review": [OPENED + 400]}, "reviewed_by": "x.review"}
    assert answers(older, newer, now=OPENED + 10**6, **reviewed).review_s() == 300
    found = answers(record(ended=OPENED + 100, reviewed=OPENED + 150))
    assert found.review_s() == 50
    assert found.review_of() == "P1 since 2026-11-30 00:53:20 UTC, ended 2026-11-30 00:55:00 UTC"


def test_without_an_incident_at_its_end_no_review_is_due():
    with pytest.raises(Vacuous) as told:
        answers(record()).review_s()
    assert str(told.value) == "no incident of this target has come to an end, so no review of one is due."


def test_the_timeline_tells_what_happened_when():
    found = answers(record(what=("High error rate",), ended=OPENED + 60), signed={"a.step": [OPENED + 30]})
    assert found.timeline() == [
        (OPENED, "P1 opened: High error rate"),
        (OPENED + 30, "a.step signed off"),
        (OPENED + 60, "P1 ended"),
    ]
