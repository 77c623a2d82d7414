"""A target of three real processes, hands on them that signal pytest at the n-th boundary, and runs that start fast."""

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from types import SimpleNamespace

import pytest

KEY = "--llmops-allow-disruption=here"
PARTS = ("openai", "qdrant", "redis")

HAND = """\
#!/bin/sh
# hand VERB NAME: what the driver 'command' calls. Each act has a boundary before and one after it.
cd "$(dirname "$0")"
echo "$1 $2" >> calls
boundary() {
    n=$(( $(cat count) + 1 )); echo $n > count
    [ $n = "$(cat at)" ] || return 0
    group=$(cut -d' ' -f5 /proc/$PPID/stat)
    case $(cat whom) in it) to=$PPID;; leader) to=$group;; all) to=-$group;; esac
    kill -$(cat signal) $to
    [ "$(cat signal)" != KILL ] || exit 1
}
pid=$(cat $2.pid 2>/dev/null)
case $1 in
status)
    case $(cut -d' ' -f3 /proc/$pid/stat 2>/dev/null) in T) exit 4;; ""|Z) exit 3;; *) exit 0;; esac;;
instance) echo $pid; exit 0;;
esac
boundary
[ ! -e $2.broken ] || { echo "$1: no luck" >&2; exit 1; }
echo "$1 $2" >> acts
case $1 in
start) setsid sleep 1000 >/dev/null 2>&1 </dev/null & echo $! > $2.pid;;
stop) kill $pid; kill -CONT $pid; while [ -e /proc/$pid/stat ] && ! grep -q ') Z' /proc/$pid/stat; do :; done;;
kill) kill -KILL $pid; while [ -e /proc/$pid/stat ] && ! grep -q ') Z' /proc/$pid/stat; do :; done;;
pause) kill -STOP $pid;;
resume) kill -CONT $pid;;
esac
boundary
"""

BOUNDARIES = """
import os, signal
from pathlib import Path

HERE = Path(__file__).parent / "hands"
write, flush, move = os.pwrite, os.fsync, os.replace

def boundary():
    n = int((HERE / "count").read_text()) + 1
    (HERE / "count").write_text(str(n))
    if n == int((HERE / "at").read_text()):
        number = signal.Signals["SIG" + (HERE / "signal").read_text()]
        group = os.getpgrp()
        os.kill({"it": os.getpid(), "leader": group, "all": -group}[(HERE / "whom").read_text()], number)

def pwrite(file, data, offset):
    boundary()
    half = write(file, data[: len(data) // 2], offset)
    boundary()
    return half + write(file, data[half:], offset + half)

def fsync(file):
    boundary()
    flush(file)
    boundary()

def replace(source, *more, **words):
    if not str(source).endswith(".jsonl"):
        return move(source, *more, **words)
    boundary()
    move(source, *more, **words)
    boundary()

os.pwrite, os.fsync, os.replace = pwrite, fsync, replace
"""

THREE_STEPS = """
def test_three_steps(change):
    assert change.stop("openai").state == "stopped"
    assert change.pause("qdrant").state == "paused"
    assert change.kill("redis").state == "stopped"
"""

