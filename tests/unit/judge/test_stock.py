import json

import pytest

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge.stock import Stock, unknown
from pytest_llmops.measure.bench import host_class
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

TESTS = """
import time

def test_query(benchmark):
    benchmark.pedantic(time.sleep, args=(0.001,), rounds=12)

def test_slow(benchmark):
    benchmark.pedantic(time.sleep, args=(0.002,), rounds=3)

def test_fast(benchmark):
    benchmark.pedantic(len, args=([],), rounds=10, iterations=50)
"""
UNTOLD = {"model": "*", "workload": "*", "measurement_version": "*"}


@pytest.fixture(scope="module")
def written(stock_files):
    """What the real pytest-benchmark writes."""
    return stock_files(TESTS)


@pytest.fixture
def changed(written, tmp_path):
    """A copy of the file, changed."""

    def changed(change):
        document = json.loads(written["all"].read_text())
        change(document)
        path = tmp_path / "changed.json"
        path.write_text(json.dumps(document))
        return path

    return changed


def test_every_benchmark_with_values_enough_is_a_metric(written):
    before = written["all"].read_bytes()
    stock = Stock(written["all"])
    run = stock.run("staging", "", {"test_query": "query_latency"})
    assert [(one.metric.name, one.metric.unit, len(one.metric.series.values)) for one in run.recordings] == [
        ("query_latency", "s", 12),
        ("test_fast", "s", 10),
    ]
    document = json.loads(before)
    assert run.recordings[0].metric.series.values == tuple(document["benchmarks"][0]["stats"]["data"])
    assert run.recordings[0].check == "test_it.py::test_query"
    assert run.recordings[1].beside == {"imported": "all.json", "iterations": 50}
    assert stock.left_out == [
        "test_slow has 3 values, and a verdict needs 10 of every run; run it with --benchmark-min-rounds=10 or more"
    ]
    assert (run.target, run.recorded.isoformat(), run.commit) == ("staging", document["datetime"], "")
    assert run.python_version == document["machine_info"]["python_version"]
    assert written["all"].read_bytes() == before


def test_only_what_the_file_tells_is_in_the_fingerprint(written):
    run = Stock(written["all"]).run("staging", "", {})
    here = host_class(Target("staging", TargetTable(), written["all"].parent))
    told = {"target": "staging", "concurrency": 1, "host_class": here}
    assert all(one.fingerprint == {**told, **UNTOLD} for one in run.recordings)
    assert run.untold == ["model", "workload", "measurement_version"]
    assert run.host_class == here


def test_a_machine_that_is_not_told_is_like_any(changed):
    path = changed(lambda document: document["machine_info"].pop("cpu"))
    assert Stock(path).run("staging", "", {}).recordings[0].fingerprint["host_class"] == "*"
    assert Stock(path).run("sandbox", "sandbox", {}).recordings[0].fingerprint["host_class"] == "sandbox"


def test_a_time_without_a_zone_is_utc(changed):
    run = Stock(changed(lambda document: document.update(datetime="2026-03-02T09:30:00"))).run("staging", "", {})
    assert run.recorded.isoformat() == "2026-03-02T09:30:00+00:00"


def test_benchmarks_of_one_name_are_told_apart_by_their_full_names(changed):
    def twice(document):
        query = document["benchmarks"][0]
        document["benchmarks"].append({**query, "fullname": "test_other.py::test_query"})

    stock = Stock(changed(twice))
    with pytest.raises(BaselineError) as caught:
        stock.run("staging", "", {})
    assert str(caught.value) == (
        f"{stock.path}: test_it.py::test_query and test_other.py::test_query would both be test_query; tell them "
        "apart: --metric test_other.py::test_query=METRIC."
    )
    run = stock.run("staging", "", {"test_other.py::test_query": "other"})
    assert [one.metric.name for one in run.recordings] == ["test_query", "test_fast", "other"]


def test_a_benchmark_that_no_file_has_is_named_with_the_nearest(written):
    stocks = [Stock(written["all"])]
    assert unknown({"test_query": "a", "test_it.py::test_fast": "b"}, stocks) == []
    assert unknown({"test_qery": "a", "zzz": "b"}, stocks) == [
        "no file has a benchmark 'test_qery'. Did you mean 'test_query'?",
        (
            "no file has a benchmark 'zzz'. Benchmarks: test_query, test_it.py::test_query, test_slow, "
            "test_it.py::test_slow, test_fast, test_it.py::test_fast."
        ),
    ]


