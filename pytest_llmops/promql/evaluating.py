"""The evaluation of a parsed expression at one moment, node by node."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    MatchOp,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    UnaryExpr,
    VectorSelector,
)

from pytest_llmops.promql import buckets
from pytest_llmops.promql.memory import NAME, labels_of, within
from pytest_llmops.promql.ranges import OVER_TIME, extrapolated, instantly
from pytest_llmops.promql.refusal import PromqlError
from pytest_llmops.promql.vectors import (
    AGGREGATIONS,
    ARITHMETIC,
    COMPARISONS,
    SETS,
    Vector,
    aggregated,
    gathered,
    joined,
    keeps_name,
    nameless,
    reckoned,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from promql_parser import Expr

    from pytest_llmops.promql.memory import Labels, Memory, Points

Value = float | Vector

SIMPLE: dict[str, Callable[[float], float]] = {
    "abs": abs,
    "ceil": lambda value: float(math.ceil(value)) if math.isfinite(value) else value,
    "floor": lambda value: float(math.floor(value)) if math.isfinite(value) else value,
    "sqrt": lambda value: math.sqrt(value) if value >= 0 else math.nan,
    "ln": lambda value: math.log(value) if value > 0 else (-math.inf if value == 0 else math.nan),
    "exp": lambda value: math.exp(min(value, 709.0)) if value < 709.0 else math.inf,
}
"""Functions of one number, series by series."""

RATES = {
    "rate": (True, True),
    "increase": (True, False),
    "delta": (False, False),
}
"""By name: whether of a counter, whether per second."""

INSTANT_RATES = {"irate": (True, True), "idelta": (False, False)}


class Evaluation:
    """One moment.

    Args:
        memory: the series.
        at: epoch seconds.
    """

    def __init__(self, memory: Memory, at: float) -> None:
        self._memory = memory
        self._at = at

    def of(self, node: Expr) -> Value:
        """The value of a node.

        Raises:
            PromqlError: it is not known here, or cannot be evaluated.
        """
        if isinstance(node, NumberLiteral):
            return float(node.val)
        if isinstance(node, ParenExpr):
            return self.of(node.expr)
        if isinstance(node, VectorSelector):
            return self._selected(node)
        if isinstance(node, UnaryExpr):
            return self._negated(node)
        if isinstance(node, BinaryExpr):
            return self._binary(node)
        if isinstance(node, AggregateExpr):
            return self._aggregated(node)
        if isinstance(node, Call):
            return self._called(node)
        if isinstance(node, MatrixSelector):
            raise PromqlError("a range has no value at one moment; put a function such as rate() around it")
        raise PromqlError(f"{type(node).__name__} is not known here")

    def _selected(self, node: VectorSelector) -> Vector:
        found = ((key, self._memory.latest((key, points), self._at)) for key, points in self._series(node))
        return {key: sample[1] for key, sample in found if sample is not None}

    def _series(self, node: VectorSelector) -> Iterator[tuple[Labels, Points]]:
        if node.offset is not None or node.at is not None:
            raise PromqlError("offset and @ are not known here")
        if node.matchers.or_matchers:
            raise PromqlError("'or' between matchers is not known here")
        return self._memory.select(node.name, node.matchers.matchers)

    def _negated(self, node: UnaryExpr) -> Value:
        value = self.of(node.expr)
        if isinstance(value, float):
            return -value
        return gathered((nameless(labels), -number) for labels, number in value.items())

    def _binary(self, node: BinaryExpr) -> Value:
        sign, left, right = str(node.op), self.of(node.lhs), self.of(node.rhs)
        if sign not in ARITHMETIC and sign not in COMPARISONS and sign not in SETS:
            raise PromqlError(f"the operator {sign} is not known here")
        modifier = node.modifier
        if isinstance(left, dict) and isinstance(right, dict):
            return joined(sign, left, right, modifier)
        as_bool = bool(modifier and modifier.return_bool)
        if isinstance(left, float) and isinstance(right, float):
            found = reckoned(sign, left, right, as_bool=as_bool)
            return math.nan if found is None else found
        vector = left if isinstance(left, dict) else right
        assert isinstance(vector, dict)
        return gathered(self._with_number(sign, vector, left, right, kept=keeps_name(sign, modifier), as_bool=as_bool))

    def _with_number(
        self, sign: str, vector: Vector, left: Value, right: Value, *, kept: bool, as_bool: bool
    ) -> Iterator[tuple[Labels, float]]:
        """A vector under an operator with a number, on whichever side that is; what filters keeps the series' value."""
        for labels, value in vector.items():
            one = left if isinstance(left, float) else value
            other = right if isinstance(right, float) else value
            found = reckoned(sign, one, other, as_bool=as_bool)
            if found is not None:
                yield (labels, value) if kept else (nameless(labels), found)

    def _aggregated(self, node: AggregateExpr) -> Vector:
        name = str(node.op)
        if name not in AGGREGATIONS:
            raise PromqlError(f"{name} is not known here; known: {', '.join(AGGREGATIONS)}")
        return aggregated(name, self._vector(node.expr), node.modifier)

    def _called(self, node: Call) -> Value:
        name, args = node.func.name, list(node.args)
        if name == "time":
            return self._at
        if name == "vector":
            return {(): self._number(args[0])}
        if name == "scalar":
            values = list(self._vector(args[0]).values())
            return values[0] if len(values) == 1 else math.nan
        if name in RATES or name in INSTANT_RATES or name in OVER_TIME or name == "quantile_over_time":
            return self._over_range(name, args)
        if name == "histogram_quantile":
            return self._quantile(self._number(args[0]), self._vector(args[1]))
        if name == "absent":
            return self._absent(args[0])
        return self._mapped(name, args)

    def _mapped(self, name: str, args: list[Any]) -> Vector:
        """Functions that leave every series what it is and change its number."""
        if name in SIMPLE:
            change = SIMPLE[name]
        elif name in {"clamp", "clamp_min", "clamp_max"}:
            limits = [self._number(one) for one in args[1:]]
            low = limits[0] if name != "clamp_max" else -math.inf
            high = limits[-1] if name != "clamp_min" else math.inf
            if low > high:
                return {}
            change = lambda value: value if math.isnan(value) else max(low, min(high, value))  # noqa: E731
        else:
            raise PromqlError(f"the function {name}() is not known here")
        found = self._vector(args[0])
        return gathered((nameless(labels), change(value)) for labels, value in found.items())

    def _over_range(self, name: str, args: list[Any]) -> Vector:
        ranged = args[-1]
        while isinstance(ranged, ParenExpr):
            ranged = ranged.expr
        if not isinstance(ranged, MatrixSelector):
            raise PromqlError(f"{name}() of a subquery is not known here; give it a series and a range")
        start = self._at - ranged.range.total_seconds()
        found: list[tuple[Labels, float]] = []
        for key, all_points in self._series(ranged.vector_selector):
            points = within(all_points, start, self._at)
            value = self._of_points(name, args, points, start)
            if value is not None:
                found.append((key if name == "last_over_time" else nameless(key), value))
        return gathered(found)

    def _of_points(self, name: str, args: list[Any], points: Points, start: float) -> float | None:
        if name in RATES:
            counter, per_s = RATES[name]
            return extrapolated(points, start, self._at, counter=counter, per_s=per_s)
        if name in INSTANT_RATES:
            counter, per_s = INSTANT_RATES[name]
            return instantly(points, counter=counter, per_s=per_s)
        values = [value for _, value in points]
        if not values:
            return None
        if name == "quantile_over_time":
            return _of_sorted(self._number(args[0]), sorted(values))
        return OVER_TIME[name](values)

    def _quantile(self, share: float, vector: Vector) -> Vector:
        histograms: dict[Labels, list[tuple[float, float]]] = {}
        for labels, value in vector.items():
            bound = dict(labels).get("le")
            if bound is not None and (number := _bound(bound)) is not None:
                key = tuple(pair for pair in labels if pair[0] not in {NAME, "le"})
                histograms.setdefault(key, []).append((number, value))
        return {labels: buckets.quantile(share, found) for labels, found in histograms.items()}

    def _absent(self, node: Expr) -> Vector:
        if self._vector(node):
            return {}
        equal = {}
        if isinstance(node, VectorSelector):
            matchers = node.matchers.matchers
            names = [matcher.name for matcher in matchers]
            equal = {
                matcher.name: matcher.value
                for matcher in matchers
                if matcher.op == MatchOp.Equal and matcher.name != NAME and names.count(matcher.name) == 1
            }
        return {labels_of(equal): 1.0}

    def _vector(self, node: Expr) -> Vector:
        value = self.of(node)
        if isinstance(value, float):
            raise PromqlError("a number stands where a vector is wanted; write vector(…)")
        return value

    def _number(self, node: Expr) -> float:
        value = self.of(node)
        if isinstance(value, dict):
            raise PromqlError("a vector stands where a number is wanted; write scalar(…)")
        return value


def _bound(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _of_sorted(share: float, values: list[float]) -> float:
    """A quantile of plain values, linear between two of them."""
    if math.isnan(share):
        return math.nan
    if not 0 <= share <= 1:
        return math.copysign(math.inf, share)
    rank = share * (len(values) - 1)
    low = math.floor(rank)
    high = min(low + 1, len(values) - 1)
    return values[low] * (1 - (rank - low)) + values[high] * (rank - low)
