"""A JSON schema that an answer is held against; it is looked through when it is read, and never fetched."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema.protocols import Validator
    from pydantic import ValidationInfo

JsonSchema = dict[str, Any]

_FENCE = re.compile(r"```\w*\n(.*?)\n?```", re.DOTALL)


def read_schema(found: Any, info: ValidationInfo) -> Any:
    """A schema, or the one in the file of that name, beside the golden file; checked.

    Raises:
        ValueError: there is no such file, or it is no schema; says where in it.
    """
    if isinstance(found, str):
        found = _file(Path((info.context or {}).get("folder", ".")) / found)
    if isinstance(found, dict):
        validator(found)
    return found


def validator(schema: JsonSchema) -> Validator:
    """What holds documents against it, formats too; it opens nothing beyond the schema.

    Raises:
        ValueError: it is no schema, names an unknown draft, or refers to what is not in it.
    """
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import DRAFT202012, UnknownDialect, specification_with

    dialect = schema.get("$schema")
    try:
        specification = specification_with(dialect) if isinstance(dialect, str) else DRAFT202012
    except UnknownDialect:
        raise ValueError(f"$schema {dialect!r} is no known draft; leave it out for 2020-12") from None
    kind = validator_for(schema, default=Draft202012Validator)
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"is no JSON schema: {_place(error.absolute_path)}{error.message}") from None
    root = specification.create_resource(schema)
    registry: Registry[Any] = Registry().with_resource("", root)
    try:
        for reference, resolver in _references(root, registry.resolver()):
            resolver.lookup(reference)
    except Unresolvable as error:
        raise ValueError(f"refers to {error.ref!r}, which is not in it; put it under $defs") from None
    return kind(schema, registry=registry, format_checker=kind.FORMAT_CHECKER)


def broken_rule(schema: JsonSchema, answer: str) -> str:
    """Why an answer is not of a schema; empty where it is. One in a fence of Markdown is read without it."""
    from jsonschema.exceptions import best_match

    fenced = _FENCE.fullmatch(answer.strip())
    try:
        document = json.loads(fenced[1] if fenced else answer)
    except (ValueError, RecursionError) as error:
        return f"the answer is no JSON ({error})"
    worst = best_match(validator(schema).iter_errors(document))
    return f"{_place(worst.absolute_path)}{worst.message}" if worst else ""


def _file(path: Path) -> Any:
    try:
        return json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise ValueError(f"there is no file {path}") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no readable JSON ({error})") from None


def _references(resource: Any, resolver: Any) -> Iterator[tuple[str, Any]]:
    """Each reference of a schema and its parts, with what looks it up."""
    inner = resolver.in_subresource(resource)
    if isinstance(resource.contents, dict):
        named = (resource.contents.get(key) for key in ("$ref", "$dynamicRef"))
        yield from ((one, inner) for one in named if isinstance(one, str))
    for part in resource.subresources():
        yield from _references(part, inner)


def _place(path: Any) -> str:
    """``items.0.price: ``; empty at the root."""
    parts = ".".join(str(part) for part in path)
    return f"{parts}: " if parts else ""
