"""OpenAI's chat API, as vLLM, llama.cpp, gateways and hosted services speak it."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.llm import Generation, Model, chosen_model, facts_of, length, missing_models, text_of
from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.errors import CallFailed
from pytest_llmops.samples import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Http
    from pytest_llmops.samples import Prompt
    from pytest_llmops.target.components import Llm as LlmComponent

CHAT = "/v1/chat/completions"


class OpenAI(OverHttp):
    """A server that speaks OpenAI's API.

    Args:
        http: calls to it.
        config: the component's table.
    """

    def __init__(self, http: Http, config: LlmComponent) -> None:
        super().__init__(http)
        self.config = config

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable, model listed, one real token generated."""
        return [
            ("reachable", self.list_time),
            ("model listed", lambda: facts.update(facts_of(self.timed_model))),
            ("generates", lambda: self.first_token(deadline_s)),
        ]

    def models(self) -> list[Model]:
        """The models that it lists (GET /v1/models)."""
        found = self.http.call("GET", "/v1/models").ok().table()
        return [Model(item["id"]) for item in found.get("data") or [] if isinstance(item, dict) and item.get("id")]

    def list_time(self) -> float:
        """Seconds that the list of models took."""
        return self.http.call("GET", "/v1/models").ok().elapsed_s

    def missing_models(self) -> list[str]:
        """Models that the target names and the server does not list."""
        return missing_models(self.config, self.models())

    def generating_models(self) -> list[str]:
        """The models that are to generate: those that the target names, else the timed one."""
        return list(self.config.models) or [self.timed_model.name]

    @cached_property
    def timed_model(self) -> Model:
        """The model that calls ask for; looked up once."""
        return chosen_model(self.component, self.config, self.models())

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
        """Answer a prompt (POST /v1/chat/completions); see :class:`pytest_llmops.clients.llm.Llm`."""
        name = model or self.config.model or self.timed_model.name
        body = self._body(prompt, name, length(self.config, detail, max_tokens), stream)
        if not stream:
            found = self.http.call("POST", CHAT, body=body, deadline_s=deadline_s).ok().table()
            message = (found.get("choices") or [{}])[0].get("message") or {}
            return self._generation(name, message.get("content") or "", (), None, found.get("usage"))
        times: list[float] = []
        words: list[str] = []
        first_answer_s: float | None = None
        usage: dict[str, Any] | None = None
        for moment, chunk in self._chunks(body, deadline_s):
            usage = chunk.get("usage") or usage
            content, thought = _said(chunk)
            if content or thought:
                times.append(moment)
            if content:
                words.append(content)
                first_answer_s = moment if first_answer_s is None else first_answer_s
        return self._generation(name, "".join(words), tuple(times), first_answer_s, usage)

    def first_token(self, deadline_s: float) -> float:
        """Seconds to the first token (POST /v1/chat/completions); see :class:`pytest_llmops.clients.llm.Llm`."""
        body = self._body("Hello", self.timed_model.name, 1, stream=True)
        for moment, chunk in self._chunks(body, deadline_s):
            if any(_said(chunk)):
                return moment
        component = self.component
        raise CallFailed(component, "no-token", f"{component}: POST {CHAT} ended without a token.")

    def embed(self, text: Prompt | str) -> list[float]:
        """The embedding of a text (POST /v1/embeddings)."""
        name = self.config.embedding_model or self.timed_model.name
        found = self.http.call("POST", "/v1/embeddings", body={"model": name, "input": text_of(text)}).ok().table()
        vector = (found.get("data") or [{}])[0].get("embedding")
        if not vector:
            component = self.component
            raise CallFailed(component, "bad-answer", f"{component}: /v1/embeddings answered without an embedding.")
        return [float(value) for value in vector]

    def _body(self, prompt: Prompt | str, model: str, tokens: int, stream: bool) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": model,
            "messages": [{"role": "user", "content": text_of(prompt)}],
            "max_tokens": tokens,
            "temperature": 0,
            "stream": stream,
        }
        if stream:
            body["stream_options"] = {"include_usage": True}
        return body

    def _chunks(self, body: dict[str, Any], deadline_s: float | None) -> Iterator[tuple[float, dict[str, Any]]]:
        """The events of a stream, up to ``[DONE]``.

        Raises:
            CallFailed: the stream ended before that.
        """
        component = self.component
        for moment, line in self.http.lines("POST", CHAT, body=body, deadline_s=deadline_s):
            if not line.startswith("data:"):
                continue
            data = line.removeprefix("data:").strip()
            if data == "[DONE]":
                return
            try:
                chunk = json.loads(data)
            except ValueError:
                raise CallFailed(
                    component, "bad-answer", f"{component}: POST {CHAT} streamed no JSON: {data[:80]!r}."
                ) from None
            if not isinstance(chunk, dict):
                raise CallFailed(
                    component, "bad-answer", f"{component}: POST {CHAT} streamed no object: {data[:80]!r}."
                )
            if chunk.get("error"):
                raise CallFailed(component, "bad-answer", f"{component}: POST {CHAT} streamed: {chunk['error']}.")
            yield moment, chunk
        raise CallFailed(component, "cut-stream", f"{component}: POST {CHAT} was cut before its last chunk.")

    def _generation(
        self,
        model: str,
        text: str,
        times: tuple[float, ...],
        first_answer_s: float | None,
        usage: dict[str, Any] | None,
    ) -> Generation:
        tokens_out = (usage or {}).get("completion_tokens")
        self.http.ledger.charge(self.component, tokens=tokens_out or 0)
        return Generation(text, model, Stream(times, tokens_out), (usage or {}).get("prompt_tokens"), first_answer_s)


def _said(chunk: dict[str, Any]) -> tuple[str, str]:
    """The text of the answer and of the reasoning channel in one event."""
    delta = (chunk.get("choices") or [{}])[0].get("delta") or {}
    return delta.get("content") or "", delta.get("reasoning_content") or delta.get("reasoning") or ""
