"""Whole runs of pytest that need no second to start: forks of a process that has imported what most of them need."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

WARMED = Path(__file__).with_name("warmed.py")
"""``python -m pytest``, but for what is imported already."""


class Forks:
    """The process that is forked; it ends with this one."""

    def __init__(self):
        ours = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
        self._process = subprocess.Popen(
            [sys.executable, WARMED],
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
