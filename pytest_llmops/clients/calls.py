"""Our own calls as a source of figures: how many failed, and how long the others took."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.answer import Answer
from pytest_llmops.clients.generation import Generation
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.target.figures import FromTraffic
    from pytest_llmops.target.load import Target

FEW = 5
"""Calls to a component that is not asked the round of questions."""

PROBE_S = 1.0
"""How long one that says that it is loading is waited for."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of ours.

    Attributes:
        took_s: to the end of the answer; None where it failed.
        failure: why it failed, the whole sentence; empty where it did not.
        load_s: what loading the model took, where the server says it.
    """

    took_s: float | None
    failure: str = ""
    load_s: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls to one component.

    Attributes:
        component: who was called.
        calls: in the order in which they were made.
    """

    component: str
    calls: tuple[Call, ...]

    @classmethod
    def of(cls, traffic: Traffic) -> Calls:
        """The run's round of questions."""
        return cls("api", tuple(_outcome(lambda one=one: one.reply.elapsed_s) for one in traffic.questions))  # type: ignore[misc]

    @classmethod
    def read(cls, component: str, fact: Mapping[str, Any]) -> Calls:
        """Out of what :func:`made` brought."""
        return cls(component, tuple(Call(**one) for one in fact["calls"]))

    def figure(self, name: str, figure: FromTraffic) -> float:
        """The figure that a table with ``from = "traffic"`` describes: shares in %, times in seconds.

        Raises:
            Vacuous: no call was made.
            CallFailed: a time is asked for, and not one call was answered.
            Unsupported: the time of loading is asked for, and the server says none.
        """
        if not self.calls:
            raise Vacuous(f"{self.component}: {name} says nothing, no call was made.")
        failed = [call.failure for call in self.calls if call.took_s is None]
        times = [call.took_s for call in self.calls if call.took_s is not None]
        if figure.what in {"up", "failed", "answered"}:
            share = 100 * len(failed) / len(self.calls)
            return share if figure.what == "failed" else 100 - share
        if not times:
            raise CallFailed(
                self.component,
                "unanswered",
                f"figures.{name}: of {len(failed)} calls none was answered; the last: {failed[-1]}",
            )
        if figure.what == "load":
            loads = [call.load_s for call in self.calls if call.load_s is not None]
            if not loads:
                raise Unsupported(f"{self.component}: its answers do not say how long loading the model took.")
            return max(loads)
        if figure.slower_than is not None:
            return 100 * sum(took_s > figure.slower_than for took_s in times) / len(times)
        return {"mean": fmean(times), "median": median(times), "slowest": max(times)}[figure.what]


def made(client: Client, target: Target, *, light: bool) -> dict[str, Any]:
    """Call a component a few times: a model server for a short answer, any other for what shows that it is there.

    Args:
        client: who is called.
        target: whose questions are asked.
        light: whether a model server, too, is only asked whether it is there.

    Returns:
        Plain JSON.

    Raises:
        BudgetSpent: the run's budget, or the target's own rate limit, ended before.
    """
    generate: Any = getattr(client, "generate", None)
    steps: Iterable[Callable[[], object]]
    if generate is not None and not light:
        steps = [lambda prompt=prompt: generate(prompt) for prompt in [*target.workload][:FEW]]  # type: ignore[misc]
    else:
        _, reached = client.levels(PROBE_S, {})[0]
        steps = [reached] * FEW
    return {"calls": [_outcome(step).as_json() for step in steps]}


def _outcome(call: Callable[[], object]) -> Call:
    """What became of a call; its own time goes before ours, which also holds the reading of it."""
    start = time.perf_counter()
    try:
        took = call()
    except CallFailed as error:
        return Call(None, str(error))
    if isinstance(took, Answer) and took.status >= 500:
        return Call(None, f"{took.component}: {took.asked} answered {took.status}.")
    load_s = took.stream.load_s if isinstance(took, Generation) else None
    return Call(took if isinstance(took, float) else time.perf_counter() - start, load_s=load_s)
