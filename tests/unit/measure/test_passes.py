"""The pass rate of a golden set as a measurement: its states, and the accepted runs that it is held against."""

import datetime as dt
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from pytest_llmops.cli.judged import judge
from pytest_llmops.golden.answers import CaseAnswers, Given, GoldenAnswers
from pytest_llmops.judge import BaselineRun, Store, load, write_candidate
from pytest_llmops.measure.bench import Bench
from pytest_llmops.measure.passes import judged_passes, remarks
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

NAME = "golden_answers"
RIGHT, WRONG, LOST = Given("so", {}), Given("no", {"contains": "lacks 'x'"}), Given("", {}, "api: timed out.")


def answers(passing, failing=0, lost=0, repeats=2):
    """Cases that always pass, that never do, and that are not answered."""
    kinds = [(RIGHT, passing), (WRONG, failing), (LOST, lost)]
    given = [one for one, count in kinds for _ in range(count)]
    cases = [
        CaseAnswers(f"c{at}", "?", ("even",) if at % 2 == 0 else (), "abc", ("contains",), (one,) * repeats)
        for at, one in enumerate(given)
    ]
    return GoldenAnswers("api", tuple(cases))


@pytest.fixture
def bench(tmp_path):
    def bench(model="m1", **golden):
        table = TargetTable.model_validate({"environment": "staging", "golden": golden})
        target = Target("staging", table, tmp_path, tmp_path / "llmops.toml")
        store = Store(tmp_path / "baselines")
        return Bench(target, Ledger(tmp_path / "ledger", table.budget), store, "quality/t.py::t", model=lambda: model)

    return bench


@pytest.fixture
def accept(tmp_path):
    def accept(measurement):
        when = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
        run = BaselineRun("staging", when, "x", "cpu", "3.12", "", tuple(measurement.recordings))
        write_candidate(tmp_path / "candidate.json", run)
        Store(tmp_path / "baselines").accept(tmp_path / "candidate.json", reason="normal", by="ada")
        return tmp_path / "candidate.json"

    return accept


def test_without_accepted_runs_the_threshold_alone_gates(bench):
    found, _ = judged_passes(NAME, answers(20), bench())
    whole, even = found.results
    assert (whole.name, whole.value, whole.unit, whole.n, whole.state) == (NAME, 100.0, "%", 40, "no-baseline")
    assert whole.threshold == {"target": ">= 90 %"}
    assert (even.name, even.value, even.state) == (f"{NAME}[even]", 100.0, "recorded")
    assert (found.notes, found.problems, found.voids) == (["no-baseline"], [], [])


def test_a_rate_that_is_surely_too_low_is_a_breach_and_names_cases(bench):
    found, _ = judged_passes(NAME, answers(10, 10), bench())
    assert found.results[0].threshold == {"target": ">= 90 %", "broken": ">= 90 %"}
    (said,) = found.problems
    assert said.split("\n")[0].startswith(
        f"{NAME}: 50.0% of 40 answers to 20 cases passed, with 95 % confidence at most"
    )
    assert said.split("\n")[1:3] == ["  c10: contains: lacks 'x'", "  c11: contains: lacks 'x'"]
    assert said.split("\n")[-2:] == ["  and 5 more cases", "  limit: golden.pass_rate"]
    assert [one.severity for one in found.breaches] == ["normal"]


def test_a_rate_that_may_be_right_is_suspect(bench):
    found, _ = judged_passes(NAME, answers(17, 3), bench())
    assert (found.results[0].state, found.results[0].suspect, found.notes) == ("inconclusive", True, ["inconclusive"])
    assert found.problems == []


def test_lost_calls_make_it_void_and_nothing_is_recorded(bench):
    found, _ = judged_passes(NAME, answers(18, lost=2), bench())
    assert found.results[0].state == "void"
    lost = "4 of 40 calls brought no answer; what was lost might have passed"
    assert found.voids == [f"{NAME}: {lost}\n  c18: api: timed out.\n  c19: api: timed out."]
    assert found.recordings == []


def test_fewer_cases_than_in_the_accepted_run_are_a_regression_case_by_case(bench, accept, tmp_path):
    accept(judged_passes(NAME, answers(40), bench(pass_rate=0.5))[0])
    found, _ = judged_passes(NAME, answers(30, 10), bench(pass_rate=0.5))
    assert (found.results[0].state, found.results[0].baseline) == ("regression", 100.0)
    (said,) = found.regressions
    assert "fell: c30, c31, c32, c33, c34 and 5 more" in said
    run = BaselineRun("staging", datetime.now(UTC), "x", "cpu", "3.12", "", tuple(found.recordings))
    write_candidate(tmp_path / "now.json", run)
    (again,) = judge(bench(pass_rate=0.5).target, load(tmp_path / "now.json"))
    assert (again.state, again.now, again.then) == ("regression", 75.0, 100.0)
    assert "fell: c30" in again.verdict.reason


def test_another_model_is_compared_and_other_repeats_of_another_kind_are_not(bench, accept):
    accept(judged_passes(NAME, answers(40), bench())[0])
    assert judged_passes(NAME, answers(40), bench(model="m2"))[0].results[0].state == "ok"
    result = judged_passes(NAME, answers(40), bench(at_least=1))[0].results[0]
    assert result.state == "not-comparable"
    assert "workload is" in result.reason


def test_a_case_that_was_altered_is_not_compared(bench, accept):
    accept(judged_passes(NAME, answers(40), bench())[0])
    now = answers(39, 1)
    altered = GoldenAnswers("api", tuple(replace(one, digest="new") if one.id == "c39" else one for one in now.cases))
    result = judged_passes(NAME, altered, bench())[0].results[0]
    assert result.state == "ok"
    assert "not what they were: c39" in result.reason


def test_a_waived_case_counts_for_nothing_and_is_told(bench):
    until = dt.datetime.now(UTC).date() + dt.timedelta(days=9)
    waiver = {"case": "c19", "reason": "not ingested", "owner": "data team", "until": until}
    found, verdict = judged_passes(NAME, answers(19, 1), bench(pass_rate=1.0, waivers=[waiver]))
    assert found.problems == []
    assert remarks(verdict) == [f"c19 is waived until {until} by data team: not ingested"]
    assert found.results[0].reason.endswith(remarks(verdict)[0])
    assert found.notes == ["no-baseline"]


def test_kinds_have_rates_of_their_own(bench):
    one_wrong = answers(19, 1)
    of_kind = one_wrong.expecting("contains")
    assert judged_passes(NAME, one_wrong, bench(rates={"contains": 1.0}))[0].problems == []
    (said,) = judged_passes(NAME, of_kind, bench(rates={"contains": 1.0}))[0].problems
    assert "wanted: 100.0%" in said


def test_beside_other_answers_of_this_run_nothing_stored_is_read_or_kept(bench, accept):
    accept(judged_passes(NAME, answers(10, 30), bench(pass_rate=0.1))[0])
    found, _ = judged_passes(NAME, answers(30, 10), bench(pass_rate=0.5), answers(40))
    assert found.results[0].state == "regression"
    assert found.recordings == []


def test_with_baselines_off_it_is_only_judged(bench):
    found, _ = judged_passes(NAME, answers(20), replace(bench(), store=None))
    assert (found.results[0].state, found.notes) == ("recorded", [])
