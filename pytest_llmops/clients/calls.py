"""Our own calls as a source of figures: how many failed, and how long the others took."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import partial
from statistics import fmean, median
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.generation import Generation
from pytest_llmops.clients.vectors import Vectors
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_llmops.clients.client import Client
    from pytest_llmops.clients.traffic import Traffic
    from pytest_llmops.target.figures import FromTraffic
    from pytest_llmops.target.load import Target

FEW = 5
"""Calls to a component that is not asked the round of questions."""

VISITS = 3
"""Calls to a page: each has its script run anew, which first loads all that the application needs."""

SLOW_S = 20.0
"""After which a component is not called again: of a slow one fewer calls tell as much."""

NO_ANSWER = frozenset({"refused", "unresolved", "proxy", "tls", "timeout", "connection", "cut-stream"})
"""Kinds of failures of a call to which no whole answer came."""

LONGEST_QUOTE = 200
"""Of why a call failed."""

PROBE_S = 1.0
"""How long one that says that it is loading is waited for."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of ours.

    Attributes:
        took_s: to the end of the answer; None where it failed.
        failure: why it failed, the whole sentence; empty where it did not.
        load_s: what loading the model took, where the server says it.
        kind: the class of its failure, as of ``CallFailed``; empty where it did not fail.
    """

    took_s: float | None
    failure: str = ""
    load_s: float | None = None
    kind: str = ""

    @classmethod
    def failed(cls, error: CallFailed) -> Call:
        """One that failed so."""
        return cls(None, str(error), kind=error.kind)

    @property
    def broke(self) -> bool:
        """Whether the server failed: it answered 5xx, or nothing whole."""
        return self.kind in NO_ANSWER or self.kind.startswith("http-5")

    @property
    def turned_away(self) -> bool:
        """Whether the server would not do what it was asked for: it answered 3xx or 4xx."""
        return self.kind == "throttled" or self.kind.startswith(("http-3", "http-4"))

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

    @property
    def last_failure(self) -> str:
        """Why the newest call that failed did so, as one short line; empty where none failed."""
        failed = [call.failure for call in self.calls if call.failure]
        return excerpt(" ".join(failed[-1].split()).rstrip("."), LONGEST_QUOTE) if failed else ""

    def figure(self, name: str, figure: FromTraffic) -> float:
        """The figure that a table with ``from = "traffic"`` describes: shares in %, times in seconds.

        Raises:
            Vacuous: no call was made; or every one was turned away, where it is asked how many the server failed.
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
        if figure.what == "broken":
            if all(call.turned_away for call in self.calls):
                raise Vacuous(f"{self.component}: {name} says nothing, every call was turned away: {failed[-1]}")
            return 100 * sum(call.broke for call in self.calls) / len(self.calls)
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
    """Call a component a few times, for what it is there for, or for what shows that it is up.

    A slow one is called less often: all of it takes no longer than `SLOW_S` and the component's deadline together.

    Args:
        client: who is called.
        target: whose questions are asked.
        light: whether each is only asked whether it is up.

    Returns:
        Plain JSON. Where a vector store does not give what to search for, that is its one call, and it failed.

    Raises:
        BudgetSpent: the run's budget, or the target's own rate limit, ended before.
        Unsupported: nobody says in which of several collections a vector store is to search.
    """
    try:
        steps = [] if light else _real(client, target)
    except CallFailed as error:
        return {"calls": [Call.failed(error).as_json()]}
    return {"calls": [call.as_json() for call in _called(steps or [_probe(client)] * FEW)]}


def _real(client: Any, target: Target) -> list[Callable[[], object]]:
    """A model server and a page are asked for an answer, a vector store searches; none of any other."""
    prompts = [*target.workload]
    if hasattr(client, "generate"):
        return [partial(client.generate, prompt) for prompt in prompts[:FEW]]
    if hasattr(client, "visit"):
        return [partial(client.visit, prompt) for prompt in prompts[:VISITS]]
    if isinstance(client, Vectors):
        return [partial(client.search, vector) for vector in client.stored(prompts[:FEW]).values()]
    return []


def _probe(client: Client) -> Callable[[], object]:
    """What shows that a component is up: the answer of one that is well, where its client knows it; else any of its."""
    up: Callable[[], object] | None = getattr(client, "up", None)
    return up or client.levels(PROBE_S, {})[0][1]


def _called(steps: Iterable[Callable[[], object]]) -> Iterator[Call]:
    """What became of each step, the first at least; none is begun once they have taken long."""
    start = time.perf_counter()
    for number, step in enumerate(steps):
        if number and time.perf_counter() - start > SLOW_S:
            return
        yield _outcome(step)


def _outcome(call: Callable[[], object]) -> Call:
    """What became of a call; its own time goes before ours, which also holds the reading of it."""
    start = time.perf_counter()
    try:
        took = call()
    except CallFailed as error:
        return Call.failed(error)
    if isinstance(took, Generation) and took.silent:
        return Call(None, f"{took.model} answered with nothing: neither a text nor any reasoning.", kind="empty")
    load_s = took.stream.load_s if isinstance(took, Generation) else None
    return Call(took if isinstance(took, float) else time.perf_counter() - start, load_s=load_s)
