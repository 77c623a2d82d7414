"""A number in JSON that somebody says: of the right type, and not too old."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import jmespath

from pytest_llmops.clients.health import AHEAD_S, moment_of
from pytest_llmops.errors import CallFailed
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.target.figures import Told


def told(name: str, figure: Told, said: Any, source: str) -> tuple[float, float | None]:
    """The number, and the time that it is of where that is said.

    Args:
        name: of the figure.
        figure: where they stand.
        said: the JSON.
        source: who said it, in words.

    Raises:
        CallFailed: there is nothing, or no number, or no time where one is to be, or one that is to come (kind
            ``bad-answer``); or it is older than ``max_age`` (kind ``stale``).
    """
    found = jmespath.search(figure.value, said)
    if found is None:
        raise CallFailed("", "bad-answer", f"figures.{name}: {source} has nothing at {figure.value!r}.")
    return figure.scale * number(name, found, source), _at(name, figure, said, source)


def number(name: str, value: Any, source: str) -> float:
    """The value as a finite number.

    Raises:
        CallFailed: it is none (kind ``bad-answer``).
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise CallFailed("", "bad-answer", f"figures.{name}: {source} says {value!r}, which is no number.")
    return float(value)


def _at(name: str, figure: Told, said: Any, source: str) -> float | None:
    if figure.at is None:
        return None
    at = moment_of(jmespath.search(figure.at, said))
    if at is None:
        raise CallFailed("", "bad-answer", f"figures.{name}: {source} has no time that can be read at {figure.at!r}.")
    age_s = time.time() - at
    if age_s < -AHEAD_S:  # as a time without a zone, written by a clock east of here: whatever is old looks new
        ahead = f"a time at {figure.at!r} that is {spoken(-age_s)} to come; let it have its zone, or set the clock"
        raise CallFailed("", "bad-answer", f"figures.{name}: {source} gives {ahead}.")
    if age_s > figure.max_age:
        old = f"is {spoken(age_s)} old, more than {spoken(figure.max_age)}"
        raise CallFailed("", "stale", f"figures.{name}: what {source} says {old}.")
    return at