ZYGOTE = """
import gc, json, os, sys, pytest
from pytest_llmops.plugin import named_suites, plan, reporting, selection, settling  # noqa: F401
import pytest_llmops.control.command, pytest_llmops.control.embedded, pytest_llmops.report.run_json  # noqa: F401
import pytest_llmops.measure.candidate, pytest_llmops.report.terminal, pytest_llmops.report.plan  # noqa: F401
import pytest_llmops.measure.planning, pytest_llmops.target.load  # noqa: F401
gc.collect(), gc.freeze()
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        os.setsid()
        os.chdir(asked["cwd"])
        os.environ.update(asked["environ"])
        sys.argv = ["pytest", *asked["words"]]
        file = os.open(asked["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, 1), os.dup2(file, 2)
        status = pytest.main(asked["words"])
        sys.stdout.flush(), sys.stderr.flush()
        os._exit(int(status))
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Stack:
    """A target whose components are real processes."""

    def __init__(self, project):
        self.project, self.path = project, project.path / "hands"
        self.path.mkdir()
        self.hand = self.path / "hand"
        self.hand.write_text(HAND)
        self.hand.chmod(0o755)
        self.at(0)
        self.describe()
        for name in PARTS:
            subprocess.run([self.hand, "start", name], check=True)
        self.began = self.seen()

    def describe(self, more="allowed = true", verbs=("start", "stop", "restart", "kill", "pause", "resume")):
        """Write the llmops.toml."""
        tables = ["[targets.here]\n[targets.here.disruption]\n", more, "\n"]
        for name in PARTS:
            scheme = "redis" if name == "redis" else "http"
            tables.append(f'[targets.here.components.{name}]\nurl = "{scheme}://127.0.0.1:9"\n')
            tables.append(f'[targets.here.components.{name}.control]\ndriver = "command"\ndeadline = "10 s"\n')
            tables += [f'{verb} = ["{self.hand}", "{verb}", "{name}"]\n' for verb in ("status", "instance", *verbs)]
        self.project.write("llmops.toml", "".join(tables))

    def at(self, boundary, sign="KILL", whom="it"):
        """Signal at this boundary; 0: never."""
        for name, text in {"count": 0, "at": boundary, "signal": sign, "whom": whom}.items():
            (self.path / name).write_text(str(text))

    @property
    def passed(self):
        """How many boundaries were passed."""
        return int((self.path / "count").read_text())

    @property
    def acts(self):
        """What was done to them, one word and a name each."""
        return (self.path / "acts").read_text().splitlines()[len(PARTS) :]

    @property
    def calls(self):
        """All that the driver was asked since the target was made, looks included."""
        return (self.path / "calls").read_text().splitlines()[len(PARTS) + len(PARTS) :]

    def seen(self):
        """How each component is."""
        found = {name: subprocess.run([self.hand, "status", name], check=False).returncode for name in PARTS}
        return {name: {0: "running", 3: "stopped", 4: "paused"}[status] for name, status in found.items()}

    def is_as_before(self):
        return self.seen() == self.began == dict.fromkeys(PARTS, "running")

    @property
    def journal(self):
        return self.project.path / ".llmops" / "journal" / "here.jsonl"

    def end(self):
        for file in self.path.glob("*.pid"):
            with suppress(ProcessLookupError):
                os.kill(int(file.read_text()), signal.SIGKILL)


@pytest.fixture
def stack(project):
    made = Stack(project)
    yield made
    made.end()


@pytest.fixture(scope="session")
def zygote():
    words = [sys.executable, "-c", ZYGOTE]
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LLMOPS_", "COV_"))}
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ)
    yield process
    process.stdin.close()
    process.stdout.close()
    process.wait(10)


@pytest.fixture
def quick(zygote, project):
    """Runs pytest in a fork of a process that has imported everything: its status, what it printed, run.json."""

    def quick(*words, environ=None, cwd=None):
        out, report = project.path / "out.txt", project.reports / "run.json"
        report.unlink(missing_ok=True)
        asked = {
            "words": ["-pxdist.plugin", "-ppytest_llmops.plugin", *map(str, words)],
            "cwd": str(cwd or project.path),
            "environ": {"COLUMNS": "120", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(environ or {})},
            "out": str(out),
        }
        zygote.stdin.write(json.dumps(asked) + "\n")
        zygote.stdin.flush()
        status = int(zygote.stdout.readline())
        said = out.read_text()
        whole = json.loads(report.read_text()) if report.exists() else None
        return SimpleNamespace(status=status, out=said, lines=[s.rstrip() for s in said.splitlines()], whole=whole)

    return quick


@pytest.fixture
def recover(project, monkeypatch):
    """Runs ``llmops recover`` in the project's folder: its status, and what it printed."""
    from click.testing import CliRunner

    from pytest_llmops.cli import commands

    def recover(*words):
        monkeypatch.chdir(project.path)
        done = CliRunner().invoke(commands, ["recover", *words])
        return SimpleNamespace(status=done.exit_code, out=done.output, lines=done.output.splitlines())

    return recover
