"""Keeps one llama.cpp server: a process of its own that ends with this one, whatever ends it."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from pytest_llmops.errors import LlmopsError
from pytest_llmops.sandbox.tiny_model import CONTEXT

if TYPE_CHECKING:
    from pathlib import Path

LONGEST = 64
"""Tokens of an answer to a call that sets no limit: the model never ends one by itself."""

SLOTS = 2
"""Answers that a server generates at the same time; more calls wait."""

_END_S = 2.0


class Keeper:
    """A llama.cpp server. Its standard input is our pipe: the kernel closes it with this process.

    Args:
        model: the file of its model.
        name: what the model is called here.

    Attributes:
        url: its address.
        key: what calls to it are signed with.
        load_s: seconds from the start of the process to the loaded model.

    Raises:
        LlmopsError: it did not come up; says its last word.
    """

    def __init__(self, model: Path, name: str) -> None:
        start = time.perf_counter()
        self._name = name
        self._asked_to_end = False
        self.key = secrets.token_urlsafe(24)
        log = model.with_suffix(".log")
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "pytest_llmops.sandbox.engines.runner"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        self.url = self._order(model)
        if not self.url:
            self.end()
            *_, last = ["nothing", *log.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]]
            raise LlmopsError(f"llama.cpp did not come up with {name}; the last that it said: {last}")
        self.load_s = time.perf_counter() - start
        threading.Thread(target=self._watch, daemon=True, name=f"llama.cpp {name}").start()

    def _order(self, model: Path) -> str:
        """Say what to serve; the address, or nothing where the process ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {
            "model": str(model),
            "slots": SLOTS,
            "context": CONTEXT,
            "threads": max(1, min(4, (os.cpu_count() or 1) // 2)),
            "longest": LONGEST,
            "key": self.key,
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def end(self) -> None:
        """End it, and wait until it has."""
        self._asked_to_end = True
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                stream.close()
        try:
            self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _watch(self) -> None:
        code = self._process.wait()
        if not self._asked_to_end:
            said = f"sandbox: llama.cpp with {self._name} (process {self._process.pid}) has ended: status {code}.\n"
            os.write(2, said.encode())
