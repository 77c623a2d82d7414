"""The condition of an alert rule: which series it asks for, and why it can never hold, or always does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
    walk,
)

from pytest_llmops.promql.vectors import COMPARISONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from promql_parser import Expr

    from pytest_llmops.judge.vacuity import Exported

NEVER, ALWAYS = "never fires: ", "always fires: "

_FOR_LACK = frozenset({"absent", "absent_over_time"})
_OF_ZEROS = frozenset({"sum", "avg", "min", "max", "topk", "bottomk", "quantile"})
"""Aggregations of which nothing but 0 comes where all series are 0."""

_OF_ZERO = frozenset(
    {"abs", "ceil", "floor", "round", "rate", "irate", "increase", "delta", "idelta", "deriv"}
    | {f"{which}_over_time" for which in ("avg", "min", "max", "sum", "last", "quantile", "stddev")}
)
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def metrics_of(node: Expr) -> list[str]:
    """The names of the series that an expression asks for."""
    found: list[str] = []

    def visit(one: Expr) -> bool:
        selector = one.vector_selector if isinstance(one, MatrixSelector) else one
        if isinstance(selector, VectorSelector) and selector.name:
            found.append(selector.name)
        return True

    walk(node, visit)
    return list(dict.fromkeys(found))


def bare(node: Any) -> Any:
    """Without the parentheses around it."""
    while isinstance(node, ParenExpr):
        node = node.expr
    return node


def of_no_use(node: Expr, exported: Exported) -> list[str]:
    """Why a condition can never hold, or always holds, each reason once; empty where nothing speaks against it.

    Args:
        node: the condition.
        exported: what the system was seen to export.
    """
    never, always = dict.fromkeys(_empty(node, exported)), dict.fromkeys(_held(node, exported))
    return [*(f"{NEVER}{said}" for said in never), *(f"{ALWAYS}{said}" for said in always)]


def once_fired(why: str) -> str:
    """What is left of why a rule says nothing, where it was seen to fire: what stays 0 now may be what it tells of."""
    return "; ".join(said for said in why.split("; ") if not said.startswith((NEVER, ALWAYS)))


def _empty(node: Any, exported: Exported) -> Iterator[str]:
    """Why no series can come of it."""
    node = _selected(node)
    if isinstance(node, VectorSelector):
        if node.name and not exported.has(node.name):
            yield f"{node.name} is not exported by {exported.looked}"
    elif isinstance(node, Call) and node.func.name not in _FOR_LACK:
        for one in node.args:
            yield from _empty(one, exported)
    elif isinstance(node, AggregateExpr | UnaryExpr | SubqueryExpr):
        yield from _empty(node.expr, exported)
    elif isinstance(node, BinaryExpr):
        yield from _empty_of_two(node, exported)


def _empty_of_two(node: BinaryExpr, exported: Exported) -> Iterator[str]:
    left, right = list(_empty(node.lhs, exported)), list(_empty(node.rhs, exported))
    if str(node.op) == "or":
        yield from [*left, *right] if left and right else []
        return
    yield from left
    yield from right if str(node.op) != "unless" else []
    if _compares(node):
        yield from (f"{name} stays 0" for name in _compared(node, exported, holds=False))
        yield from _capped(bare(node.lhs), str(node.op), bare(node.rhs), exported)
        yield from _capped(bare(node.rhs), _TURNED[str(node.op)], bare(node.lhs), exported)


def _held(node: Any, exported: Exported) -> Iterator[str]:
    """Why it holds whatever happens."""
    node = bare(node)
    if not isinstance(node, BinaryExpr):
        return
    left, right = list(_held(node.lhs, exported)), list(_held(node.rhs, exported))
    if str(node.op) == "or" or (str(node.op) == "and" and left and right):
        yield from [*left, *right]
    elif _compares(node):
        yield from (f"{name} stays 0" for name in _compared(node, exported, holds=True))


def _compares(node: BinaryExpr) -> bool:
    return str(node.op) in COMPARISONS and not (node.modifier and node.modifier.return_bool)


def _compared(node: BinaryExpr, exported: Exported, *, holds: bool) -> list[str]:
    """The series that stay 0 and by which a comparison is settled so; empty where it is not settled."""
    names: list[str] = []
    values: list[float] = []
    for side in (bare(node.lhs), bare(node.rhs)):
        zero = _zero(side, exported)
        names += zero
        values += [0.0] if zero else [side.val] if isinstance(side, NumberLiteral) else []
    return names if names and len(values) > 1 and COMPARISONS[str(node.op)](*values) is holds else []


def _capped(side: Any, operator: str, other: Any, exported: Exported) -> Iterator[str]:
    """A quantile that is compared with more than the highest finite bucket, which it never exceeds."""
    quantile = isinstance(side, Call) and side.func.name == "histogram_quantile"
    if not (quantile and operator in {">", ">="} and isinstance(other, NumberLiteral)):
        return
    for name in metrics_of(side):
        highest = exported.highest.get(name, float("inf"))
        if not COMPARISONS[operator](highest, other.val):
            asked = f"{'more than' if operator == '>' else 'at least'} {other.val:g}"
            yield f"the highest finite bucket of {name} is {highest:g}, and it asks for {asked}"


def _zero(node: Any, exported: Exported) -> list[str]:
    """The series by which all that comes of an expression is 0; empty where something else may come."""
    node = _selected(node)
    if isinstance(node, VectorSelector):
        still = node.name and exported.has(node.name) and not exported.moves(node.name)
        return [str(node.name)] if still else []
    if isinstance(node, Call):
        return _zero(node.args[-1], exported) if node.func.name in _OF_ZERO and node.args else []
    if isinstance(node, AggregateExpr):
        return _zero(node.expr, exported) if str(node.op) in _OF_ZEROS else []
    if isinstance(node, UnaryExpr | SubqueryExpr):
        return _zero(node.expr, exported)
    if isinstance(node, BinaryExpr):
        left, right = _zero(node.lhs, exported), _zero(node.rhs, exported)
        if str(node.op) == "*":
            return left or right
        if str(node.op) in {"+", "-"}:
            return [*left, *right] if left and right else []
        return left if str(node.op) == "/" else []
    return []


def _selected(node: Any) -> Any:
    node = bare(node)
    return node.vector_selector if isinstance(node, MatrixSelector) else node
