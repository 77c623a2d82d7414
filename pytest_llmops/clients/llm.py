"""What every model server can do, whichever API it speaks."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.generation import Counts, Generation
from pytest_llmops.clients.models import NO_LIST, Models
from pytest_llmops.errors import CallFailed, ConfigError, Unsupported, did_you_mean
from pytest_llmops.samples import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.generation import Chunk
    from pytest_llmops.clients.http import Http
    from pytest_llmops.samples import Prompt
    from pytest_llmops.target.components import Llm as LlmComponent

LOADING_PAUSE_S = 1.0
"""Between two looks at a server that says that it is loading its model."""

NO_EMBEDDINGS = {"http-400", "http-404", "http-405", "http-422", "http-501"}
"""Failures by which servers say that they, or this model, do not embed."""


class Llm(Models, ABC):
    """A model server: Ollama's API or OpenAI's.

    Args:
        http: calls to it.
        config: the component's table.

    Attributes:
        generate_path: of generation.
        embed_path: of embeddings.
        asked: the model that the newest call asked; empty before the first.
    """

    generate_path: str
    embed_path: str

    def __init__(self, http: Http, config: LlmComponent) -> None:
        super().__init__(http, config)
        self.asked = ""

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable, model listed, one real token generated; while it says that it is loading, it is waited for."""
        until = time.monotonic() + deadline_s
        return [
            ("reachable", lambda: _loaded(lambda: self._greet(facts), until)),
            ("model listed", lambda: _loaded(lambda: facts.update(self._facts()), until)),
            ("generates", lambda: self._prove(facts, until)),
        ]

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
            Unsupported: the component has no such detail level.
            ConfigError: the level is unknown, and a similar one exists.
        """
        self.asked = model or self.config.model or self.timed_model.name
        body = self._body(prompt, self.asked, self._length(detail, max_tokens), stream)
        chunks = list(self._chunks(body, deadline_s) if stream else self._whole(body, deadline_s))
        counts = next((chunk.counts for chunk in reversed(chunks) if chunk.counts), Counts())
        self.http.ledger.charge(self.component, tokens=counts.tokens_out or 0)
        thought = any(chunk.thought for chunk in chunks)
        return Generation(
            text="".join(chunk.content for chunk in chunks),
            model=self.asked,
            stream=_timings(chunks if stream else [], counts),
            tokens_in=counts.tokens_in,
            generating_s=counts.generating_s,
            reasoned=thought or counts.reasoning > 0,
        )

    def converse(self, turns: Sequence[str], *, system: str = "", max_tokens: int | None = None) -> list[str]:
        """Say one thing after the other, each with what was said before; the answers.

        A server that takes no messages is sent all of it as one text, who says what before each.

        Args:
            turns: what the user says.
            system: the instructions under which it answers; empty for none.
            max_tokens: the length of each answer; the component's ``max_tokens`` by default.

        Raises:
            CallFailed: no whole answer came.
        """
        self.asked = self.config.model or self.timed_model.name
        messages = [{"role": "system", "content": system}] if system else []
        answers: list[str] = []
        for turn in turns:
            messages.append({"role": "user", "content": turn})
            body = self._body(turn, self.asked, self._length(None, max_tokens), stream=False)
            body |= self._conversation(messages)
            chunks = list(self._whole(body, None))
            counts = next((chunk.counts for chunk in reversed(chunks) if chunk.counts), Counts())
            self.http.ledger.charge(self.component, tokens=counts.tokens_out or 0)
            answers.append("".join(chunk.content for chunk in chunks))
            messages.append({"role": "assistant", "content": answers[-1]})
        return answers

    def first_token(self, deadline_s: float) -> float:
        """Seconds to the first generated token of a one-word prompt; the answer is not waited for.

        A token that only the server's count shows (hidden reasoning) is one too.

        Raises:
            CallFailed: none came (kind ``no-token``), or the call failed.
        """
        self.asked = self.timed_model.name
        chunks = self._chunks(self._body("Hello", self.asked, 1, stream=True), deadline_s)
        for chunk in chunks:
            if chunk.content or chunk.thought or (chunk.counts and chunk.counts.tokens_out):
                self._after_first(chunk, chunks)
                return chunk.moment
        raise self._failed("no-token", "ended without a token")

    def embed(self, text: Prompt | str, *, model: str | None = None) -> list[float]:
        """The embedding of a text.

        Args:
            text: what to embed.
            model: which model; by default the target's ``embedding_model``, without one the timed model.

        Raises:
            CallFailed: none came.
            Unsupported: none came because the server does not embed, and the target names no model that does.
        """
        named = model or self.config.embedding_model
        self.asked = named or self.timed_model.name
        try:
            return self._embedding(self.asked, text)
        except CallFailed as error:
            if named or not _does_not_embed(error):
                raise
            said = str(error).removeprefix(f"{self.component}: ").rstrip(".")
            raise Unsupported(
                f"{self.component}: model {self.asked} gives no embeddings ({said}); if the server has a model that "
                f'does, name it as embedding_model = "…" of the component.'
            ) from None

    def _greet(self, facts: dict[str, str]) -> None:
        """The least that shows that somebody is there."""
        answer = self.http.call("GET", self.list_path)
        if self.config.model is None or answer.status not in {*NO_LIST, 500}:
            answer.ok()

    def _prove(self, facts: dict[str, str], until: float) -> None:
        """The first token, by the deadline; then what could be seen only now is entered among the facts."""
        try:
            waited = _loaded(lambda: self.first_token(max(0.1, until - time.monotonic())), until)
        except CallFailed as error:
            if error.kind != "http-404" or self._listed is not None:
                raise
            said = f"answered 404, and so did GET {self.list_path}: does the path of the url lack something"
            raise self._failed(error.kind, said) from None
        if waited:  # the list of a server that is still loading lacks what tells models apart
            self._look_again()
            facts.update(self._facts())
        self._after_token(facts)

    def _after_first(self, chunk: Chunk, rest: Iterator[Chunk]) -> None:
        """What is of interest in a stream whose first token is there, before the call is given up."""

    def _after_token(self, facts: dict[str, str]) -> None:
        """What a generation tells of the server, added to the facts."""

    def _length(self, detail: str | None, max_tokens: int | None) -> int:
        """How many tokens to ask for."""
        if max_tokens is not None:
            return max_tokens
        if detail is None:
            return self.config.max_tokens
        if detail not in self.config.detail:
            near, known = did_you_mean(detail, self.config.detail), ", ".join(self.config.detail)
            said = f"{self.component}: no detail level {detail!r}.{near} Levels: {known or 'none'}."
            raise ConfigError(said) if near else Unsupported(said)
        return self.config.detail[detail].max_tokens

    def _failed(self, kind: str, words: str) -> CallFailed:
        return CallFailed(self.component, kind, f"{self.component}: POST {self.generate_path} {words}.")

    @abstractmethod
    def _body(self, prompt: Prompt | str, model: str, tokens: int, stream: bool) -> dict[str, Any]: ...

    @abstractmethod
    def _conversation(self, messages: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        """What of a body says a whole conversation."""

    @abstractmethod
    def _whole(self, body: dict[str, Any], deadline_s: float | None) -> list[Chunk]:
        """The one chunk of an answer that is not streamed."""

    @abstractmethod
    def _chunks(self, body: dict[str, Any], deadline_s: float | None) -> Iterator[Chunk]:
        """The events of a stream, up to its proper end.

        Raises:
            CallFailed: the stream ended before that (kind ``cut-stream``), or said an error.
        """

    @abstractmethod
    def _embedding(self, model: str, text: Prompt | str) -> list[float]: ...


def transcript(messages: Sequence[Mapping[str, str]]) -> str:
    """A conversation as one text, for a server that takes no messages; a single message as it stands."""
    if len(messages) == 1:
        return messages[0]["content"]
    return "\n".join(f"{message['role'].capitalize()}: {message['content']}" for message in messages) + "\nAssistant:"


def _timings(chunks: list[Chunk], counts: Counts) -> Stream:
    """The timings of a streamed answer; of one that was not there are no chunks."""
    thought = any(chunk.thought for chunk in chunks)
    return Stream(
        token_times_s=tuple(chunk.moment for chunk in chunks if chunk.content or chunk.thought),
        tokens_out=counts.tokens_out,
        first_answer_s=next((chunk.moment for chunk in chunks if chunk.content), None),
        reasoned=thought,
        hidden=0 if thought else counts.reasoning,
        load_s=counts.load_s,
    )


def _loaded(step: Callable[[], object], until: float) -> bool:
    """Take a step, again and again while the server says that it is loading; whether it said so.

    llama.cpp answers 503 ``Loading model`` until it is ready: a cold start, not an outage.
    """
    waited = False
    while True:
        try:
            step()
        except CallFailed as error:
            loading = error.kind == "http-503" and "loading" in str(error).lower()
            if not loading or time.monotonic() + LOADING_PAUSE_S >= until:
                raise
        else:
            return waited
        waited = True
        time.sleep(LOADING_PAUSE_S)


def _does_not_embed(error: CallFailed) -> bool:
    words = str(error).partition(" answered ")[2].lower()
    return error.kind in NO_EMBEDDINGS or (error.kind.startswith("http-") and "support embedding" in words)
