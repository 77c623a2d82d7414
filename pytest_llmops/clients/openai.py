"""OpenAI's chat API, as vLLM, llama.cpp, gateways and hosted services speak it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.generation import Chunk, Generation, Model, text_of
from pytest_llmops.clients.llm import Llm
from pytest_llmops.errors import CallFailed
from pytest_llmops.samples import Stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.samples import Prompt


class OpenAI(Llm):
    """A server that speaks OpenAI's API."""

    LIST = "/v1/models"
    GENERATE = "/v1/chat/completions"

    def models(self) -> list[Model]:
        """The models that it lists (GET /v1/models)."""
        found = self.http.call("GET", self.LIST).ok().table()
        return [Model(item["id"]) for item in found.get("data") or [] if isinstance(item, dict) and item.get("id")]

    def embed(self, text: Prompt | str) -> list[float]:
        """The embedding of a text (POST /v1/embeddings)."""
        name = self.config.embedding_model or self.timed_model.name
        found = self.http.call("POST", "/v1/embeddings", body={"model": name, "input": text_of(text)}).ok().table()
        vector = (found.get("data") or [{}])[0].get("embedding")
        if not vector:
            said = f"{self.component}: /v1/embeddings answered without an embedding."
            raise CallFailed(self.component, "bad-answer", said)
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

    def _whole(self, model: str, found: dict[str, Any]) -> Generation:
        message = (found.get("choices") or [{}])[0].get("message") or {}
        return self._generation(model, message.get("content") or "", (), None, found.get("usage") or {})

    def _chunks(self, body: dict[str, Any], deadline_s: float | None) -> Iterator[Chunk]:
        for moment, line in self.http.lines("POST", self.GENERATE, body=body, deadline_s=deadline_s):
            if not line.startswith("data:"):
                continue
            data = line.removeprefix("data:").strip()
            if data == "[DONE]":
                return
            event = self._read(data)
            delta = (event.get("choices") or [{}])[0].get("delta") or {}
            thought = delta.get("reasoning_content") or delta.get("reasoning") or ""
            yield Chunk(moment, delta.get("content") or "", thought, event.get("usage"))
        raise self._failed("cut-stream", "was cut before its last chunk")

    def _read(self, data: str) -> dict[str, Any]:
        try:
            read: Any = json.loads(data)
        except ValueError:
            raise self._failed("bad-answer", f"streamed no JSON: {data[:80]!r}") from None
        if not isinstance(read, dict):
            raise self._failed("bad-answer", f"streamed no object: {data[:80]!r}")
        if read.get("error"):
            raise self._failed("bad-answer", f"streamed: {read['error']}")
        return read

    def _generation(
        self, model: str, text: str, times: tuple[float, ...], first_answer_s: float | None, counts: dict[str, Any]
    ) -> Generation:
        tokens_out = counts.get("completion_tokens")
        self.http.ledger.charge(self.component, tokens=tokens_out or 0)
        return Generation(text, model, Stream(times, tokens_out), counts.get("prompt_tokens"), first_answer_s)
