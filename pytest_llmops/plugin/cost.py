"""What a test costs, and what has to be known to say so before anything is called."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.target.loads import Load

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_llmops.target.component import Component


@dataclass
class Cost:
    """What a test asks for.

    Attributes:
        operations: ``component.method`` to about how many calls.
        tokens: generated ones, at most.
        measures: name, component and method of each timed metric.
        records: name and unit of each single value that it records, where both stand in its source.
        timed_calls: those of the operations that are timed, and
        timed_tokens: those of the tokens.
        figures: names of the figures that it reads, where they stand in its source.
        changes: act and component of each call on ``change``, of each restart and clean-up; empty where the source
            does not name the component.
        carried_out: names of the operations that it carries out, where they stand in its source.
        loads: component, operation and calls of each load that it sends.
        reached: components that fixtures of security ask by themselves.
    """

    operations: Counter[str] = field(default_factory=Counter)
    tokens: int = 0
    measures: list[dict[str, str]] = field(default_factory=list)
    records: list[dict[str, str]] = field(default_factory=list)
    timed_calls: int = 0
    timed_tokens: int = 0
    figures: list[str] = field(default_factory=list)
    changes: list[tuple[str, str]] = field(default_factory=list)
    carried_out: list[str] = field(default_factory=list)
    loads: list[tuple[str, str, int]] = field(default_factory=list)
    reached: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Asking:
    """What has to be known to read a test.

    Attributes:
        components: fixture name to the component that serves it.
        tables: the target's components.
        prompts: how many the workload has.
        timed: a measurement's name to its calls if it raises no suspicion, warm-up included.
        params: the test's own.
        suffix: of its metrics' names, for a parametrized test.
        changes: whether it asks for ``change``.
        load: the target's shapes and workloads.
        asks: a fixture and a method of it to what one call of that asks, as ``component.method`` to how many calls;
            empty where that is counted elsewhere.
    """

    components: Mapping[str, str]
    tables: Mapping[str, Component]
    prompts: int
    timed: Callable[[str], int]
    params: Mapping[str, Any] = field(default_factory=dict)
    suffix: str = ""
    changes: bool = False
    load: Load = field(default_factory=Load)
    asks: Mapping[tuple[str, str], Mapping[str, int]] = field(default_factory=dict)


def times_of(operation: str, kind: str = "") -> tuple[str, str]:
    """What is recorded of an operation that was carried out: its time, and for how long nobody was served.

    Args:
        operation: its name.
        kind: of which it is one of several, such as ``rollback``; empty where it is the only one.
    """
    which = f"[{operation}]" if kind else ""
    return f"{kind or operation}_time{which}", f"{kind or operation}_downtime{which}"
