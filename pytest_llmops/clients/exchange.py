"""The newest call of a test: as a command to see it again, and how it was answered."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmops.clients.answer import Answer

last_exchange: ContextVar[str] = ContextVar("last_exchange", default="")
"""A command to paste into a shell (curl, redis-cli), secrets by the names of their variables; empty before any call."""

_answered: ContextVar[tuple[str, Answer] | None] = ContextVar("answered", default=None)


def begin_exchange(command: str) -> None:
    """A call is made that is this command; until it is answered, it is not."""
    last_exchange.set(command)
    _answered.set(None)


def keep_answer(answer: Answer) -> None:
    """Remember how the newest call was answered."""
    _answered.set((last_exchange.get(), answer))


def last_answer() -> Answer | None:
    """How the newest call was answered; None where no whole answer came, or where it is one that makes a token."""
    exchange, answer = _answered.get() or ("", None)
    return answer if exchange == last_exchange.get() else None
