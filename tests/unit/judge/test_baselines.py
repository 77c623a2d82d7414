import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge import BaselineRun, Recording, Store, load, write_candidate
from pytest_llmops.judge.shipped import SHIPPED
from pytest_llmops.samples import Metric, Series

LIKE = {
    "target": "staging",
    "model": "sha256:cd34",
    "workload": "0a1b2c3d4e5f",
    "concurrency": 1,
    "host_class": "ci-large",
    "measurement_version": 1,
}
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def recorded(values=(0.123456, 0.2, 0.25, 0.3), *, day=0, **fingerprint):
    series = Series(tuple(values), ("a", "b", "a", "b")[: len(values)], failures=2)
    recording = Recording(
        check="daily/test_latency.py::test_generation",
        metric=Metric("generation", "s", series),
        fingerprint={**LIKE, **fingerprint},
        beside={"gpu_share": 0.4, "note": None},
    )
    return BaselineRun(
        target="staging",
        recorded=MONDAY + timedelta(days=day),
        host_class="ci-large",
        cpu="EPYC 7B13",
        python_version="3.12.4",
        commit="0123abcd",
        recordings=(recording,),
    )


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path / "baselines")


@pytest.fixture
def accept(store, tmp_path):
    def accept(run):
        candidate = tmp_path / "candidate.json"
        write_candidate(candidate, run)
        return store.accept(candidate, reason="first stable week", by="ada", commit="0123abcd")

    return accept


def test_a_run_comes_back_as_it_was_recorded(tmp_path):
    path, run = tmp_path / "reports" / "candidate.json", recorded()
    write_candidate(path, run)
    back = load(path)
    assert back.recordings[0].metric.series == Series((0.1235, 0.2, 0.25, 0.3), ("a", "b", "a", "b"), 2)
    metric = Metric("generation", "s", back.recordings[0].metric.series)
    assert back == replace(run, path=path, recordings=(replace(run.recordings[0], metric=metric),))
    assert [file.name for file in path.parent.iterdir()] == ["candidate.json"]


def test_the_file_is_compact_and_names_no_host(tmp_path):
    path = tmp_path / "candidate.json"
    write_candidate(path, recorded())
    document = json.loads(path.read_text())
    assert document["machine_info"] == {"host_class": "ci-large", "cpu": "EPYC 7B13", "python_version": "3.12.4"}
    assert document["llmops"] == {
        "schema": 1,
        "target": "staging",
        "recorded": "2026-03-02T09:30:00+00:00",
        "accepted": None,
    }
    entry = document["benchmarks"][0]
    assert entry["fullname"] == "daily/test_latency.py::test_generation::generation"
    assert entry["extra_info"] == {
        "unit": "s",
        "prompts": ["a", "b"],
        "prompt_index": [0, 1, 0, 1],
        "failures": 2,
        "fingerprint": LIKE,
        "beside": {"gpu_share": 0.4, "note": None},
    }
    assert entry["stats"]["data"] == [0.1235, 0.2, 0.25, 0.3]
    assert entry["stats"]["median"] == 0.225
    assert len(path.read_text().splitlines()) == 10  # one for each table, one for each metric


def test_accepting_numbers_the_files_and_keeps_the_reason(store, accept):
    paths = [accept(recorded(day=day)) for day in range(2)]
    assert [str(path.relative_to(store.directory)) for path in paths] == [
        "staging/0001_20260302T093000Z.json",
        "staging/0002_20260303T093000Z.json",
    ]
    newest = store.runs("staging")[-1]
    assert newest.path == paths[1]
    assert (newest.accepted.reason, newest.accepted.by, newest.accepted.commit, newest.accepted.source) == (
        ("first stable week", "ada", "0123abcd", "candidate.json")
    )
    assert store.runs("elsewhere") == []


def test_the_same_run_is_not_accepted_twice(accept):
    path = accept(recorded())
    with pytest.raises(BaselineError) as caught:
        accept(recorded())
    assert str(caught.value) == (
        f"this run was accepted before, as {path}; twice the same one would pass for two that agree. If this one is "
        "corrected: --replace."
    )


