"""A backup of an Ollama server's models: what there is, in writing; and one that is lost, and comes back the same."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, StepFailed, Unsupported, excerpt
from pytest_llmops.operate.builds import Builds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.ollama import Ollama
    from pytest_llmops.control.change import Change
    from pytest_llmops.samples import Prompt

BACKUP = "-backup"
"""What a name ends with under which a model's build is kept while its own name is gone."""

SHOWN = 80
"""Signs of an answer that stand in a sentence."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """The models of a server, as a document has them.

    Attributes:
        models: name to ``digest`` of its manifest, ``size`` in bytes, ``quantisation``, and ``blobs``, the digests of
            the files that it is made of, as far as the server names them.
    """

    models: Mapping[str, Mapping[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """The document."""
        return {"models": dict(self.models)}

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Inventory:
        """What a document tells."""
        return cls(document["models"])

    def differs_from(self, before: Inventory) -> list[str]:
        """What is otherwise than it was, a sentence's end each."""
        gone = [f"{name} is not there any more" for name in before.models if name not in self.models]
        new = [f"{name} was not there" for name in self.models if name not in before.models]
        other = [
            f"{name} has the build {_short(self.models[name])}, and had {_short(was)}"
            for name, was in before.models.items()
            if name in self.models and self.models[name]["digest"] != was["digest"]
        ]
        return [*gone, *new, *other]


def inventory(client: Ollama) -> Inventory:
    """The models that a server lists now (GET /api/tags, POST /api/show).

    Raises:
        CallFailed: the server does not say.
    """
    return Inventory(
        {
            one.name: {
                "digest": one.digest,
                "size": one.size,
                "quantisation": one.quantisation,
                "blobs": client.blobs(one.name),
            }
            for one in client.models()
        }
    )


def missing_blobs(client: Ollama, found: Inventory) -> list[str]:
    """Models that are listed, and whose files are not there, a sentence's end each.

    Raises:
        CallFailed: the server does not say.
        Unsupported: it names no file of any model.
    """
    blobs = {(name, blob) for name, one in found.models.items() for blob in one["blobs"]}
    if found.models and not blobs:
        raise Unsupported(f"{client.component}: POST /api/show names no file of any model, so none can be looked for.")
    return [f"{name} lacks its file {blob[:19]}" for name, blob in sorted(blobs) if not client.has_blob(blob)]


@dataclass(frozen=True, slots=True)
class Refused:
    """How a call to a model that is gone failed.

    Attributes:
        kind: of the failure: ``http-404``.
        took_s: until it did.
        said: in words.
    """

    kind: str
    took_s: float
    said: str


class ModelLoss:
    """One model is lost, and comes back; its files are never touched, for its build has a second name meanwhile.

    On Ollama's disk a model is a manifest that names blobs, which stay as long as any manifest names them. So a copy of
    the manifest is made first (POST /api/copy), then the model's own is deleted (DELETE /api/delete), and copied back.

    Args:
        client: of the server.
        change: makes the changes.
        model: its name; the one that is timed by default.
    """

    def __init__(self, client: Ollama, change: Change, model: str = "") -> None:
        self.model = model or client.timed_model.name
        self._client = client
        self._builds = Builds(client, change, client.config.deadline)
        self._digest = ""
        self._kept_as = ""
        self._spare = False

    def take_away(self) -> None:
        """Keep the model's build under another name, and delete its own.

        Raises:
            Unsupported: there is no such model, or the other name is taken.
            ControlError: the server refused.
        """
        self._digest = self._builds.digest(self.model)
        if not self._digest:
            raise Unsupported(f"{self._client.component}: {self.model} is not there, so it cannot be lost.")
        self._spare = bool(self._builds.digest(f"{self.model}{BACKUP}"))
        self._kept_as = self._builds.keep(self.model, BACKUP)
        self._builds.set(self.model, None)

    def refused(self, prompt: Prompt) -> Refused:
        """How the model that is gone answers: by saying that it is not there, at once.

        Raises:
            StepFailed: it answers all the same, or fails otherwise than by saying no.
        """
        client, start = self._client.asking(self.model), time.perf_counter()
        try:
            answer = client.generate(prompt, stream=False)
        except CallFailed as error:
            took_s = time.perf_counter() - start
            if error.kind.startswith("http-4"):
                return Refused(error.kind, took_s, str(error))
            raise StepFailed(
                f"{self._client.component}: {self.model} is gone, and who asks it is not told so: {error}"
            ) from error
        said = excerpt(answer.text, SHOWN)
        raise StepFailed(f"{self._client.component}: {self.model} is gone, and answers all the same: {said!r}.")

    def bring_back(self, prompt: Prompt) -> float:
        """Have the model's name stand for its build again, and ask it; the seconds until it has answered.

        Raises:
            ControlError: the server refused, or the build is another one.
            StepFailed: it does not answer, or nothing that could be an answer.
        """
        start = time.perf_counter()
        self._builds.set(self.model, self._digest)
        try:
            wrong = self._client.asking(self.model).generate(prompt, stream=False).implausible
        except CallFailed as error:
            raise StepFailed(f"{self._client.component}: {self.model} is back, and does not answer: {error}") from error
        if wrong:
            raise StepFailed(f"{self._client.component}: {self.model} is back, and answers {wrong}.")
        took_s = time.perf_counter() - start
        if not self._spare:  # somebody's own backup of that name stays
            self._builds.set(self._kept_as, None)
        return took_s


def _short(model: Mapping[str, Any]) -> str:
    return str(model["digest"])[:12]
