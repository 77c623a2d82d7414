"""Each operation of each profile, on its sandbox's processes: done, taken back, and struck at every step."""

import json
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from pytest_llmops.cli.recover import recover
from pytest_llmops.control.drivers import hands_on
from pytest_llmops.control.embedded import Sandbox, placed
from pytest_llmops.errors import LlmopsError
from pytest_llmops.operate.lacking import ACTS
from pytest_llmops.target import profiles
from pytest_llmops.target.load import load

from ..conftest import SEED, WHOLE
from ..lightning import Lightning, System, hit, killed_at, unlimited

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
AT_MOST = 2
"""Steps of an operation that are struck in one run, others with every seed."""


def declared(profile, folder):
    return load(None, f"sandbox:{profile}", folder, {})


def _operations(profile):
    return declared(profile, Path.cwd()).table.operations if profile != "sandbox" else {}


EACH = [(profile, name) for profile in profiles.names() for name in _operations(profile)]
TODAY = EACH if WHOLE else EACH[SEED % 3 :: 3]
"""A third of them a day."""

each = pytest.mark.parametrize(("system", "name"), TODAY, indirect=["system"], scope="module")


@pytest.fixture(scope="module")
def system(request, tmp_path_factory):
    """The system of a profile, and how it was when it was started."""
    folder = tmp_path_factory.mktemp(request.param)
    target = unlimited(declared(request.param, folder))
    sandbox = Sandbox(target)
    try:
        (folder / "facts.json").write_text(json.dumps(sandbox.facts))
        with closing(System(placed(target, sandbox.facts), folder)) as one:
            one.before = one.looked_at()
            yield one
    finally:
        sandbox.stop()


def steps(system, name):
    return system.operations[name].steps


def left(system, name, until=None):
    """What is not as it was, though no step says that it stays: of files some do."""
    if not any(step.remains for step in steps(system, name)[:until]):
        return system.changed()
    found = system.changed("files")
    system.before["files"] = system.looked_at()["files"]
    return found


@each
def test_it_is_done_and_taken_back(system, name):
    assert all(system.before["answers"].values()), system.before
    operation, change = system.operation(name, Lightning())
    operation.table = operation.table.model_copy(update={"lasting": False})
    done = operation.carry_out()
    assert len(done.steps) == len(steps(system, name))
    assert {one: system.setting(one) for one in done.values} == done.values
    assert change.undo()
    assert left(system, name) == {}


@each
def test_what_lasts_stays(system, name):
    """And a rehearsal does not."""
    operation, change = system.operation(name, Lightning())
    done = operation.carry_out()
    assert change.undo()
    kept = done.values if operation.table.lasting else done.before
    assert {one: system.setting(one) for one in kept} == kept
    for one, value in done.before.items():
        hands_on(system.target, one).act("set", {"value": value})
    assert left(system, name) == {}


def when_struck(system, name, number, how):
    """Strike a step and take back: what was wrong, by what it is about."""
    step, lightning = steps(system, name)[number - 1], Lightning(number, how)
    operation, change = system.operation(name, lightning)
    with pytest.raises(LlmopsError, match="struck") as failed:
        operation.carry_out()
    said = str(failed.value)
    wrong = {"undone": lightning.said[-5:]} if not change.undo() else {}
    if still := left(system, name, number):
        wrong["left"] = still, lightning.said[-5:]
    begins = ""
    if lightning.how != "told":  # of a step that asks nobody for anything the next is not begun
        begins = f"{name}: step {number} of {len(steps(system, name))}, {step.said}: "
        behind = {step.remains, *(one.remains for one in steps(system, name)[: number - 1] if not one.refused)}
        remains = {one.remains for one in steps(system, name) if one.remains}
        wrong |= {one: said for one in remains if (one in said) != (one in behind)}
    return wrong if said.startswith(begins) else wrong | {"said": said}


@each
def test_a_failure_at_any_step_leaves_all_as_it_was(system, name):
    """And says which step it was, and what stays of those before that nothing can take back."""
    strikes = hit(len(steps(system, name)), AT_MOST, SEED)
    wrong = {(number, how): when_struck(system, name, number, how) for number, how in strikes}
    assert {strike: found for strike, found in wrong.items() if found} == {}


def when_killed(system, name, number):
    """Kill who carries it out at a step, and recover: what was wrong, by what it is about."""
    words = [system.target.name, system.target.root, name, str(number)]
    command = [sys.executable, "-m", "tests.struck", *words]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    wrong = {} if killed.returncode == -signal.SIGKILL else {"ended": (killed.returncode, killed.stderr)}
    changed = {step.on for step in steps(system, name)[:number] if step.do in {*ACTS, "set"}}
    if (journalled := {step.component for step in system.journal.story.open.values()}) != changed:
        wrong["journalled"] = journalled, changed
    if changed:
        done = CliRunner().invoke(recover, [])
        if (done.exit_code, done.output.splitlines()[-1]) != (0, f"{system.target.name} is as it was"):
            wrong["recovered"] = done.exit_code, done.output
    if still := left(system, name, number):
        wrong["left"] = still
    return wrong


@each
def test_who_is_killed_at_a_step_is_recovered_from(system, name, monkeypatch):
    monkeypatch.chdir(system.target.root)
    strikes = killed_at(len(steps(system, name)), f"{SEED} {name} killed")
    wrong = {number: when_killed(system, name, number) for number in strikes}
    assert {number: found for number, found in wrong.items() if found} == {}
