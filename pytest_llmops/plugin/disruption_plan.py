"""What a disruptive test would do to the target, and how that is taken back: for the plan, from its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.target.dependents import dependents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.target.load import Target

UNDO = {
    "stop": "start {}",
    "start": "stop {}, unless it ran before",
    "kill": "start {}, unless it is back by then",
    "restart": "start {}, should it not come back",
    "pause": "resume {}",
    "resume": "pause {}, if it was paused before",
}
"""How each act is taken back where the component was as one expects it."""

UNKNOWN = "a component that is known when it runs"


def disruption_of(changes: Sequence[tuple[str, str]], target: Target, lacking: Sequence[str]) -> dict[str, Any]:
    """What a test would change, as plain JSON; the fields are described in docs/plan.md.

    Args:
        changes: act and component of each call on ``change``; the component is empty where the source does not name it.
        target: whose components.
        lacking: keys that are not there, and a window that is closed.
    """
    return {
        "target": target.name,
        "environment": target.table.environment,
        "acts": [_act(act, component, target) for act, component in dict.fromkeys(changes)],
        "lacking": list(lacking),
    }


def _act(act: str, component: str, target: Target) -> dict[str, Any]:
    part = target.table.components.configured().get(component)
    control = part.control if part else None
    undo = "none: nothing is attempted" if component and control is None else UNDO[act].format(component or "it")
    return {
        "act": act,
        "component": component,
        "what": control.what if control else "no control table" if component else UNKNOWN,
        "driver": control.driver if control else "",
        "undo": undo,
        "touches": dependents(target.table.components, component),
    }
