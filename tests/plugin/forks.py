"""Whole runs of pytest that need no second to start: forks of a process that has imported what most of them need."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

IMPORTS_FIRST = """
import gc, json, os, sys
import pytest, pytest.__main__
import httpx, numpy, rich.table, scipy.special, sqlalchemy
import pytest_llmops.cli
import pytest_llmops.control.change, pytest_llmops.control.command, pytest_llmops.control.embedded
import pytest_llmops.clients.http, pytest_llmops.clients.llm, pytest_llmops.clients.preflight
import pytest_llmops.measure.candidate, pytest_llmops.measure.measuring, pytest_llmops.measure.planning
import pytest_llmops.plugin.controller, pytest_llmops.plugin.named_suites, pytest_llmops.plugin.outcomes
import pytest_llmops.plugin.plan, pytest_llmops.plugin.selection, pytest_llmops.plugin.settling
import pytest_llmops.report.plan, pytest_llmops.report.run_json, pytest_llmops.report.terminal
import pytest_llmops.state.history.last_good, pytest_llmops.state.history.unwritten
import pytest_llmops.target.load

for name in [name for name in sys.modules if name.partition(".")[0] == "anyio"]:
    del sys.modules[name]  # brought by httpx, and a plugin of pytest's: what is imported already cannot be rewritten
gc.collect(), gc.freeze()
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        os.setsid()
        os.environ.clear(), os.environ.update(asked["environ"])
        os.chdir(asked["cwd"])
        sys.path[0], sys.argv = asked["cwd"], [pytest.__main__.__file__, *asked["words"]]
        nothing, file = os.open(os.devnull, os.O_RDONLY), os.open(asked["out"], os.O_WRONLY | os.O_APPEND)
        os.dup2(nothing, 0), os.dup2(file, 1), os.dup2(file, 2)
        sys.exit(pytest.main(asked["words"]))
    print(child, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""``python -m pytest``, but for what is imported already."""


class Forks:
    """The process that is forked; it ends with this one."""

    def __init__(self):
        ours = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
        self._process = subprocess.Popen(
            [sys.executable, "-c", IMPORTS_FIRST],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,  # what was read ahead, select would not see
            env={**ours, "OPENBLAS_NUM_THREADS": "1"},  # what is forked has one thread
        )

    def run(self, words, cwd, environ, within_s):
        """Run pytest there; returns its exit status and all that it printed.

        Raises:
            subprocess.TimeoutExpired: it did not end in time, and was killed.
        """
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "out.txt"
            out.touch()
            asked = {"words": words, "cwd": str(cwd), "environ": environ, "out": str(out)}
            self._process.stdin.write(f"{json.dumps(asked)}\n".encode())
            self._process.stdin.flush()
            child = int(self._process.stdout.readline())
            in_time = select.select([self._process.stdout], [], [], within_s)[0]
            if not in_time:
                os.killpg(child, signal.SIGKILL)
            status, said = int(self._process.stdout.readline()), out.read_text()
        if not in_time:
            raise subprocess.TimeoutExpired(words, within_s, said)
        return status, said

    def end(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)
