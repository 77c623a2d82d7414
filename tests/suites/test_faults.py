"""``llmops faults`` as a person starts it: what is red is counted, and what stays green is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmops.doctor.fault_run import tried
from pytest_llmops.procedures.named_faults import NamedFault

pytestmark = pytest.mark.acceptance

HEALTHY = "daily/test_health.py::test_health_is_of_now"


def faults(tmp_path, *words):
    command = [Path(sys.executable).with_name("llmops"), "faults", *words]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LLMOPS_"))}
    return subprocess.run(command, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)


def test_a_test_that_stays_green_or_is_not_selected_is_not_counted_as_red(tmp_path):
    tests = {HEALTHY: ("document-enhancer.health.basic",), "daily/test_models.py::test_ollama_says_its_version": ()}
    found = tried(NamedFault("llm:no-version", tests, timed=False), "sandbox", tmp_path)
    assert found.outcomes == {HEALTHY: "passed", "daily/test_models.py::test_ollama_says_its_version": "failed"}
    assert found.red == ["daily/test_models.py::test_ollama_says_its_version"]


def test_a_fault_that_the_sandbox_does_not_know_is_said(tmp_path):
    found = tried(NamedFault("llm:no-vrsion", {HEALTHY: ()}, timed=False), "sandbox", tmp_path)
    assert found.outcomes == {HEALTHY: "not run"}
    assert "unknown fault 'llm:no-vrsion'. Did you mean 'llm:no-version'" in found.said


def test_todays_faults_turn_the_tests_red_that_name_them(tmp_path, seed):
    """A few of the sandbox's own, others every day; .ci/run tries some of each system."""
    done = faults(tmp_path, "--profile", "sandbox", "--sample", "6", "--jobs", "2", "--seed", str(seed))
    assert done.stdout.splitlines()[-1] == "Never red: none.", done.stdout + done.stderr
    assert done.returncode == 0
    assert done.stdout.count(" red ") == 6
    assert list(tmp_path.iterdir()) == []
