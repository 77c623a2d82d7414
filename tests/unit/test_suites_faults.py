"""Every test of the ready suites names a fault, and the sandbox that stands for its system knows it: nothing is run."""

import ast
from functools import cache
from pathlib import Path

import pytest

from pytest_llmops import plugin
from pytest_llmops.cli.fault_round import made, with_runbook
from pytest_llmops.procedures.bindings import bindings
from pytest_llmops.procedures.named_faults import for_system
from pytest_llmops.sandbox import derived, faults
from pytest_llmops.target.components import ROLES
from pytest_llmops.target.load import load

SUITES = Path(__file__).parents[2] / "suites"
SYSTEMS = [name for name in with_runbook() if name != "sandbox"]


FIXTURES = Path(plugin.__file__).parent.glob("*fixtures.py")


@cache
def changing():
    """The fixtures by which a test changes its target: ``change``, and those that ask for one of them."""
    asks = {
        node.name: {argument.arg for argument in node.args.args}
        for file in FIXTURES
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    found = {"change"}
    while more := {name for name, asked in asks.items() if asked & found} - found:
        found |= more
    return found


@cache
def bound():
    return tuple(bindings(SUITES))


@cache
def target(profile):
    return load(None, "sandbox" if profile == "sandbox" else f"sandbox:{profile}", Path.cwd())


@cache
def table(profile):
    return derived.table(target(profile).table.sandbox)


@cache
def unknown(fault, profile):
    """What the sandbox of a profile says of a fault that it does not know; empty where it knows it."""
    try:
        faults.parse([fault], table(profile))
    except faults.ConfigError as error:
        return str(error).partition(" Faults:")[0]
    return ""


def test_every_test_has_a_marker():
    written = set()
    for file in SUITES.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                written.add(f"{file.relative_to(SUITES).as_posix()}::{node.name}")
    assert sorted(written - {one.test.partition("[")[0] for one in bound()}) == []


def test_every_marker_names_a_fault():
    assert {one.test: one.procedures for one in bound() if not one.fault} == {}


def test_tests_that_change_their_target_are_tried_like_all_others():
    """``llmops faults`` turns both keys for the sandbox that it starts; what is bound to them is in its rounds."""
    assert changing() >= {"change", "operation", "recovered", "model_update"}
    disruptive = {one.test for one in bound() if changing() & one.asks and one.procedures}
    ids = {name for one in bound() if one.test in disruptive for name in one.procedures}
    rounds = [made(profile, [], None, 0) for profile in SYSTEMS]
    tried = {test for one in rounds for named in one.chosen for test in named.tests}
    assert len(disruptive) > 20
    assert sorted(disruptive - tried) == []
    assert {name for one in rounds for name in one.silent} & ids == set()


def test_what_binds_no_procedure_is_generic():
    """Else it would run nowhere."""
    bare = {one.test for one in bound()} - {one.test for one in bound() if one.procedures or one.generic}
    assert bare == set()


def named(node, calls):
    """The metrics that a function hands to some of these methods, each with the line: its name as it is written."""
    return [
        (ast.unparse(call.args[0]).rstrip("'\""), call.lineno)
        for call in ast.walk(node)
        if isinstance(call, ast.Call) and call.args and ast.unparse(call.func) in calls
    ]


RECORDING = {"record", "record.figure", "record.shares", "record.statistics"}
COMPARING = {f"history.{how}" for how in ("usual", "deviation_pct", "fallen_pct", "risen_pct", "share_changes")}


def test_what_is_held_against_earlier_runs_is_recorded_whether_or_not_there_are_any():
    """Else nothing ever records it: what lacks earlier values ends the test."""
    compared, unrecorded = 0, []
    for file in SUITES.rglob("test_*.py"):
        tests = [node for node in ast.parse(file.read_text()).body if isinstance(node, ast.FunctionDef)]
        for test in tests:
            others = [name for other in tests if other is not test for name, _ in named(other, RECORDING)]
            for metric, line in named(test, COMPARING):
                compared += 1
                before = [name for name, at in named(test, RECORDING) if at < line]
                if not any(metric.startswith(name) for name in (*before, *others)):
                    unrecorded.append(f"{file.name}:{line} {metric}")
    assert unrecorded == []
    assert compared >= 9


@pytest.mark.parametrize("profile", SYSTEMS)
def test_a_systems_sandbox_knows_a_fault_of_each_test_of_its_procedures(profile):
    system = target(profile).table.system
    variants = [name for name in SYSTEMS if target(name).table.system == system]
    known, strange = {}, {}
    for one in for_system(bound(), system):
        known.setdefault(one.test, []).append(not unknown(one.fault, profile))
        if all(unknown(one.fault, variant) for variant in variants):
            strange[one.fault] = unknown(one.fault, profile)
    assert strange == {}
    assert [test for test, ones in known.items() if not any(ones)] == []


def test_the_sandbox_knows_a_fault_of_each_generic_test_that_runs_there():
    parts = target("sandbox").table.components
    known = {}
    for one in bound():
        served = all(parts.serving(role) for role in one.asks if role in ROLES)
        if one.generic and served:
            known.setdefault(one.test, []).append(not unknown(one.fault, "sandbox"))
    assert [test for test, ones in known.items() if not any(ones)] == []
    assert len(known) > 30


@pytest.mark.parametrize("suite", ["daily", "weekly", "monthly", "monitor", "incident", "maintenance", "deploy"])
def test_each_suite_has_five_generic_tests_that_run_on_any_target(suite):
    """Where the components are those of the default sandbox; none of them changes it."""
    parts = target("sandbox").table.components
    found = {
        one.test.partition("[")[0]
        for one in bound()
        if one.generic
        and one.test.startswith(f"{suite}/")
        and not changing() & one.asks
        and all(parts.serving(role) for role in one.asks if role in ROLES)
    }
    assert len(found) >= 5, sorted(found)


@pytest.mark.parametrize(
    "step", ["health.basic", "deploy-verify.health", "down.verify-recovery", "post-maintenance.health"]
)
def test_the_gateways_health_does_not_stand_for_the_pipelines_process(step):
    """A 200 of the gateway is another project's: each step that asks it is red where the service has no process."""
    faults_of = {one.fault for one in bound() if f"document-enhancer.{step}" in one.procedures}
    assert "process_list:none" in faults_of
