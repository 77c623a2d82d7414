"""The newest call of a test, as a command to see it again."""

from __future__ import annotations

from contextvars import ContextVar

last_exchange: ContextVar[str] = ContextVar("last_exchange", default="")
"""A command to paste into a shell (curl, redis-cli), secrets by the names of their variables; empty before any call."""
