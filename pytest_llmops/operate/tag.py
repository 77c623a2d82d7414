"""Drives a model's name on an Ollama server: which build it stands for is what is set and taken back."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any, ClassVar, cast

from pytest_llmops.clients.generation import bare
from pytest_llmops.clients.model_store import ModelStore
from pytest_llmops.control.driver import Ability, Status
from pytest_llmops.errors import ControlError
from pytest_llmops.operate.behind import BehindDriver, acting, looking

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Tag

BEFORE = "-before-update"
"""What a name ends with under which the build that was there before an update is kept meanwhile."""

SETTLED = "then llmops recover --target NAME --settled"
"""How a step is closed that a person has seen to."""


class TagDriver(BehindDriver):
    """One name of a model; what is kept of it is the digest of its build, None where there is no such model."""

    can: ClassVar[frozenset[Ability]] = frozenset({"set", "pull"})

    def __init__(self, settings: Tag, target: Target) -> None:
        super().__init__(settings, target)
        self._client = cast("Ollama", self.client)
        self._store = ModelStore(self._client.http)

    def status(self, within_s: float) -> Status:
        """The digest of the build that the name stands for."""
        digest = next((one for name, one in self._listed().items() if name in self._names), None)
        return Status("running", detail=digest[:12] if digest else "no such model", kept={"digest": digest})

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Pull the newest build, or have the name stand for a build that is there; for None, for no build at all."""
        with acting():
            if act == "pull":
                self._store.pull(self.control.model, within_s, self.say)
            else:
                self._set(kept["digest"])

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The command of Ollama's own client, by the name that holds the build now."""
        name, digest = self.control.model, kept.get("digest")
        words, more = ["rm", name], ""
        if digest and (source := self._holder(self._listed(), digest)):
            words = ["cp", source, name]
        elif digest:
            words = ["pull", name]
            more = f"  # no name has the build {digest[:12]} any more: pull what is to be there, {SETTLED}"
        return f"OLLAMA_HOST={shlex.quote(self._client.address)} ollama {shlex.join(words)}{more}"

    def _holder(self, listed: Mapping[str, str], digest: str) -> str | None:
        """Another name that stands for a build."""
        return next((one for one, found in listed.items() if found == digest and one not in self._names), None)

    def _set(self, digest: str | None) -> None:
        listed, name = self._listed(), self.control.model
        there = [one for one in listed if one in self._names]
        if digest is None:
            for one in there:
                self._store.delete(one)
            return
        source = self._holder(listed, digest)
        if source is None:
            raise ControlError("", "absent", f"no model of {self._client.address} has the build {digest[:12]} any more")
        self._store.copy(source, name)

    @property
    def _names(self) -> set[str]:
        return {self.control.model, f"{self.control.model}:latest", bare(self.control.model)}

    def _listed(self) -> dict[str, str]:
        with looking():
            return {model.name: model.digest for model in self._client.models()}
