"""The daily suite, whole: green on a healthy stack, red on a sick one, the same serial and parallel, and a guest."""

import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from pytest_llmops.procedures.bindings import bindings

from ..conftest import WHOLE, in_turn

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
STEADY = "llm:slow=1.6"
"""Sick in nothing but its speed: only a baseline tells."""

QUICK = "llm:slow=0.25"
"""A model server that is quicker than ours, for what is no matter of time: most of a daily run is timed calls."""

SICK = {
    "llm:errors=0.5": "500",
    "llm:hang": "gave no whole answer within",
    "llm:cut-stream": "broke off: the connection was closed before the answer was whole",
    "llm:no-models": "no model",
    "llm:down": "was refused",
    "api:degraded": "degraded",
    "api:errors=0.5": "answered 500",
    "api:down": "was refused",
    "vectors:down": "was refused",
    "redis:down": "refused",
}

TURNS = len(SICK) if WHOLE else 2
"""Of them a day; five days in a row are all."""

PATIENT = """
[targets.sandbox.thresholds]
answer_time = { target = "<= 10 s" }
api_latency_p95 = { target = "<= 10 s" }
tokens_per_second = { warning = "< 1" }
"""
"""Limits that a healthy and slow stack keeps."""


TIMED = [
    f"suites/{one.test}"
    for one in bindings(ROOT / "suites")
    if one.fault == STEADY and one.test.startswith("daily/test_latency.py")
]
"""What is held against a baseline; how quick each model is, against the history, and by agent-aiops alone."""


@pytest.fixture
def recorded(suite, tmp_path):
    """A file whose embedded target has a baseline of its own, recorded on this machine just now."""
    file = tmp_path / "llmops.toml"
    looks = "[targets.sandbox.baseline]\nlooks = [30, 60, 120, 240]\n"  # pinned: a run that is recorded is no longer
    file.write_text(f'[targets.sandbox]\nprofile = "sandbox"\nenvironment = "sandbox"\n{looks}')
    run = suite(f"--llmops-config={file}", "--llmops-baseline=record", *TIMED)
    assert run.status == 0, run.out
    (candidate,) = tmp_path.glob("reports-*/candidates/*.json")
    command = [Path(sys.executable).with_name("llmops"), "baseline", "accept", "--config", file, "--reason", "healthy"]
    subprocess.run([*command, candidate], check=True, capture_output=True)
    return f"--llmops-config={file}"


def _outcomes(run):
    return {test: check["outcome"] for test, check in run.checks.items()}


def _is_readable(run):
    return "Traceback" not in run.out and "pytest_llmops/" not in run.out and "INTERNALERROR" not in run.out


@in_turn(0, of=3)
def test_each_timed_check_is_red_where_the_model_server_is_slow(suite, recorded):
    run = suite(recorded, f"--llmops-sandbox-fault={STEADY}", "--llmops-gate", *TIMED)
    assert len(run.checks) >= len(TIMED)
    assert set(_outcomes(run).values()) == {"failed"}, run.out
    assert {check["category"] for check in run.checks.values()} == {"regression"}
    assert run.status == 10
    assert _is_readable(run), run.out


@pytest.mark.skipif(not WHOLE, reason="it is the README's first command, which runs before all tests; TESTS_WHOLE=1")
def test_a_healthy_stack_is_green(suite):
    run = suite("-m", "daily")
    assert run.status == 0, run.out
    assert Counter(_outcomes(run).values()) == {"passed": len(run.checks)}
    assert len(run.checks) >= 25
    assert _is_readable(run), run.out


def _metrics(run):
    return {test: [metric["name"] for metric in check["metrics"]] for test, check in run.checks.items()}


@in_turn(0, of=2)
@pytest.mark.parametrize("stack", [("--fault", QUICK)], ids=["quick"], indirect=True)
def test_serial_and_parallel_are_the_same(suite, stack):
    stack.file.write_text(stack.file.read_text() + "\n[targets.sandbox.baseline]\nlooks = [30]\n")
    words = ("-m", "daily", f"--llmops-config={stack.file}")
    serial = suite(*words, "-n", "0", environ=stack.keys)
    once = {purpose: stack.asked(purpose) for purpose in ("preflight", "check", "measure")}
    parallel = suite(*words, "-n", "4", environ=stack.keys)
    twice = {purpose: stack.asked(purpose) for purpose in once}
    assert (serial.status, parallel.status) == (0, 0), serial.out + parallel.out
    assert _outcomes(parallel) == _outcomes(serial)
    assert _metrics(parallel) == _metrics(serial)
    assert list(parallel.checks) == list(serial.checks)
    assert twice == {purpose: sorted(2 * calls) for purpose, calls in once.items()}
    assert all(once.values())


@in_turn(1, of=2)
@pytest.mark.parametrize("stack", [("--fault", "llm:slow=8")], ids=["slow"], indirect=True)
def test_a_slow_model_generates_at_most_14_times_for_all_that_is_not_timed(suite, stack):
    stack.file.write_text(stack.file.read_text() + PATIENT)
    words = ("-m", "daily", "--deselect=suites/daily/test_latency.py", f"--llmops-config={stack.file}")
    run = suite(*words, environ=stack.keys)
    assert run.status == 0, run.out
    assert len(run.checks) >= 25
    assert 0 < stack.generated() <= 14


def test_at_most_four_timed_workloads_generate(suite):
    run = suite("-m", "daily", "--llmops-plan")
    plan = json.loads((run.reports / "plan.json").read_text())
    measures = [one for check in plan["checks"] for one in check["measures"]]
    generating = [one["name"] for one in measures if one["method"] in {"generate", "query"}]
    assert sorted(generating) == [
        "generation_latency",
        "query_latency",
        "response_time[detailed]",
        "response_time[summary]",
    ]


@pytest.mark.parametrize("turn", range(TURNS))
def test_a_sick_stack_is_red_and_said(suite, seed, turn):
    fault = list(SICK)[(TURNS * seed + turn) % len(SICK)]
    started = time.monotonic()
    run = suite("-m", "daily", f"--llmops-sandbox-fault={fault},{QUICK}", within_s=240)
    took_s = time.monotonic() - started
    names = {"llm": ("ollama", "openai"), "vectors": ("qdrant",)}
    part = fault.partition(":")[0]
    said = [line for line in run.out.splitlines() if SICK[fault] in line]
    assert run.status == 1, run.out
    assert any(name in line for line in said for name in names.get(part, (part,))), run.out
    assert took_s < 120
    assert _is_readable(run), run.out
