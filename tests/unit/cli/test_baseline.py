import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pytest_llmops.cli.runs import age
from pytest_llmops.judge import BaselineRun, Recording, write_candidate
from pytest_llmops.judge.shipped import SHIPPED
from pytest_llmops.samples import Metric, Series

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
RECORD = "Record one: pytest -m daily --llmops-baseline record"


def table(printed):
    """The words of each line from the table's heading on."""
    lines = [line.split() for line in printed.splitlines()]
    start = next(index for index, words in enumerate(lines) if words[:1] in (["metric"], ["run"]))
    return lines[start:]


def days(day=0):
    """How old the run of that day is."""
    return f"{(datetime.now(UTC) - MONDAY - timedelta(days=day)).days} days"


def test_there_is_nothing_to_list_show_diff_or_accept(llmops, file, tmp_path):
    assert llmops("baseline", "list") == (0, f"staging has no baseline. {RECORD}\n")
    assert llmops("baseline", "show") == (1, "Error: staging has no baseline to show.\n")
    absent = f"Error: there is no candidate of staging in {tmp_path}/reports/candidates. {RECORD}\n"
    assert llmops("baseline", "diff") == (1, absent)
    assert llmops("baseline", "accept", "--reason", "first") == (1, absent)


HEADING = ["metric", "now", "baseline", "times", "slower", "calls", "failed", "verdict"]


def test_from_candidate_to_baseline(llmops, file, record, tmp_path):
    first, second = record(0.1), record(0.101, day=1)
    status, said = llmops("baseline", "accept", "--reason", "first week", "--by", "ada", first)
    accepted = tmp_path / "baselines" / "staging" / "0001_20260302T093000Z.json"
    assert status == 0
    assert said.splitlines()[0] == f"candidate: {first}: recorded 2026-03-02 09:30, {days()} ago, ci-large"
    assert table(said)[:2] == [HEADING, ["latency", "100", "ms", "30", "0", "no-baseline"]]
    assert said.splitlines()[-1] == f"accepted: {first} as {accepted}"
    assert json.loads(accepted.read_text())["llmops"]["accepted"]["reason"] == "first week"

    said = llmops("baseline", "diff")[1]  # the newest
    candidate, baseline = said.splitlines()[:2]
    assert candidate == f"candidate: {second}: recorded 2026-03-03 09:30, {days(1)} ago, ci-large"
    newest = f"the newest 0001: recorded 2026-03-02 09:30, {days()} ago"
    assert baseline == f"baseline: 1 accepted run in {accepted.parent}, {newest}"
    row = table(said)[1]
    assert row[:6] == ["latency", "101", "ms", "100", "ms", "1.01"]
    low, high = map(float, row[6].strip("()").split("-"))
    assert low < 1.01 < high
    assert row[7:] == ["30", "0", "ok"]
    assert llmops("baseline", "accept", "--reason", "new model", "--by", "eve")[1].splitlines()[-1] == (
        f"accepted: {second} as {tmp_path}/baselines/staging/0002_20260303T093000Z.json"
    )


