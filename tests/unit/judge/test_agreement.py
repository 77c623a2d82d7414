import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pytest_llmops.judge import BaselineRun, Recording, Store, write_candidate
from pytest_llmops.judge.agreement import companies, disagreements
from pytest_llmops.samples import Metric, Series

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
SPREAD = (0, 2, -1, 1, -2, 3, 0, -3, 1, -1)


def run(name, levels, *, day=0, unit="s", calls=10, **fingerprint):
    """A candidate with a median for each metric, its values within 3 %."""
    recordings = []
    for metric, level in levels.items():
        values = tuple(level * (1 + SPREAD[place % 10] / 100) for place in range(calls))
        like = {"target": "staging", "model": "m1", **fingerprint}
        recordings.append(Recording("daily/test_x.py::test_x", Metric(metric, unit, Series(values)), like))
    moment = MONDAY + timedelta(days=day)
    return BaselineRun("staging", moment, "ci", "EPYC", "3.12.4", "", tuple(recordings), path=Path(name))


def said(*runs, store=None, tau0=0.05, floor=0.0):
    return [str(one) for one in disagreements(companies(store, runs), tau0, floor)]


def test_runs_of_one_normal_agree():
    assert said(run("a", {"x": 0.100}), run("b", {"x": 0.108}), run("c", {"x": 0.095})) == []
    assert said(run("a", {"x": 0.1})) == []


def test_the_run_that_is_farthest_from_the_others_is_named_and_how_far():
    runs = [run(name, {"x": level}) for name, level in (("a", 0.1), ("b", 0.102), ("c", 0.099), ("d", 0.19))]
    assert said(*runs) == [
        "x: d is 1.90 times slower than the median of the others; runs of one normal differ by 1.22 at most"
    ]
    fast = [run(name, {"x": level}) for name, level in (("a", 0.1), ("b", 0.05), ("c", 0.099))]
    assert said(*fast) == [
        "x: b is 1.99 times faster than the median of the others; runs of one normal differ by 1.21 at most"
    ]


def test_of_two_the_newer_one_is_named():
    assert said(run("a", {"x": 0.1}), run("b", {"x": 0.15})) == [
        "x: b is 1.50 times slower than a; runs of one normal differ by 1.20 at most"
    ]


def test_a_rate_is_higher_or_lower():
    assert said(run("a", {"x": 40.0}, unit="tokens/s"), run("b", {"x": 60.0}, unit="tokens/s")) == [
        "x: b is 1.50 times higher than a; runs of one normal differ by 1.20 at most"
    ]


def test_each_metric_is_tested_and_the_more_there_are_the_stricter():
    several = {f"m{number}": 0.1 for number in range(6)}
    assert said(run("a", {"x": 0.1}), run("b", {"x": 0.122})) == [
        "x: b is 1.22 times slower than a; runs of one normal differ by 1.20 at most"
    ]
    assert said(run("a", {"x": 0.1, **several}), run("b", {"x": 0.122, **several})) == []
    apart = said(run("a", {"x": 0.1, "y": 0.1, "z": 0.1}), run("b", {"x": 0.2, "y": 0.1, "z": 0.05}))
    assert [sentence.partition(" times")[0] for sentence in apart] == ["x: b is 2.00", "z: b is 2.00"]


def test_a_target_whose_runs_are_known_to_differ_says_so():
    runs = [run("a", {"x": 0.1}), run("b", {"x": 0.14})]
    assert len(said(*runs)) == 1
    assert said(*runs, tau0=0.1) == []


def test_differences_below_the_floor_are_nobodys_problem():
    runs = [run("a", {"x": 0.002}), run("b", {"x": 0.004})]
    assert len(said(*runs)) == 1
    assert said(*runs, floor=0.005) == []


def test_noise_within_runs_is_no_disagreement():
    wild = random.Random(7)

    def noisy(name):
        values = tuple(0.1 * wild.lognormvariate(0, 0.8) for _ in range(12))
        recording = Recording("c", Metric("x", "s", Series(values)), {"model": "m1"})
        return BaselineRun("staging", MONDAY, "ci", "EPYC", "3.12.4", "", (recording,), path=Path(name))

    assert [said(noisy("a"), noisy("b"), noisy("c")) for _ in range(20)] == [[]] * 20


def test_a_run_with_too_few_values_disagrees_with_nobody():
    assert said(run("a", {"x": 0.1}), run("b", {"x": 0.5}, calls=9)) == []


def test_unlike_runs_do_not_meet():
    assert said(run("a", {"x": 0.1}), run("b", {"x": 0.5}, model="m2")) == []
    assert len(said(run("a", {"x": 0.1}), run("b", {"x": 0.5}, model="*"))) == 1


@pytest.fixture
def store(tmp_path):
    """Holds five accepted runs: one of 0.5 s, then four of 0.1 s."""
    store = Store(tmp_path / "baselines")
    for day, level in enumerate((0.5, 0.1, 0.1, 0.1, 0.1)):
        write_candidate(tmp_path / "candidate.json", run("x", {"x": level}, day=day))
        store.accept(tmp_path / "candidate.json", reason="r", by="ada")
    return store


def test_candidates_join_the_like_runs_that_will_be_compared_with(store):
    assert said(run("new", {"x": 0.1}), store=store) == []  # the oldest falls out of the newest five
    (sentence,) = said(run("new", {"x": 0.2}), store=store)
    assert (
        sentence
        == "x: new is 2.00 times slower than the median of the others; runs of one normal differ by 1.23 at most"
    )
    assert said(run("new", {"x": 0.2}, model="m2"), store=store) == []


def test_an_accepted_run_is_named_by_its_number(store, tmp_path):
    companies_ = companies(store, [run("new", {"x": 0.1})])
    assert [name for one in companies_ for name, _ in one.runs] == ["0002", "0003", "0004", "0005", "new"]


def test_honest_runs_are_refused_in_one_case_of_a_hundred():
    wild = random.Random(3)
    refused = 0
    for _ in range(200):
        runs = []
        for number in range(3):
            level = 0.1 * wild.lognormvariate(0, 0.05)
            values = tuple(level * wild.lognormvariate(0, 0.3) for _ in range(30))
            recording = Recording("c", Metric("x", "s", Series(values)), {"model": "m1"})
            runs.append(BaselineRun("s", MONDAY, "ci", "EPYC", "3.12", "", (recording,), path=Path(str(number))))
        refused += bool(said(*runs))
    assert refused <= 6
