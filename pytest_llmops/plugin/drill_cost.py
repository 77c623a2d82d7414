"""About what a drill calls, records and writes, by its call in a test's source."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.target.dependents import BEHIND_API

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.target.component import Component

DRILL = "drill"
"""The fixture that carries out a drill."""

CANARY = "write"
"""What a drill does to a store, among the acts of a test."""

STORES = frozenset({"redis", "qdrant"})
"""Components that canaries can be written to."""

PREFLIGHTS, PROBES, CANARIES = 3, 20, 30
"""About how often a drill of some seconds proves that a component works, probes it, and writes to a store."""


@dataclass(frozen=True, slots=True)
class Drilling:
    """What one call of the fixture comes to.

    Attributes:
        calls: ``component.method`` to about how many.
        records: its figures, each a name and a unit.
        changes: act and component of what it writes by itself; fault and recovery are calls of their own.
    """

    calls: Counter[str]
    records: list[dict[str, str]]
    changes: list[tuple[str, str]]


def drilling(node: ast.Call, value: Callable[[ast.AST | None], Any], tables: Mapping[str, Component]) -> Drilling:
    """Read a call of the fixture.

    Args:
        node: the call.
        value: what an expression comes to, where the source says it.
        tables: the target's components.
    """
    given = dict(zip(("name", "component"), node.args, strict=False))
    given |= {word.arg: word.value for word in node.keywords if word.arg}
    name, component, canary = (value(given.get(word)) for word in ("name", "component", "canary"))
    beside = given.get("beside")
    others = [value(one) for one in beside.elts] if isinstance(beside, ast.List | ast.Tuple) else []
    if beside is None and component in BEHIND_API and "api" in tables and tables["api"].rate_limit is None:
        others = ["api"]
    calls: Counter[str] = Counter()
    for watched in [component, *others]:
        if watched in tables:
            calls[f"{watched}.preflight"] += PREFLIGHTS
            calls[f"{watched}.probe"] += PROBES
    written = canary in STORES and canary in tables
    calls |= Counter({f"{canary}.write": CANARIES}) if written else Counter()
    figures = ["drill_detect", "drill_rto", *(["drill_rpo"] if written else [])]
    records = [{"name": f"{figure}[{name}]", "unit": "s"} for figure in figures] if name else []
    return Drilling(calls, records, [(CANARY, str(canary))] if written else [])
