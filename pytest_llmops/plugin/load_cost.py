"""What a call of ``load_run`` would send, read from its source: how many calls, and of which kinds."""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Value = Callable[[ast.AST | None], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of call.

    Attributes:
        node: where it is asked for.
        client: what it names as who is called; None where it names nobody.
        share: of all calls.
    """

    node: ast.Call
    client: ast.AST | None
    share: float


def calls_of(node: ast.Call, value: Value) -> int:
    """Calls that are named, or that a rate or stages bring in their time; 0 where the source does not say.

    Args:
        node: the call of ``load_run``.
        value: of a constant, or of one of the test's params.
    """
    words = _words(node)
    named, rate, seconds = (_number(value(words.get(word))) for word in ("calls", "rate", "seconds"))
    stages = words.get("stages")
    pieces = stages.elts if isinstance(stages, ast.List | ast.Tuple) else []
    return math.ceil(named or rate * seconds or sum(_calls_in(stage, value) for stage in pieces))


def kinds_of(node: ast.Call, value: Value) -> list[Kind]:
    """What is asked for: one client, or the requests of a mix by their weights."""
    mix = _words(node).get("mix")
    parts = [part for part in (mix.elts if isinstance(mix, ast.List | ast.Tuple) else []) if isinstance(part, ast.Call)]
    if not parts:
        return [Kind(node, node.args[1] if len(node.args) > 1 else _words(node).get("client"), 1.0)]
    weights = [_number(value(_words(part).get("weight"))) or 1.0 for part in parts]
    clients = [part.args[0] if part.args else _words(part).get("client") for part in parts]
    return [
        Kind(part, client, weight / sum(weights)) for part, client, weight in zip(parts, clients, weights, strict=True)
    ]


def _calls_in(stage: ast.AST, value: Value) -> float:
    """Calls of ``Stage(seconds=…, rate=…, to=…)``."""
    words = _words(stage) if isinstance(stage, ast.Call) else {}
    seconds, rate = _number(value(words.get("seconds"))), _number(value(words.get("rate")))
    to = _number(value(words["to"])) if "to" in words else rate
    return seconds * (rate + to) / 2


def _words(node: ast.Call) -> dict[str, ast.AST]:
    return {word.arg: word.value for word in node.keywords if word.arg}


def _number(found: Any) -> float:
    return float(found) if isinstance(found, int | float) else 0.0
