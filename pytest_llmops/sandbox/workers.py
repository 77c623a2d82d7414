"""The workers of the API, as a supervisor that replaces each after so many requests would show them."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

from pytest_llmops.sandbox.streaming import CutOff

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from pytest_llmops.sandbox.stack import Stack

FILE = "workers.json"
"""In the stack's directory: requests that each worker has taken since the API's start."""

FIRST, STEP = 100, 10
"""Number of the first worker, and by how much that of its successor is higher."""


class Workers:
    """What every request to the API passes: its workers take turns.

    Args:
        app: what answers.
        stack: whose.
    """

    def __init__(self, app: ASGIApp, stack: Stack) -> None:
        self._app = app
        self._after = stack.sandbox.recycles or 0
        self._hard = "api:recycles-hard" in stack.faults
        self._taken = [0] * stack.sandbox.workers
        self._file = os.open(stack.directory / FILE, os.O_CREAT | os.O_TRUNC | os.O_WRONLY) if self._after else None
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, unless its worker ends in the middle of it."""
        if scope["type"] != "http" or self._file is None:
            await self._app(scope, receive, send)
            return
        turn = self._requests % len(self._taken)
        self._requests += 1
        self._taken[turn] += 1
        os.pwrite(self._file, json.dumps(self._taken).encode(), 0)  # which never becomes shorter
        if self._hard and self._taken[turn] % self._after == 0:
            await CutOff()(scope, receive, send)
            return
        await self._app(scope, receive, send)


def shown(stack: Stack) -> dict[str, str]:
    """What texts may name: ``{workers}``, a JSON list of the numbers of the API's workers."""
    file, after = stack.directory / FILE, stack.sandbox.recycles
    said = file.read_text(encoding="ascii") if file.is_file() else ""
    taken = json.loads(said) if said else [0] * stack.sandbox.workers
    replaced = [count // after if after and "api:never-recycles" not in stack.faults else 0 for count in taken]
    return {"workers": json.dumps([FIRST + number + STEP * times for number, times in enumerate(replaced)])}
