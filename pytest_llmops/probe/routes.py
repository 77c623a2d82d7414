"""Which operation of a schema answers questions: a score over its words, its body and its answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.probe import replies
from pytest_llmops.probe.openapi import FORM, JSON
from pytest_llmops.probe.questions import ASKED, NOT_ASKED, filled, question
from pytest_llmops.probe.words import rank, words

if TYPE_CHECKING:
    from pytest_llmops.probe.keys import Scheme
    from pytest_llmops.probe.openapi import Document, Operation

WORTH = {
    "query": 5, "ask": 5, "chat": 5, "answer": 4, "answers": 4, "question": 4, "questions": 4, "qa": 4, "rag": 3,
    "generate": 3, "completion": 3, "completions": 3, "complete": 2, "respond": 3, "reply": 3, "converse": 3,
    "conversation": 2, "message": 2, "messages": 2, "prompt": 2, "search": 2, "assist": 2, "assistant": 2, "invoke": 2,
    "inference": 2, "infer": 2, "predict": 1, "agent": 1, "run": 1, "llm": 1, "text": 1,
    "stream": -4, "batch": -3, "feedback": -6, "history": -6, "login": -8, "token": -6, "auth": -6, "upload": -6,
    "ingest": -6, "embed": -6, "embedding": -6, "embeddings": -6, "index": -5, "delete": -8, "config": -5,
    "settings": -5, "admin": -5, "evaluate": -4, "eval": -4, "webhook": -5, "suggest": -3, "title": -4, "summarize": -2,
    "translate": -2, "image": -5, "images": -5, "audio": -5, "rerank": -5, "score": -4, "classify": -4, "tokenize": -8,
    "detokenize": -8, "cancel": -8, "export": -6, "data": -2,
}  # fmt: skip
"""What a word of the path says for, or against, an operation that answers questions."""

MODEL_SERVERS = re.compile(
    r"(/(v\d+|api|openai|inference|engines/.+))*/"
    r"(chat/completions?|completions?|responses|messages|embeddings?|embed|generate(_stream)?|chat_tokenize|infill|"
    r"tokenize|detokenize|(re)?rank|reranking|score|pooling|classify|invocations|apply-template|audio/.*|images/.*|"
    r"models.*|moderations|threads.*|assistants.*|files.*|batches.*|realtime.*|show|pull|create|copy|delete|blobs.*)"
    r"|/api/chat"
)
"""Paths of model servers' own APIs (OpenAI's, Ollama's, vLLM's, TGI's, llama.cpp's): no service's query route."""

NEAR = 3.0
"""So many points below the best an operation is still named."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An operation that may answer questions.

    Attributes:
        operation: the operation.
        score: how likely, more is likelier.
        path: with its parameters filled in.
        body, params: templates.
        why: for each value of the body and the parameters that is not the question: where it comes from.
        answer: JMESPath; None where the schema does not tell.
        described: whether the schema describes the answer at all.
        sources, blocked: JMESPath; None without.
        cannot: why it cannot be asked as it stands; empty if it can.
    """

    operation: Operation
    score: float
    path: str
    body: dict[str, Any] | None = None
    params: dict[str, Any] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    answer: str | None = None
    described: bool = False
    sources: str | None = None
    blocked: str | None = None
    cannot: str = ""
    headers: tuple[Scheme, ...] = ()

    @property
    def shown(self) -> str:
        """Method and path."""
        return f"{self.operation.method} {self.operation.path}"

    @property
    def of_a_model_server(self) -> bool:
        """Whether its path is one of a model server's own."""
        return MODEL_SERVERS.fullmatch(self.operation.path.rstrip("/")) is not None


def candidates(document: Document) -> list[Candidate]:
    """The operations that may answer questions, the likeliest first; ``cannot`` tells those that cannot be asked."""
    found = [candidate for one in document.operations() if (candidate := _candidate(document, one)) is not None]
    return sorted(found, key=lambda one: -one.score)


