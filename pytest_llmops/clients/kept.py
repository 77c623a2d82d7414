"""A call that one process of a run makes and all of them read: its answer, or why there is none."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.answer import Answer
from pytest_llmops.clients.exchange import begin_exchange, keep_answer, last_exchange
from pytest_llmops.errors import CallFailed, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a call.

    Attributes:
        at: when it was over, in epoch seconds.
        exchange: the command that makes it again.
        came: the answer, whatever its status; or why there is none.
    """

    at: float
    exchange: str
    came: Answer | CallFailed | Unsupported

    @classmethod
    def of(cls, call: Callable[[], Answer]) -> Kept:
        """Make a call; that it fails, or cannot be made on this system, is kept too."""
        came: Answer | CallFailed | Unsupported
        try:
            came = call()
        except (CallFailed, Unsupported) as error:
            came = error
        return cls(time.time(), last_exchange.get(), came)

    def again(self) -> Answer:
        """What the call brought, as if it were made now: a check that fails on it says how to see it again.

        Raises:
            CallFailed: no whole answer came.
            Unsupported: this system has no such thing.
        """
        begin_exchange(self.exchange)
        if isinstance(self.came, Answer):
            keep_answer(self.came)
            return self.came
        raise self.came

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        found: dict[str, Any] = {"at": self.at, "exchange": self.exchange}
        if isinstance(self.came, Answer):
            return {**found, "answer": asdict(self.came)}
        if isinstance(self.came, CallFailed):
            error = self.came
            told = {"component": error.component, "kind": error.kind, "message": str(error), "body": error.body}
            return {**found, "failed": told}
        return {**found, "unsupported": str(self.came)}

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> Kept:
        """Out of plain JSON."""
        came: Answer | CallFailed | Unsupported
        if "answer" in found:
            came = Answer(**found["answer"])
        else:
            came = CallFailed(**found["failed"]) if "failed" in found else Unsupported(found["unsupported"])
        return cls(found["at"], found["exchange"], came)
