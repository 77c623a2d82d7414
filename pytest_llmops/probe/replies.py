"""From the schema of an answer to JMESPath: where its text is, its sources, and what tells a block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.probe.shapes import listed, table
from pytest_llmops.probe.words import below, rank, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmops.probe.openapi import Document

ANSWERS = ("answer", "response", "reply", "output", "result", "completion", "generated", "text", "message", "content")
"""Words of the property with the answer, the likeliest first."""

NOT_ANSWERS = {
    "id", "ids", "time", "ms", "seconds", "timestamp", "at", "status", "type", "kind", "code", "count", "model",
    "error", "errors", "detail", "query", "question", "input", "prompt", "role", "name", "title", "url",
    "version", "format", "language", "reason", "trace",
}  # fmt: skip

SOURCES = (
    "sources", "citations", "references", "source", "documents", "docs", "contexts", "context", "chunks", "passages",
    "evidence", "hits", "results", "matches", "retrieved",
)  # fmt: skip
"""Words of the list of sources, the likeliest first."""

NAMED = (
    "id", "source_id", "doc_id", "document_id", "chunk_id", "uri", "url", "source", "document", "filename", "file_name",
    "file", "path", "title", "name",
)  # fmt: skip
"""Properties that tell one source from another, the best first."""

UNSAID = "answer || response || reply || output || result || text || content || message"
"""Where an answer usually is: for a service whose schema does not say."""

DEEPEST = 2
"""Levels below the body in which an answer is looked for."""


def answer_path(document: Document, schema: Mapping[str, Any] | None) -> str | None:
    """The JMESPath of the answer's text; ``@`` where the body itself is the text; None where no property looks it."""
    if schema is None:
        return None
    if schema.get("type") == "string":
        return "@"
    found = sorted(_texts(document, schema, "", 0, 0), key=lambda one: one[0])
    return found[0][1] if found else None


def _texts(
    document: Document, schema: Mapping[str, Any], path: str, depth: int, outer: int
) -> Iterator[tuple[int, str]]:
    """Each text that may be the answer: how unlikely it is, and its path."""
    for name, inner in document.properties(schema).items():
        order, here, kind = rank(name, ANSWERS, NOT_ANSWERS), below(path, name), inner.get("type")
        if order is not None and kind in {"string", None} and not inner.get("enum") and not inner.get("format"):
            yield order + outer + 4 * depth + 3 * (kind is None), here
        if depth >= DEEPEST or rank(name, SOURCES) is not None:
            continue
        cost = outer + (0 if order is not None else 2)
        if kind == "object":
            yield from _texts(document, inner, here, depth + 1, cost)
        elif kind == "array" and words(name) in (["choices"], ["data"], ["messages"], ["outputs"], ["generations"]):
            item = document.flat(inner.get("items"))
            yield from _texts(document, item, f"{here}[0]", depth, cost + 1)


def sources_path(document: Document, schema: Mapping[str, Any] | None) -> str | None:
    """The JMESPath of the list of source ids; None where the answer names none."""
    found = sorted(_lists(document, schema or {}, "", 0), key=lambda one: one[0])
    return found[0][1] if found else None


def _lists(document: Document, schema: Mapping[str, Any], path: str, depth: int) -> Iterator[tuple[int, str]]:
    for name, inner in document.properties(schema).items():
        order, here, kind = rank(name, SOURCES), below(path, name), inner.get("type")
        if order is not None and kind == "array":
            named = _named(document, document.flat(inner.get("items")))
            if named is not None:
                yield order + 4 * depth, f"{here}{named}"
        elif kind == "object" and depth < DEEPEST:
            yield from _lists(document, inner, here, depth + 1)


def _named(document: Document, item: Mapping[str, Any], depth: int = 0) -> str | None:
    """What follows the list's path so that ids come out: nothing for texts, ``[].id`` for objects."""
    if item.get("type") == "string":
        return ""
    fields = document.properties(item)
    for name in NAMED:
        alike = next((one for one in fields if "_".join(words(one)) == name), None)
        if alike is not None and fields[alike].get("type", "string") in {"string", "integer"}:
            return f"[].{below('', alike)}"
    inner = fields.get("metadata", {})
    deeper = _named(document, inner, depth + 1) if inner and not depth else None
    return f"[].metadata{deeper.removeprefix('[]')}" if deeper else None


def blocked_path(document: Document, schema: Mapping[str, Any] | None) -> str | None:
    """The JMESPath that is true for a refused input: a flag, or a status that may say ``blocked``; else None."""
    for name, inner in document.properties(schema or {}).items():
        if inner.get("type") == "boolean" and set(words(name)) & {"blocked", "flagged", "refused"}:
            return below("", name)
        said = next((one for one in listed(inner.get("enum")) if one in ("blocked", "BLOCKED", "refused")), None)
        if said is not None:
            return f"{below('', name)} == '{said}'"
    return None


def describes(schema: Mapping[str, Any] | None) -> bool:
    """Whether a schema says anything of the answer's inside."""
    return bool(schema) and bool(table((schema or {}).get("properties")) or (schema or {}).get("type") == "string")
