"""Every test of the ready suites names a fault, and the sandbox that stands for its system knows it: nothing is run."""

import ast
from functools import cache
from pathlib import Path

import pytest

from pytest_llmops.cli.fault_round import with_runbook
from pytest_llmops.procedures.bindings import bindings
from pytest_llmops.procedures.named_faults import for_system
from pytest_llmops.sandbox import derived, faults
from pytest_llmops.target.components import ROLES
from pytest_llmops.target.load import load

SUITES = Path(__file__).parents[2] / "suites"


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


def test_what_binds_no_procedure_is_generic():
    """Else it would run nowhere."""
    bare = {one.test for one in bound()} - {one.test for one in bound() if one.procedures or one.generic}
    assert bare == set()


SYSTEMS = [name for name in with_runbook() if name != "sandbox"]


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
        and "change" not in one.asks
        and all(parts.serving(role) for role in one.asks if role in ROLES)
    }
    assert len(found) >= 5, sorted(found)
