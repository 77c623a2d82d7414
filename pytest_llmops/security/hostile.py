"""Hostile input to the API's routes: a clean answer or a refusal is right; a crash, a trace, an echo, a hang is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.detect import stack_trace
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.security.payloads import PRODUCT, TAG, Payload, known, strategy
from pytest_llmops.target.templates import placeholders, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.clients.answer import Answer
    from pytest_llmops.clients.service import Service
    from pytest_llmops.target.components import Api
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.routes import Route

HARMLESS: dict[str, Any] = {
    "prompt": "Hello",
    "user": "llmops-hostile",
    "fresh": True,
    "analysis": "1",
    "level": "summary",
    "language": "en",
    "document": "llmops-none",
    "deletion": "llmops-none",
    "job": "llmops-none",
    "tab": "llmops-none",
    "files": [],
}
"""What stands where nothing hostile does."""

ASKING = ("query", "explain")
"""Routes that ask, and change nothing, whatever their method."""

KNOWN_SHARE = 0.6
"""Share of a route's calls at the most that go to what is always tried, before anything is made up."""

LONGEST_IN_URL = 4000
"""Characters of an input that stands in an address; no client sends addresses of any length."""

HANGS = frozenset({"timeout"})
CRASHES = frozenset({"connection", "refused", "cut-stream", "bad-answer"})


@dataclass(frozen=True, slots=True)
class Failure:
    """One input that was not answered cleanly.

    Attributes:
        route: whose.
        word: the placeholder that it stood in; ``body`` where it was the whole.
        payload: the input.
        how: what came of it: ``crash``, ``hang``, ``stack trace``, ``carried out``, ``reflected``.
        said: the same in a sentence, without its full stop.
        typed: a command that sends it again.
    """

    route: str
    word: str
    payload: Payload
    how: str
    said: str
    typed: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of hostile input.

    Attributes:
        component: who was asked.
        calls: how many inputs were sent.
        kinds: families of them, and how many of each.
        refused: how many were answered 4xx.
        failures: those that were not answered cleanly.
        well: whether the service answered harmless input afterwards; empty, or why not.
    """

    component: str
    calls: int
    kinds: dict[str, int]
    refused: int
    failures: tuple[Failure, ...]
    well: str = ""

    @property
    def weaknesses(self) -> list[str]:
        """For each way of failing its smallest input; and that the service does not answer any more."""
        found = []
        for how in dict.fromkeys(failure.how for failure in self.failures):
            these = [failure for failure in self.failures if failure.how == how]
            least = min(these, key=lambda one: one.payload.size)
            others = f" (the smallest of {len(these)} of {self.calls})" if len(these) > 1 else ""
            where = f"{self.component}: route {least.route}, {least.word} = {least.payload.shown}"
            found.append(f"{where}: {how}: {least.said}{others}")
        if self.well:
            found.append(f"{self.component}: after hostile input it does not answer any more: {self.well}")
        return found


class Hostile:
    """Hostile input to one API.

    Args:
        service: its client.
        target: the deployment; what it may cost stands in ``security.hostile``.
        seed: of what is made up; the same seed makes up the same.
    """

    def __init__(self, service: Service, target: Target, seed: int = 0) -> None:
        self._service = service
        self._target = target
        self._seed = seed
        self._left = target.table.security.hostile.calls
        self._failures: list[Failure] = []
        self._kinds: dict[str, int] = {}
        self._refused = 0
        self._hung = False

    def tried(self) -> Tried:
        """Send it, within ``security.hostile.calls``; ends at the first input that is not answered in time.

        Raises:
            Unsupported: no route takes input that is not written down somewhere.
            Vacuous: harmless input is not answered either.
            CallFailed: no whole answer came to harmless input.
        """
        routes = routes_of(self._service.config, self._target.table.security.hostile.routes)
        if not routes:
            raise Unsupported(f"{self._service.component}: no route takes input that is asked alone, and kept nowhere.")
        for name in routes:
            self._harmless(name)
        share = max(1, self._left // len(routes))
        for name in routes:
            self._route(name, min(share, self._left))
        sent = sum(self._kinds.values())
        well = self._afterwards(routes[0])
        return Tried(self._service.component, sent, self._kinds, self._refused, tuple(self._failures), well)

    def _harmless(self, name: str) -> None:
        answer = self._sent(name, "", None)
        if answer.status == 429 or answer.status in {401, 403}:
            answer.ok()
        if answer.status >= 500:
            said = f"{self._service.component}: {answer.asked} answered {answer.status} to harmless input"
            raise Vacuous(f"{said}: whether hostile input makes it fail cannot be told.")

    def _afterwards(self, name: str) -> str:
        try:
            answer = self._sent(name, "", None)
        except CallFailed as error:
            return str(error).rstrip(".")
        return f"{answer.asked} answered {answer.status} to harmless input" if answer.status >= 500 else ""

    def _route(self, name: str, calls: int) -> None:
        """Spend a route's calls: first on what is always tried, then on what is made up."""
        route = self._service.route(name)
        words, bodies = words_of(route), route.body is not None and route.method != "GET"
        first = list(known(bodies=bodies))[: max(1, round(calls * KNOWN_SHARE))]
        for number, payload in enumerate(first):
            self._ask(name, words[number % len(words)], payload)
        self._made_up(name, words, calls - len(first), bodies=bodies)

    def _made_up(self, name: str, words: Sequence[str], calls: int, *, bodies: bool) -> None:
        if calls < 1 or self._hung:
            return
        from hypothesis import HealthCheck, Phase, given, seed, settings
        from hypothesis import strategies as st

        spent = 0

        @seed(self._seed)
        @settings(
            max_examples=calls,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(st.sampled_from(list(words)), strategy(bodies=bodies))
        def one(word: str, payload: Payload) -> None:
            nonlocal spent
            if spent < calls and not self._hung:  # the library may make a few more than it was told
                spent += 1
                self._ask(name, word, payload)

        one()

    def _ask(self, name: str, word: str, payload: Payload) -> None:
        if self._hung or self._left < 1:
            return
        self._left -= 1
        self._kinds[payload.kind] = self._kinds.get(payload.kind, 0) + 1
        where = "body" if payload.body is not None else word
        if where in _in_address(self._service.route(name)):
            payload = payload.within(LONGEST_IN_URL)
        try:
            answer = self._sent(name, where, payload)
        except CallFailed as error:
            self._hung = error.kind in HANGS
            if error.kind in HANGS | CRASHES:
                how = "hang" if error.kind in HANGS else "crash"
                self._note(name, where, payload, how, str(error).rstrip("."))
                return
            raise
        if answer.status == 429:
            answer.ok()
        self._refused += 400 <= answer.status < 500
        for how, said in wrong(answer, payload):
            self._note(name, where, payload, how, said)

    def _note(self, name: str, where: str, payload: Payload, how: str, said: str) -> None:
        self._failures.append(Failure(name, where, payload, how, said, last_exchange.get()))

    def _sent(self, name: str, where: str, payload: Payload | None) -> Answer:
        """Send one input in a route's place, everything else harmless."""
        route = self._service.route(name)
        values = {word: HARMLESS.get(word, "llmops") for word in words_of(route)}
        if payload is not None and payload.body is None:
            values[where] = payload.value
        inside = {word: quote(_text(value), safe="") or "%20" for word, value in values.items()}
        query = render(route.params, values)
        return self._service.http.call(
            route.method,
            str(render(route.path, inside)),
            body=None if route.body is None else render(route.body, values),
            query={name: value if isinstance(value, int | float) else _text(value) for name, value in query.items()},
            content=payload.body if payload else None,
            role=route.role,
            signed=route.signed,
        )


def _in_address(route: Route) -> set[str]:
    return {word for _, word in placeholders({"path": route.path, "params": route.params})}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value)


