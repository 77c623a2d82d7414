"""A target of three real processes, hands on them that signal pytest at the n-th boundary, and runs that start fast."""

import os
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
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
run="sleep 1000"
[ ! -e $2.lingers ] || run="sh lingering"
case $1 in
start) setsid $run >/dev/null 2>&1 </dev/null & echo $! > $2.pid;;
stop)
    kill $pid; kill -CONT $pid
    [ ! -e inside ] || { signal=$(cat inside); rm inside; kill -$signal $PPID; }
    while [ -e /proc/$pid/stat ] && ! grep -q ') Z' /proc/$pid/stat; do :; done;;
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
    if not str(source).endswith(".closing"):
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


class Stack:
    """A target whose components are real processes."""

    def __init__(self, project):
        self.project, self.path = project, project.path / "hands"
        self.path.mkdir()
        self.hand = self.path / "hand"
        self.hand.write_text(HAND)
        (self.path / "lingering").write_text("trap 'sleep 0.5; exit' TERM\nwhile :; do sleep 0.02; done\n")
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
            tables.append(f'[targets.here.components.{name}.control]\ndriver = "command"\ndeadline = "60 s"\n')
            tables += [f'{verb} = ["{self.hand}", "{verb}", "{name}"]\n' for verb in ("status", "instance", *verbs)]
        self.project.write("llmops.toml", "".join(tables))

    def at(self, boundary, sign="KILL", whom="it"):
        """Signal at this boundary; 0: never."""
        for name, text in {"count": 0, "at": boundary, "signal": sign, "whom": whom}.items():
            (self.path / name).write_text(str(text))

    def lingers(self, name):
        """From here on a component takes its time to end."""
        subprocess.run([self.hand, "kill", name], check=True)
        (self.path / f"{name}.lingers").touch()
        subprocess.run([self.hand, "start", name], check=True)
        self.lingering = (self.path / f"{name}.pid").read_text().strip()

    def inside(self, sign):
        """Signal pytest once, while a stop is under way."""
        (self.path / "inside").write_text(sign)

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

    def is_as_before_for_good(self):
        """Also once what was told to end has ended."""
        while Path(f"/proc/{self.lingering}/stat").exists():
            time.sleep(0.01)
        return self.is_as_before()

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


@pytest.fixture
def quick(project):
    """Runs pytest without the plugins that are not needed here."""

    def quick(*words, environ=None, cwd=None):
        few = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **(environ or {})}
        return project.run("-pxdist.plugin", "-ppytest_llmops.plugin", *words, environ=few, cwd=cwd)

    return quick


@pytest.fixture
def recover(project, tmp_path_factory, monkeypatch):
    """Runs ``llmops recover`` in the project's folder: its status, and what it printed."""
    from click.testing import CliRunner

    from pytest_llmops.cli import commands

    monkeypatch.setattr(
        tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary"))
    )  # others' runs may be killed, too

    def recover(*words):
        monkeypatch.chdir(project.path)
        done = CliRunner().invoke(commands, ["recover", *words])
        return SimpleNamespace(status=done.exit_code, out=done.output, lines=done.output.splitlines())

    return recover
