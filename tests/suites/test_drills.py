"""A sandbox that was started apart is drilled, and whoever drills it ends at any moment: all is as before."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import closing

import pytest
from click.testing import CliRunner

from pytest_llmops.cli.recover import recover
from pytest_llmops.target.load import load

from ..conftest import SEED, WHOLE
from ..lightning import System
from .conftest import ROOT, UNUSED, _environ

pytestmark = pytest.mark.acceptance

WITHIN_S = 240.0
LASTS_S = {"ollama": 1.2, "api": 1.5, "qdrant": 5.0, "redis": 3.5}
"""About how long a drill of each takes on a quick machine, from the first that is heard of it on."""

WAYS = ("stopped", "killed", "hangs", "restarted")
GROWS = {"logs/audit.jsonl"}
"""With each question that the API answers."""

SIGNS = [signal.SIGINT, signal.SIGTERM][slice(None) if WHOLE else slice(SEED % 2, SEED % 2 + 1)]
KILLS = 20 if WHOLE else 2


class Drilled(System):
    """The sandbox, with what drills write to its stores."""

    def looked_at(self):
        """How it is."""
        found = super().looked_at()
        files = {name: said for name, said in found["files"].items() if name not in GROWS}
        return {**found, "files": files, "keys": self.client("redis").names("llmops-*")}


@pytest.fixture
def system(stack, tmp_path, monkeypatch):
    """The sandbox, and how it was when it was started; recovering is possible from here."""
    file = stack.file.read_text()
    stack.file.write_text(f"{file}\n[targets.sandbox.disruption]\nallowed = true\n")
    monkeypatch.chdir(tmp_path)
    for name, value in stack.keys.items():
        monkeypatch.setenv(name, value)
    target = load(stack.file, "sandbox", tmp_path, os.environ)
    with closing(Drilled(target, tmp_path)) as one:
        one.before = one.looked_at()
        yield one


def ended(stack, tmp_path, component, way, sign, after_s):
    """Drill, and send a signal so long after something was heard of it: the exit status, and what was printed."""
    out = tmp_path / "out.txt"
    words = [f"--llmops-config={stack.file}", f"--llmops-report={tmp_path / 'reports'}", "--llmops-baseline=off"]
    words += ["--llmops-allow-disruption=sandbox", "suites/dr/test_drills.py", "-k", f"{way} and {component}"]
    spared = [f"-pno:{name}" for name in ("cacheprovider", *UNUSED)]
    command = [sys.executable, "-u", "-m", "pytest", *spared, *words]
    with out.open("w") as file:
        run = subprocess.Popen(command, cwd=ROOT, env=_environ(**stack.keys), stdout=file, stderr=subprocess.STDOUT)
        ends_at = time.monotonic() + WITHIN_S
        while "  drill " not in out.read_text() and run.poll() is None and time.monotonic() < ends_at:
            time.sleep(0.02)
        time.sleep(after_s)
        run.send_signal(sign)
        return run.wait(WITHIN_S), out.read_text()


def test_who_is_killed_in_the_midst_of_a_drill_is_recovered_from(stack, system, tmp_path):
    chance, killed = random.Random(f"{SEED} drills"), 0
    for number in range(KILLS):
        component, way = chance.choice(list(LASTS_S)), WAYS[(SEED + number) % len(WAYS)]
        after_s = chance.uniform(0, LASTS_S[component])
        where = f"{component} {way}, killed after {after_s:.2f} s; TESTS_SEED={SEED}"
        status, out = ended(stack, tmp_path, component, way, signal.SIGKILL, after_s)
        assert status in {0, -signal.SIGKILL}, (where, out)
        killed += status != 0
        done = CliRunner().invoke(recover, [])
        assert done.exit_code == 0, (where, out, done.output)
        assert system.changed() == {}, (where, out, done.output)
    assert killed


@pytest.mark.parametrize("sign", SIGNS)
def test_who_is_told_to_end_takes_it_back_himself(stack, system, tmp_path, sign):
    status, out = ended(stack, tmp_path, "redis", "killed", sign, 2.5)
    assert status == 2, out
    assert system.changed() == {}, out
    assert CliRunner().invoke(recover, []).output.startswith("nothing is open")


def test_a_drill_leaves_no_trace_but_its_timeline(stack, system, tmp_path):
    status, out = ended(stack, tmp_path, "redis", "killed", 0, 0)
    assert status == 0, out
    assert system.changed() == {}
    [check] = json.loads((tmp_path / "reports" / "run.json").read_text())["checks"]
    names = {metric["name"]: metric["value"] for metric in check["metrics"]}
    assert set(names) == {f"drill_{figure}[redis-killed]" for figure in ("detect", "rto", "rpo")}
    assert 0 < names["drill_detect[redis-killed]"] < names["drill_rto[redis-killed]"]
    page, picture = sorted((tmp_path / "reports" / "documents" / "sandbox").iterdir())
    assert f"]({picture.name})" in page.read_text()


def test_what_never_comes_back_and_cannot_be_brought_back_is_said_twice(suite):
    run = suite(
        "suites/dr/test_drills.py",
        "-k", "killed and redis",
        "--llmops-target=sandbox",
        "--llmops-allow-disruption=sandbox",
        "--llmops-sandbox-fault=redis:wont-start",
        "--llmops-baseline=off",
    )  # fmt: skip
    assert run.status == 1
    check = run.checks["dr/test_drills.py::test_what_is_killed_comes_back[redis]"]
    assert (check["outcome"], check["category"]) == ("error", "left-changed")
    assert "redis: start of part redis of the sandbox was not seen within 20 s" in run.out
    assert "UNDO FAILED: sandbox is NOT as it was before dr/test_drills.py::test_what_is_killed_comes_back" in run.out
