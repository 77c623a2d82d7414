import json
from datetime import UTC, datetime, timedelta

import pytest

from pytest_llmops.judge import BaselineRun, Recording, write_candidate
from pytest_llmops.judge.shipped import SHIPPED
from pytest_llmops.samples import Metric, Series

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FILE = """
default_target = "staging"
[targets.staging.components.redis]
url = "redis://cache.example"
[targets.staging-eu.components.redis]
url = "redis://cache.eu.example"
"""
RECORD = "Record one: pytest -m daily --llmops-baseline record"


@pytest.fixture
def file(tmp_path):
    """A file with two targets."""
    path = tmp_path / "llmops.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def record(tmp_path):
    """Leaves a candidate, as a run does."""

    def record(value, *, target="staging", day=0, model="m1"):
        moment = MONDAY + timedelta(days=day)
        fingerprint = {"target": target, "model": model, "workload": "0a1b2c3d4e5f"}
        metric = Metric("latency", "s", Series((value, value * 1.1, value * 0.9, value * 2), ("a", "b", "c", "d"), 1))
        recording = Recording("daily/test_latency.py::test_x", metric, fingerprint)
        run = BaselineRun(target, moment, "ci-large", "EPYC", "3.12.4", "0123abcd", (recording,))
        path = tmp_path / "reports" / "candidates" / f"{target}-{moment:%Y%m%dT%H%M%S}.json"
        write_candidate(path, run)
        return path

    return record


def table(printed):
    return [line.split() for line in printed.splitlines()]


def test_there_is_nothing_to_list_show_diff_or_accept(llmops, file, tmp_path):
    assert llmops("baseline", "list") == (0, f"staging has no baseline. {RECORD}\n")
    assert llmops("baseline", "show") == (1, "Error: staging has no baseline to show.\n")
    absent = f"Error: there is no candidate of staging in {tmp_path}/reports/candidates. {RECORD}\n"
    assert llmops("baseline", "diff") == (1, absent)
    assert llmops("baseline", "accept", "--reason", "first") == (1, absent)


def test_from_candidate_to_baseline(llmops, file, record, tmp_path):
    first, second = record(0.1), record(0.12, day=1)
    status, said = llmops("baseline", "accept", "--reason", "first week", "--by", "ada", first)
    accepted = tmp_path / "baselines" / "staging" / "0001_20260302T093000Z.json"
    assert status == 0
    assert table(said)[:2] == [["metric", "baseline", "candidate", "times"], ["latency", "none", "yet", "105", "ms"]]
    assert said.splitlines()[-1] == f"accepted: {first} as {accepted}"
    assert json.loads(accepted.read_text())["llmops"]["accepted"]["reason"] == "first week"

    assert table(llmops("baseline", "diff")[1])[1] == ["latency", "105", "ms", "126", "ms", "1.20"]  # the newest
    assert table(llmops("baseline", "diff", first)[1])[1] == ["latency", "105", "ms", "105", "ms", "1.00"]
    assert llmops("baseline", "accept", "--reason", "new model", "--by", "eve")[1].splitlines()[-1] == (
        f"accepted: {second} as {tmp_path}/baselines/staging/0002_20260303T093000Z.json"
    )
    assert table(llmops("baseline", "list")[1]) == [
        ["file", "recorded", "metrics", "accepted", "by", "reason"],
        ["0001_20260302T093000Z.json", "2026-03-02", "09:30", "1", "ada", "first", "week"],
        ["0002_20260303T093000Z.json", "2026-03-03", "09:30", "1", "eve", "new", "model"],
    ]
    shown = llmops("baseline", "show")[1].splitlines()
    assert shown[0] == (
        f"{tmp_path}/baselines/staging/0002_20260303T093000Z.json: staging, 2026-03-03 09:30, host class ci-large, EPYC"
    )
    assert table("\n".join(shown))[2] == ["latency", "126", "ms", "208", "ms", "4", "1", "m1"]
    assert llmops("baseline", "show", accepted)[1].splitlines()[0].startswith(f"{accepted}: staging, 2026-03-02 09:30")


def test_several_candidates_are_accepted_at_once(llmops, file, record, tmp_path):
    paths = [record(0.1, day=day) for day in range(3)]
    assert llmops("baseline", "accept", "--reason", "a week", "--by", "ada", *paths)[0] == 0
    assert len(list((tmp_path / "baselines" / "staging").iterdir())) == 3


def test_unlike_conditions_are_named_in_place_of_a_ratio(llmops, file, record):
    llmops("baseline", "accept", "--reason", "first", "--by", "ada", record(0.1))
    record(0.12, day=1, model="m2")
    row = llmops("baseline", "diff")[1].splitlines()[1]
    assert " ".join(row.split()) == "latency model is m2 now, m1 in the baseline 126 ms"


def test_nothing_is_accepted_without_a_reason(llmops, file, record, tmp_path):
    path = record(0.1)
    status, said = llmops("baseline", "accept", path)
    assert (status, said.splitlines()[-1]) == (2, "Error: Missing option '--reason'.")
    said = llmops("baseline", "accept", "--reason", "  ", "--by", "ada", path)[1].splitlines()[-1]
    assert said == "Error: a baseline is accepted with a reason: say why this run is the new normal"
    assert not (tmp_path / "baselines").exists()


def test_a_candidate_of_another_target_is_not_accepted(llmops, file, record, tmp_path):
    path = record(0.1, target="staging-eu")
    assert llmops("baseline", "accept", "--reason", "first", "--by", "ada", path) == (
        1,
        "Error: these candidates are of target staging-eu, not of staging; give --target.\n",
    )
    assert not (tmp_path / "baselines").exists()
    assert llmops("baseline", "accept", "--target", "staging-eu", "--reason", "first", "--by", "ada")[0] == 0


def test_the_newest_candidate_is_that_of_the_target(llmops, file, record):
    record(0.1)
    record(9.0, target="staging-eu", day=1)
    assert table(llmops("baseline", "diff")[1])[1] == ["latency", "none", "yet", "105", "ms"]
    assert table(llmops("baseline", "diff", "--target", "staging-eu")[1])[1] == ["latency", "none", "yet", "9.45", "s"]


def test_candidates_may_be_elsewhere(llmops, file, record, tmp_path):
    record(0.1)
    (tmp_path / "reports").rename(tmp_path / "elsewhere")
    assert llmops("baseline", "diff", "--reports", tmp_path / "elsewhere")[0] == 0
    assert llmops("baseline", "diff")[0] == 1


def test_the_file_may_be_named(llmops, file, tmp_path):
    named = file.rename(tmp_path / "other.toml")
    assert llmops("baseline", "list", "--config", named)[1] == f"staging has no baseline. {RECORD}\n"
    status, said = llmops("baseline", "list", "--config", named, "--target", "stagin")
    assert status == 1
    assert said == (
        "Error: other.toml: unknown target 'stagin'. Did you mean 'staging' or 'staging-eu'? Targets: staging, "
        "staging-eu, sandbox, sandbox:ollama, sandbox:openai-compatible, sandbox:rag.\n"
    )


def test_a_sandbox_without_baselines_of_its_own_lists_those_that_are_shipped(llmops):
    shipped = sorted(path.name for path in (SHIPPED / "sandbox").glob("*.json"))
    said = llmops("baseline", "list")[1]
    if shipped:
        assert [row[0] for row in table(said)[1:] if row[0].endswith(".json")] == shipped
    else:
        assert said == f"sandbox has no baseline. {RECORD}\n"
