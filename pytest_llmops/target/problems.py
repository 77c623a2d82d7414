"""pydantic's complaints, retold: file, table, key, what was found, and the nearest right key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from pytest_llmops.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence

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
    location = [str(part) for part in problem["loc"]]
    if problem["type"] == "value_error" and isinstance(problem["input"], Mapping) and location:
        return _ended(f"{where}: [{'.'.join(location)}]: {problem['msg'].removeprefix('Value error, ')}")
    *table, key = location or ["(file)"]
    place = f"{where}: [{'.'.join(table)}]" if table else where
    if problem["type"] == "extra_forbidden":
        known = _keys(model, table)
        near = f" Did you mean '{ALSO_CALLED[key]}'?" if key in ALSO_CALLED else did_you_mean(key, known)
        return f"{place} has an unknown key {key!r}." + (near or f" Known: {', '.join(sorted(known))}.")
    if problem["type"] == "missing":
        return f"{place} lacks the key {key!r}."
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error":
        return _ended(f"{place} {key}: {message}")
    if problem["type"] == "model_type":
        message = "a table is needed here"
    found = problem["input"]
    shown = repr(found) if isinstance(found, str | int | float | bool) else type(found).__name__
    return f"{place} {key} is {shown}: {message[:1].lower()}{message[1:]}."


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "?")) else f"{sentence}."


def _keys(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    """The keys that the table at this path may hold; none where there is no table."""
    parts = iter(path)
    for part in parts:
        field = next((f for n, f in model.model_fields.items() if part in {n, f.alias}), None)
        inner = _model_in(field.annotation) if field else None
        if field is None or inner is None:
            return []
        model = inner
        if get_origin(field.annotation) in {dict, list}:
            next(parts, None)  # a name or an index of the user's own, whatever key it may look like
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model within ``X | None``, ``list[X]``, ``dict[str, X]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
