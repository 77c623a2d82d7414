"""What the fixtures of security ask by each of their methods: said before they ask, and nothing is called for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.clients.langfuse import MOST_PAGES
from pytest_llmops.plugin.figure_cost import cost_of_figures
from pytest_llmops.plugin.source import methods_of
from pytest_llmops.security.access import unkeyed_calls
from pytest_llmops.security.disclosure import disclosure_calls
from pytest_llmops.security.exposure import exposure_calls
from pytest_llmops.security.tenants import isolation_calls

if TYPE_CHECKING:
    import pytest

    from pytest_llmops.target.load import Target

Asks = dict[tuple[str, str], dict[str, int]]
"""A fixture and a method of it to ``component.method`` to how many calls; see `Asking.asks`."""

ERASURE = "erasure"
"""The fixture that has a synthetic person deleted, once a run."""

LOOKS = 3
"""How often an erasure looks into each store: before the deletion, while it goes on, and after it."""

SENDS = 2
"""Commands by which Redis says what it holds, beside one for each pattern of its keys."""

PLANT = {"api.query": 4, "api.ingest": 1}
"""Whether its question is answered, whether it is there before it is journalled and put in; then that it is found."""

REMOVE = {"api.query": 3, "api.delete": 1}
"""The same of taking it out."""


def asks_of(target: Target) -> Asks:
    """What each method of theirs asks; empty where it is asked once a run, or of a component that is not there."""
    asks: Asks = {
        ("access", "matrix"): unkeyed_calls(target),
        ("access", "isolation"): isolation_calls(target),
        **{("exposure", method): calls for method, calls in exposure_calls().items()},
        **{("disclosure", method): calls for method, calls in disclosure_calls(target).items()},
        ("langfuse", "scores"): {"langfuse.scores": MOST_PAGES},
        ("limits", "admit"): {"api.call": 1},
        ("limits", "refusal"): {"api.call": 3},
        ("key_inventory", "wrong"): {"files.found": 1, "app_command.json": 1},
        ("system_packages", "updates"): {"app_command.lines": 2},
        ("system_packages", "security_updates"): {"app_command.lines": 2},
        ("poisoned", "plant"): _sum(PLANT, REMOVE),  # what is planted is taken out again, whatever happens
        ("poisoned", "ask"): {"api.query": 1},
        ("poisoned", "remove"): _sum(REMOVE, {"api.query": 1}),
        ("erasure", "refusals"): {"api.delete": 4},
        **{("erasure", method): {} for method in ("carried_out", "seen", "receipt")},
        **_of_audit_log(target),
    }
    there = target.table.components.configured()
    return {
        which: {name: count for name, count in calls.items() if name.partition(".")[0] in there}
        for which, calls in asks.items()
    }


def once_for_erasure(item: pytest.Item, target: Target) -> dict[str, dict[str, int]]:
    """What a test asks for once a run that has a person deleted: about what one takes that ends soon."""
    api = target.table.components.api
    deletes = api is not None and "delete" in api.routes and "deletion" not in target.table.security.lacks
    if api is None or not deletes or not methods_of(item, ERASURE) & {"carried_out", "seen", "receipt"}:
        return {}
    parts, table = target.table.components, target.table.security.erasure
    calls = {f"api.{route}": 1 for route in ("ingest", "feedback") if route in api.routes}
    calls |= {"api.query": 3} if "query" in api.routes else {}
    calls |= {"api.deletion": 2} if "deletion" in api.routes else {}
    calls["api.delete"] = 2  # once more when what was planted is taken out
    if vectors := parts.serving("vectors"):
        calls[f"{vectors}.owned"] = LOOKS + 2  # it may be put there directly, and taken out
    if parts.redis is not None:
        calls["redis.holding"] = (LOOKS + 1) * (len(parts.redis.cache) + SENDS) + 1
    commands = sum(bool(place.command) for place in table.places.values())
    if commands and parts.app_command is not None:
        calls["app_command.text"] = LOOKS * commands
    if parts.langfuse is not None:
        calls["langfuse.newest"] = 2 * LOOKS
    return {ERASURE: calls}


def _of_audit_log(target: Target) -> Asks:
    """One that a command prints is read anew by each method; what else counts its entries is read once."""
    trail = target.table.security.audit
    if trail is None:
        return {}
    read = {"app_command.lines": 1} if trail.log.command else {}
    once = ("files", "entries", "faults", "gap", "writable", "too_open", "retention", "reach_s", "by_type", "tampered")
    asks = {("audit_log", method): read for method in (*once, "document")}
    asks["audit_log", "newly"] = _sum(read, read)
    other: dict[str, int] = {"logs.event": 1} if trail.expected else {}
    if trail.expected and trail.expected.figure:
        other = cost_of_figures([trail.expected.figure], target).operations
    asks["audit_log", "counts"] = _sum(read, read, other)
    return asks


def _sum(*calls: dict[str, int]) -> dict[str, int]:
    return {
        name: sum(one.get(name, 0) for one in calls) for name in dict.fromkeys(name for one in calls for name in one)
    }