def test_a_summary_without_values_is_refused_with_the_cure(written):
    before = written["summary"].read_bytes()
    with pytest.raises(BaselineError) as caught:
        Stock(written["summary"])
    assert str(caught.value) == (
        f"{written['summary']} holds a summary of test_query, test_slow, test_fast, not the single values, and a "
        "verdict needs those. Record it anew: pytest --benchmark-json=FILE, or with --benchmark-save-data. It was not "
        "changed."
    )
    assert written["summary"].read_bytes() == before


def test_a_file_in_which_nothing_has_values_enough(changed):
    def only_the_slow(document):
        document["benchmarks"] = document["benchmarks"][1:2]

    path = changed(only_the_slow)
    with pytest.raises(BaselineError) as caught:
        Stock(path).run("staging", "", {})
    assert str(caught.value) == (
        f"{path} holds nothing to compare with: test_slow has 3 values, and a verdict needs 10 of every run; run it "
        "with --benchmark-min-rounds=10 or more."
    )


DAMAGE = {
    b'{"benchmarks": [{"name"': (
        "{path} is no readable JSON (Expecting ':' delimiter: line 1 column 24 (char 23)); it was not changed."
    ),
    b"\xff": (
        "{path} is no readable JSON ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte); it was "
        "not changed."
    ),
    b"[1]": (
        "{path} is no file of pytest-benchmark: it has no list of benchmarks. Give what pytest --benchmark-json=FILE "
        "writes; this one was not changed."
    ),
    b'{"benchmarks": {}}': (
        "{path} is no file of pytest-benchmark: it has no list of benchmarks. Give what pytest --benchmark-json=FILE "
        "writes; this one was not changed."
    ),
    b'{"benchmarks": []}': "{path} holds no benchmark: none of its tests was timed, or all of them failed.",
    b'{"benchmarks": [{"name": "a"}]}': "{path} is damaged: 'fullname' is missing. It was not changed.",
    b'{"benchmarks": [{"name": "a", "fullname": "b", "stats": {"data": [1, "x"]}}]}': (
        "{path} is damaged: could not convert string to float: 'x'. It was not changed."
    ),
    b'{"benchmarks": [{"name": "a", "fullname": "b", "stats": {"data": [1, 0]}}]}': (
        "{path} is damaged: value 2 of a is 0. It was not changed."
    ),
    b'{"benchmarks": [{"name": "a", "fullname": "b", "stats": {"data": [1]}}], "datetime": "now"}': (
        "{path} is damaged: Invalid isoformat string: 'now'. It was not changed."
    ),
    b'{"benchmarks": [{"name": "a", "fullname": "b", "stats": {"data": [1%b]}}]}' % (b"0" * 400): (
        "{path} is damaged: value 1 of a is inf. It was not changed."
    ),
    b'{"benchmarks": [{"name": "a", "fullname": "b", "stats": {"data": [1], "iterations": 1e400}}]}': (
        "{path} is damaged: cannot convert float infinity to integer. It was not changed."
    ),
    b'{"benchmarks": [{"name": 1, "fullname": "b", "stats": {"data": [1]}}]}': (
        "{path} is damaged: name is no string. It was not changed."
    ),
    b'{"llmops": {"schema": 1}, "benchmarks": []}': (
        "{path} is a run of pytest-llmops itself; accept it as it is: llmops baseline accept."
    ),
}


@pytest.mark.parametrize("content", DAMAGE)
def test_a_damaged_or_foreign_file_is_said_and_stays_as_it_is(tmp_path, content):
    path = tmp_path / "stock.json"
    path.write_bytes(content)
    with pytest.raises(BaselineError) as caught:
        Stock(path)
    assert str(caught.value) == DAMAGE[content].replace("{path}", str(path))
    assert path.read_bytes() == content


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(BaselineError) as caught:
        Stock(tmp_path / "none.json")
    assert str(caught.value) == f"there is no file {tmp_path}/none.json; give one that pytest-benchmark wrote."
