"""Drives a model's place in an Ollama server's memory: that it is there, or not, is what is set and taken back."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.clients.generation import bare
from pytest_llmops.clients.model_memory import ModelMemory
from pytest_llmops.control.driver import Status
from pytest_llmops.operate.behind import BehindDriver, acting, looking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Loaded


class LoadedDriver(BehindDriver):
    """One model; what is kept of it is whether it is in memory, and whether it is to stay there for ever."""

    def __init__(self, settings: Loaded, target: Target) -> None:
        super().__init__(settings, target)
        self._client = cast("Ollama", self.client)
        self._memory = ModelMemory(self._client.http)

    def status(self, within_s: float) -> Status:
        """Whether the model is in memory."""
        with looking():
            held = [one for one in self._client.held() if bare(one.name) == bare(self.control.model)]
        pinned = any(one.pinned for one in held)
        detail = f"loaded{', to stay' if pinned else ''}" if held else "not loaded"
        return Status("running", detail=detail, kept={"loaded": bool(held), "pinned": pinned})

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Load it, or have it leave."""
        name = self.control.model
        with acting():
            if kept["loaded"]:
                self._memory.load(name, within_s, pinned=bool(kept.get("pinned")))
            else:
                self._memory.unload(name, within_s)

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The commands of Ollama's own client."""
        name = self.control.model
        stay = ["--keepalive", "-1s"] if kept.get("pinned") else []
        words = ["run", *stay, name, ""] if kept.get("loaded") else ["stop", name]
        return f"OLLAMA_HOST={shlex.quote(self._client.address)} ollama {shlex.join(words)}"
