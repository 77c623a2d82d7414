"""Ollama's own API."""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.llm import Generation, Model, chosen_model, facts_of, length, missing_models, text_of
from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.errors import CallFailed
from pytest_llmops.samples import Stream

if TYPE_CHECKING:
    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Http
    from pytest_llmops.samples import Prompt
    from pytest_llmops.target.components import Llm as LlmComponent


class Ollama(OverHttp):
    """An Ollama server.

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
            ("reachable", lambda: facts.update(server=self.version())),
            ("model listed", lambda: facts.update(facts_of(self.timed_model))),
            ("generates", lambda: self.first_token(deadline_s)),
        ]

    def version(self) -> str:
        """The server's version; empty where it says none."""
        found = self.http.call("GET", "/api/version").ok().table()
        return str(found.get("version", ""))

    def models(self) -> list[Model]:
        """The models on disk (GET /api/tags)."""
        found = self.http.call("GET", "/api/tags").ok().table()
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

    def list_time(self) -> float:
        """Seconds that the list of models took."""
        return self.http.call("GET", "/api/tags").ok().elapsed_s

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
        """Answer a prompt (POST /api/generate); see :class:`pytest_llmops.clients.llm.Llm`."""
        name = model or self.config.model or self.timed_model.name
        body = self._body(prompt, name, length(self.config, detail, max_tokens), stream)
        if not stream:
            found = self.http.call("POST", "/api/generate", body=body, deadline_s=deadline_s).ok().table()
            return self._generation(name, str(found.get("response", "")), (), None, found)
        times: list[float] = []
        words: list[str] = []
        first_answer_s: float | None = None
        last: dict[str, Any] = {}
        for moment, line in self.http.lines("POST", "/api/generate", body=body, deadline_s=deadline_s):
            last = self._chunk(line)
            if last.get("response") or last.get("thinking"):
                times.append(moment)
            if last.get("response"):
                words.append(last["response"])
                first_answer_s = moment if first_answer_s is None else first_answer_s
        if not last.get("done"):
            component = self.component
            raise CallFailed(component, "cut-stream", f"{component}: POST /api/generate was cut before its last chunk.")
        return self._generation(name, "".join(words), tuple(times), first_answer_s, last)

    def first_token(self, deadline_s: float) -> float:
        """Seconds to the first token (POST /api/generate); see :class:`pytest_llmops.clients.llm.Llm`."""
        body = self._body("Hello", self.timed_model.name, 1, stream=True)
        for moment, line in self.http.lines("POST", "/api/generate", body=body, deadline_s=deadline_s):
            chunk = self._chunk(line)
            if chunk.get("response") or chunk.get("thinking"):
                return moment
        component = self.component
        raise CallFailed(component, "no-token", f"{component}: POST /api/generate ended without a token.")

    def embed(self, text: Prompt | str) -> list[float]:
        """The embedding of a text (POST /api/embed)."""
        name = self.config.embedding_model or self.timed_model.name
        found = self.http.call("POST", "/api/embed", body={"model": name, "input": text_of(text)}).ok().table()
        vectors = found.get("embeddings") or []
        if not vectors or not vectors[0]:
            component = self.component
            raise CallFailed(component, "bad-answer", f"{component}: POST /api/embed answered without an embedding.")
        return [float(value) for value in vectors[0]]

    def _body(self, prompt: Prompt | str, model: str, tokens: int, stream: bool) -> dict[str, Any]:
        options = {"num_predict": tokens, "temperature": 0, "seed": 1}
        return {"model": model, "prompt": text_of(prompt), "stream": stream, "options": options}

    def _chunk(self, line: str) -> dict[str, Any]:
        try:
            read: Any = json.loads(line)
        except ValueError:
            read = {"error": f"not JSON: {line[:80]!r}"}
        chunk: dict[str, Any] = read if isinstance(read, dict) else {"error": f"no object: {line[:80]!r}"}
        if "error" in chunk:
            component = self.component
            raise CallFailed(component, "bad-answer", f"{component}: POST /api/generate streamed: {chunk['error']}.")
        return chunk

    def _generation(
        self, model: str, text: str, times: tuple[float, ...], first_answer_s: float | None, last: dict[str, Any]
    ) -> Generation:
        tokens_out = last.get("eval_count")
        self.http.ledger.charge(self.component, tokens=tokens_out or 0)
        return Generation(
            text=text,
            model=model,
            stream=Stream(times, tokens_out),
            tokens_in=last.get("prompt_eval_count"),
            first_answer_s=first_answer_s,
            load_s=_seconds(last.get("load_duration")),
            generating_s=_seconds(last.get("eval_duration")),
        )


def _seconds(nanoseconds: int | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / 1e9
