"""Instant vectors: one number a series, put together, and matched with those of another vector."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING

from promql_parser import AggModifierType, LabelModifierType, VectorMatchCardinality

from pytest_llmops.promql.memory import NAME, Labels
from pytest_llmops.promql.ranges import least, most
from pytest_llmops.promql.refusal import PromqlError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from promql_parser import AggModifier, BinModifier

Vector = dict[Labels, float]


def _sum(values: list[float]) -> float:
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):  # beyond what a float holds, or both infinities
        return sum(values)


def _divided(one: float, other: float) -> float:
    if other:
        return one / other
    if one == 0 or math.isnan(one) or math.isnan(other):
        return math.nan
    return math.copysign(math.inf, one) * math.copysign(1.0, other)


def _remainder(one: float, other: float) -> float:
    return math.nan if not other or math.isinf(one) else math.fmod(one, other)


def _power(one: float, other: float) -> float:
    try:
        found = one**other
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return math.inf
    return found if isinstance(found, float) else math.nan


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "%": _remainder,
    "^": _power,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
SETS = frozenset({"and", "or", "unless"})

AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": _sum,
    "avg": lambda values: _sum(values) / len(values),
    "min": least,
    "max": most,
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
}


def written(labels: Labels) -> str:
    """A series as Prometheus writes it."""
    inside = ", ".join(f'{name}="{value}"' for name, value in labels)
    return f"{{{inside}}}"


def nameless(labels: Labels) -> Labels:
    """A series without its name, as every calculation leaves it."""
    return tuple(pair for pair in labels if pair[0] != NAME)


def gathered(pairs: Iterable[tuple[Labels, float]]) -> Vector:
    """A vector of these series.

    Raises:
        PromqlError: two of them have the same labels, as two names may once they are dropped.
    """
    vector: Vector = {}
    for labels, value in pairs:
        if labels in vector:
            raise PromqlError(f"vector cannot contain metrics with the same labelset: {written(labels)}")
        vector[labels] = value
    return vector


def aggregated(name: str, vector: Vector, modifier: AggModifier | None) -> Vector:
    """``sum by (…)`` and its like."""
    groups: dict[Labels, list[float]] = {}
    for labels, value in vector.items():
        groups.setdefault(_group(labels, modifier), []).append(value)
    return {labels: AGGREGATIONS[name](values) for labels, values in groups.items()}


def _group(labels: Labels, modifier: AggModifier | None) -> Labels:
    if modifier is None:
        return ()
    if modifier.type == AggModifierType.By:
        return tuple(pair for pair in labels if pair[0] in modifier.labels)
    return tuple(pair for pair in labels if pair[0] not in {NAME, *modifier.labels})


def joined(sign: str, left: Vector, right: Vector, modifier: BinModifier | None) -> Vector:
    """Two vectors under an operator, series by series.

    Raises:
        PromqlError: several series of one side match the same series of the other; or group_left, group_right are
            asked for, which are not known here.
    """
    if sign in SETS:
        return _as_sets(sign, left, right, modifier)
    if modifier and modifier.card not in (VectorMatchCardinality.OneToOne, None):
        raise PromqlError("group_left and group_right are not known here; match one to one")
    others: dict[Labels, float] = {}
    for labels, value in right.items():
        key = _matched(labels, modifier)
        if key in others:
            said = f"found duplicate series for the match group {written(key)} on the right hand-side of the operation"
            raise PromqlError(f"{said}; many-to-many matching not allowed: matching labels must be unique on one side")
        others[key] = value
    found: Vector = {}
    used: set[Labels] = set()
    for labels, value in left.items():
        key = _matched(labels, modifier)
        if key not in others:
            continue
        result = reckoned(sign, value, others[key], as_bool=bool(modifier and modifier.return_bool))
        if result is None:
            continue
        if key in used:
            raise PromqlError(
                "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            )
        used.add(key)
        found[_resulting(sign, labels, modifier)] = result
    return found


def reckoned(sign: str, one: float, other: float, *, as_bool: bool) -> float | None:
    """One number under an operator with another; None where a comparison does not hold and filters."""
    if sign in ARITHMETIC:
        return ARITHMETIC[sign](one, other)
    holds = COMPARISONS[sign](one, other)
    if as_bool:
        return float(holds)
    return one if holds else None


def keeps_name(sign: str, modifier: BinModifier | None) -> bool:
    """Whether a result is still the series that it was: of comparisons that filter."""
    return sign in COMPARISONS and not (modifier and modifier.return_bool)


def _as_sets(sign: str, left: Vector, right: Vector, modifier: BinModifier | None) -> Vector:
    there = {_matched(labels, modifier) for labels in right}
    if sign == "and":
        return {labels: value for labels, value in left.items() if _matched(labels, modifier) in there}
    if sign == "unless":
        return {labels: value for labels, value in left.items() if _matched(labels, modifier) not in there}
    here = {_matched(labels, modifier) for labels in left}
    return left | {labels: value for labels, value in right.items() if _matched(labels, modifier) not in here}


def _matched(labels: Labels, modifier: BinModifier | None) -> Labels:
    """The part of a series' labels that a partner must share."""
    matching = modifier.matching if modifier else None
    if matching is None:
        return nameless(labels)
    if matching.type == LabelModifierType.Include:
        return tuple(pair for pair in labels if pair[0] in matching.labels)
    return tuple(pair for pair in labels if pair[0] not in {NAME, *matching.labels})


def _resulting(sign: str, labels: Labels, modifier: BinModifier | None) -> Labels:
    if not keeps_name(sign, modifier):
        labels = nameless(labels)
    matching = modifier.matching if modifier else None
    if matching is None:
        return labels
    if matching.type == LabelModifierType.Include:
        return tuple(pair for pair in labels if pair[0] in matching.labels)
    return tuple(pair for pair in labels if pair[0] not in matching.labels)
