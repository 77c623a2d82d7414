"""The models in an Ollama server's memory: what each takes there; loaded and unloaded only by changes of a target."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from pytest_llmops.clients.http import Http

FOR_EVER = dt.timedelta(days=365)
"""A model that is to leave later than this is to stay: for ``keep_alive`` -1 the server says a year far away."""

NO_TEXT = "does not support generate"
"""What the server says of a model that makes vectors."""


@dataclass(frozen=True, slots=True)
class Held:
    """A model in memory, as GET /api/ps tells it.

    Attributes:
        name: its name there.
        bytes: that it takes, on whatever.
        vram_bytes: those of them on a GPU.
        pinned: whether it is to stay there for ever.
        leaves: when it is to leave, as the server writes it; each request puts it off. Empty where it does not say.
    """

    name: str
    bytes: int
    vram_bytes: int
    pinned: bool = False
    leaves: str = ""

    @classmethod
    def of(cls, told: dict[str, Any]) -> Held:
        """One of the list's entries."""
        size, vram = int(told.get("size") or 0), int(told.get("size_vram") or 0)
        leaves = told.get("expires_at")
        return cls(str(told["name"]), size, vram, _stays(leaves), str(leaves or ""))


class ModelMemory:
    """What can be done to the models in a server's memory.

    Args:
        http: calls to it.
    """

    def __init__(self, http: Http) -> None:
        self._http = http

    def unload(self, name: str, deadline_s: float) -> None:
        """Have a model leave the memory, whatever waits for it (POST /api/generate, ``keep_alive`` 0).

        Raises:
            CallFailed: there is no such model, or the server refused.
        """
        self._http.call("POST", "/api/generate", body={"model": name, "keep_alive": 0}, deadline_s=deadline_s).ok()

    def load(self, name: str, deadline_s: float, *, pinned: bool = False) -> None:
        """Have a model in memory; one that makes vectors is loaded by the route for vectors.

        Args:
            name: of the model.
            deadline_s: until it is there.
            pinned: whether it is to stay for ever, not only as long as the server keeps one that nobody asks.

        Raises:
            CallFailed: there is no such model, or it could not be loaded.
        """
        body: dict[str, Any] = {"model": name, **({"keep_alive": -1} if pinned else {})}
        answer = self._http.call("POST", "/api/generate", body=body, deadline_s=deadline_s)
        if NO_TEXT in answer.text:
            answer = self._http.call("POST", "/api/embed", body={**body, "input": []}, deadline_s=deadline_s)
        answer.ok()


def held(http: Http, deadline_s: float | None = None) -> list[Held]:
    """The models that are in memory (GET /api/ps).

    Raises:
        CallFailed: the server does not say.
    """
    answer = http.call("GET", "/api/ps", deadline_s=deadline_s).ok()
    try:
        return [Held.of(one) for one in answer.table().get("models") or []]
    except (KeyError, TypeError, ValueError) as error:
        said = f"{http.component}: {answer.asked} lists a model that cannot be read: {error!r}."
        raise CallFailed(http.component, "bad-answer", said) from None


def _stays(expires_at: object) -> bool:
    """Whether a model is to stay for ever; not where the server says no time."""
    return bool(expires_at) and dt.datetime.fromisoformat(str(expires_at)) - dt.datetime.now(dt.UTC) > FOR_EVER
