"""The API's audit trail: who did what, in memory for its route and on disk for good."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections import deque
from typing import TYPE_CHECKING
from uuid import uuid4

from pytest_llmops.sandbox.trail import WrittenTrail

if TYPE_CHECKING:
    from pytest_llmops.sandbox.stack import Stack

_KEPT = 1000


def now(shift_s: float = 0.0) -> str:
    """The time in UTC, ISO 8601 with ``Z``."""
    at = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=shift_s)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Audit:
    """The trail.

    Args:
        stack: in whose folder ``audit.jsonl`` lies; under the fault ``api:no-audit`` nothing is written.
    """

    def __init__(self, stack: Stack) -> None:
        self._events: deque[dict[str, str]] = deque(maxlen=_KEPT)
        self._silent = "api:no-audit" in stack.faults
        self._file = os.open(stack.directory / "audit.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._trail = WrittenTrail(stack, stack.sandbox.audit) if stack.sandbox.audit and not self._silent else None

    def write(self, kind: str, actor: str) -> None:
        """Note an event.

        Args:
            kind: ``service_started``, ``query``, ``blocked``, ``refused``, ``document_ingested`` or ``data_deleted``;
                of what a fixed route took the route's name.
            actor: who did it: a user, a role, ``system`` or ``unknown``.
        """
        if self._silent:
            return
        event = {"id": uuid4().hex, "at": now(), "type": kind, "actor": actor}
        self._events.append(event)
        os.write(self._file, json.dumps(event).encode() + b"\n")
        if self._trail is not None:
            self._trail.write(event)

    def events(self) -> list[dict[str, str]]:
        """The last 1000, newest last."""
        return list(self._events)
