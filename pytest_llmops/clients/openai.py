"""OpenAI's chat API, as vLLM, llama.cpp, gateways and hosted services speak it."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_llmops.clients.dialect import Dialect
from pytest_llmops.clients.generation import Chunk, Counts, Model, text_of
from pytest_llmops.clients.llm import Llm, transcript
from pytest_llmops.errors import CallFailed, excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmops.clients.http import Http
    from pytest_llmops.samples import Prompt
    from pytest_llmops.target.components import Llm as LlmComponent

META = ("n_params", "size", "n_vocab", "vocab_type", "n_embd", "n_ctx_train", "ftype")
"""What llama.cpp says of a model's file; ``n_ctx`` is how the server was started."""


class OpenAI(Llm):
    """A server that speaks OpenAI's API.

    Its url may end before the version (``http://gpu:8000``) or name one (``…/v1``), as OPENAI_BASE_URL does.
    """

    list_key = "data"

    def __init__(self, http: Http, config: LlmComponent) -> None:
        super().__init__(http, config)
        root = "" if re.search(r"/v\d", urlsplit(http.url).path) else "/v1"
        self.list_path = f"{root}/models"
        self._chat = config.endpoint != "completions"
        self.generate_path = f"{root}/chat/completions" if self._chat else f"{root}/completions"
        self.embed_path = f"{root}/embeddings"
        self._dialect = Dialect()
        self._build = ""

    def models(self) -> list[Model]:
        """The models that it lists (GET /v1/models)."""
        found = self._list().table()
        return [_model(item) for item in found[self.list_key] or [] if isinstance(item, dict) and item.get("id")]

    def _after_token(self, facts: dict[str, str]) -> None:
        server = " ".join(word for word in (facts.get("server", ""), self._build) if word)
        facts.update({"server": server} if server else {})

    def _embedding(self, model: str, text: Prompt | str) -> list[float]:
        answer = self.http.call("POST", self.embed_path, body={"model": model, "input": text_of(text)}).ok()
        vector = (answer.table().get("data") or [{}])[0].get("embedding")
        if not vector:
            said = f"{self.component}: {answer.asked} answered without an embedding."
            raise CallFailed(self.component, "bad-answer", said)
        return [float(value) for value in vector]

    def _body(self, prompt: Prompt | str, model: str, tokens: int, stream: bool) -> dict[str, Any]:
        text = text_of(prompt)
        body: dict[str, Any] = {
            "model": model,
            **({"messages": [{"role": "user", "content": text}]} if self._chat else {"prompt": text}),
            "max_tokens": tokens,
            "temperature": 0,
            "stream": stream,
        }
        if stream:
            body["stream_options"] = {"include_usage": True}
        return body

    def _conversation(self, messages: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        return {"messages": [*messages]} if self._chat else {"prompt": transcript(messages)}

    def _whole(self, body: dict[str, Any], deadline_s: float | None) -> list[Chunk]:
        while True:
            spoken = self._dialect.spoken(body)
            answer = self.http.call("POST", self.generate_path, body=spoken, deadline_s=deadline_s)
            try:
                found = answer.ok().table()
            except CallFailed as error:
                if self._dialect.learns(error, spoken):
                    continue
                raise
            return [Chunk(answer.elapsed_s, *_said(_choice(found)), _counts(found))]

    def _chunks(self, body: dict[str, Any], deadline_s: float | None) -> Iterator[Chunk]:
        finished = False
        for moment, line in self._lines(body, deadline_s):
            if not line.startswith("data:"):
                continue
            data = line.removeprefix("data:").strip()
            if data == "[DONE]":
                return
            event = self._read(data)
            self._build = str(event.get("system_fingerprint") or self._build)
            choice = _choice(event)
            finished = finished or bool(choice.get("finish_reason"))
            yield Chunk(moment, *_said(choice), _counts(event))
        if not finished:  # some servers say that they have finished and leave [DONE] out
            raise self._failed("cut-stream", "was cut before its last chunk")

    def _lines(self, body: dict[str, Any], deadline_s: float | None) -> Iterator[tuple[float, str]]:
        """The lines of a stream, asked for in words that the server takes."""
        while True:
            spoken = self._dialect.spoken(body)
            try:
                yield from self.http.lines("POST", self.generate_path, body=spoken, deadline_s=deadline_s)
            except CallFailed as error:
                if self._dialect.learns(error, spoken):
                    continue
                raise
            return

    def _read(self, data: str) -> dict[str, Any]:
        try:
            read: Any = json.loads(data)
        except ValueError:
            raise self._failed("bad-answer", f"streamed no JSON: {excerpt(data)!r}") from None
        if not isinstance(read, dict):
            raise self._failed("bad-answer", f"streamed no object: {excerpt(data)!r}")
        if read.get("error"):
            raise self._failed("bad-answer", f"streamed: {read['error']}")
        return read


def _model(item: dict[str, Any]) -> Model:
    """An entry of the list. What changes from start to start (``created``) tells no model from another."""
    name, root, length = str(item["id"]), item.get("root"), item.get("max_model_len")
    meta = item.get("meta") if isinstance(item.get("meta"), dict) else {}
    known = {key: meta[key] for key in META if meta and meta.get(key) is not None}
    traits = [
        f"{_short(known['n_params'], 'B')} parameters" if "n_params" in known else "",
        f"{_short(known['size'], 'G')}B" if "size" in known else "",
        str(root) if root and root != name else "",
        f"at most {length} tokens" if length else "",
    ]
    return Model(
        name=name,
        digest=hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest() if known else "",
        size=int(known.get("size", 0)),
        quantisation=str(known.get("ftype", "")),
        traits=tuple(trait for trait in traits if trait),
        server=str(item.get("owned_by") or ""),
    )


def _short(number: float, billions: str) -> str:
    """``41.2 M``: three digits and a letter; of bytes the third is ``G``, of all else ``B``."""
    for prefix in ("", "k", "M", billions):
        if number < 999.5:
            return f"{number:.3g} {prefix}".rstrip()
        number /= 1000
    return f"{number:.3g} T"


def _choice(event: dict[str, Any]) -> dict[str, Any]:
    """The first answer of several; empty in a frame that carries only the usage."""
    choice: dict[str, Any] = (event.get("choices") or [{}])[0]
    return choice


def _said(choice: dict[str, Any]) -> tuple[str, str]:
    """Text and reasoning of a message, of a delta of it, or of a completion; some servers send a list of parts."""
    part = choice.get("delta") or choice.get("message") or {"content": choice.get("text")}
    content, thought = part.get("content") or "", part.get("reasoning_content") or part.get("reasoning") or ""
    if isinstance(content, list):
        parts = [piece for piece in content if isinstance(piece, dict)]
        thought = thought or "".join(str(piece["thinking"]) for piece in parts if piece.get("thinking"))
        content = "".join(str(piece["text"]) for piece in parts if piece.get("text"))
    return str(content), str(thought)


def _counts(event: dict[str, Any]) -> Counts | None:
    """``usage``, and llama.cpp's ``timings`` beside it or in its place."""
    usage, timings = event.get("usage") or {}, event.get("timings") or {}
    if not usage and not timings:
        return None
    details = usage.get("completion_tokens_details") or {}
    milliseconds = timings.get("predicted_ms")
    return Counts(
        tokens_out=usage.get("completion_tokens", timings.get("predicted_n")),
        tokens_in=usage.get("prompt_tokens"),
        generating_s=milliseconds / 1000 if milliseconds else None,
        reasoning=int(details.get("reasoning_tokens") or 0),
    )
