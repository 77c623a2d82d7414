"""The newest call of a test: as a command to see it again, and how it was answered."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmops.clients.answer import Answer

SHOWN = 20_000
"""How much of a body is shown, in characters."""

last_exchange: ContextVar[str] = ContextVar("last_exchange", default="")
"""A command to paste into a shell (curl, redis-cli), secrets by the names of their variables; empty before any call."""

_answered: ContextVar[tuple[str, Answer] | None] = ContextVar("answered", default=None)


def keep_answer(answer: Answer) -> None:
    """Remember how the newest call was answered."""
    _answered.set((last_exchange.get(), answer))


def last_answer() -> str:
    """How the newest call was answered: status, type and body, secrets and all; empty where no whole answer came."""
    exchange, answer = _answered.get() or ("", None)
    if answer is None or exchange != last_exchange.get():
        return ""
    body = answer.text
    cut = f"\n(the first {SHOWN:,} of {len(body):,} characters)" if len(body) > SHOWN else ""
    head = f"{answer.asked}: {answer.status}, {answer.headers.get('content-type', 'no content type')}"
    return f"{head}\n\n{body[:SHOWN]}{cut}"