def test_pytest_benchmark_compares_the_files(store, accept):
    paths = [accept(recorded(day=day)) for day in range(2)]
    found = subprocess.run(
        [sys.executable, "-m", "pytest_benchmark", "compare", *map(str, paths)],
        capture_output=True,
        text=True,
        check=False,
        cwd=store.directory,
    )
    assert found.returncode == 0, found.stderr
    assert found.stdout.count("\ngeneration (") == 2
    assert "0001_2026" in found.stdout
    assert "0002_2026" in found.stdout
    assert "Failed to load" not in found.stdout + found.stderr


def test_like_runs_are_found_newest_last_and_five_at_most(store, accept):
    for day in range(7):
        accept(recorded((1.0 + day,), day=day))
    match = store.find("staging", "generation", LIKE)
    assert [series.values for series in match.series] == [(3.0,), (4.0,), (5.0,), (6.0,), (7.0,)]
    assert (match.differs, match.known) == ("", True)


def test_an_unlike_fingerprint_is_named(store, accept):
    accept(recorded())
    match = store.find("staging", "generation", {**LIKE, "model": "sha256:ab12", "concurrency": 4})
    assert (match.series, match.known) == ([], True)
    assert match.differs == (
        "model is sha256:ab12 now, sha256:cd34 in the baseline; concurrency is 4 now, 1 in the baseline"
    )
    unnamed = store.find("staging", "generation", {**LIKE, "model": "", "region": "eu"})
    model, region = unnamed.differs.split("; ")
    assert model == "model is unknown now, sha256:cd34 in the baseline"
    assert region == "region is eu now, unknown in the baseline"


def test_unlike_runs_between_like_ones_are_passed_over(store, accept):
    accept(recorded((1.0,)))
    accept(recorded((2.0,), day=1, model="sha256:ffff"))
    accept(recorded((3.0,), day=2))
    assert [one.values for one in store.find("staging", "generation", LIKE).series] == [(1.0,), (3.0,)]


def test_what_is_compared_itself_is_left_out_of_the_likeness(store, accept):
    accept(recorded(model="sha256:ffff"))
    around_an_update = {key: value for key, value in LIKE.items() if key != "model"}
    assert len(store.find("staging", "generation", around_an_update).series) == 1


def test_an_unknown_metric_is_not_known(store, accept):
    accept(recorded())
    match = store.find("staging", "embedding", LIKE)
    assert (match.series, match.differs, match.known) == ([], "", False)


DAMAGE = {
    "{": (
        "{path} is damaged: it is no readable JSON (Expecting property name enclosed in double quotes: line 1 column 2 "
        "(char 1)). Restore it from version control, or delete it and accept a new run; it was not changed."
    ),
    '{"benchmarks": []}': (
        "{path} is not a baseline of pytest-llmops: it has no 'llmops' table. Move it out of the baselines; it was "
        "not changed."
    ),
    '{"llmops": {"schema": 9}}': (
        "{path} has schema 9, this version of pytest-llmops reads 1. Use the version that wrote it, or record anew; "
        "it was not changed."
    ),
    '{"llmops": {"schema": 1}}': (
        "{path} is damaged: 'machine_info' is missing. Restore it from version control, or delete it and accept a "
        "new run; it was not changed."
    ),
}


@pytest.mark.parametrize("text", DAMAGE)
def test_a_broken_file_is_an_error_and_stays_as_it_is(store, accept, text):
    broken = accept(recorded())
    broken.write_text(text)
    with pytest.raises(BaselineError) as caught:
        store.find("staging", "generation", LIKE)
    assert str(caught.value) == DAMAGE[text].replace("{path}", str(broken))
    assert accept(recorded(day=1)).name == "0002_20260303T093000Z.json"
    assert broken.read_text() == text


def test_values_that_cannot_be_are_damage(store, accept):
    path = accept(recorded())
    path.write_text(path.read_text().replace('"data": [0.1235', '"data": [-0.1235'))
    with pytest.raises(BaselineError) as caught:
        store.runs("staging")
    assert str(caught.value) == (
        f"{path} is damaged: value 1 of generation is -0.1235. Restore it from version control, or delete it and "
        "accept a new run; it was not changed."
    )


