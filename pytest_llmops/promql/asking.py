"""From an expression to its value: read, check that all of it is known, evaluate."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import promql_parser

from pytest_llmops.promql.evaluating import Evaluation, Value
from pytest_llmops.promql.refusal import PromqlError

if TYPE_CHECKING:
    from promql_parser import Expr

    from pytest_llmops.promql.memory import Labels, Memory, Points


@lru_cache(maxsize=512)
def parse(expr: str) -> Expr:
    """Read an expression.

    Raises:
        PromqlError: it is no PromQL.
    """
    try:
        parsed: Expr = promql_parser.parse(expr)
    except ValueError as error:
        raise PromqlError(f"{expr!r} is no PromQL: {str(error).rstrip('.')}.") from None
    return parsed


def instant(expr: str, memory: Memory, at: float) -> Value:
    """What an expression is at one moment: a number, or a vector of one number a series.

    Args:
        expr: PromQL.
        memory: the series.
        at: epoch seconds.

    Raises:
        PromqlError: it is no PromQL, holds what is not known here, or cannot be evaluated.
    """
    try:
        return Evaluation(memory, at).of(parse(expr))
    except PromqlError as error:
        said = str(error)
        raise PromqlError(said if said.startswith(repr(expr)) else f"{expr!r}: {said}.") from None


def over(expr: str, memory: Memory, start: float, end: float, step_s: float) -> dict[Labels, Points]:
    """What an expression was over a time: one curve a series, a number as one curve without labels.

    Raises:
        PromqlError: as in :func:`instant`.
    """
    curves: dict[Labels, Points] = {}
    steps = int((end - start) / step_s + 1e-9)
    for number in range(steps + 1):
        at = start + number * step_s
        value = instant(expr, memory, at)
        for labels, found in ({(): value} if isinstance(value, float) else value).items():
            curves.setdefault(labels, []).append((at, found))
    return curves
