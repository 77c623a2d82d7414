"""A canary against stable, on stacks of our own: 1.3 times slower is a regression, as quick is well."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_llmops.target import profiles

from ..conftest import in_turn

pytestmark = pytest.mark.acceptance

LATENCY = "suites/daily/test_latency.py"
SLOWER = "llm:slow=1.3"
GENERATING = [f"{LATENCY}::test_generation_latency", f"{LATENCY}::test_response_time[detailed]"]
TOLD = re.compile(r"export (\w+)=(\S+)")


def _states(run):
    """What was decided of each measurement as a whole."""
    metrics = [metric for check in run.checks.values() for metric in check["metrics"]]
    return {metric["name"]: metric["state"] for metric in metrics if "." not in metric["name"]}


def _says_which(run, sides):
    assert f"llmops: {sides}" in run.out
    assert "called in turns" in run.out
    assert "no-baseline" not in run.out
    assert "Traceback" not in run.out


@in_turn(2, of=3)
def test_a_slower_embedded_stack(suite):
    fault = f"--llmops-sandbox-fault={SLOWER}"
    run = suite("--llmops-target=sandbox", "--llmops-against=sandbox", fault, "--llmops-gate", *GENERATING)
    assert run.status == 10, run.out
    assert {check["category"] for check in run.checks.values()} == {"regression"}
    assert set(_states(run).values()) == {"regression"}
    _says_which(run, "sandbox against another sandbox")


@in_turn(2, of=3)
def test_an_equal_embedded_stack(suite):
    run = suite("--llmops-target=sandbox", "--llmops-against=sandbox", "--llmops-gate", "-n", "2", *GENERATING)
    assert run.status == 0, run.out
    assert set(_states(run).values()) == {"ok"}
    _says_which(run, "sandbox against another sandbox")


@pytest.fixture
def stacks(tmp_path):
    """Sandboxes that were started apart, as targets of one file, each with keys of its own: the file, and the keys."""
    file, environ, processes = tmp_path / "llmops.toml", {}, {}
    for name, more in (("stable", ()), ("canary", ()), ("slower", ("--fault", SLOWER))):
        command = [Path(sys.executable).with_name("llmops"), "sandbox", "--write", tmp_path / f"{name}.toml", *more]
        processes[name] = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    for name, process in processes.items():
        for line in process.stdout:
            environ |= {f"{name.upper()}_{variable}": key for variable, key in TOLD.findall(line)}
            if line.startswith("Ready in "):
                break
    file.write_text("".join(_as_target((tmp_path / f"{name}.toml").read_text(), name) for name in processes))
    yield file, environ
    for process in processes.values():
        process.terminate()
        process.wait(10)
        process.stdout.close()


def _as_target(written, name):
    """The file of a sandbox as the tables of a target of that name, whose keys are in variables of that name."""
    _, found, tables = written.partition("[targets.sandbox]")
    tables = (found + tables).replace("targets.sandbox", f"targets.{name}")
    for component, part in profiles.read("sandbox")["components"].items():
        if "auth" in part:
            at = tables.index("\n", tables.index(f".components.{component}]")) + 1
            tables = f"{tables[:at]}auth = {_renamed(part['auth'], name.upper())}\n{tables[at:]}"
    return f"{tables}\n"


def _renamed(auth, owner):
    """The same table, in TOML, with variables of that owner."""
    words = []
    for key, value in auth.items():
        if isinstance(value, dict):
            words.append(f"{key} = {_renamed(value, owner)}")
        else:
            words.append(f'{key} = "{owner}_{value}"' if value.startswith("LLMOPS_") else f'{key} = "{value}"')
    return f"{{ {', '.join(words)} }}"


@in_turn(1, of=3)
def test_stacks_that_were_started_apart(suite, stacks):
    file, environ = stacks
    words = (f"--llmops-config={file}", "--llmops-against=stable", "--llmops-gate")
    slower = suite(*words, "--llmops-target=slower", f"{LATENCY}::test_embedding_latency", environ=environ)
    equal = suite(*words, "--llmops-target=canary", f"{LATENCY}::test_query_latency", environ=environ)
    assert (slower.status, _states(slower)) == (10, {"embedding_latency": "regression"}), slower.out
    assert (equal.status, _states(equal)) == (0, {"query_latency": "ok"}), equal.out
    _says_which(slower, "slower against stable")
    _says_which(equal, "canary against stable")
    assert [key for key in environ.values() if key in slower.out + equal.out] == []
