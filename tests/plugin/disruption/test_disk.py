"""A disk that is nearly full: noticed by a figure, planned, and taken back at the end where nobody clears it."""

import json

KEY = "--llmops-allow-disruption=demo"
FILE = """
[targets.demo]
profile = "sandbox"
environment = "sandbox"
"""
DISK = """
import pytest
from pytest_llmops import Unsupported

def test_full(drill, change):
    drilled = drill(
        "full", "machine", lambda: change.fill("data"), figure="data_disk_used", recovery=lambda: change.clear("data")
    )
    assert drilled.observed.startswith("data_disk_used is 92")
    assert drilled.observed.endswith("that is critical (> 85 %) (machine, disk_used)")

def test_left_to_the_undo(change, machine):
    before = machine.disk("data").free_bytes
    change.fill("data")
    assert machine.disk("data").free_bytes < 0.1 * before

def test_is_empty_again(machine):
    assert machine.disk("data").used_pct == 0

def test_of_a_figure_that_nothing_limits(drill, change):
    drill("unlimited", "machine", lambda: change.fill("data"), figure="requests_total")
"""


def test_a_disk_is_filled_noticed_and_empty_again(project, quick):
    project.write("llmops.toml", FILE)
    project.write("test_it.py", DISK)
    run = quick(KEY)
    outcomes = {name: (check["outcome"], check["category"]) for name, check in run.checks.items()}
    assert outcomes == {
        "test_full": ("passed", ""),
        "test_left_to_the_undo": ("passed", ""),
        "test_is_empty_again": ("passed", ""),
        "test_of_a_figure_that_nothing_limits": ("skipped", "unsupported"),
    }, run.out
    assert "  undoing set of data: back to 'empty'" in run.out
    reason = run.checks["test_of_a_figure_that_nothing_limits"]["reason"]
    assert reason.startswith('unsupported: requests_total: no threshold judges it: give thresholds."requests_total" a ')


def test_a_plan_tells_which_disk(project, quick):
    project.write("llmops.toml", FILE)
    project.write("test_it.py", DISK)
    assert quick("--llmops-plan", KEY, "-k", "full").status == 0
    [check] = json.loads((project.reports / "plan.json").read_text())["checks"]
    assert [(act["act"], act["component"], act["driver"]) for act in check["disruption"]["acts"]] == [
        ("fill", "data", "ballast"), ("clear", "data", "ballast"),
    ]  # fmt: skip
    assert check["operations"] == {"machine.preflight": 3, "machine.probe": 20}
