import json
import subprocess
import sys
from dataclasses import replace

import pytest

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge import load
from pytest_llmops.judge.shipped import SHIPPED, own_store_of, store_of
from pytest_llmops.measure.bench import host_class
from pytest_llmops.measure.candidate import as_json, from_json, write_benchmarks, write_new, write_run
from pytest_llmops.state.checkout import commit_of
from pytest_llmops.target.load import load as load_target


def travelled(measurement):
    """The recordings as a worker sends them."""
    return json.loads(json.dumps([as_json(recording) for recording in measurement.recordings]))


def test_a_run_that_was_recorded_can_be_accepted_and_compared(bench, take, streaming, tmp_path):
    here = replace(bench(), beside={"server": "0.9.1"})
    measured = take(here, streaming(0.2))
    assert measured["ttft"].state == "no-baseline"
    assert [from_json(plain) for plain in travelled(measured)] == measured.recordings
    path = write_run(tmp_path / "reports", here.target, travelled(measured))
    assert path.parent == tmp_path / "reports" / "candidates"
    assert path.name.startswith("staging-2")
    run = load(path)
    assert (run.target, run.host_class, run.accepted) == ("staging", host_class(here.target), None)
    assert [one.metric.name for one in run.recordings] == ["x", "x.ttft", "x.tpot"]
    assert run.recordings[1].beside == {"server": "0.9.1"}
    here.store.accept(path, reason="first", by="ada")
    assert take(here, streaming(0.2))["ttft"].state == "ok"


def test_the_colon_of_a_sandbox_is_not_in_the_files_name(bench, take, streaming, tmp_path):
    target = replace(bench().target, name="sandbox:rag")
    path = write_run(tmp_path, target, travelled(take(bench(), streaming(0.2))))
    assert path.name.startswith("sandbox-rag-2")


def test_runs_of_one_second_are_each_a_candidate(bench, take, streaming, tmp_path):
    here = bench()
    only = load(write_run(tmp_path, here.target, travelled(take(here, streaming(0.2)))))
    runs = [only, replace(only, recorded=only.recorded.replace(microsecond=1)), only]
    names = [write_new(tmp_path / "new", run).stem[len("staging-20260302T093000") :] for run in runs]
    assert names == ["", "-2", ""]
    assert [load(path).recorded for path in sorted((tmp_path / "new" / "candidates").iterdir())] == [
        runs[1].recorded,
        only.recorded,
    ]


def test_without_measurements_there_is_no_candidate(bench, tmp_path):
    assert write_run(tmp_path, bench().target, []) is None
    assert list(tmp_path.iterdir()) == []


def test_calls_that_all_failed_are_no_candidate(bench, take, streaming, tmp_path):
    plain = travelled(take(bench(), streaming(0.2)))[:1]
    plain[0]["metric"]["series"] |= {"values": [], "prompts": []}
    with pytest.raises(BaselineError) as caught:
        write_run(tmp_path, bench().target, plain)
    assert str(caught.value) == "nothing to record for staging: no call succeeded in any measurement"


def test_metrics_that_thresholds_alone_judge_are_in_no_candidate(bench, take, streaming, tmp_path):
    here = bench(baseline={"recorded": ["*.tpot", "*.ttft"]})
    plain = travelled(take(here, streaming(0.2)))
    path = write_run(tmp_path, here.target, plain)
    assert [one.metric.name for one in load(path).recordings] == ["x"]
    assert write_run(tmp_path, here.target, plain[1:]) is None


def pytest_benchmark_compare(folder, *files):
    """The lines that the real command prints."""
    command = [sys.executable, "-m", "pytest_benchmark", "compare", *files]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Failed to load" not in done.stdout + done.stderr
    return done.stdout.splitlines()


def test_every_run_leaves_a_file_that_pytest_benchmark_compares(bench, take, streaming, tmp_path):
    here = bench(baseline={"recorded": ["*.tpot"]})
    first, second = (travelled(take(here, streaming(ttft))) for ttft in (0.2, 0.3))
    first[0]["metric"]["series"]["failures"] = 2
    path = write_benchmarks(tmp_path / "reports", here.target, first)
    assert path == tmp_path / "reports" / "benchmark.json"
    entries = json.loads(path.read_text())["benchmarks"]
    assert [(entry["name"], entry["stats"]["rounds"]) for entry in entries] == [
        ("x", 30),
        ("x.ttft", 30),
        ("x.tpot", 30),
    ]
    assert entries[0]["extra_info"]["failures"] == 2
    write_benchmarks(tmp_path / "other", here.target, second)
    table = pytest_benchmark_compare(tmp_path, "reports/benchmark.json", "other/benchmark.json")
    rows = [line.split() for line in table if line.startswith("x")]
    assert [" ".join(row[:4]) for row in rows if row[0] == "x.ttft"] == [
        "x.ttft (reports/benchmark) 196.0000 (1.0)",
        "x.ttft (other/benchmark) 294.0000 (1.50)",
    ]
    assert [line.strip("- ") for line in table if "benchmark '" in line] == [
        "benchmark 'x': 2 tests",
        "benchmark 'x.tpot': 2 tests",
        "benchmark 'x.ttft': 2 tests",
    ]


def test_the_file_is_the_same_in_whatever_order_workers_reported(bench, take, streaming, tmp_path):
    here, plain = bench(), travelled(take(bench(), streaming(0.2)))
    other = [{**one, "check": "daily/test_a.py::test_a", "metric": {**one["metric"], "name": "y"}} for one in plain[:1]]
    written = [write_benchmarks(tmp_path, here.target, order).read_text() for order in (plain + other, other + plain)]
    shapes = [[entry["fullname"] for entry in json.loads(text)["benchmarks"]] for text in written]
    assert shapes[0] == shapes[1]
    assert shapes[0][0] == "daily/test_a.py::test_a::y"


def test_without_a_success_there_is_no_file_and_an_old_one_does_not_stay(bench, take, streaming, tmp_path):
    here, plain = bench(), travelled(take(bench(), streaming(0.2)))
    write_benchmarks(tmp_path, here.target, plain)
    plain[0]["metric"]["series"] |= {"values": [], "prompts": [], "failures": 30}
    assert write_benchmarks(tmp_path, here.target, plain[:1]) is None
    assert write_benchmarks(tmp_path, here.target, []) is None
    assert list(tmp_path.glob("benchmark*")) == []


def test_the_commit_is_that_of_the_folder(tmp_path):
    assert commit_of(tmp_path) == ""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=ada", "-c", "user.email=ada@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    assert len(commit_of(tmp_path)) == 40


def test_a_target_has_its_own_baselines_and_a_sandbox_those_that_are_shipped(bench, tmp_path):
    assert store_of(bench().target).directory == tmp_path / "baselines"
    sandbox = load_target(None, "sandbox", tmp_path)
    assert store_of(sandbox).directory == SHIPPED
    assert own_store_of(sandbox).directory == tmp_path / "baselines"
    (tmp_path / "baselines" / "sandbox").mkdir(parents=True)
    assert store_of(sandbox).directory == tmp_path / "baselines"
