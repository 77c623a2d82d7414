"""What every model server can do, whichever API it speaks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.generation import Chunk, Generation, Model
    from pytest_llmops.clients.http import Http
    from pytest_llmops.samples import Prompt
    from pytest_llmops.target.components import Llm as LlmComponent


class Llm(OverHttp, ABC):
    """A model server: Ollama's API or OpenAI's.

    Args:
        http: calls to it.
        config: the component's table.
    """

    LIST: ClassVar[str]
    """Path of the list of models."""

    GENERATE: ClassVar[str]
    """Path of generation."""

    def __init__(self, http: Http, config: LlmComponent) -> None:
        super().__init__(http)
        self.config = config

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable, model listed, one real token generated."""
        return [
            ("reachable", lambda: self._greet(facts)),
            ("model listed", lambda: facts.update(self._facts())),
            ("generates", lambda: self.first_token(deadline_s)),
        ]

    @abstractmethod
    def models(self) -> list[Model]:
        """The models that it lists."""

    def list_time(self) -> float:
        """Seconds that the list of models took."""
        return self.http.call("GET", self.LIST).ok().elapsed_s

    def missing_models(self) -> list[str]:
        """Models that the target names and the server does not list; ``name`` and ``name:latest`` are the same.

        Raises:
            Unsupported: the target names none, so none can be missing.
        """
        if not self.config.models:
            raise Unsupported("the target names no models; list them as models = [...] of the component.")
        names = {name for model in self.models() for name in (model.name, model.name.removesuffix(":latest"))}
        return [name for name in self.config.models if name not in names]

    def generating_models(self) -> list[str]:
        """The models that are to generate: those that the target names, else the timed one."""
        return list(self.config.models) or [self.timed_model.name]

    @cached_property
    def timed_model(self) -> Model:
        """The model that calls ask for, looked up once: the configured one, else the first listed.

        Raises:
            CallFailed: the server lists none, or not that one (kind ``no-model``).
        """
        listed, wanted = self.models(), self.config.model
        if not listed:
            raise CallFailed(self.component, "no-model", f"{self.component}: it lists no models.")
        if wanted is None:
            return listed[0]
        for model in listed:
            if wanted in {model.name, model.name.removesuffix(":latest")}:
                return model
        names = ", ".join(model.name for model in listed)
        said = f"{self.component}: model {wanted!r} is not listed; it has: {names}."
        raise CallFailed(self.component, "no-model", said)

    def generate(
        self,
        prompt: Prompt | str,
        *,
        model: str | None = None,
        detail: str | None = None,
        max_tokens: int | None = None,
        stream: bool = True,
        deadline_s: float | None = None,
    ) -> Generation:
        """Answer a prompt.

        Args:
            prompt: what to answer.
            model: which model; the target's by default.
            detail: a detail level of the component, which sets the length.
            max_tokens: the length itself; the component's ``max_tokens`` by default.
            stream: token by token (TTFT, TPOT), or whole.
            deadline_s: for the whole call; the component's own by default.

        Raises:
            CallFailed: no whole answer came.
            ConfigError: the component has no such detail level.
        """
        name = model or self.config.model or self.timed_model.name
        body = self._body(prompt, name, self._length(detail, max_tokens), stream)
        if not stream:
            answer = self.http.call("POST", self.GENERATE, body=body, deadline_s=deadline_s).ok()
            return self._whole(name, answer.table())
        times: list[float] = []
        words: list[str] = []
        first_answer_s: float | None = None
        counts: dict[str, Any] | None = None
        for chunk in self._chunks(body, deadline_s):
            counts = chunk.counts or counts
            if chunk.content or chunk.thought:
                times.append(chunk.moment)
            if chunk.content:
                words.append(chunk.content)
                first_answer_s = chunk.moment if first_answer_s is None else first_answer_s
        return self._generation(name, "".join(words), tuple(times), first_answer_s, counts or {})

    def first_token(self, deadline_s: float) -> float:
        """Seconds to the first generated token of a one-word prompt; the answer is not waited for.

        Raises:
            CallFailed: none came (kind ``no-token``), or the call failed.
        """
        body = self._body("Hello", self.timed_model.name, 1, stream=True)
        for chunk in self._chunks(body, deadline_s):
            if chunk.content or chunk.thought:
                return chunk.moment
        raise self._failed("no-token", "ended without a token")

    @abstractmethod
    def embed(self, text: Prompt | str) -> list[float]:
        """The embedding of a text.

        Raises:
            CallFailed: none came.
        """

    def _greet(self, facts: dict[str, str]) -> None:
        """The least that shows that somebody is there."""
        self.list_time()

    def _facts(self) -> dict[str, str]:
        model = self.timed_model
        return {"model": model.name, "digest": model.digest, "quantisation": model.quantisation}

    def _length(self, detail: str | None, max_tokens: int | None) -> int:
        """How many tokens to ask for."""
        if max_tokens is not None:
            return max_tokens
        if detail is None:
            return self.config.max_tokens
        if detail not in self.config.detail:
            known = ", ".join(self.config.detail)
            raise ConfigError(f"no detail level {detail!r}.{did_you_mean(detail, self.config.detail)} Levels: {known}.")
        return self.config.detail[detail].max_tokens

    def _failed(self, kind: str, words: str) -> CallFailed:
        return CallFailed(self.component, kind, f"{self.component}: POST {self.GENERATE} {words}.")

    @abstractmethod
    def _body(self, prompt: Prompt | str, model: str, tokens: int, stream: bool) -> dict[str, Any]: ...

    @abstractmethod
    def _whole(self, model: str, found: dict[str, Any]) -> Generation:
        """The generation in an answer that was not streamed."""

    @abstractmethod
    def _chunks(self, body: dict[str, Any], deadline_s: float | None) -> Iterator[Chunk]:
        """The events of a stream, up to its proper end.

        Raises:
            CallFailed: the stream ended before that (kind ``cut-stream``), or said an error.
        """

    @abstractmethod
    def _generation(
        self, model: str, text: str, times: tuple[float, ...], first_answer_s: float | None, counts: dict[str, Any]
    ) -> Generation:
        """A generation, its tokens entered in the ledger."""
