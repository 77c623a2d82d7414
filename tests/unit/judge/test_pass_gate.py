"""The gate of golden datasets."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.errors import Vacuous
from pytest_llmops.judge import CaseRuns, PassRule, judge_passes
from pytest_llmops.target.waivers import CaseWaiver

TODAY = dt.date(2026, 3, 2)


def runs(*passes, of=3, tags=()):
    return [CaseRuns(f"c{at}", one, of, tags=tags) for at, one in enumerate(passes)]


def waiver(case, until="2026-04-01"):
    return CaseWaiver(case=case, reason="known", owner="sre", until=until)


def judge(runs, threshold=0.9, at_least=None, **given):
    return judge_passes(runs, PassRule(threshold, at_least), today=TODAY, **given)


def test_gate_shuts_where_the_upper_limit_is_below_the_threshold():
    verdict = judge(runs(*[3] * 40, *[0] * 20))
    assert (verdict.state, verdict.fails, verdict.suspect) == ("breach", True, False)
    assert verdict.reason == (
        "66.7% of 180 answers to 60 cases passed, with 95 % confidence at most 75.9%; wanted: 90.0%"
    )
    assert len(verdict.failing) == 20


def test_rate_that_may_be_as_wanted_is_open_and_suspect():
    verdict = judge(runs(*[3] * 52, *[0] * 8))
    assert (verdict.state, verdict.fails, verdict.suspect) == ("inconclusive", False, True)
    assert verdict.reason.endswith("which may be so; some 240 cases would settle it")


def test_enough_passes():
    verdict = judge(runs(*[3] * 57, *[2] * 3))
    assert (verdict.state, verdict.fails, verdict.change) == ("ok", False, None)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.floats(0.01, 1))
def test_a_lower_threshold_shuts_no_gate(passes, threshold):
    strict, mild = judge(runs(*passes), threshold), judge(runs(*passes), threshold / 2)
    assert strict.fails or not mild.fails
    assert strict.fails == (strict.rate.high < threshold)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(1, 3))
def test_at_least_counts_cases(passes, at_least):
    verdict = judge(runs(*passes), at_least=at_least)
    assert verdict.rate.value == sum(one >= at_least for one in passes) / len(passes)
    assert verdict.rate.answers == len(passes)


def test_at_least_cannot_be_more_than_the_calls():
    with pytest.raises(ValueError, match="case c0 was asked 3 times; at least 4 passes cannot be"):
        judge(runs(3), at_least=4)


def test_case_whose_lost_call_would_decide_is_left_out():
    given = [*runs(*[3] * 30), CaseRuns("open", 1, 2, lost=1), CaseRuns("sure", 2, 2, lost=1)]
    verdict = judge(given, at_least=2)
    assert verdict.rate.cases == 31
    assert verdict.notes == ("left out, as calls were lost that would decide: open",)


def test_many_lost_calls_are_void():
    verdict = judge([*runs(*[3] * 9), CaseRuns("lost", 0, 0, lost=3)])
    assert (verdict.state, verdict.fails, verdict.rate) == ("void", False, None)
    assert verdict.reason == "3 of 30 calls brought no answer; what was lost might have passed"


def test_nothing_decided_is_void():
    assert judge([CaseRuns("open", 19, 19, lost=1)], at_least=20).state == "void"


def test_fewer_than_before_is_a_regression_though_enough_pass():
    before = runs(*[3] * 100)
    verdict = judge(runs(*[0] * 7, *[3] * 93), 0.8, accepted=[before])
    assert (verdict.state, verdict.fails) == ("regression", True)
    assert "; fell: c0, c1, c2, c3, c4 and 2 more" in verdict.reason


def test_at_least_holds_of_accepted_runs_too():
    """Each lost a repeat of three, and passes with two."""
    verdict = judge(runs(*[2] * 20), at_least=2, accepted=[runs(*[3] * 20)])
    assert (verdict.state, verdict.change.value) == ("ok", 0)


def test_what_is_gone_or_altered_is_said():
    before = [
        CaseRuns("kept", 3, 3),
        CaseRuns("kept too", 3, 3),
        CaseRuns("gone", 0, 3),
        CaseRuns("new words", 0, 3, digest="a"),
    ]
    now = [CaseRuns("kept", 3, 3), CaseRuns("kept too", 3, 3), CaseRuns("new words", 3, 3, digest="b")]
    reason = judge(now, accepted=[before]).reason
    assert reason.endswith("; not what they were: new words; no longer asked: gone")


def test_tags_are_told_lowest_first_and_gate_nothing():
    given = [
        *runs(*[3] * 95, tags=("easy",)),
        *[CaseRuns(f"h{at}", 1, 3, tags=("hard", "de")) for at in range(6)],
    ]
    verdict = judge(given)
    assert [(one.tag, round(one.rate.value, 2), one.below) for one in verdict.tags] == [
        ("de", 0.33, True),
        ("hard", 0.33, True),
        ("easy", 1.0, False),
    ]
    assert verdict.state == "ok"


def test_waived_case_counts_for_nothing():
    given = runs(*[3] * 20, *[0] * 10)
    verdict = judge(given, waivers=[waiver(f"c{at}") for at in range(20, 30)])
    assert (verdict.state, verdict.rate.cases, verdict.failing) == ("ok", 20, ())
    assert verdict.waived[0] == ("c20", "waived until 2026-04-01 by sre: known")
    assert judge(given).fails


def test_expired_waiver_counts_again_and_says_so():
    verdict = judge(runs(0, 0), waivers=[waiver("c1", "2026-03-02")])
    assert verdict.failing == ("c0", "c1")
    assert verdict.notes == ("c1 counts again: it was waived until 2026-03-02 by sre: known",)


def test_needless_and_unknown_waivers_are_named():
    verdict = judge(runs(3, 3), waivers=[waiver("c1"), waiver("c9")])
    assert verdict.notes == (
        "c1 passes each time: its waiver (sre) can go",
        "c9 is waived by sre, and is no case of this run",
    )


def test_waived_case_is_not_missed_against_accepted_runs():
    before = runs(*[3] * 20)
    now = runs(*[3] * 10, *[0] * 10)
    waivers = [waiver(f"c{at}") for at in range(10, 20)]
    assert judge(now, accepted=[before], waivers=waivers).state == "ok"
    assert judge(now, 0.1, accepted=[before]).state == "regression"


@pytest.mark.parametrize(
    ("given", "said"),
    [([], "it has no case"), (runs(0), "each of its 1 cases is waived")],
)
def test_nothing_that_counts_is_vacuous(given, said):
    with pytest.raises(Vacuous) as caught:
        judge(given, waivers=[waiver("c0")])
    assert str(caught.value) == f"the golden dataset says nothing: {said}."


def test_id_twice_is_an_error():
    with pytest.raises(ValueError, match="case c0 is there twice"):
        judge([*runs(3), *runs(3)])


@pytest.mark.parametrize(("threshold", "at_least"), [(0, None), (1.1, None), (90, None), (0.9, 0)])
def test_rules_that_cannot_be(threshold, at_least):
    with pytest.raises(ValueError, match=r"^(threshold|at_least) is"):
        PassRule(threshold, at_least)
