"""A team's own number as a baseline: read out of a JSON file that is theirs, and never changed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.errors import BaselineError, did_you_mean, excerpt
from pytest_llmops.judge.json_file import read_json
from pytest_llmops.target.points import TIMES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmops.target.points import Point

NAMED = 6
"""Numbers of a document that an error names, where the one that was asked for is not there."""


def point_value(root: Path, metric: str, point: Point) -> float:
    """The number that a metric is compared with, in seconds, or in the point's own unit where that is a rate.

    Args:
        root: the folder of ``llmops.toml``.
        metric: its name, with the statistic where it has one, for the message.
        point: where the number stands.

    Raises:
        BaselineError: the file is missing or no JSON, or its number is missing, none, or not above zero.
    """
    try:
        return _number(_read(root / point.file), point, root / point.file)
    except BaselineError as error:
        raise BaselineError(f'baseline.points."{metric}": {error}') from None


def _read(path: Path) -> Any:
    try:
        return read_json(path)
    except FileNotFoundError:
        raise BaselineError(f"there is no file {path}; give its path relative to llmops.toml.") from None
    except ValueError as error:
        raise BaselineError(f"{path} is {error}; it was not changed.") from error


def _number(document: Any, point: Point, path: Path) -> float:
    asked = f"{point.value!r} in {path}"
    try:
        found = jmespath.search(point.value, document)
    except (ValueError, OverflowError, RecursionError) as error:  # JMESPath's own errors are the first
        raise BaselineError(f"{asked} cannot be evaluated ({str(error).rstrip('.')}).") from None
    if found is None:
        raise BaselineError(f"{point.value!r} finds nothing in {path}.{_instead(point.value, document)}")
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise BaselineError(f"{asked} is {_said(found)}, not a number.{_instead(point.value, document)}")
    value = _float(found)
    if not _usable(value):
        raise BaselineError(f"{asked} is {value:g}; nothing can be compared with that: it must be above 0.")
    return value * TIMES.get(point.unit, 1.0)


def _instead(asked: str, document: Any) -> str:
    """The nearest numbers that the document has, else its first, with a leading blank."""
    try:
        known = list(_numbers(document))
    except RecursionError:
        return " It nests too deeply to name the numbers in it."
    if not known:
        return " There is no number above 0 in it."
    below = [path for path in known if path.startswith((f"{asked}.", f"{asked}["))]
    if near := did_you_mean(asked, below or known):
        return near
    named = (below or known)[:NAMED]
    more = ", …" if len(below or known) > NAMED else ""
    return f" Numbers there: {', '.join(named)}{more}."


def _numbers(node: Any, place: str = "") -> Iterator[str]:
    """The JMESPath of each number of a document that can be compared with, in its order."""
    if isinstance(node, dict):
        for key, value in node.items():
            step = key if key.isidentifier() and key.isascii() else json.dumps(key)
            yield from _numbers(value, f"{place}.{step}" if place else step)
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _numbers(value, f"{place}[{index}]")
    elif isinstance(node, int | float) and not isinstance(node, bool) and _usable(node):
        yield place or "@"


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # a sum, or a text that JMESPath made a number
        return math.inf


def _usable(number: float) -> bool:
    return number > 0 and math.isfinite(number)


def _said(found: Any) -> str:
    if isinstance(found, dict):
        return "a table"
    return f"a list of {len(found)}" if isinstance(found, list) else excerpt(repr(found))
