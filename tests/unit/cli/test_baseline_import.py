"""Stock pytest-benchmark files on their way to a baseline."""

import json

import pytest

from pytest_llmops.judge.benchmark_json import load
from pytest_llmops.measure.bench import host_class
from pytest_llmops.target.load import load as load_target

TESTS = """
import time

def test_query(benchmark):
    benchmark.pedantic(time.sleep, args=(0.002,), rounds=12)

def test_slow(benchmark):
    benchmark.pedantic(time.sleep, args=(0.002,), rounds=3)
"""


@pytest.fixture(scope="module")
def stock(stock_files):
    """What the real pytest-benchmark writes."""
    return stock_files(TESTS)


@pytest.fixture
def later(stock, tmp_path):
    """The same file, measured on another day, on a quiet machine, every value that many times as long."""

    def later(day, times=1.0):
        document = json.loads(stock["all"].read_text())
        document["datetime"] = f"2026-03-{day:02d}T09:30:00+00:00"
        for one in document["benchmarks"]:
            quiet = [0.002 * (1 + number / 1000) for number in range(len(one["stats"]["data"]))]
            one["stats"]["data"] = [value * times for value in quiet]
        path = tmp_path / f"day {day}.json"
        path.write_text(json.dumps(document))
        return path

    return later


def test_a_stock_file_becomes_a_candidate_and_then_a_baseline(llmops, file, later, tmp_path):
    path = later(2)
    before = path.read_bytes()
    candidate = tmp_path / "reports" / "candidates" / "staging-20260302T093000.json"
    status, said = llmops("baseline", "import", path, "--metric", "test_query=query_latency")
    assert status == 0
    assert said == (
        f"imported: {path} as {candidate}: query_latency (12 values)\n"
        "left out: test_slow has 3 values, and a verdict needs 10 of every run; run it with --benchmark-min-rounds=10 "
        "or more\n"
        "not told by this file: model, workload, measurement_version. Whoever accepts\n"
        "it says that they are those of the runs that will be compared with it:\n"
        f'  llmops baseline accept --reason "…" {candidate.relative_to(tmp_path)}\n'
    )
    assert path.read_bytes() == before
    assert not (tmp_path / "baselines").exists()
    assert llmops("baseline", "accept", "--reason", "last year's", "--by", "ada", candidate)[0] == 0
    lines = llmops("baseline", "show")[1].splitlines()
    assert lines[2] == (
        "imported: its file tells no model, no workload, no measurement_version; taken as like on the word of ada"
    )
    assert lines[4].split()[:1] + lines[4].split()[-2:] == ["query_latency", "not", "told"]


def test_until_it_is_accepted_nobody_vouches(llmops, file, later):
    llmops("baseline", "import", later(2))
    said = llmops("baseline", "show", "reports/candidates/staging-20260302T093000.json")[1].splitlines()
    assert said[1:3] == [
        "a candidate: nobody has accepted it",
        "imported: its file tells no model, no workload, no measurement_version; whoever accepts it vouches",
    ]


def test_a_run_of_ours_is_compared_with_it_and_diff_says_on_whose_word(llmops, file, later, tmp_path):
    llmops("baseline", "import", later(2), "--metric", "test_query=latency")
    llmops("baseline", "accept", "--reason", "last year's", "--by", "ada")
    now = load(next((tmp_path / "baselines" / "staging").iterdir())).recordings[0].fingerprint
    assert now == {
        "target": "staging",
        "model": "*",
        "workload": "*",
        "concurrency": 1,
        "host_class": host_class(load_target(file, "staging", tmp_path)),
        "measurement_version": "*",
    }
    llmops("baseline", "import", later(3, times=1.6), "--metric", "test_query=latency")
    candidate = tmp_path / "reports" / "candidates" / "staging-20260303T093000.json"
    ours = json.loads(candidate.read_text())
    told = {**now, "model": "m1", "workload": "0a1b", "measurement_version": 1}
    ours["benchmarks"][0]["extra_info"]["fingerprint"] = told
    candidate.write_text(json.dumps(ours))
    said = llmops("baseline", "diff")[1].splitlines()
    assert said[3].split()[-1] == "regression"
    assert said[-2] == (
        "latency: 0001 was imported, and its file tells no model, no workload, no measurement_version; taken as like "
        "on the word of ada"
    )
    told["host_class"] = "elsewhere"
    candidate.write_text(json.dumps(ours))
    said = llmops("baseline", "diff")[1].splitlines()
    assert said[-1] == f"latency: host_class is elsewhere now, {now['host_class']} in the baseline"


def test_several_files_are_imported_at_once_and_the_command_names_them_all(llmops, file, later, tmp_path):
    said = llmops("baseline", "import", "--target", "staging-eu", later(2), later(3))[1].splitlines()
    names = " ".join(f"reports/candidates/staging-eu-2026030{day}T093000.json" for day in (2, 3))
    assert said[-3:] == [
        "not told by these files: model, workload, measurement_version. Whoever accepts",
        "them says that they are those of the runs that will be compared with them:",
        f'  llmops baseline accept --target staging-eu --reason "…" {names}',
    ]


