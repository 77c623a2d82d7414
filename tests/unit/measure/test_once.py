"""A drill's figures beside accepted runs: kept, found again, and red where they are worse."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from pytest_llmops.cli.judged import judge
from pytest_llmops.judge import BaselineRun, Store, load, write_candidate
from pytest_llmops.measure.bench import Bench
from pytest_llmops.measure.once import Figure, judged_once
from pytest_llmops.samples import Prompt, Workload
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RTO, RPO = "drill_rto[gone]", "drill_rpo[gone]"
LOST = [(RTO, 10.0), (RPO, 0.0)]


@pytest.fixture
def drilled(tmp_path):
    """Figures of one more run, beside those of the runs that were accepted before."""

    def drilled(figures=LOST, accepted=5, how="redis", **settings):
        table = TargetTable.model_validate({"environment": "staging", **settings})
        target = Target("staging", table, tmp_path, tmp_path / "llmops.toml")
        store = Store(tmp_path / "baselines")
        bench = Bench(target, Ledger(tmp_path / "ledger", table.budget), store, "dr/test_x.py::test_x")
        for number in range(accepted - len(store.runs("staging"))):
            before = _judged(bench, [(name, value + number / 10 * (value > 0)) for name, value in LOST])
            when = MONDAY + timedelta(days=number)
            write_candidate(tmp_path / "candidate.json", _run(before, when))
            store.accept(tmp_path / "candidate.json", reason="normal", by="ada")
        found = _judged(bench, figures, how)
        write_candidate(tmp_path / "now.json", _run(found, MONDAY + timedelta(days=30)))
        return found, {one.name: one for one in judge(target, load(tmp_path / "now.json"))}

    return drilled


def _judged(bench, figures, how="redis"):
    named = [Figure(name, value, "seen") for name, value in figures]
    return judged_once("gone", named, bench, Workload((Prompt("gone", how),)), 0.2)


def _run(measurement, when):
    return BaselineRun("staging", when, "x", "cpu", "3.12", "", tuple(measurement.recordings))


def test_without_accepted_runs_there_is_no_baseline_and_what_was_lost_is_kept_all_the_same(drilled):
    found, shown = drilled(accepted=0)
    assert [one.state for one in found.results] == ["no-baseline", "no-baseline"]
    assert found.problems == []
    assert {name: one.now for name, one in shown.items()} == dict(LOST)
    assert {one.state for one in shown.values()} == {"no-baseline"}


def test_as_before_is_no_news(drilled):
    found, shown = drilled()
    assert [(one.state, one.baseline) for one in found.results] == [("ok", 10.2), ("ok", 0.0)]
    assert (found.problems, found.notes) == ([], [])
    assert {name: one.state for name, one in shown.items()} == {RTO: "ok", RPO: "ok"}
    assert json.loads(json.dumps(found.results[1].as_json()))["ratio"] == 1.0


def test_three_times_slower_and_writes_that_are_lost_are_red_and_candidates_say_so_too(drilled):
    found, shown = drilled([(RTO, 31.0), (RPO, 4.0)])
    runs = "5 accepted runs, the newest of 2026-03-06 09:30"
    assert found.problems == [
        f"{RTO} is 31 s (seen); 10.2 s by {runs}: 3.00 times worse, and the accepted runs do not lie so far apart",
        f"{RPO} is 4 s (seen); 0 ms by {runs}: 21.00 times worse, and the accepted runs do not lie so far apart",
    ]
    assert {name: one.state for name, one in shown.items()} == {RTO: "regression", RPO: "regression"}


def test_four_accepted_runs_are_too_few(drilled):
    found, _ = drilled([(RTO, 31.0)], accepted=4)
    assert found.results[0].reason.endswith("one value of a run needs 5 accepted runs; there are 4")
    assert (found.notes, found.problems) == (["inconclusive"], [])


def test_another_drill_of_that_name_is_not_compared(drilled):
    found, _ = drilled([(RTO, 31.0)], how="redis beside api")
    assert (found.results[0].state, found.notes, found.problems) == ("not-comparable", ["not-comparable"], [])
    assert "workload is " in found.results[0].reason


def test_thresholds_judge_beside_and_alone_where_the_target_says_so(drilled):
    limit = {"thresholds": {RTO: {"critical": "> 30 s"}}}
    found, _ = drilled([(RTO, 31.0)], **limit)
    assert len(found.problems) == 2
    assert found.problems[0] == f"{RTO} is 31 s; that is critical (> 30 s) (seen)"
    found, _ = drilled([(RTO, 31.0)], **limit, baseline={"recorded": ["drill_*"]})
    assert ([one.state for one in found.results], len(found.problems)) == (["recorded"], 1)


def test_of_primaries_only_they_fail(drilled):
    found, _ = drilled([(RTO, 31.0), (RPO, 4.0)], baseline={"primary": [RPO]})
    assert [one.partition(" ")[0] for one in found.problems] == [RPO]
    assert found.notes == ["unconfirmed regression"]


def test_a_number_of_the_teams_own_tells_no_scatter(drilled, tmp_path):
    (tmp_path / "limits.json").write_text(json.dumps({"rto": 5}))
    points = {RTO: {"file": "limits.json", "value": "rto", "unit": "s"}}
    found, _ = drilled([(RTO, 31.0)], baseline={"points": points})
    assert (found.results[0].state, found.problems) == ("inconclusive", [])
    said = "rto in limits.json does not tell how far unchanged runs lie apart: write it as a threshold"
    assert found.results[0].reason.endswith(said)
