"""The schema of a value within a document: its references followed, and its choices made one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pytest_llmops.probe.shapes import listed, table

if TYPE_CHECKING:
    from collections.abc import Mapping

DEEPEST = 8
"""So many references are followed one into the other."""


def flat(document: Mapping[str, Any], schema: Any, seen: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A schema with its references followed, and its allOf, anyOf and oneOf made one.

    Of several choices the one that is a text is taken, else the first that is not null.

    Args:
        document: where references point into.
        schema: as it stands there; anything but an object says nothing.
        seen: references that were followed to come here.
    """
    found = dict(table(schema))
    reference = found.pop("$ref", None)
    if isinstance(reference, str):
        if reference in seen or len(seen) >= DEEPEST:
            return {}
        seen |= {reference}
        found = _merged(flat(document, _at(document, reference), seen), found)
    for part in listed(found.pop("allOf", None)):
        found = _merged(found, flat(document, part, seen))
    choices = listed(found.pop("anyOf", None)) or listed(found.pop("oneOf", None))
    options = [option for choice in choices if (option := flat(document, choice, seen)).get("type") != "null"]
    if options:
        found = _merged(min(options, key=lambda option: option.get("type") != "string"), found)
    return _typed(found)


def followed(document: Mapping[str, Any], item: Any) -> Mapping[str, Any]:
    """What a ``$ref`` points at, or the item itself."""
    found = table(item)
    for _ in range(DEEPEST):
        if not isinstance(found.get("$ref"), str):
            break
        found = table(_at(document, found["$ref"]))
    return found


def _at(document: Mapping[str, Any], reference: str) -> Any:
    """What stands at ``#/components/schemas/Query``; None for another document."""
    found: Any = document if reference.startswith("#/") else None
    for part in reference.removeprefix("#/").split("/"):
        found = table(found).get(unquote(part).replace("~1", "/").replace("~0", "~"))
    return found


def _merged(under: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Two flat schemas as one: properties and required together, the rest from the second where it says it."""
    result = {**under, **over}
    properties = {**table(under.get("properties")), **table(over.get("properties"))}
    if properties:
        result["properties"] = properties
    required = [*listed(under.get("required")), *listed(over.get("required"))]
    if required:
        result["required"] = required
    return result


def _typed(found: dict[str, Any]) -> dict[str, Any]:
    """With one type, where several or none are given, and without a type or format that is no word."""
    if isinstance(found.get("type"), list):
        found["type"] = next((one for one in found["type"] if one != "null"), "null")
    for key in ("type", "format"):
        if not isinstance(found.get(key, ""), str):
            del found[key]
    if "type" not in found:
        kind = _implied(found)
        return {**found, "type": kind} if kind else found
    return found


def _implied(found: Mapping[str, Any]) -> str:
    """The type of a schema that does not say it; empty where it may be any."""
    if table(found.get("properties")):
        return "object"
    if "items" in found:
        return "array"
    return "string" if any(isinstance(one, str) for one in listed(found.get("enum"))) else ""
