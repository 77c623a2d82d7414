"""Updates a model: the build that was there stays beside the new one until it is known which of them is to stay."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import LlmopsError, Unsupported
from pytest_llmops.operate.builds import Builds
from pytest_llmops.operate.tag import BEFORE

if TYPE_CHECKING:
    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.control.change import Change
    from pytest_llmops.samples import Workload


ASKED = 3
"""Prompts that a new build answers before it is timed."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull came to.

    Attributes:
        before: digest of the build that was there; empty where there was none.
        after: digest of the one that is there now.
        took_s: how long it took.
    """

    before: str
    after: str
    took_s: float

    @property
    def changed(self) -> bool:
        """Whether it is another build."""
        return self.before != self.after


class ModelUpdate:
    """The update of one model of an Ollama server; what is not accepted is taken back at the end of the test.

    The runbooks' mistakes are not repeated: both builds are there when they are compared, and going back means the
    build that was there, not the update once more.

    Args:
        client: of the server.
        change: makes the changes.
        model: its name; the one that is timed by default.
        successor: the name of the model that takes its place; by default a newer build of the same name.
    """

    def __init__(self, client: Ollama, change: Change, model: str = "", successor: str = "") -> None:
        self.model = model or client.timed_model.name
        self.successor = successor or self.model
        self._client = client
        self._change = change
        self._builds = Builds(client, change, client.config.pull_deadline)
        self._held: set[str] = set()

    @property
    def after(self) -> Ollama:
        """A client that asks the new build."""
        return self._client.asking(self.successor)

    @property
    def before(self) -> Ollama:
        """A client that asks the build that was there before.

        Raises:
            Unsupported: there was none.
        """
        return self._client.asking(self._kept_as)

    def hold(self) -> None:
        """Keep the builds that are there, also of the successor, under other names meanwhile; no byte is copied.

        Raises:
            Unsupported: there is none of the model, so nothing can be compared, or brought back; or such another
                name is taken.
            ControlError: the server refused.
        """
        if not self._builds.digest(self.model):
            raise Unsupported(f"{self._client.component}: {self.model} is not there, so there is nothing to update.")
        if self._builds.digest(self.successor):
            self._builds.keep(self.successor, BEFORE)
        self._held.add(self.successor)

    def pull(self) -> Pulled:
        """Fetch the new build.

        Raises:
            LlmopsError: a build that is there is not held, and could not be brought back.
            ControlError: the pull did not end well.
        """
        name, start = self._builds.name(self.successor), time.perf_counter()
        before = self._change.status(name).kept["digest"]
        if before and self.successor not in self._held:
            raise LlmopsError(
                f"{self._client.component}: {self.successor} is there, and its build would be lost: hold() comes first."
            )
        after = self._change.pull(name).kept["digest"]
        return Pulled(before or "", after or "", time.perf_counter() - start)

    def implausible(self, prompts: Workload) -> str:
        """What is wrong with the new build's answers to the first prompts; empty where nothing is.

        Raises:
            CallFailed: it does not answer.
        """
        asked = list(prompts)[:ASKED]
        wrong = {prompt.id: self.after.generate(prompt).implausible for prompt in asked}
        return "; ".join(f"{name}: {why}" for name, why in wrong.items() if why)

    def accept(self) -> None:
        """Let the new build stay; the one that was there before goes at the end of the test."""
        self._change.keep(self._builds.name(self.successor))

    def retire(self) -> None:
        """Take the old model away; until the end of the test its build has another name, from where it comes back.

        Raises:
            Unsupported: no other model takes its place.
            ControlError: the server refused.
        """
        if self.successor == self.model:
            raise Unsupported(f"{self._client.component}: nothing takes the place of {self.model}, so it stays.")
        self._builds.keep(self.model, BEFORE)
        self._builds.set(self.model, None)

    @property
    def _kept_as(self) -> str:
        return f"{self.model}{BEFORE}" if self.successor == self.model else self.model
