"""The embedded sandbox as each of the five systems: every read-only suite is green there, and faults turn it red."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmops.procedures.catalogue import SYSTEMS
from pytest_llmops.target import profiles

from ..conftest import SEED, WHOLE

pytestmark = pytest.mark.acceptance

SUITES = {
    "runbook": "not security"
    " and (daily or weekly or monthly or maintenance or deploy or incident or monitor or quality)",
    "security": "security",
}
"""Two runs, as the review of security alone sends as much as all the others: no run needs the time of both."""

NAMED = {"vacuous", "unsupported", "optional-unreachable"}
"""What a check may be skipped for: each has a sentence of its own."""

SUITES_FOLDER = Path(__file__).parents[2] / "suites"
LOADS = [
    f"--deselect=suites/{file.relative_to(SUITES_FOLDER).as_posix()}::{node.name}"
    for file in sorted(SUITES_FOLDER.rglob("test_*.py"))
    for node in ast.parse(file.read_text(encoding="utf-8")).body
    if isinstance(node, ast.FunctionDef) and "load_run" in {argument.arg for argument in node.args.args}
]
"""Tests that send load for seconds each: they are left to ``llmops faults``."""

PROFILES = [name for name in profiles.names() if profiles.read(name).get("system") in SYSTEMS]
VARIANTS = {system: [name for name in PROFILES if profiles.read(name)["system"] == system] for system in SYSTEMS}
PLAYED = PROFILES if WHOLE else [names[SEED // 2 % len(names)] for names in VARIANTS.values()]
"""Each system, one that has variants as one of them."""

EACH = [(profile, suites) for profile in PLAYED for suites in SUITES]
TODAY = EACH if WHOLE else EACH[SEED % 3 :: 3]
"""Of these runs a third, the others on the next days; with ``TESTS_WHOLE=1`` all."""

FAULTS = "1"
"""Tried of half of the profiles; others every day, so that some months come to all of them."""


TWO_MODELS = """
[targets.two]
profile = "agent-aiops"
environment = "sandbox"
components.ollama.models = ["llama3.2:3b", "llama3.2:1b"]
sandbox.past.ok.metrics = { "tokens_per_second[llama3.2:1b].mean" = { first = 480, last = 480, unit = "tokens/s" } }
prompts = [{ id = "open", text = "How do I deploy it?" }]
"""
"""A target with another model beside the one that serves, and with a question of which no right answer is known."""


def test_every_system_has_a_profile():
    assert all(VARIANTS.values()), VARIANTS


@pytest.mark.parametrize(("profile", "suites"), TODAY)
def test_the_suites_are_green(suite, profile, suites):
    words = ("-m", SUITES[suites], *LOADS, f"--llmops-target=sandbox:{profile}", "--llmops-baseline=off")
    run = suite(*words, within_s=1800)
    assert run.status == 0, run.out
    outcomes = {test: (check["outcome"], check["category"]) for test, check in run.checks.items()}
    skipped = {test: category for test, (outcome, category) in outcomes.items() if outcome != "passed"}
    assert set(skipped.values()) <= NAMED, skipped
    assert all(run.checks[test]["reason"] for test in skipped)
    assert len(outcomes) - len(skipped) >= 10, run.out
    bound = {name for check in run.checks.values() for name in check["procedures"]}
    assert {name.partition(".")[0] for name in bound} == {run.whole["profile"].removesuffix("-compose")}


@pytest.mark.parametrize("profile", PLAYED if WHOLE else PLAYED[SEED % 2 :: 2])
def test_todays_faults_turn_their_tests_red(tmp_path, profile, seed):
    command = [Path(sys.executable).with_name("llmops"), "faults", "--profile", profile, "--sample", FAULTS]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LLMOPS_"))}
    done = subprocess.run(
        [*command, "--jobs", "2", "--seed", str(seed)],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f", seed {seed}; " in done.stdout
    assert done.stdout.splitlines()[-1] == "Never red: none.", done.stdout + done.stderr
    assert done.returncode == 0


def test_models_are_timed_beside_the_one_that_serves_and_where_no_right_answer_is_known(suite, tmp_path):
    (tmp_path / "llmops.toml").write_text(TWO_MODELS)
    quick = "daily/test_models.py::test_each_model_is_as_quick_as_usual"
    tried = "weekly/test_models.py::test_other_parameters[as-it-is]"
    words = (f"--llmops-config={tmp_path / 'llmops.toml'}", "--llmops-target=two")
    run = suite(f"suites/{quick}", f"suites/{tried}", *words, "--llmops-sandbox-fault=llm:others-slower=2")
    (broken,) = [one["name"] for one in run.checks[quick]["metrics"] if (one["threshold"] or {}).get("broken")]
    assert (run.checks[quick]["outcome"], broken) == ("failed", "tokens_per_second[llama3.2:1b].worse")
    assert (run.checks[tried]["outcome"], run.checks[tried]["category"]) == ("skipped", "unsupported")
    assert "answer_time[temperature 0].mean" in {one["name"] for one in run.checks[tried]["metrics"]}
