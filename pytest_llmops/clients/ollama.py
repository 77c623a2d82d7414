"""Ollama's own API."""

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


class Ollama(Llm):
    """An Ollama server: what every model server can, and ``version()``."""

    LIST = "/api/tags"
    GENERATE = "/api/generate"

    def version(self) -> str:
        """The server's version (GET /api/version); empty where it says none."""
        return str(self.http.call("GET", "/api/version").ok().table().get("version", ""))

    def models(self) -> list[Model]:
        """The models on disk (GET /api/tags)."""
        found = self.http.call("GET", self.LIST).ok().table()
        return [
            Model(
                name=item["name"],
                digest=item.get("digest", ""),
                size=int(item.get("size") or 0),
                quantisation=(item.get("details") or {}).get("quantization_level", ""),
            )
            for item in found.get("models") or []
            if isinstance(item, dict) and item.get("name")
        ]

    def embed(self, text: Prompt | str) -> list[float]:
        """The embedding of a text (POST /api/embed)."""
        name = self.config.embedding_model or self.timed_model.name
        found = self.http.call("POST", "/api/embed", body={"model": name, "input": text_of(text)}).ok().table()
        vectors = found.get("embeddings") or []
        if not vectors or not vectors[0]:
            said = f"{self.component}: POST /api/embed answered without an embedding."
            raise CallFailed(self.component, "bad-answer", said)
        return [float(value) for value in vectors[0]]

    def _greet(self, facts: dict[str, str]) -> None:
        facts["server"] = self.version()

    def _body(self, prompt: Prompt | str, model: str, tokens: int, stream: bool) -> dict[str, Any]:
        options = {"num_predict": tokens, "temperature": 0, "seed": 1}
        return {"model": model, "prompt": text_of(prompt), "stream": stream, "options": options}

    def _whole(self, model: str, found: dict[str, Any]) -> Generation:
        return self._generation(model, str(found.get("response", "")), (), None, found)

    def _chunks(self, body: dict[str, Any], deadline_s: float | None) -> Iterator[Chunk]:
        last: dict[str, Any] = {}
        for moment, line in self.http.lines("POST", self.GENERATE, body=body, deadline_s=deadline_s):
            last = self._read(line)
            counts = last if last.get("done") else None
            yield Chunk(moment, last.get("response") or "", last.get("thinking") or "", counts)
        if not last.get("done"):
            raise self._failed("cut-stream", "was cut before its last chunk")

    def _read(self, line: str) -> dict[str, Any]:
        try:
            read: Any = json.loads(line)
        except ValueError:
            read = {"error": f"not JSON: {line[:80]!r}"}
        chunk: dict[str, Any] = read if isinstance(read, dict) else {"error": f"no object: {line[:80]!r}"}
        if "error" in chunk:
            raise self._failed("bad-answer", f"streamed: {chunk['error']}")
        return chunk

    def _generation(
        self, model: str, text: str, times: tuple[float, ...], first_answer_s: float | None, counts: dict[str, Any]
    ) -> Generation:
        tokens_out = counts.get("eval_count")
        self.http.ledger.charge(self.component, tokens=tokens_out or 0)
        return Generation(
            text=text,
            model=model,
            stream=Stream(times, tokens_out),
            tokens_in=counts.get("prompt_eval_count"),
            first_answer_s=first_answer_s,
            load_s=_seconds(counts.get("load_duration")),
            generating_s=_seconds(counts.get("eval_duration")),
        )


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9
