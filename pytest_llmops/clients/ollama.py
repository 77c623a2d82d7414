"""Ollama's own API."""

from __future__ import annotations

import json
from contextlib import suppress
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.generation import Chunk, Counts, Embedding, Model, text_of
from pytest_llmops.clients.llm import Llm
from pytest_llmops.errors import CallFailed, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.http import Http
    from pytest_llmops.samples import Prompt
    from pytest_llmops.target.components import Llm as LlmComponent


class Ollama(Llm):
    """An Ollama server: what every model server can, and ``version()``."""

    list_path = "/api/tags"
    embed_path = "/api/embed"

    def __init__(self, http: Http, config: LlmComponent) -> None:
        super().__init__(http, config)
        self.generate_path = "/api/chat" if config.endpoint == "chat" else "/api/generate"
        self._load_s: float | None = None

    def version(self) -> str:
        """The server's version (GET /api/version); empty where it says none."""
        return str(self.http.call("GET", "/api/version").ok().table().get("version") or "")

    def version_status(self) -> int:
        """The HTTP status of GET /api/version, whatever it is."""
        return self.http.call("GET", "/api/version").status

    def details(self, model: str) -> dict[str, Any]:
        """What the server knows of a model (POST /api/show): family, parameters, quantisation.

        Raises:
            CallFailed: it has no such model (kind ``http-404``).
        """
        return dict(self.http.call("POST", "/api/show", body={"model": model}).ok().table().get("details") or {})

    def loaded(self) -> list[str]:
        """The models that are in memory (GET /api/ps)."""
        return [str(item["name"]) for item in self.http.call("GET", "/api/ps").ok().table().get("models") or []]

    def outdated(self, registry: Api) -> list[str]:
        """The models of which their registry now has another build under the same name; nothing is pulled.

        A model's digest is that of its manifest, so the manifest that is published says whether a pull would change it.

        Args:
            registry: the further service whose route ``manifest`` takes ``owner``, ``model`` and ``tag``.

        Raises:
            CallFailed: a model's manifest could not be had.
        """
        return [model.name for model in self.models() if _published(registry, model.name) != model.digest]

    def models(self) -> list[Model]:
        """The models on disk (GET /api/tags)."""
        found = self._list().table()
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

    def _greet(self, facts: dict[str, str]) -> None:
        facts["server"] = self.version()

    def _body(self, prompt: Prompt | str, model: str, tokens: int, stream: bool) -> dict[str, Any]:
        options = {"num_predict": tokens, "temperature": 0, "seed": 1}
        text = text_of(prompt)
        chat = self.generate_path == "/api/chat"
        asked = {"messages": [{"role": "user", "content": text}]} if chat else {"prompt": text}
        return {"model": model, **asked, "stream": stream, "options": options}

    def _whole(self, body: dict[str, Any], deadline_s: float | None) -> list[Chunk]:
        answer = self.http.call("POST", self.generate_path, body=body, deadline_s=deadline_s).ok()
        return [_chunk(answer.elapsed_s, answer.table())]

    def _chunks(self, body: dict[str, Any], deadline_s: float | None) -> Iterator[Chunk]:
        last: dict[str, Any] = {}
        for moment, line in self.http.lines("POST", self.generate_path, body=body, deadline_s=deadline_s):
            last = self._read(line)
            yield _chunk(moment, last)
        if not last.get("done"):
            raise self._failed("cut-stream", "was cut before its last chunk")

    def _embedding(self, model: str, text: Prompt | str) -> list[float]:
        answer = self.http.call("POST", self.embed_path, body={"model": model, "input": text_of(text)}).ok()
        vectors = answer.table().get("embeddings") or []
        if not vectors or not vectors[0]:
            said = f"{self.component}: {answer.asked} answered without an embedding."
            raise CallFailed(self.component, "bad-answer", said)
        return Embedding((float(value) for value in vectors[0]), _seconds(answer.table().get("load_duration")))

    def _after_first(self, chunk: Chunk, rest: Iterator[Chunk]) -> None:
        """An answer of one token ends with the next line, and that says what loading the model took."""
        with suppress(CallFailed):  # there was a token, whatever comes of the rest
            for last in (chunk, *islice(rest, 2)):
                self._load_s = last.counts.load_s if last.counts else None

    def _after_token(self, facts: dict[str, str]) -> None:
        if self._load_s is not None:
            facts["load_s"] = f"{self._load_s:.3g}"

    def _read(self, line: str) -> dict[str, Any]:
        try:
            read: Any = json.loads(line)
        except ValueError:
            read = {"error": f"not JSON: {excerpt(line)!r}"}
        chunk: dict[str, Any] = read if isinstance(read, dict) else {"error": f"no object: {excerpt(line)!r}"}
        if "error" in chunk:
            raise self._failed("bad-answer", f"streamed: {chunk['error']}")
        return chunk


def _chunk(moment: float, found: dict[str, Any]) -> Chunk:
    """A line of the stream, or the whole answer, of either route; the last one carries the counts."""
    said = found.get("message") or {}
    content, thought = found.get("response") or said.get("content"), found.get("thinking") or said.get("thinking")
    counts = Counts(
        tokens_out=found.get("eval_count"),
        tokens_in=found.get("prompt_eval_count"),
        generating_s=_seconds(found.get("eval_duration")),
        load_s=_seconds(found.get("load_duration")),
    )
    ended = "eval_count" in found or found.get("done")
    return Chunk(moment, content or "", thought or "", counts if ended else None)


def _published(registry: Api, name: str) -> str:
    """The digest of the manifest that stands in a registry under a model's name."""
    repository, _, tag = name.partition(":")
    owner, _, model = repository.rpartition("/")
    answer = registry.call("manifest", owner=owner or "library", model=model, tag=tag or "latest").ok()
    return sha256(answer.text.encode()).hexdigest()


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9