def test_who_accepts_is_told_without_git(llmops, file, record, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("USER", "eve")
    path = record(0.1)
    status, said = llmops("baseline", "accept", "--reason", "first", path)
    assert (status, said.splitlines()[-1].split(" as ")[0]) == (0, f"accepted: {path}")
    assert llmops("baseline", "show")[1].splitlines()[1].endswith(" by eve: first")


def test_nobody_accepts_who_has_no_name(llmops, file, record, tmp_path, monkeypatch):
    def unknown(uid):
        raise KeyError(uid)

    monkeypatch.setenv("PATH", str(tmp_path))
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    assert llmops("baseline", "accept", "--reason", "first", record(0.1)) == (
        1,
        "Error: neither git nor the system knows who you are; give --by.\n",
    )


def test_a_list_names_number_age_and_reason(llmops, file, record, tmp_path):
    for day, (by, reason) in enumerate([("ada", "first week"), ("eve", "new model")]):
        llmops("baseline", "accept", "--reason", reason, "--by", by, record(0.1, day=day))
    said = llmops("baseline", "list")[1]
    folder = f"{tmp_path}/baselines/staging"
    assert said.splitlines()[0] == f"{folder}: a measurement is compared with the newest 5 that are like it"
    assert table(said) == [
        ["run", "recorded", "age", "metrics", "by", "reason"],
        ["0001", "2026-03-02", "09:30", *days(0).split(), "1", "ada", "first", "week"],
        ["0002", "2026-03-03", "09:30", *days(1).split(), "1", "eve", "new", "model"],
    ]


def test_a_long_reason_folds_between_words(llmops, file, record, monkeypatch):
    reason = "the provider moved us to another region and nobody will move us back before the summer"
    llmops("baseline", "accept", "--reason", reason, "--by", "ada", record(0.1))
    monkeypatch.setenv("COLUMNS", "80")
    lines = llmops("baseline", "list")[1].splitlines()[2:]
    assert lines[0].startswith("0001 2026-03-02 09:30 ")
    column = lines[0].index("the provider")
    assert " ".join(line[column:].strip() for line in lines) == reason
    assert 1 < len(lines) < 5


def test_a_run_is_shown_by_its_number_or_name(llmops, file, record, tmp_path):
    first = record(0.1, failures=1)
    llmops("baseline", "accept", "--reason", "first week", "--by", "ada", first)
    llmops("baseline", "accept", "--reason", "new model", "--by", "eve", record(0.12, day=1))
    newest = llmops("baseline", "show")
    accepted = tmp_path / "baselines" / "staging" / "0001_20260302T093000Z.json"
    status, said = llmops("baseline", "show", "0001")
    today = datetime.now(UTC)
    assert (status, said.splitlines()[:2]) == (
        0,
        [
            f"{accepted}: staging, recorded 2026-03-02 09:30, {days()} ago, ci-large, EPYC",
            f"accepted {today:%Y-%m-%d} by ada: first week",
        ],
    )
    assert table(said) == [
        ["metric", "median", "p90", "calls", "failed", "model"],
        ["latency", "100", "ms", "102", "ms", "30", "1", "m1"],
    ]
    for word in ("1", "0001_2026", accepted.name, accepted):
        assert llmops("baseline", "show", word) == (status, said)
    assert llmops("baseline", "show", "2") == newest
    assert newest[1].splitlines()[1].endswith("by eve: new model")
    status, said = llmops("baseline", "show", first)
    assert (status, said.splitlines()[1]) == (0, "a candidate: nobody has accepted it")


def test_a_run_that_is_not_there_or_not_the_only_one(llmops, file, record, tmp_path):
    for day in range(2):
        llmops("baseline", "accept", "--reason", "a week", "--by", "ada", record(0.1, day=day))
    assert llmops("baseline", "show", "0003") == (
        1,
        "Error: staging has no accepted run '0003'. Did you mean '0002' or '0001'? Runs: 0001, 0002.\n",
    )
    names = "0001_20260302T093000Z.json, 0002_20260303T093000Z.json"
    said = f"Error: 2 accepted runs begin with '00': {names}; give more of the name.\n"
    assert llmops("baseline", "show", "00") == (1, said)
    absent = tmp_path / "absent.json"
    assert llmops("baseline", "show", absent) == (1, f"Error: there is no baseline file {absent}\n")


def test_a_candidate_is_found_by_its_name(llmops, file, record):
    path = record(0.1)
    assert llmops("baseline", "diff", path.name) == llmops("baseline", "diff", path)
    assert llmops("baseline", "diff", "absent.json") == (1, "Error: there is no baseline file absent.json\n")


def test_a_slower_candidate_is_a_regression_that_nobody_confirmed(llmops, file, record):
    llmops("baseline", "accept", "--reason", "first", "--by", "ada", record(0.1))
    record(0.15, day=1)
    said = llmops("baseline", "diff")[1]
    assert table(said)[1][5] == "1.50"
    assert table(said)[1][-1] == "regression"
    assert said.splitlines()[-1] == (
        "A candidate holds one run; a regression fails a test only when a second run confirms it."
    )


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        ({"calls": 5}, "typical needs 10 values in every run; the shortest has 5"),
        ({"failures": 2}, "6% of the calls failed, and the others alone would flatter (survivorship)"),
    ],
    ids=["few calls", "lost calls"],
)
def test_why_nothing_can_be_said(llmops, file, record, made, reason):
    llmops("baseline", "accept", "--reason", "first", "--by", "ada", record(0.1))
    record(0.1, day=1, **made)
    said = llmops("baseline", "diff")[1]
    assert table(said)[1][-1] == "inconclusive"
    assert said.splitlines()[-1] == f"latency: {reason}"


def test_the_targets_own_rule_judges(llmops, file, record):
    file.write_text(f"{file.read_text()}\n[targets.staging.baseline]\nthreshold = 2.0\n")
    llmops("baseline", "accept", "--reason", "first", "--by", "ada", record(0.1))
    record(0.15, day=1)
    assert table(llmops("baseline", "diff")[1])[1][-1] == "ok"


