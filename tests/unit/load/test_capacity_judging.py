"""What a search came to, against thresholds, accepted runs, and a number of the team's own."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from pytest_llmops.judge import BaselineRun, Recording, Store, write_candidate
from pytest_llmops.load.capacity import holds, kept_up, search
from pytest_llmops.load.judging import judged_capacity
from pytest_llmops.load.plan import Stage
from pytest_llmops.load.recording import RECORD, Batch
from pytest_llmops.load.recording import Recording as Reports
from pytest_llmops.load.result import DONE, LoadResult
from pytest_llmops.measure.bench import Bench
from pytest_llmops.samples import Metric, Prompt, Series, Workload
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

from .made_up import plan

WORKLOAD = Workload((Prompt("p0", "question 0"),))
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NAME = "queries.capacity"


def carries(limit, start=10.0, **bounds):
    return search(lambda rate: rate <= limit, start, **bounds)


@pytest.fixture
def bench(tmp_path):
    def bench(accepted=(), **settings):
        table = TargetTable.model_validate({"environment": "staging", **settings})
        target = Target("staging", table, tmp_path, tmp_path / "llmops.toml")
        store = Store(tmp_path / "baselines")
        found = Bench(target, Ledger(tmp_path / "ledger", table.budget), store, "load/test_x.py::test_x", load="search")
        for number, rate in enumerate(accepted):
            metric = Metric(NAME, "s", Series((1 / rate,), ("capacity",)))
            recording = Recording(found.check, metric, found.fingerprint(WORKLOAD))
            run = BaselineRun("staging", MONDAY + timedelta(days=number), "x", "cpu", "3.12", "", (recording,))
            write_candidate(tmp_path / "candidate.json", run)
            store.accept(tmp_path / "candidate.json", reason="normal", by="ada")
        return found

    return bench


def judged(found, bench):
    measurement = judged_capacity(NAME, found, bench, WORKLOAD)
    [result] = measurement.results
    return measurement, result


def test_without_a_baseline_thresholds_alone_judge_and_the_rate_is_kept_as_the_time_of_a_call(bench):
    measurement, result = judged(carries(40), bench(thresholds={NAME: {"target": ">= 50"}}))
    assert (result.value, result.unit, result.state) == (40, "1/s", "no-baseline")
    assert measurement.notes == ["no-baseline"]
    said = "queries.capacity is 40 1/s; the target is >= 50 (40 calls/s hold, at 41.8 no longer (10 tries))"
    assert [one.reason for one in measurement.breaches] == [said]
    [recording] = measurement.recordings
    assert recording.metric.series.values == (0.025,)


@pytest.mark.parametrize(
    ("limit", "state", "ratio"), [(40, "ok", 1), (44, "ok", 0.92), (30, "regression", 1.36), (70, "improvement", 0.6)]
)
def test_it_is_compared_with_the_median_of_the_accepted_runs(bench, limit, state, ratio):
    measurement, result = judged(carries(limit), bench(accepted=(36, 40, 60)))
    assert (result.state, result.baseline) == (state, pytest.approx(40))
    assert result.ratio == pytest.approx(ratio, abs=0.05)
    assert measurement.notes == []
    if state == "regression":
        [said] = measurement.regressions
        assert said.startswith("queries.capacity: 29.5 calls/s hold, at 30.8 no longer (")
        assert said.endswith("); 40 1/s by 3 accepted runs, the newest of 2026-03-04 09:30")
    else:
        assert measurement.regressions == []


def test_a_number_of_the_teams_own_is_a_baseline_too(bench, tmp_path):
    (tmp_path / "limits.json").write_text(json.dumps({"rate": 50}))
    points = {NAME: {"file": "limits.json", "value": "rate", "unit": "1/s"}}
    _, result = judged(carries(40), bench(baseline={"points": points}))
    assert (result.state, result.baseline) == ("regression", pytest.approx(50))


def test_a_search_that_ended_too_soon_decides_nothing(bench):
    measurement, result = judged(carries(30, most=3), bench(accepted=(60,)))
    assert (result.state, result.suspect, measurement.regressions) == ("inconclusive", True, [])
    measurement, result = judged(carries(300, cap=30), bench())
    assert (result.state, measurement.regressions) == ("inconclusive", [])


def test_a_target_that_carries_nothing_fails_whatever_it_carried_before(bench):
    measurement, result = judged(carries(0), bench(accepted=(60,)))
    [breach] = measurement.breaches
    assert breach.fails
    assert breach.reason.startswith("queries.capacity: the objectives hold at no rate, down to 0.125 calls/s (")
    assert result.value == 0
    assert measurement.recordings == []


def ran(slots, service_s, rate, seconds=20, failed=0):
    """Calls at a constant rate to a server of so many slots."""
    due = np.arange(int(rate * seconds)) / rate
    free, done = np.zeros(slots), []
    for moment in due:
        slot = free.argmin()
        free[slot] = max(free[slot], moment) + service_s
        done.append(free[slot])
    calls = np.zeros(len(due), RECORD)
    calls["started"], calls["service_s"] = 1000 + due, np.array(done) - due
    calls["kind"][:failed] = 1
    sent = plan(Stage(seconds=seconds, rate=rate))
    return LoadResult(sent, Reports([Batch(0, calls=calls, kinds=[("timeout", "late")])]), 1000.0, DONE)


@pytest.mark.parametrize(("rate", "carried"), [(10, True), (38, True), (42, True), (45, False), (80, False)])
def test_what_piles_up_is_not_carried_however_patient_the_objective_is(rate, carried):
    assert holds(ran(4, 0.1, rate), {"response": 60}) is carried
    assert (kept_up(ran(4, 0.1, rate)) >= 0.95) is carried


def test_calls_that_take_half_of_the_run_do_not_pile_up():
    assert holds(ran(50, 10.0, 2), {"response": 11})


def test_what_is_too_slow_or_fails_too_often_is_not_carried():
    assert not holds(ran(4, 0.1, 10), {"response": 0.05})
    assert holds(ran(4, 0.1, 10, failed=10), {"response": 1})
    assert not holds(ran(4, 0.1, 10, failed=11), {"response": 1})
    assert kept_up(LoadResult(plan(Stage(seconds=1, rate=1)), Reports(), 0.0, DONE)) == 0
