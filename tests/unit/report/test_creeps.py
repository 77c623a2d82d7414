"""A creep below what the gate sees is named with its first bad run, wherever a run is told of, and is no verdict."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from pytest_llmops.cli import commands
from pytest_llmops.judge import judge_samples
from pytest_llmops.judge.estimate import statistic
from pytest_llmops.plugin.exit_status import exit_status
from pytest_llmops.report.board.findings import findings
from pytest_llmops.report.creep_words import said
from pytest_llmops.report.creeps import creeping, of_run, since_new_normal
from pytest_llmops.report.markdown import escaped
from pytest_llmops.report.over_time import History
from pytest_llmops.report.summary import markdown
from pytest_llmops.state.history.place import place_of
from pytest_llmops.state.history.timed import Timed, timed
from pytest_llmops.state.history.writing import keep
from pytest_llmops.target.load import load

DAY_S = 86_400.0
FIRST = 1_790_000_000.0
FILE = "[targets.here.components.redis]\nurl = 'redis://127.0.0.1:9'\n[history]\nkeep = '99999 d'\n"


@pytest.fixture
def target(tmp_path):
    (tmp_path / "llmops.toml").write_text(FILE)
    return load(tmp_path / "llmops.toml", "here", tmp_path)


def calls(draw, factor):
    """Sixty calls of one run, which is off from other runs by about one percent."""
    return list(0.5 * factor * np.exp(draw.normal(0, 0.01) + draw.normal(0, 0.05, 60)))


def judged(name, baseline, values):
    """A metric as in run.json, by the judge itself."""
    verdict = judge_samples("typical", baseline, [values])
    before = float(np.median([statistic(run, "typical") for run in baseline]))
    return {
        "name": name, "unit": "s", "value": statistic(values, "typical"), "baseline": before, "ratio": verdict.ratio,
        "low": verdict.low, "high": verdict.high, "n": verdict.n, "state": verdict.state, "suspect": verdict.suspect,
        "threshold": None, "reason": verdict.reason, "last_good": None,
    }  # fmt: skip


def run(number, *metrics):
    check = {
        "test": "daily/test_latency.py::test_it", "suite": "daily", "section": "", "procedures": [],
        "outcome": "passed", "category": "", "severity": "", "reason": "", "notes": [], "duration_s": 1.0,
        "last_passed": None, "metrics": list(metrics), "documents": [],
    }  # fmt: skip
    return {
        "id": f"run-{number}", "version": "0.1.0", "target": "here", "profile": "ollama", "environment": "staging",
        "commit": f"{number:040x}", "against": None, "started": FIRST + number * DAY_S, "duration_s": 9.0,
        "exit_status": 0, "preflight": [], "not_applicable": {}, "not_made": {"checks": 0, "timed": 0}, "twin": None,
        "spent": {"requests": 60, "tokens": 0, "seconds": 30.0}, "incident": None, "missing": [], "left_changed": [],
        "vacuous": [], "creeps": [], "news": None, "checks": [check],
    }  # fmt: skip


def test_ten_runs_of_a_planted_creep_pass_the_gate_and_are_named(target, tmp_path, monkeypatch):
    """+1.5 % a run, +14 % at the tenth, against a fixed baseline; another metric beside it stays as it is."""
    draw, place = np.random.default_rng(5), place_of(target)
    baseline = [calls(draw, 1.0) for _ in range(5)]
    for number in range(10):
        slow = judged("query_latency", baseline, calls(draw, 1.015**number))
        result = run(number, slow, judged("search_latency", baseline, calls(draw, 1.0)))
        result["creeps"] = of_run(place, result)
        status = exit_status(
            0, result["checks"], others_failed=False, gate="suspect", not_made=0, missing=0, left_changed=False
        )
        assert (status, slow["state"] in {"ok", "inconclusive"}, slow["suspect"]) == (0, True, False)
        assert keep(place, result)
    (found,) = result["creeps"]
    planted = 1
    named = int(found["run"].removeprefix("run-"))
    assert (found["metric"], abs(named - planted) <= 2) == ("query_latency", True)
    assert (found["started"], found["commit"]) == (FIRST + named * DAY_S, f"{named:040x}")
    assert found["pct"] == pytest.approx(14, abs=4)
    assert of_run(place, result) == result["creeps"]  # whether the run itself is kept by then or not
    _told_everywhere(result, target, tmp_path, monkeypatch)


def _told_everywhere(result, target, tmp_path, monkeypatch):
    (found,) = result["creeps"]
    sentence = said(found)
    assert sentence.startswith(f"query_latency is {found['pct']:.0f} % longer, ")
    assert f"commit {found['commit'][:12]}, run {found['run']}, the first of {found['runs']}" in sentence
    assert f"### Trends\n\n- **creeps**: {escaped(sentence)}" in markdown(result)
    (finding,) = [one for one in findings(result) if one.word == "creeps"]
    assert (finding.tone, finding.title) == ("note", sentence)
    history = History(target, place_of(target), lambda: result["started"] + 60)
    assert f"## Creeps\n\n- {sentence}" in history.usage_report("query_latency")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("time.time", lambda: result["started"] + 60)
    monkeypatch.setenv("COLUMNS", "200")
    for words in ((), ("--metric", "query"), ("--target", "here")):
        shown = CliRunner().invoke(commands, ["trends", *words])
        assert shown.exit_code == 0
        assert "query_latency" in shown.output
        assert found["run"] in shown.output
        assert "search_latency" not in shown.output
    (plain,) = json.loads(CliRunner().invoke(commands, ["trends", "--json"]).output)
    assert (plain["target"], plain["metric"], plain["run"]) == ("here", "query_latency", found["run"])
    other = CliRunner().invoke(commands, ["trends", "--metric", "search_latency"])
    assert other.output.startswith("Nothing creeps: of 1 time in ")
    none = CliRunner().invoke(commands, ["trends", "--metric", "unknown"])
    assert none.output.endswith("holds no time that matches: each run with timed checks adds some.\n")


def values(levels, baselines=None):
    known = baselines or [0.5] * len(levels)
    pairs = zip(levels, known, strict=True)
    return [Timed(f"run-{n}", FIRST + n, "", level, base) for n, (level, base) in enumerate(pairs)]


def test_what_somebody_accepted_is_the_new_normal():
    draw = np.random.default_rng(3)
    crept = [0.5 * 1.03**n * (1 + draw.normal(0, 0.005)) for n in range(10)]
    level = [0.65 * (1 + draw.normal(0, 0.005)) for _ in range(9)]
    assert creeping({"latency": values(crept)})
    assert creeping({"latency": values(crept + level)})
    accepted = values(crept + level, [0.5] * 10 + [0.65] * 9)
    assert len(since_new_normal(accepted)) == 9
    assert creeping({"latency": accepted}) == []


@pytest.mark.parametrize(
    ("baselines", "count"),
    [([None] * 4, 4), ([None, None, 0.5, 0.5], 4), ([0.5, 0.505, 0.51, 0.512], 4), ([0.5, None, 0.6, None], 3)],
    ids=["none", "the first", "hardly another", "another, with gaps"],
)
def test_since_when_values_are_alike(baselines, count):
    assert len(since_new_normal(values([0.5] * 4, baselines))) == count


def test_what_is_no_time_or_void_or_of_another_deployment(target):
    """Counts may grow, a void measurement says nothing, and another deployment's time is no baseline."""
    place = place_of(target)
    metric = judged("query_latency", [[0.5] * 60], [0.5] * 60)
    count = {**metric, "name": "points", "unit": "points", "state": "recorded"}
    once = {**metric, "name": "uptime", "state": "recorded", "n": 1}
    void = {**metric, "name": "void_latency", "state": "void"}
    for number, against in ((1, None), (2, "canary")):
        keep(place, {**run(number, metric, count, once, void), "against": against})
    keep(place, {**run(3, metric), "target": "elsewhere"})
    known = timed(place, "here", None, FIRST + 9 * DAY_S)
    assert {name: [(one.run, one.baseline) for one in ones] for name, ones in known.items()} == {
        "query_latency": [("run-1", 0.5), ("run-2", None)]
    }
    assert [one.run for one in timed(place, "here", ["query_latency"], FIRST + DAY_S)["query_latency"]] == ["run-1"]
    assert timed(place, "here", [], FIRST + 9 * DAY_S) == {}