def test_imported_runs_that_disagree_are_not_accepted(llmops, file, later, tmp_path):
    llmops("baseline", "import", later(2), later(3, times=2.0))
    candidates = sorted((tmp_path / "reports" / "candidates").iterdir())
    status, said = llmops("baseline", "accept", "--reason", "both", "--by", "ada", *candidates)
    assert status == 1
    assert "test_query: staging-20260303T093000.json is 2.00 times slower than staging-20260302T093000.json" in said
    assert not (tmp_path / "baselines").exists()


def test_where_one_file_is_refused_none_is_imported(llmops, file, stock, later, tmp_path):
    before = stock["summary"].read_bytes()
    status, said = llmops("baseline", "import", later(2), stock["summary"])
    assert status == 1
    assert said == (
        f"Error: {stock['summary']} holds a summary of test_query, test_slow, not the single values, and a verdict "
        "needs those. Record it anew: pytest --benchmark-json=FILE, or with --benchmark-save-data. It was not "
        "changed.\n"
    )
    assert stock["summary"].read_bytes() == before
    assert not (tmp_path / "reports").exists()


def test_the_same_run_twice_is_refused(llmops, file, later, tmp_path):
    path = later(2)
    assert llmops("baseline", "import", path, path) == (
        1,
        f"Error: {path} was recorded at the same moment as another that is given: import one.\n",
    )
    assert not (tmp_path / "reports").exists()


def test_a_run_of_ours_is_accepted_and_not_imported(llmops, file, record):
    path = record(0.1)
    assert llmops("baseline", "import", path) == (
        1,
        f"Error: {path} is a run of pytest-llmops itself; accept it as it is: llmops baseline accept.\n",
    )


WORDS = {
    "test_qery=x": "Error: no file has a benchmark 'test_qery'. Did you mean 'test_query'?",
    "x": "Error: Invalid value for '--metric': 'x' is not BENCHMARK=METRIC, such as test_query=query_latency.",
    "x=": "Error: Invalid value for '--metric': 'x=' is not BENCHMARK=METRIC, such as test_query=query_latency.",
    "test_query=x.p95": (
        "Error: Invalid value for '--metric': x.p95 is the p95 of a metric; give the metric: test_query=x."
    ),
}


@pytest.mark.parametrize("word", WORDS)
def test_a_metric_that_cannot_be(llmops, file, later, word):
    status, said = llmops("baseline", "import", later(2), "--metric", word)
    assert (status != 0, said.splitlines()[-1]) == (True, WORDS[word])


def test_a_benchmark_is_one_metric(llmops, file, later):
    words = ["--metric", "test_query=a", "--metric", "test_query=b"]
    assert llmops("baseline", "import", later(2), *words)[1].splitlines()[-1] == (
        "Error: Invalid value for '--metric': test_query is to be a and b; give it once."
    )


def test_another_import_of_a_file_leaves_the_first_and_is_numbered(llmops, file, later, tmp_path):
    path, folder = later(2), tmp_path / "reports" / "candidates"
    llmops("baseline", "import", path, "--metric", "test_query=quer_latency")
    before = (folder / "staging-20260302T093000.json").read_bytes()
    for _ in range(2):  # the same again is the same file
        said = llmops("baseline", "import", path, "--metric", "test_query=query_latency")[1]
        assert said.startswith(
            f"imported: {path} as {folder}/staging-20260302T093000-2.json: query_latency (12 values)"
        )
    assert sorted(one.name for one in folder.iterdir()) == [
        "staging-20260302T093000-2.json",
        "staging-20260302T093000.json",
    ]
    assert (folder / "staging-20260302T093000.json").read_bytes() == before
    assert llmops("baseline", "diff")[1].startswith(f"candidate: {folder}/staging-20260302T093000-2.json")


def test_a_wrong_metric_is_repaired_after_it_was_accepted(llmops, file, later, tmp_path):
    path, folder = later(2), tmp_path / "baselines" / "staging"
    accept = ["baseline", "accept", "--reason", "last year's", "--by", "ada"]
    llmops("baseline", "import", path, "--metric", "test_query=quer_latency")
    assert llmops(*accept)[0] == 0
    llmops("baseline", "import", path, "--metric", "test_query=query_latency")
    status, said = llmops(*accept)
    assert (status, said.splitlines()[-1]) == (
        1,
        (
            f"Error: this run was accepted before, as {folder}/0001_20260302T093000Z.json; twice the same one would "
            "pass for two that agree. If this one is corrected: --replace."
        ),
    )
    assert llmops(*accept, "--replace")[0] == 0
    assert load(folder / "0002_20260302T093000Z.json").accepted.replaces == 1
    said = llmops("baseline", "diff")[1]
    assert "quer_latency" not in said
    assert "query_latency" in said


def test_a_folder_that_cannot_be_written_is_named(llmops, file, later, tmp_path):
    (tmp_path / "reports").write_text("a file in the place of the folder")
    status, said = llmops("baseline", "import", later(2))
    assert status == 1
    assert f"no candidate was written: {tmp_path}/reports/candidates cannot be written to ([Errno 20] Not" in said
