"""Is a component there at all? Three levels: reachable, model listed, one real token generated."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.http import purpose
from pytest_llmops.errors import CallFailed
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.clients.client import Client


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


def preflight(client: Client, deadline_s: float) -> Preflight:
    """Probe a component once.

    Args:
        client: its client.
        deadline_s: for the first real token; cold loads of 104 s exist.
    """
    start = time.perf_counter()
    component, address = client.component, client.address
    facts: dict[str, str] = {}
    level, ok, reason = "", True, ""
    try:
        with purpose("preflight"):
            for level_reached, step in client.levels(deadline_s, facts):
                step()
                level = level_reached
    except CallFailed as error:
        ok = error.kind == "throttled"  # 429 is not down
        level = level or ("reachable" if ok else "")
        reason = str(error).removeprefix(f"{component}: ").rstrip(".")
        reason = f"{component} at {address}: {reason}"
        if level:
            reason += f" (level reached: {level})"
    took_s = time.perf_counter() - start
    if not reason:
        reason = f"{component} at {address}: {level} after {spoken(took_s)}"
    return Preflight(component, address, ok, level, reason, took_s, facts)
