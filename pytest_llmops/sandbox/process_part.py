"""A process of the system that no part stands for: it starts up, writes its log, works, and ends as it is told."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.sandbox import laying, outside_part
from pytest_llmops.sandbox.faults import FAULTS
from pytest_llmops.sandbox.serving import serve

if TYPE_CHECKING:
    from typing import NoReturn

    from starlette.types import ASGIApp

    from pytest_llmops.sandbox.ports import Opening
    from pytest_llmops.sandbox.stack import Stack

DIES_S = 0.2
"""How long after it was ready the fault ``NAME:dies`` ends it."""

LEAK_BYTES = 2**20
LEAK_S = 0.05
MOST_LEAKED = 256
"""The fault ``NAME:leaks`` holds a megabyte more twenty times a second, 256 at most."""


def run(stack: Stack, name: str, opening: Opening, *, first: bool) -> None:
    """Live until the process ends.

    Args:
        stack: whose process it is.
        name: under which the profile describes it.
        opening: where it serves, if it does.
        first: whether it starts with the stack: then it has started up before.
    """
    life = Life(stack, name)
    signal.signal(signal.SIGTERM, lambda *_: life.end("stopped", 0))
    life.write("started")
    if f"{name}:unready" in stack.faults:
        _for_ever()
    if not first:
        time.sleep(life.process.start_up)
    if f"{name}:leaks" in stack.faults and f"{name}:leaks" not in FAULTS:
        threading.Thread(target=_leak, daemon=True).start()
    if name == "api" or life.process.routes:
        threading.Thread(target=life.work, daemon=True).start()
        serve(_door(stack, name, life), replace(opening, before=life.begin))
        life.end("stopped", 0)
    life.begin()
    opening.ready()
    life.work()


def _door(stack: Stack, name: str, life: Life) -> ASGIApp:
    """What a process answers: the API, or the cases of its routes."""
    if name != "api":
        return outside_part.door(stack, name, life.values)
    from pytest_llmops.sandbox import api_part

    return api_part.door(stack)


class Life:
    """What a process writes from its start to its end.

    Attributes:
        values: what its texts may name.
    """

    def __init__(self, stack: Stack, name: str) -> None:
        self.process = stack.sandbox.processes[name]
        self._texts = stack.texts
        self._root = stack.root
        self._dies = f"{name}:dies" in stack.faults
        self._abrupt, self._tears = f"{name}:abrupt" in stack.faults, f"{name}:tears" in stack.faults
        self.values = {"process": os.getpid(), "began": time.time_ns()}
        path = laying.log_of(stack, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def write(self, line: str, count: int = 0) -> None:
        """Write one of its lines, by the name of its template; nothing where that is empty."""
        if template := getattr(self.process, line):
            text = self._texts.written(template, {**self.values, "count": count})
            os.write(self._log, f"{text}\n".encode())

    def begin(self) -> None:
        """Write that it is ready, and its files: each under another name until it is whole, unless it tears them."""
        self.write("ready")
        if self._dies:
            threading.Timer(DIES_S, self.end, ("died", 1)).start()
        for name, template in self.process.outputs.items():
            file, text = self._root / self._texts.written(name), self._texts.written(template, self.values)
            file.parent.mkdir(parents=True, exist_ok=True)
            if self._tears:
                file.write_text(text[: len(text) // 2], encoding="utf-8")
                continue
            part = file.with_name(f"{file.name}.part")
            part.write_text(text, encoding="utf-8")
            part.replace(file)

    def work(self) -> None:
        """Write a line of work again and again, or only wait."""
        if self.process.every is None:
            _for_ever()
        count = 0
        while True:
            self.write("works", count)
            count += 1
            time.sleep(self.process.every)

    def end(self, line: str, status: int) -> NoReturn:
        """Write the last line, unless it is abrupt, and end at once."""
        if line != "stopped" or not self._abrupt:
            self.write(line)
        sys.stdout.flush()
        os._exit(status)


def _for_ever() -> NoReturn:
    while True:
        signal.pause()


def _leak() -> None:
    held: list[bytes] = []
    while len(held) < MOST_LEAKED:
        held.append(b"\1" * LEAK_BYTES)  # written to, so that it is really there
        time.sleep(LEAK_S)
    threading.Event().wait()