ODD = {
    ('"data": [0.1235', f'"data": [{"9" * 400}'): "value 1 of generation is inf",
    ('"failures": 2', '"failures": 1e400'): "cannot convert float infinity to integer",
    ('"unit": "s"', '"unit": 1'): "unit is no string",
    ('"host_class": "ci-large", "cpu"', '"host_class": ["ci"], "cpu"'): "host_class is no string",
    ('"cpu": "EPYC 7B13"', '"cpu": null'): "cpu is no string",
}


@pytest.mark.parametrize("change", ODD, ids=ODD.values())
def test_what_no_field_can_hold_is_damage(tmp_path, change):
    path = tmp_path / "candidate.json"
    write_candidate(path, recorded())
    text = path.read_text()
    assert text.count(change[0]) == 1
    path.write_text(text.replace(*change))
    with pytest.raises(BaselineError) as caught:
        load(path)
    assert str(caught.value) == (
        f"{path} is damaged: {ODD[change]}. Restore it from version control, or delete it and accept a new run; it "
        "was not changed."
    )


def test_a_file_that_nests_without_end_is_damage(tmp_path):
    path = tmp_path / "candidate.json"
    path.write_text("[" * 100_000)
    with pytest.raises(BaselineError, match=r"is damaged: it is no readable JSON \(maximum recursion depth exceeded"):
        load(path)


def test_runs_of_one_second_are_two_runs(take, store):
    later = replace(recorded(), recorded=MONDAY + timedelta(milliseconds=1))
    take(recorded(), later)
    assert [path.name for path in take(replace(later, recorded=MONDAY + timedelta(milliseconds=2)))] == [
        "0003_20260302T093000Z.json"
    ]
    assert len(store.runs("staging")) == 3


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(BaselineError) as caught:
        load(tmp_path / "none.json")
    assert str(caught.value) == f"there is no baseline file {tmp_path / 'none.json'}"


def test_a_candidate_among_the_baselines_is_no_baseline(store):
    stray = store.directory / "staging" / "0001_x.json"
    write_candidate(stray, recorded())
    with pytest.raises(BaselineError) as caught:
        store.runs("staging")
    assert str(caught.value) == (
        f"{stray} was never accepted. Move it out of the baselines and accept it with llmops baseline accept."
    )


@pytest.mark.parametrize(
    ("reason", "by", "text"),
    [
        (" ", "ada", "a baseline is accepted with a reason: say why this run is the new normal"),
        ("stable", "", "a baseline is accepted by someone: say who"),
    ],
)
def test_accepting_needs_a_reason_and_a_name(store, tmp_path, reason, by, text):
    write_candidate(tmp_path / "candidate.json", recorded())
    with pytest.raises(BaselineError) as caught:
        store.accept(tmp_path / "candidate.json", reason=reason, by=by)
    assert str(caught.value) == text
    assert not store.directory.exists()


def test_a_baseline_is_not_accepted_twice(store, accept):
    path = accept(recorded())
    with pytest.raises(BaselineError) as caught:
        store.accept(path, reason="again", by="ada")
    assert str(caught.value) == (
        f"{path} is a baseline already, accepted by ada on {datetime.now(UTC):%Y-%m-%d}. "
        "Name a candidate, as --llmops-baseline record writes it."
    )


def test_a_target_cannot_leave_the_directory(store):
    with pytest.raises(BaselineError) as caught:
        store.runs("../elsewhere")
    assert str(caught.value) == "target '../elsewhere' cannot name a folder of baselines"


def test_metrics_without_a_value_are_left_out(tmp_path):
    run = recorded()
    dead = replace(run.recordings[0], metric=Metric("dead", "s", Series((), (), failures=30)))
    write_candidate(tmp_path / "candidate.json", replace(run, recordings=(*run.recordings, dead)))
    assert [one.metric.name for one in load(tmp_path / "candidate.json").recordings] == ["generation"]
    with pytest.raises(BaselineError) as caught:
        write_candidate(tmp_path / "nothing.json", replace(run, recordings=(dead,)))
    assert str(caught.value) == "nothing to record for staging: no call succeeded in any measurement"
    assert not (tmp_path / "nothing.json").exists()


