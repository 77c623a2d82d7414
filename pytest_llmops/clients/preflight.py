"""Is a component there at all? Of a model server that is: reachable, model listed, one real token generated."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.diagnosis import Diagnosis, diagnose
from pytest_llmops.clients.http import purpose
from pytest_llmops.errors import CallFailed
from pytest_llmops.samples import COLD_S
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
        level: the last level that was reached: ``""``, ``reachable``; of a model server ``model listed``,
            ``generates``, of an API with a key ``admitted``, of Grafana ``database ok``.
        reason: one line, also for the good case.
        took_s: how long the probe took.
        facts: server version, model, digest, quantisation: whatever the server said of itself; ``load_s`` what
            loading the model took for the first token; of Ollama ``loaded``, what was in memory before it.
        failure: what failed, without the place and the advice that the reason adds. Empty where nothing failed.
        kind: of the failure, for machines; see :class:`Diagnosis`.
        advice: what to do about it, as a sentence; the reason of a failed probe ends with it.
        times: seconds that each level took that was reached.
    """

    component: str
    address: str
    ok: bool
    level: str
    reason: str
    took_s: float
    facts: dict[str, str]
    failure: str = ""
    kind: str = ""
    advice: str = ""
    times: dict[str, float] = field(default_factory=dict)

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
    facts: dict[str, str] = {}
    times: dict[str, float] = {}
    failed: CallFailed | None = None
    with purpose("preflight"):
        try:
            for level, step in client.levels(deadline_s, facts):
                begun = time.perf_counter()
                step()
                times[level] = time.perf_counter() - begun
        except CallFailed as error:
            failed = error
        took_s = time.perf_counter() - start
        level = next(reversed(times), "")
        found = diagnose(client, failed, level) if failed else Diagnosis("", "")
    ok = failed is None or failed.kind == "throttled"  # 429 is not down
    level = level or ("reachable" if ok else "")
    place = f"{client.component} at {client.address}"
    what = str(failed or "").removeprefix(f"{client.component}: ").rstrip(".")
    if failed is None:
        reason = f"{place}: {level} after {spoken(took_s)}{_cold(facts)}"
    else:
        reached = f" (level reached: {level})" if level else ""
        stop = "" if what.endswith("?") and not reached else "."
        reason = f"{place}: {what}{reached}" + ("" if ok else f"{stop} {found.advice}")
    return Preflight(
        client.component, client.address, ok, level, reason, took_s, facts, what, found.kind, found.advice, times
    )


def _cold(facts: dict[str, str]) -> str:
    """What to say of a model that was loaded for the first token; nothing of one that was in memory."""
    load_s = float(facts.get("load_s", 0))
    return f", of which loading the model took {spoken(load_s)}" if load_s >= COLD_S else ""
