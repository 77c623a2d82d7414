"""The builds of an Ollama server's models: one is kept under a second name, so that it can come back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.clients.generation import bare
from pytest_llmops.errors import Unsupported
from pytest_llmops.target.settings import Tag, endpoint_of

if TYPE_CHECKING:
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.control.change import Change


class Builds:
    """Which build each name stands for; every change of that is journalled, and taken back.

    Args:
        client: of the server.
        change: makes the changes.
        deadline_s: for each of them.
    """

    def __init__(self, client: Ollama, change: Change, deadline_s: float) -> None:
        self._client = client
        self._change = change
        self._endpoint = endpoint_of(change.target.component(client.component))
        self._deadline_s = deadline_s
        self._known: set[str] = set()

    def name(self, model: str, keeps: str = "") -> str:
        """What a model is called among the things that are changed; it is made known there.

        Args:
            model: its name.
            keeps: what that of the model is called which comes back by this one.
        """
        name = f"model {model}"
        if model not in self._known:
            self._change.also(name, self._tag(model, keeps))
            self._known.add(model)
        return name

    def digest(self, model: str) -> str:
        """Of the build that a name stands for; empty where there is none."""
        return next((one.digest for one in self._client.models() if bare(one.name) == bare(model)), "")

    def keep(self, model: str, ending: str) -> str:
        """Give a model's build a second name, by which it comes back; no byte is copied.

        Args:
            model: its name.
            ending: what the second name ends with, behind the first.

        Returns:
            The second name.

        Raises:
            Unsupported: another build has that name, which would be lost.
            ControlError: the server refused.
        """
        digest, kept = self.digest(model), f"{model}{ending}"
        if self.digest(kept) not in {"", digest}:
            raise Unsupported(
                f"{self._client.component}: {kept} is there, with another build than {model}: something left it "
                f"behind. Look whether anybody needs it, and remove it: ollama rm {kept}."
            )
        self._change.set(self.name(kept, self.name(model)), digest=digest)
        return kept

    def set(self, model: str, digest: str | None) -> None:
        """Have a name stand for a build that is there; for None, for no build at all.

        Raises:
            ControlError: the server refused.
        """
        self._change.set(self.name(model), digest=digest)

    def _tag(self, model: str, keeps: str) -> Tag:
        return Tag(
            driver="tag",
            component=self._client.component,
            endpoint=self._endpoint,
            model=model,
            keeps=keeps,
            deadline=self._deadline_s,
        )
