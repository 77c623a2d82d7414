"""Work that an API is given to do and that goes on by itself: begun, or refused, and waited for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.errors import CallFailed, Vacuous, excerpt
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.clients.service import Service

FILES, START, JOB = "files", "start", "job"
"""The routes: what can be worked on, have it begun, and how far it is."""

UNDER_WAY = frozenset({"starting", "running", "queued", "pending"})
BROKEN, UNAVAILABLE = 500, 503
LOOK_S = 0.1
LONGEST_PAUSE_S = 5.0


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of work that was handed over.

    Attributes:
        job: its id; empty where it was refused.
        said: what was answered, in a sentence without its full stop.
    """

    job: str
    said: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Work that is over.

    Attributes:
        state: how it calls itself.
        failed: the files that were not processed.
        took_s: since it was asked for the first time.
    """

    state: str
    failed: tuple[str, ...]
    took_s: float


def begin(api: Service, tab: str) -> Begun:
    """Hand over the first file that lies there, to be worked on, or those that the route's body names itself.

    Args:
        api: with the routes ``files``, ``start`` and ``job``.
        tab: which of its workflows.

    Raises:
        Unsupported: it has no such routes.
        Vacuous: no file lies there.
        CallFailed: no whole answer came, or it broke: a status of 5xx other than 503.
    """
    api.route(JOB)
    files = _looked_up("files", api.call(FILES, tab=tab).ok().json())
    if not files:
        raise Vacuous(f"{api.component}: no file lies where {tab} looks for some, so no work can be handed over.")
    answer = api.call(START, tab=tab, files=[files[0]])
    said = f"{api.component}: {answer.asked} answered {answer.status}: {excerpt(answer.text)}"
    if answer.status >= BROKEN and answer.status != UNAVAILABLE:
        answer.ok()  # raises: it has broken, which is no word on the work
    if not 200 <= answer.status < 300:
        return Begun("", said)
    return Begun(str(_looked_up(api.route(START).answer or "job", answer.json()) or ""), said)


def ended(api: Service, job: str, within_s: float) -> Ended:
    """Wait until work is over.

    Raises:
        CallFailed: it is not in time, or no whole answer came.
    """
    start, pause_s, route = time.monotonic(), LOOK_S, api.route(JOB)
    while True:
        document = api.call(JOB, job=job).ok().json()
        state = str(_looked_up(route.answer or "status", document))
        took_s = time.monotonic() - start
        if state not in UNDER_WAY:
            failed = _looked_up(route.values.get("failed", "failed"), document) or ()
            return Ended(state, tuple(map(str, failed)), took_s)
        if took_s + pause_s > within_s:
            raise CallFailed(
                api.component, "timeout", f"{api.component}: {job} is {state} still after {spoken(within_s)}."
            )
        time.sleep(pause_s)
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


def _looked_up(path: str, document: Any) -> Any:
    return jmespath.search(path, document) if isinstance(document, dict) else None
