"""What Prometheus reads of a run: whole, for other users to read, and with what earlier runs said of the rest."""

import shutil
import stat
import subprocess

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pytest_llmops.errors import NewsError
from pytest_llmops.report.textfile import write

KEEP_S = 1000.0


def metric(name, value=1.0, baseline=None, ratio=None, unit="s"):
    return {"name": name, "value": value, "baseline": baseline, "ratio": ratio, "unit": unit}


def check(name, outcome="passed", severity="", metrics=()):
    return {"test": name, "suite": "daily", "outcome": outcome, "severity": severity, "metrics": list(metrics)}


def run(*checks, target="here"):
    return {"target": target, "duration_s": 12.5, "exit_status": 1, "checks": list(checks)}


@pytest.fixture
def file(tmp_path):
    return tmp_path / "llmops.prom"


def samples(file):
    return {
        (sample.name, *(value for key, value in sample.labels.items() if key not in {"target", "suite"})): sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
    }


def test_the_last_outcome_of_each_check_and_its_metrics(file):
    slow = check("a", "failed", "minor", [metric("query", 2.0, 1.0, 2.0), metric("query.p95", 3.0)])
    write(file, run(slow, check("b"), check("c", "waived", "critical"), check("d", "skipped")), 100.0, KEEP_S)
    assert samples(file) == {
        ("llmops_last_run_timestamp_seconds",): 100.0,
        ("llmops_last_run_duration_seconds",): 12.5,
        ("llmops_last_run_exit_status",): 1.0,
        **{("llmops_check_success", name): value for name, value in (("a", 0.0), ("b", 1.0), ("c", 0.0))},
        **{("llmops_check_severity", name): value for name, value in (("a", 1.0), ("b", 0.0), ("c", 3.0))},
        **{("llmops_check_waived", name): value for name, value in (("a", 0.0), ("b", 0.0), ("c", 1.0))},
        **{("llmops_check_last_run_timestamp_seconds", name): 100.0 for name in "abc"},
        ("llmops_check_last_success_timestamp_seconds", "b"): 100.0,
        **{("llmops_check_last_failure_timestamp_seconds", name): 100.0 for name in "ac"},
        ("llmops_metric_value", "a", "query", "typical", "s"): 2.0,
        ("llmops_metric_value", "a", "query", "p95", "s"): 3.0,
        ("llmops_metric_baseline", "a", "query", "typical", "s"): 1.0,
        ("llmops_metric_ratio", "a", "query", "typical", "s"): 2.0,
    }
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert sorted(one.name for one in file.parent.iterdir()) == [".llmops.prom.lock", "llmops.prom"]


def test_what_a_run_did_not_make_stays_until_it_is_old(file):
    write(file, run(check("a"), check("b", metrics=[metric("query")])), 100.0, KEEP_S)
    write(file, run(check("a", "failed", "normal"), target="there"), 150.0, KEEP_S)
    write(file, run(check("a", "failed", "critical", [metric("new")])), 200.0, KEEP_S)
    found = {
        (sample.name, sample.labels["target"], sample.labels.get("check")): sample.value
        for family in text_string_to_metric_families(file.read_text())
        for sample in family.samples
    }
    assert found["llmops_check_success", "there", "a"] == 0.0
    assert found["llmops_check_success", "here", "b"] == 1.0
    assert found["llmops_check_last_success_timestamp_seconds", "here", "a"] == 100.0
    assert found["llmops_check_last_failure_timestamp_seconds", "here", "a"] == 200.0
    assert found["llmops_metric_value", "here", "b"] == 1.0
    write(file, run(check("a")), 1120.0, KEEP_S)
    assert {name[1] for name in samples(file) if name[0].startswith("llmops_check")} == {"a"}
    assert not [name for name in samples(file) if name[0].startswith("llmops_metric")]  # measured no more


def test_a_target_that_nobody_looks_at_any_more_is_forgotten_whole(file):
    write(file, run(check("a"), target="gone"), 100.0, KEEP_S)
    write(file, run(check("a")), 1099.0, KEEP_S)
    assert 'target="gone"' in file.read_text()
    write(file, run(check("a")), 1101.0, KEEP_S)
    assert 'target="gone"' not in file.read_text()


def test_a_check_that_is_of_another_suite_now_is_not_two(file):
    write(file, run(check("a", "failed", "critical", [metric("query")])), 100.0, KEEP_S)
    write(file, run(check("a"), target="there"), 150.0, KEEP_S)
    write(file, run({**check("a"), "suite": "weekly"}), 200.0, KEEP_S)
    found = [line for line in file.read_text().splitlines() if line.startswith("llmops_check_success{")]
    assert sorted(found) == [
        'llmops_check_success{check="a",suite="daily",target="there"} 1.0',
        'llmops_check_success{check="a",suite="weekly",target="here"} 1.0',
    ]
    assert "llmops_metric_value{" not in file.read_text()


def test_names_keep_what_prometheus_has_to_escape(file):
    name = 'daily/t.py::t["a\\b\n"]'
    write(file, run(check(name, metrics=[metric("latency", 0.5, unit="")])), 100.0, KEEP_S)
    write(file, run(check("b")), 101.0, KEEP_S)
    assert samples(file)["llmops_metric_value", name, "latency", "typical", ""] == 0.5


@pytest.mark.parametrize("text", ["node_load1 0.5\n", "llmops_check_success 1\n", 'llmops_check_success{a="\n', "{"])
def test_what_is_not_ours_is_left_alone(file, text):
    file.write_text(text)
    with pytest.raises(NewsError, match="holds something else than our metrics") as told:
        write(file, run(check("a")), 100.0, KEEP_S)
    assert str(told.value).endswith("); give another name, or delete it.")
    assert file.read_text() == text


def test_a_folder_that_is_not_there_is_not_made(tmp_path):
    with pytest.raises(NewsError) as told:
        write(tmp_path / "none" / "a.prom", run(), 100.0, KEEP_S)
    assert str(told.value) == (
        f"{tmp_path}/none is not there; give a file in the folder that node-exporter's "
        "--collector.textfile.directory names."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_has_nothing_to_say(file):
    write(file, run(check("a", metrics=[metric("query", 2.0, 1.0, 2.0)])), 100.0, KEEP_S)
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=file.read_bytes(), capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
