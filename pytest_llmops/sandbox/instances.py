"""The model server as one instance or several behind one address: each answers so many at a time, the rest waits."""

from __future__ import annotations

import asyncio
import json
import math
from collections import Counter
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from pytest_llmops.sandbox.settings import Settings
from pytest_llmops.sandbox.slots import Slots

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pytest_llmops.sandbox.stack import Stack

GENERATING = {"/api/generate", "/api/chat", "/v1/chat/completions", "/v1/completions"}
"""Paths that give an answer, and so take a slot."""

BUSY = "server busy, please try again.  maximum pending requests exceeded"
"""What Ollama says once no more may wait."""

FILE = "answered.json"
"""In the stack's directory: answers by instance, since the stack's start."""


class Instances:
    """What every request to the model server passes.

    Args:
        app: what answers.
        stack: whose.
    """

    def __init__(self, app: ASGIApp, stack: Stack) -> None:
        self._app = app
        self._stack = stack
        self._settings = Settings(stack)
        self._slots = Slots(self._places)
        self._busy: Counter[str] = Counter()
        self._answered: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, once there is a slot for it."""
        if scope["type"] != "http" or scope["path"] not in GENERATING:
            await self._app(scope, receive, send)
            return
        if "llm:no-queue" in self._stack.faults and not self._slots.free:
            await JSONResponse({"error": BUSY}, 503)(scope, receive, send)
            return
        async with self._slots.taken():
            scope["began"] = asyncio.get_running_loop().time()
            name = min(self._working, key=lambda one: (self._busy[one], self._answered[one]))
            self._busy[name] += 1
            self._answered[name] += 1
            self._note()
            try:
                await self._app(scope, receive, send)
            finally:
                self._busy[name] -= 1

    @property
    def _names(self) -> list[str]:
        setting = self._stack.sandbox.instances
        return named(self._settings.read(setting) if setting else "")

    @property
    def _working(self) -> list[str]:
        """Those that are given anything to do."""
        return self._names[: 1 if "llm:one-instance" in self._stack.faults else None]

    def _places(self) -> float:
        each = self._stack.faults.number("llm:slots", self._stack.sandbox.slots or math.inf)
        return each * len(self._working)

    def _note(self) -> None:
        told = {name: self._answered[name] for name in self._names}
        part = self._stack.directory / f"{FILE}.part"
        part.write_text(json.dumps(told), encoding="ascii")
        part.replace(self._stack.directory / FILE)


def shown(stack: Stack) -> dict[str, str]:
    """What texts may name: ``{instances}``, a JSON list of ``name``, ``ready``, ``models`` and ``answered``."""
    file, setting = stack.directory / FILE, stack.sandbox.instances
    given = json.loads(file.read_text(encoding="ascii")) if file.is_file() else {}
    names = named(Settings(stack).read(setting) if setting else "")
    bare = names[-1:] if "llm:bare-instance" in stack.faults else []
    told = []
    for name in names:
        models = [] if name in bare else list(stack.models)
        told.append({"name": name, "ready": True, "models": models, "answered": given.get(name, 0)})
    return {"instances": json.dumps(told)}


def named(count: str) -> list[str]:
    """The names of so many instances; of one where it is no number."""
    return [f"instance-{number}" for number in range(int(count) if count.isdecimal() else 1)]