@pytest.fixture
def take(store, tmp_path):
    """Accepts one or several runs at once."""

    def take(*runs, **how):
        paths = []
        for place, run in enumerate(runs):
            write_candidate(tmp_path / f"{place}.json", run)
            paths.append(tmp_path / f"{place}.json")
        return store.accept_all(paths, reason="because", by="ada", **how)

    return take


def named(run, metric):
    (one,) = run.recordings
    return replace(run, recordings=(replace(one, metric=replace(one.metric, name=metric)),))


def found(store, metric="generation", **unlike):
    return [one.values[0] for one in store.find("staging", metric, {**LIKE, **unlike}).series]


def test_a_run_that_replaces_hides_older_like_runs_of_its_metrics(store, take):
    take(recorded((1.0,)), recorded((2.0,), day=1, model="sha256:ffff"), named(recorded((3.0,), day=2), "embedding"))
    take(recorded((4.0,), day=3), recorded((5.0,), day=4), replace=True)
    take(recorded((6.0,), day=5))
    assert found(store) == [4.0, 5.0, 6.0]
    assert found(store, model="sha256:ffff") == [2.0]
    assert found(store, "embedding") == [3.0]
    assert [run.accepted.replaces for run in store.runs("staging")] == [0, 0, 0, 3, 3, 0]
    assert len(store.like("staging", "generation", LIKE)) == 3


def test_of_several_that_replace_the_newest_counts(store, take):
    take(recorded((1.0,)))
    take(recorded((2.0,), day=1), replace=True)
    take(recorded((3.0,), day=2), replace=True)
    assert found(store) == [3.0]


def test_what_else_was_decided_stands_in_the_file_only_where_it_was(take, store):
    (plain,) = take(recorded())
    (other,) = take(recorded(day=1), replace=True, forced=True)
    usual = {"reason", "by", "at", "commit", "from"}
    assert json.loads(plain.read_text())["llmops"]["accepted"].keys() == usual
    accepted = json.loads(other.read_text())["llmops"]["accepted"]
    assert accepted.keys() == {*usual, "replaces", "forced"}
    assert (accepted["replaces"], accepted["forced"]) == (1, True)
    assert [(run.number, run.accepted.replaces, run.accepted.forced) for run in store.runs("staging")] == [
        (1, 0, False),
        (2, 1, True),
    ]


UNTOLD = {"model": "*", "workload": "*", "measurement_version": "*"}


def test_what_an_imported_file_did_not_tell_is_like_anything_on_the_accepters_word(store, take):
    take(recorded((1.0,), **UNTOLD))
    match = store.find("staging", "generation", LIKE)
    assert [one.values for one in match.series] == [(1.0,)]
    assert match.taken == (
        "0001 was imported, and its file tells no model, no workload, no measurement_version; taken as like on the "
        "word of ada"
    )
    take(recorded((2.0,), day=1), recorded((3.0,), day=2, **UNTOLD))
    assert found(store) == [1.0, 2.0, 3.0]
    assert store.find("staging", "generation", LIKE).taken.startswith("0001, 0003 was imported")
    other = store.find("staging", "generation", {**LIKE, "host_class": "laptop"})
    assert (other.differs, other.taken) == ("host_class is laptop now, ci-large in the baseline", "")


def test_a_run_that_tells_everything_is_taken_on_nobodys_word(store, take):
    take(recorded())
    assert store.find("staging", "generation", LIKE).taken == ""


def test_shipped_baselines_are_read_as_ever():
    runs = Store(SHIPPED).runs("sandbox")
    assert len(runs) == 5
    assert all((run.accepted.replaces, run.accepted.forced, run.untold) == (0, False, []) for run in runs)


def test_baselines_that_cannot_be_looked_into_are_not_none(store, accept, tmp_path):
    assert store.runs("staging") == []
    store.directory.mkdir()
    (store.directory / "staging").write_text("a file in the place of the folder")
    said = rf"^{store.directory}/staging cannot be looked into, so nobody knows what was accepted: .*\.$"
    with pytest.raises(BaselineError, match=said):
        store.runs("staging")
    with pytest.raises(BaselineError, match=said):
        accept(recorded())