def test_parts_of_one_measurement_share_its_failures(llmops, file, tmp_path):
    def run(day, failures):
        values = tuple(0.1 + step * 7 % 12 / 1000 for step in range(30))
        metrics = [Metric(name, "s", Series(values, (), failures)) for name in ("latency", "latency.ttft", "other")]
        metrics[1], metrics[2] = (replace(one, series=Series(values, (), 0)) for one in metrics[1:])
        recordings = tuple(Recording("daily/test_x.py::test_x", metric, {"model": "m"}) for metric in metrics)
        path = tmp_path / "reports" / "candidates" / f"staging-2026030{day}T093000.json"
        write_candidate(
            path, BaselineRun("staging", MONDAY + timedelta(days=day), "c", "EPYC", "3.12.4", "", recordings)
        )
        return path

    llmops("baseline", "accept", "--reason", "first", "--by", "ada", run(2, 0))
    run(3, 4)
    rows = {row[0]: row[-1] for row in table(llmops("baseline", "diff")[1])[1:4]}
    assert rows == {"latency": "inconclusive", "latency.ttft": "inconclusive", "other": "ok"}


def test_a_candidate_that_is_accepted_is_compared_with_itself(llmops, file, record):
    path = record(0.1)
    llmops("baseline", "accept", "--reason", "first", "--by", "ada", path)
    assert llmops("baseline", "diff")[1].splitlines()[0] == (
        f"candidate: {path}: recorded 2026-03-02 09:30, {days()} ago, ci-large; "
        "accepted already as 0001, so it is compared with itself too"
    )


@pytest.mark.parametrize(
    ("since", "said"),
    [
        (timedelta(seconds=-30), "0 min"),
        (timedelta(minutes=119, seconds=30), "119 min"),
        (timedelta(hours=2, seconds=30), "2 h"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(days=2, seconds=30), "2 days"),
    ],
)
def test_an_age_in_the_unit_that_matters(since, said):
    assert age(datetime.now(UTC) - since) == said


def test_several_candidates_are_accepted_at_once(llmops, file, record, tmp_path):
    paths = [record(0.1, day=day) for day in range(3)]
    assert llmops("baseline", "accept", "--reason", "a week", "--by", "ada", *paths)[0] == 0
    assert len(list((tmp_path / "baselines" / "staging").iterdir())) == 3


def test_unlike_conditions_are_named_in_place_of_a_ratio(llmops, file, record):
    llmops("baseline", "accept", "--reason", "first", "--by", "ada", record(0.1))
    record(0.12, day=1, model="m2")
    said = llmops("baseline", "diff")[1]
    assert table(said)[1] == ["latency", "120", "ms", "30", "0", "not-comparable"]
    assert said.splitlines()[-1] == "latency: model is m2 now, m1 in the baseline"


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
    assert table(llmops("baseline", "diff")[1])[1] == ["latency", "100", "ms", "30", "0", "no-baseline"]
    other = llmops("baseline", "diff", "--target", "staging-eu")[1]
    assert table(other)[1] == ["latency", "9", "s", "30", "0", "no-baseline"]


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
        "staging-eu, sandbox, sandbox:aegis-rag, sandbox:aegis-rag-compose, sandbox:agent-aiops, "
        "sandbox:document-enhancer, sandbox:enterprise-pipeline, sandbox:ollama, sandbox:openai-compatible, "
        "sandbox:rag, sandbox:voyageur.\n"
    )


def test_a_sandbox_without_baselines_of_its_own_lists_those_that_are_shipped(llmops):
    shipped = sorted(path.name.partition("_")[0] for path in (SHIPPED / "sandbox").glob("*.json"))
    said = llmops("baseline", "list")[1]
    if shipped:
        assert [row[0] for row in table(said)[1:] if row[0].isdigit()] == shipped
    else:
        assert said == f"sandbox has no baseline. {RECORD}\n"


def test_targets_whose_candidates_have_names_alike_are_told_apart(llmops, file, record, tmp_path):
    file.write_text(f'{file.read_text()}\n[targets."eu:a".components.redis]\nurl = "redis://a.example"\n')
    file.write_text(f'{file.read_text()}\n[targets.eu-a.components.redis]\nurl = "redis://b.example"\n')
    folder = tmp_path / "reports" / "candidates"
    record(0.1, target="eu:a").rename(folder / "eu-a-20260302T093000.json")
    record(0.2, target="eu:a").rename(folder / "eu-a-20260302T093000-10.json")
    record(0.3, target="eu-a", day=-1)
    shown = [table(llmops("baseline", "diff", "--target", name)[1])[1][1:3] for name in ("eu:a", "eu-a")]
    assert shown == [["200", "ms"], ["300", "ms"]]
