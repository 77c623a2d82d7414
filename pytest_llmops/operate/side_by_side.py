"""Many looks at once, none of which may take longer than there is time."""

from __future__ import annotations

import contextvars
import queue
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pytest_llmops.errors import LlmopsError
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

Value = TypeVar("Value")


class TooLong(LlmopsError):
    """A step did not end in time; it was left alone."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Value]):
    """What became of a step.

    Attributes:
        value: what it returned; None where it did not.
        error: what it raised, or that it took too long; None where it returned.
        took_s: how long it took.
    """

    value: Value | None = None
    error: Exception | None = None
    took_s: float = 0.0


def together(
    steps: Mapping[str, Callable[[], Value]], within_s: float, own_s: Mapping[str, float] | None = None
) -> dict[str, Done[Value]]:
    """Take steps side by side, each in a thread of its own.

    A step that does not end in time is left to its own deadline: nothing waits for its thread, not even the process.

    Args:
        steps: by name.
        within_s: all of them together.
        own_s: steps that may take another time, by name.

    Returns:
        What became of each, in their order.
    """
    ended: queue.SimpleQueue[tuple[str, Done[Value]]] = queue.SimpleQueue()

    def take(name: str, step: Callable[[], Value]) -> None:
        start = time.monotonic()
        done: Done[Value]
        try:
            done = Done(step(), took_s=time.monotonic() - start)
        except Exception as error:  # noqa: BLE001 (it is what is to be told)
            done = Done(error=error, took_s=time.monotonic() - start)
        ended.put((name, done))

    begun = time.monotonic()
    allowed_s = {name: (own_s or {}).get(name, within_s) for name in steps}
    for name, step in steps.items():
        run = contextvars.copy_context().run
        threading.Thread(target=run, args=(take, name, step), name=f"llmops-{name}", daemon=True).start()
    found = {name: _late(time_s) for name, time_s in allowed_s.items()}
    while allowed_s:
        try:
            name, done = ended.get(timeout=max(0.0, begun + max(allowed_s.values()) - time.monotonic()))
        except queue.Empty:
            break
        found[name] = done
        del allowed_s[name]
    return found


def _late(within_s: float) -> Done[Any]:
    return Done(error=TooLong(f"no answer within {spoken(within_s)}"), took_s=within_s)
