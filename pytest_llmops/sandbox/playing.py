"""Who plays what: the life of the process that stands for a part, a service or a process of the system."""

from __future__ import annotations

import gc
import signal
import sys
import time
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from pytest_llmops.sandbox import llm_part, redis_part
from pytest_llmops.sandbox.audit import now
from pytest_llmops.sandbox.stack import PROXY, WATCHERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_llmops.sandbox.ports import Opening
    from pytest_llmops.sandbox.stack import Stack

LEAN = ("llm", "redis")
"""Parts that need little of what the others import."""

SHARED = (
    "uvicorn.lifespan.off",
    "uvicorn.loops.asyncio",
    "uvicorn.protocols.http.h11_impl",
    "pytest_llmops.sandbox.outside_part",
    "pytest_llmops.sandbox.watch_part",
)
"""What the others import, with all that these bring: a tenth of a second for each process that does so by itself."""


def prepare(names: Iterable[str]) -> None:
    """Import once, before the first fork, what several processes need.

    Args:
        names: of the units that are to start.
    """
    if len(set(names) - set(LEAN)) > 1:
        for module in SHARED:
            import_module(module)
    gc.freeze()  # so that no process writes to what it shares, as it looks for garbage


def _nothing() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Part:
    """A process that is about to be forked.

    Attributes:
        run: its life.
        end: what it does when its supervisor is gone.
    """

    run: Callable[[], None]
    end: Callable[[], None] = _nothing


def part(stack: Stack, name: str, opening: Opening, *, before: int) -> Part:
    """What the process of that name does.

    Args:
        stack: whose it is.
        name: of the unit.
        opening: where it serves.
        before: how often it was started before; the faults of starts are those of later ones.
    """
    if name == "redis" and (server := redis_part.server(stack, opening)):
        return Part(partial(_after, stack, name, server.run, first=not before), server.end)
    return Part(partial(_after, stack, name, partial(_play, stack, name, opening, before=before), first=not before))


def _after(stack: Stack, name: str, play: Callable[[], None], *, first: bool) -> None:
    """Play, after what the faults put before it."""
    if not first and f"{name}:wont-start" in stack.faults:
        while True:
            signal.pause()
    if not first:
        time.sleep(stack.faults.number(f"{name}:slow-start", 0.0))
    sys.stdout.write(f"{now()} {name} starts\n")
    sys.stdout.flush()
    play()


def _play(stack: Stack, name: str, opening: Opening, *, before: int) -> None:
    first = not before
    if name in stack.sandbox.processes:
        from pytest_llmops.sandbox import process_part

        process_part.run(stack, name, opening, first=first)
    elif name == "llm":
        llm_part.run(stack, opening, first=first)
    elif name == "vectors":
        from pytest_llmops.sandbox import vectors_part

        vectors_part.run(stack, opening, before=before)
    elif name == "api":
        from pytest_llmops.sandbox import api_part

        api_part.run(stack, opening, first=first)
    elif name == "redis":
        redis_part.serve_fake(opening, redis_part.Account.of(stack), forgetful="redis:forgetful" in stack.faults)
    elif name.startswith(PROXY):
        from pytest_llmops.sandbox import proxy_part

        proxy_part.run(stack, name, opening)
    elif name in WATCHERS and name not in stack.sandbox.services:
        from pytest_llmops.sandbox import watch_part

        watch_part.run(stack, name, opening)
    else:
        from pytest_llmops.sandbox import outside_part

        outside_part.run(stack, name, opening)
