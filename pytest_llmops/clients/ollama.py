"""Ollama's own API."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.generation import Chunk, Counts, Embedding, Model, bare, text_of
from pytest_llmops.clients.llm import Llm, transcript
from pytest_llmops.clients.model_memory import held
from pytest_llmops.errors import CallFailed, Unsupported, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmops.clients.api import Api
    from pytest_llmops.clients.http import Http
    from pytest_llmops.clients.model_memory import Held
    from pytest_llmops.samples import Prompt
    from pytest_llmops.target.components import Llm as LlmComponent

BLOB = re.compile(r"^(?:FROM|ADAPTER)\s.*\bsha256-([0-9a-f]{64})\s*$", re.MULTILINE)
"""A line of a modelfile that names a file of the model."""

LOADED = "loaded"
"""Among the facts of preflight: the models that were in memory before it asked for a token."""

PS_S = 5.0
"""For what is in memory, before the first token: nothing is looked up for it on disk."""


class Ollama(Llm):
    """An Ollama server: what every model server can, and ``version()``."""

    list_path = "/api/tags"
    list_key = "models"
    embed_path = "/api/embed"
    always_lists = True

    def __init__(self, http: Http, config: LlmComponent, options: Mapping[str, float] | None = None) -> None:
        super().__init__(http, config)
        self.options = options or {}
        self.generate_path = "/api/chat" if config.endpoint == "chat" else "/api/generate"
        self._load_s: float | None = None
        self._loaded_before: list[str] | None = None

    def asking(self, model: str) -> Ollama:
        """A client of the same server that asks another of its models."""
        return Ollama(self.http, self.config.model_copy(update={"model": model}))

    def tuned(self, **options: float) -> Ollama:
        """A client of the same server that asks with other options, such as ``temperature`` and ``num_ctx``."""
        return Ollama(self.http, self.config, options)

    @property
    def candidate(self) -> Ollama:
        """A client that asks the model that is to be tried before it serves.

        Raises:
            Unsupported: the target names none, or it does not lie there.
            CallFailed: the models cannot be listed.
        """
        name = self.config.candidate
        if not name:
            raise Unsupported(f"{self.component}: no model is to be tried before it serves; name it as candidate.")
        if bare(name) not in {bare(one.name) for one in self.models()}:
            raise Unsupported(f"{self.component}: the candidate {name} does not lie there; pull it, and run again.")
        return self.asking(name)

    @property
    def successor(self) -> str:
        """The model that a switch goes to.

        Raises:
            Unsupported: the target names none.
        """
        if not self.config.successor:
            raise Unsupported(f"{self.component}: no model is to take the place of another; name it as successor.")
        return self.config.successor

    def version(self) -> str:
        """The server's version (GET /api/version); empty where it says none."""
        return str(self.http.call("GET", "/api/version").ok().table().get("version") or "")

    def version_status(self) -> int:
        """The HTTP status of GET /api/version, whatever it is."""
        return self.http.call("GET", "/api/version").status

    def up(self) -> float:
        """Ask for its version; seconds that it took.

        Raises:
            CallFailed: it answers anything but 200 and a version: it is not well, or another listens there.
        """
        answer = self.http.call("GET", "/api/version").ok()
        if answer.status != 200 or not answer.table().get("version"):
            said = f"{answer.asked} answered {answer.status} without a version: {excerpt(answer.text)!r}"
            raise CallFailed(self.component, "bad-answer", f"{self.component}: {said}.")
        return answer.elapsed_s

    def details(self, model: str) -> dict[str, Any]:
        """What the server knows of a model (POST /api/show): family, parameters, quantisation.

        Raises:
            CallFailed: it has no such model (kind ``http-404``).
        """
        return dict(self.http.call("POST", "/api/show", body={"model": model}).ok().table().get("details") or {})

    def blobs(self, model: str) -> list[str]:
        """The files that a model is made of, as its modelfile names them: ``sha256:`` and 64 hex digits each.

        Raises:
            CallFailed: it has no such model (kind ``http-404``).
        """
        told = str(self.http.call("POST", "/api/show", body={"model": model}).ok().table().get("modelfile") or "")
        return [f"sha256:{digest}" for digest in BLOB.findall(told)]

    def has_blob(self, digest: str) -> bool:
        """Whether a file of a model is there (HEAD /api/blobs/DIGEST).

        Raises:
            CallFailed: it does not say.
        """
        answer = self.http.call("HEAD", f"/api/blobs/{digest}")
        if answer.status != 404:
            answer.ok()
        return answer.status != 404

    def loaded(self, *, deadline_s: float | None = None) -> list[str]:
        """The models that are in memory (GET /api/ps)."""
        return [one.name for one in held(self.http, deadline_s)]

    def held(self) -> list[Held]:
        """What each model takes of the memory in which it is (GET /api/ps)."""
        return held(self.http)

    def was_loaded(self, facts: Mapping[str, str]) -> bool:
        """Whether the timed model was in memory before preflight's own token, which loads it.

        Args:
            facts: what preflight found out.

        Raises:
            CallFailed: the server did not say then what is in memory.
        """
        if LOADED not in facts:
            said = f"{self.component}: GET /api/ps was not answered before the first token: what was loaded is unknown."
            raise CallFailed(self.component, "bad-answer", said)
        return bare(self.timed_model.name) in map(bare, facts[LOADED].split())

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
            for item in found[self.list_key] or []
            if isinstance(item, dict) and item.get("name")
        ]

    def _greet(self, facts: dict[str, str]) -> None:
        facts["server"] = self.version()

    def _prove(self, facts: dict[str, str], until: float) -> None:
        if self._loaded_before is None:  # later our own token is to blame
            with suppress(CallFailed):  # a proxy may pass on generation alone: that is no reason not to be there
                self._loaded_before = self.loaded(deadline_s=PS_S)
        if self._loaded_before is not None:
            facts[LOADED] = " ".join(self._loaded_before)
        super()._prove(facts, until)

    def _body(self, prompt: Prompt | str, model: str, tokens: int, stream: bool) -> dict[str, Any]:
        options = {"num_predict": tokens, "temperature": 0, "seed": 1, **self.options}
        text = text_of(prompt)
        chat = self.generate_path == "/api/chat"
        asked = {"messages": [{"role": "user", "content": text}]} if chat else {"prompt": text}
        return {"model": model, **asked, "stream": stream, "options": options}

    def _conversation(self, messages: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        if self.generate_path == "/api/chat":
            return {"messages": [*messages]}
        system = [message["content"] for message in messages if message["role"] == "system"]
        said = [message for message in messages if message["role"] != "system"]
        return {"prompt": transcript(said), **({"system": system[0]} if system else {})}

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