def near(found: list[Candidate]) -> list[Candidate]:
    """Those that might as well have been meant as the first."""
    return [one for one in found[1:] if one.score >= found[0].score - NEAR]


def _candidate(document: Document, one: Operation) -> Candidate | None:
    worth = _worth(one)
    if worth <= 0:
        return None
    cannot = _cannot(one)
    if cannot and one.body is not None and one.encoding != JSON:
        return Candidate(one, worth, one.path, cannot=cannot)
    asked = _asked(document, one)
    if asked is None:
        return None
    body, params, why, sureness = asked
    path, params, why, unfilled = _parameters(document, one, params, why)
    answer = replies.answer_path(document, one.answer)
    return Candidate(
        operation=one,
        score=worth + sureness + (2 if answer else 0) + (one.method == "POST"),
        path=path,
        body=body,
        params=params,
        why=why,
        answer=answer,
        described=replies.describes(one.answer),
        sources=replies.sources_path(document, one.answer),
        blocked=replies.blocked_path(document, one.answer),
        cannot=cannot or unfilled,
        headers=tuple(("header", header.name) for header in one.parameters if _is_key(header)),
    )


def _worth(one: Operation) -> float:
    in_path = [word for part in one.path.split("/") if "{" not in part for word in words(part)]
    beside = [word for word in dict.fromkeys(words(one.title)) if word not in in_path]
    return sum(WORTH.get(word, 0) for word in in_path) + sum(WORTH.get(word, 0) for word in beside) / 4


def _asked(
    document: Document, one: Operation
) -> tuple[dict[str, Any] | None, dict[str, Any], dict[str, str], float] | None:
    """Body, query parameters, where their further values come from, and how surely one of them takes the question."""
    if one.body is not None:
        found = question(document, one.body, one.example)
        if found is not None:
            return found.body, {}, found.why, max(0.0, 3 - found.rank / 4)
    texts = [
        (order, parameter.name)
        for parameter in one.parameters
        if parameter.place == "query" and parameter.schema.get("type", "string") == "string"
        and not parameter.schema.get("enum") and (order := rank(parameter.name, ASKED, NOT_ASKED)) is not None
    ]  # fmt: skip
    if not texts:
        return None
    order, name = min(texts)
    body: dict[str, Any] | None = {} if one.body is not None else None
    return body, {name: "{prompt}"}, {}, max(0.0, 3 - order / 4)


def _parameters(
    document: Document, one: Operation, params: dict[str, Any], why: dict[str, str]
) -> tuple[str, dict[str, Any], dict[str, str], str]:
    """The path and the query with what has to be sent filled in, and what could not be."""
    path, params, why = one.path, dict(params), dict(why)
    for parameter in one.parameters:
        if parameter.name in params or not (parameter.required or parameter.place == "path"):
            continue
        value, source = filled(document, parameter.name, parameter.schema)
        if parameter.place == "query":
            params[parameter.name], why[parameter.name] = value, source
        elif parameter.place == "path" and source.endswith("gives it"):
            path = path.replace(f"{{{parameter.name}}}", str(value))
            why[parameter.name] = source
    missing = re.findall(r"\{([^}]*)\}", path)
    return path, params, why, f"its path needs {' and '.join(missing)}" if missing else ""


def _cannot(one: Operation) -> str:
    if one.body is not None and one.encoding != JSON:
        return "it takes a form, and routes send JSON" if one.encoding == FORM else "it takes something other than JSON"
    if one.streams:
        return "it answers with a stream of events, and routes read JSON"
    others = [one.name for one in one.parameters if one.place in {"header", "cookie"} and one.required]
    others = [name for name in others if not _keyish(name)]
    return f"it needs the header or cookie {', '.join(others)}, which routes cannot send" if others else ""


def _is_key(parameter: Any) -> bool:
    return parameter.place == "header" and parameter.required and _keyish(parameter.name)


def _keyish(name: str) -> bool:
    return bool(set(words(name)) & {"key", "token", "apikey"})
