"""Whole runs of pytest that need no second to start: forks of a process that has imported what most of them need."""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

WARMED = Path(__file__).with_name("warmed.py")
"""``python -m pytest``, but for what is imported already."""


class Forks:
    """The process that is forked; it ends with this one."""

    def __init__(self):
        ours = {name: value for name, value in os.environ.items() if not name.startswith("COV_")}
        self._child = 0
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
            self.begin(words, cwd, environ, out)
            status, said = self.ended(within_s), out.read_text()
        if status is None:
            raise subprocess.TimeoutExpired(words, within_s, said)
        return status, said

    def begin(self, words, cwd, environ, out):
        """Begin to run pytest there, one run at a time; returns its process id. What it prints goes to a file."""
        out.write_bytes(b"")
        asked = {"words": words, "cwd": str(cwd), "environ": environ, "out": str(out)}
        self._process.stdin.write(f"{json.dumps(asked)}\n".encode())
        self._process.stdin.flush()
        self._child = int(self._process.stdout.readline())
        return self._child

    def alive(self, within_s=0.0):
        """Whether what was begun still runs after so many seconds."""
        return not select.select([self._process.stdout], [], [], within_s)[0]

    def ended(self, within_s):
        """The exit status of what was begun; None where it did not end in time, and was killed."""
        late = self.alive(within_s)
        if late:
            with suppress(ProcessLookupError):  # it may be over this very moment
                os.killpg(self._child, signal.SIGKILL)
        status = int(self._process.stdout.readline())
        return None if late else status

    def end(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)