def wrong(answer: Answer, payload: Payload) -> list[tuple[str, str]]:
    """What is wrong with an answer to hostile input: in which way, and a sentence without its full stop."""
    said = f"{answer.asked.partition('?')[0][:80]} answered {answer.status}"
    found = []
    if answer.status >= 500:
        found.append(("crash", said))
    found += [("stack trace", f"{said} with a {one.kind}: {one.shown}") for one in stack_trace.find(answer.text)[:1]]
    if PRODUCT in answer.text:
        found.append(("carried out", f"{said}, and the answer holds what {payload.kind} in it comes to"))
    html = answer.headers.get("content-type", "").startswith("text/html")
    if html and TAG in answer.text and any(f"{mark}{TAG}" in answer.text for mark in ("/*", 'onerror="', "onload=")):
        found.append(("reflected", f"{said} with a page in which the input stands as markup"))
    if any("x-llmops" in name for name in answer.headers):
        found.append(("carried out", f"{said}, and a line break in the input has become a header"))
    return found


def words_of(route: Route) -> list[str]:
    """The placeholders of a route that a caller fills in; at least one of an empty name."""
    found = placeholders({"path": route.path, "body": route.body, "params": route.params})
    return list(dict.fromkeys(word for _, word in found)) or [""]


def routes_of(api: Api, chosen: Sequence[str] = ()) -> list[str]:
    """Routes that hostile input is sent to: those that are named, else those that ask and change nothing."""
    if chosen:
        return [name for name in chosen if name in api.routes]
    return [
        name
        for name, route in api.routes.items()
        if words_of(route) != [""] and not route.unable and (name in ASKING or route.method == "GET")
    ]


def hostile_calls(target: Target) -> dict[str, int]:
    """About how many calls hostile input takes: ``component.method`` to calls."""
    api = target.table.components.api
    if api is None:
        return {}
    settings = target.table.security.hostile
    routes = routes_of(api, settings.routes)
    return {"api.call": settings.calls + len(routes) + 1} if routes else {}
