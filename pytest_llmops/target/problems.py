"""pydantic's complaints, retold: file, table, key, what was found, and the nearest right key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError

from pytest_llmops.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo

ALSO_CALLED = {"vectors": "qdrant", "llm": "ollama' or 'openai"}
"""Fixture names that a reader may take for component names."""


def sentences(error: ValidationError, model: type[BaseModel], where: str) -> list[str]:
    """One sentence per problem.

    Args:
        error: what pydantic said.
        model: the model that was filled.
        where: the file, or another name for the place that was read.
    """
    return [_sentence(problem, model, where) for problem in error.errors()]


def _sentence(problem: Any, model: type[BaseModel], where: str) -> str:
    path = [str(part) for part in problem["loc"]]
    location, _ = _walked(model, path)
    if problem["type"] == "value_error" and isinstance(problem["input"], Mapping) and location:
        return _ended(f"{where}: [{'.'.join(location)}]: {problem['msg'].removeprefix('Value error, ')}")
    *table, key = location or ["(file)"]
    place = f"{where}: [{'.'.join(table)}]" if table else where
    if problem["type"] == "extra_forbidden":
        _, at = _walked(model, path[:-1])
        known = [field.alias or name for name, field in at.model_fields.items()] if at else []
        near = f" Did you mean '{ALSO_CALLED[key]}'?" if key in ALSO_CALLED else did_you_mean(key, known)
        return f"{place} has an unknown key {key!r}." + (near or f" Known: {', '.join(sorted(known))}.")
    if problem["type"] == "missing":
        return f"{place} lacks the key {key!r}."
    if problem["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        return _of_no_kind(f"{where}: [{'.'.join(location)}]", problem["ctx"], _kinds_at(model, path))
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return _ended(f"{place} {key}: {message}")
    if problem["type"] in {"model_type", "model_attributes_type"}:
        message = "a table is needed here"
    found = problem["input"]
    told = isinstance(found, str | int | float | bool) and "auth" not in location  # there it may be a key
    shown = repr(found) if told else type(found).__name__
    return f"{place} {key} is {shown}: {message[:1].lower()}{message[1:]}."


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."


def _of_no_kind(place: str, context: Mapping[str, str], known: list[str]) -> str:
    """Of a table whose shape depends on one of its keys, such as ``driver``."""
    key = context["discriminator"].rpartition(" | ")[2].strip("'")  # its name among ours, and the one in the file
    listed = f" Known: {', '.join(known)}."
    if "tag" not in context:
        return f"{place} lacks the key {key!r}.{listed}"
    return f"{place} {key} is {context['tag']!r}, which is none.{did_you_mean(context['tag'], known) or listed}"


def _walked(model: type[BaseModel], path: Sequence[str]) -> tuple[list[str], type[BaseModel] | None]:
    """A path as it is written in the file, and the model of the table there, if it is one.

    Where a table is of one of several kinds, pydantic puts the kind into the path, which nobody wrote.
    """
    written: list[str] = []
    at: type[BaseModel] | None = model
    parts = iter(path)
    for part in parts:
        written.append(part)
        field = _field(at, part)
        models = _models_in(field.annotation) if field else []
        at = models[0] if models else None
        if field is not None and get_origin(field.annotation) in {dict, list}:
            written += [name for name in [next(parts, None)] if name]  # the user's own, whatever key it may look like
        if len(models) > 1:
            kind = next(parts, None)
            at = next((one for one in models if kind in _kinds(one)), None)
    return written, at


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    """The models within ``X | None``, ``list[X]``, ``dict[str, X]``, ``X | Y``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for part in get_args(annotation) for found in _models_in(part)]


def _field(model: type[BaseModel] | None, key: str) -> FieldInfo | None:
    found = model.model_fields.items() if model else ()
    return next((field for name, field in found if key in {name, field.alias}), None)


def _kinds_at(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """The kinds of which the table at this path can be."""
    _, at = _walked(model, path[:-1])
    field = _field(at, path[-1])
    if field is None:  # a table of such tables, and the last word is the user's own name of one
        _, at = _walked(model, path[:-2])
        field = _field(at, path[-2])
    return [kind for one in (_models_in(field.annotation) if field else []) for kind in sorted(_kinds(one))]


def _kinds(model: type[BaseModel]) -> set[str]:
    """What a key that has only one value, such as ``driver``, says in this model."""
    fields = model.model_fields.values()
    said = [get_args(one.annotation) for one in fields if get_origin(one.annotation) is Literal]
    return {words[0] for words in said if len(words) == 1}
