"""Is a component there at all? Three levels: reachable, model listed, one real token generated."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.api import Api
from pytest_llmops.clients.http import purpose
from pytest_llmops.clients.ollama import Ollama
from pytest_llmops.clients.openai import OpenAI
from pytest_llmops.clients.redis import Redis
from pytest_llmops.clients.vectors import Vectors
from pytest_llmops.errors import CallFailed
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target

Client = Api | Ollama | OpenAI | Vectors | Redis


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a probe of one component found.

    Attributes:
        component: its name.
        address: where it was looked for, without secrets.
        ok: whether all its levels were reached.
        level: the last level that was reached: ``""``, ``reachable``, ``model listed``, ``generates``.
        reason: one line, also for the good case.
        took_s: how long the probe took.
        facts: server version, model, digest, quantisation: whatever the server said of itself.
    """

    component: str
    address: str
    ok: bool
    level: str
    reason: str
    took_s: float
    facts: dict[str, str]

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


def connect(target: Target, component: str, ledger: Ledger) -> Client:
    """The client of a component; nothing is sent yet."""
    from pytest_llmops.clients.http import Http

    parts = target.table.components
    if component == "redis":
        return Redis(target, component, ledger)
    http = Http(target, component, ledger)
    if component == "api" and parts.api:
        return Api(http, parts.api)
    if component == "ollama" and parts.ollama:
        return Ollama(http, parts.ollama)
    if component == "openai" and parts.openai:
        return OpenAI(http, parts.openai)
    if component == "qdrant" and parts.qdrant:
        return Vectors(http, parts.qdrant)
    raise AssertionError(f"no client for {component}")


def preflight(client: Client, deadline_s: float) -> Preflight:
    """Probe a component once.

    Args:
        client: its client.
        deadline_s: for the first real token; cold loads of 104 s exist.
    """
    start = time.perf_counter()
    component, address = (
        (client.component, client.url) if isinstance(client, Redis) else (client.http.component, client.http.url)
    )
    facts: dict[str, str] = {}
    level, ok, reason = "", True, "ok"
    try:
        with purpose("preflight"):
            for level_reached, step in _levels(client, deadline_s, facts):
                step()
                level = level_reached
    except CallFailed as error:
        ok, reason = False, str(error).removeprefix(f"{component}: ").rstrip(".")
        reason = f"{component} at {address}: {reason}"
        if level:
            reason += f" (level reached: {level})"
    took_s = time.perf_counter() - start
    if ok:
        reason = f"{component} at {address}: {level} after {spoken(took_s)}"
    return Preflight(component, address, ok, level, reason, took_s, facts)


def _levels(client: Client, deadline_s: float, facts: dict[str, str]) -> list[tuple[str, Any]]:
    """The levels of this kind of component, each with the step that proves it."""
    if isinstance(client, Redis):
        return [("reachable", client.ping)]
    if isinstance(client, Vectors):
        return [("reachable", client.collections)]
    if isinstance(client, Api):
        # Any answer will do here: whether it is a healthy one is a check of its own.
        return [("reachable", lambda: _any_answer(client))]

    def listed() -> None:
        model = client.timed_model
        facts.update(model=model.name, digest=model.digest, quantisation=model.quantisation)

    def reachable() -> None:
        if isinstance(client, Ollama):
            facts["server"] = client.version()
        else:
            client.http.call("GET", "/v1/models").ok()

    return [("reachable", reachable), ("model listed", listed), ("generates", lambda: client.first_token(deadline_s))]


def _any_answer(api: Api) -> None:
    if api.config.health is not None:
        api.call(api.config.health.route)
    else:
        api.http.call("GET", "/")
