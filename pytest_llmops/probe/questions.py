"""From the schema of a request body to a template: where the question goes, and what else has to be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.probe.shapes import listed, table
from pytest_llmops.probe.words import rank, words
from pytest_llmops.target.templates import placeholders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.probe.openapi import Document

ASKED = (
    "question", "query", "prompt", "message", "input", "text", "utterance", "msg", "ask", "content", "instruction", "q",
)  # fmt: skip
"""Words of a property that takes the question, the likeliest first."""

NOT_ASKED = {
    "id", "ids", "uuid", "type", "kind", "template", "system", "name", "format", "mode", "history", "lang",
    "language", "model", "models", "count", "size", "length", "role", "version", "key", "embedding", "negative",
    "limit", "filter", "collection", "prefix", "suffix", "score", "threshold", "url", "title",
}  # fmt: skip
"""Words that make it another thing: ``query_type``, ``message_id``."""

WITHIN = ("input", "inputs", "data", "body", "request", "payload", "query", "message", "params", "kwargs")
"""Objects within a body that may hold the question."""

ALWAYS: dict[str, tuple[Any, str]] = {
    "stream": (False, "a whole answer, not a stream"),
    "streaming": (False, "a whole answer, not a stream"),
    "fresh": ("{fresh}", "true: past its answer cache"),
    "no_cache": ("{fresh}", "true: past its answer cache"),
    "bypass_cache": ("{fresh}", "true: past its answer cache"),
    "skip_cache": ("{fresh}", "true: past its answer cache"),
    "use_cache": (False, "past its answer cache"),
}
"""Optional switches that are sent all the same, because a timed call needs them."""

SANE: dict[str, Any] = {
    "user": "{user}",
    "top": 3,
    "k": 3,
    "limit": 3,
    "tokens": 64,
    "temperature": 0,
    "language": "en",
    "lang": "en",
    "locale": "en",
    "session": "llmops",
    "conversation": "llmops",
    "thread": "llmops",
    "chat": "llmops",
}
"""Values by a word of the property's name, where the schema gives none."""

FORMATS = {
    "uuid": "00000000-0000-4000-8000-000000000000",
    "date": "2024-01-01",
    "date-time": "2024-01-01T00:00:00Z",
    "email": "llmops@example.org",
    "uri": "https://example.org",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A request body with a place for the question.

    Attributes:
        body: the template.
        where: the property that takes the question, as a person says it.
        rank: how far down in ``ASKED`` its name stands; less is surer.
        why: for each further property of the body, where its value comes from.
    """

    body: dict[str, Any]
    where: str
    rank: int
    why: dict[str, str] = field(default_factory=dict)


def question(document: Document, schema: Mapping[str, Any], example: Any = None, depth: int = 0) -> Question | None:
    """The template of a body, or None where no property of it takes a text.

    Args:
        document: for references.
        schema: the body's, flat.
        example: a whole body that the schema gives.
        depth: how many objects lie above this one.
    """
    fields = document.properties(schema)
    asked = _asked(document, fields, depth)
    if asked is None:
        return None
    name, value, place, order = asked
    body, why = {name: value}, {}
    needed = set(map(str, listed(schema.get("required"))))
    for other, inner in fields.items():
        if other == name:
            continue
        if (switch := "_".join(words(other))) in ALWAYS and inner.get("type", "boolean") == "boolean":
            body[other], why[other] = ALWAYS[switch]
        elif other in needed:
            body[other], why[other] = filled(document, other, inner, table(example).get(other))
    return Question(body, place, order, why)


def _asked(document: Document, fields: Mapping[str, dict[str, Any]], depth: int) -> tuple[str, Any, str, int] | None:
    """The property that takes the question, its value, its place in words, and its rank."""
    found: list[tuple[int, str, Any, str]] = []
    for name, inner in fields.items():
        order = rank(name, ASKED, NOT_ASKED)
        if order is not None and _takes_text(inner):
            found.append((order, name, "{prompt}", name))
        elif order is None and words(name) == ["messages"]:
            if (message := _message(document, inner)) is not None:
                found.append((len(ASKED), name, [message], f"{name}[0]"))
        elif depth < 2 and rank(name, WITHIN) is not None and inner.get("type") == "object":
            nested = question(document, inner, None, depth + 1)
            if nested is not None:
                found.append((nested.rank + 1, name, nested.body, f"{name}.{nested.where}"))
    if not found:
        return None
    order, name, value, place = min(found, key=lambda one: one[0])
    return name, value, place, order


def _takes_text(inner: Mapping[str, Any]) -> bool:
    free = not inner.get("enum") and "const" not in inner and inner.get("format") in {None, "string", "textarea"}
    return free and inner.get("type", "string") == "string"


def _message(document: Document, inner: Mapping[str, Any]) -> dict[str, Any] | None:
    """One message of a list of them, said by the user."""
    item = document.flat(inner.get("items"))
    fields = document.properties(item)
    text = next((name for name in ("content", "text", "message") if name in fields), None)
    if inner.get("type") != "array" or text is None:
        return None
    role = {"role": "user"} if "role" in fields else {}
    return {**role, text: "{prompt}"}


def filled(document: Document, name: str, inner: Mapping[str, Any], given: Any = None) -> tuple[Any, str]:
    """A value for a property that has to be sent, and where it comes from."""
    samples = [given, inner.get("example"), *listed(inner.get("examples")), inner.get("default"), inner.get("const")]
    for value in [one for one in samples if one is not None] + listed(inner.get("enum"))[:1]:
        if value is not None and _is_literal(value):
            return value, "required; as the schema gives it"
    return _by_name(document, name, inner), "required; a guess"


def _is_literal(value: Any) -> bool:
    """Whether no part of it would be taken for a placeholder of ours."""
    return next(placeholders(value), None) is None


def _by_name(document: Document, name: str, inner: Mapping[str, Any]) -> Any:
    kind, form = inner.get("type", "string"), inner.get("format")
    if kind == "string" and isinstance(form, str) and form in FORMATS:
        return FORMATS[form]
    for word in words(name):
        sane = SANE.get(word)
        if sane is not None and (kind == "string") == isinstance(sane, str) and kind in {"string", "integer", "number"}:
            return sane
    return _by_type(document, kind, inner)


def _by_type(document: Document, kind: Any, inner: Mapping[str, Any], depth: int = 0) -> Any:
    if kind in {"integer", "number"}:
        least = inner.get("minimum")
        return least if isinstance(least, int | float) and not isinstance(least, bool) else 1
    if kind == "boolean":
        return False
    if kind == "array":
        item = document.flat(inner.get("items"))
        return [_by_type(document, item.get("type", "string"), item, depth + 1)] if inner.get("minItems") else []
    if kind == "object":
        needed = listed(inner.get("required")) if depth < 3 else []
        fields = document.properties(inner)
        return {name: _by_type(document, one.get("type", "string"), one, depth + 1)
                for name, one in fields.items() if name in needed}  # fmt: skip
    least = inner.get("minLength")
    return "llmops".ljust(min(least, 1000), "-") if isinstance(least, int) else "llmops"
