"""What a disruptive test would do to the target, and how that is taken back: for the plan, from its source."""

from __future__ import annotations

import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any

from pytest_llmops.control.embedded import control_of
from pytest_llmops.errors import excerpt
from pytest_llmops.plugin.drill_cost import CANARY
from pytest_llmops.plugin.reading import DELETE
from pytest_llmops.target.dependents import dependents
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.sizes import worded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_llmops.target.load import Target
    from pytest_llmops.target.operations import Step

UNDO = {
    "stop": "start {}",
    "start": "stop {}, unless it ran before",
    "kill": "start {}, unless it is back by then",
    "restart": "start {}, should it not come back",
    "roll": "none is needed: it serves meanwhile",
    "pause": "resume {}",
    "resume": "pause {}, if it was paused before",
    "set": "set {} back to what it was",
}
"""How each act is taken back where the component, or the setting, was as one expects it."""

OF_DISKS = {"fill": "its file is removed", "clear": "none is needed: it was filled before"}
"""How each act on a disk that may be made nearly full is taken back."""

DELETED = "all is put back until the rest was seen to be well; then nothing brings it back"
"""How a clean-up is taken back."""

SET_ASIDE = "set aside"
"""What a clean-up that is a rehearsal does."""

CALLING = frozenset({"check", "begin", "finish"})
"""Steps of an operation that ask a component something."""

TOOLS = {
    "retire_backups": ("delete", "files", "backups beyond the number that is kept", DELETED),
    "restored_in_place": ("set", "files", "files of a backup, in the place of those that are there", "put them back"),
    "restoration": ("set", "files", "files of a backup, in the place of those that are there", "put them back"),
    "model_update": (
        "pull",
        "ollama",
        "the newest build of a model",
        "{}'s build that was there, unless the new one is accepted",
    ),
    "models_in_memory": (
        "unload",
        "ollama",
        "the models in its memory",
        "{} loads them again, unless that is accepted",
    ),
    "upkeep": (
        "set",
        "vectors",
        "the collection's configuration",
        "set that of {} back to what it was, unless it is accepted",
    ),
    "model_loss": (
        "delete",
        "ollama",
        "the name of a model whose build has a second name",
        "{} has the name stand for the same build again",
    ),
    "vector_backup": (
        "restore",
        "vectors",
        "a snapshot of the collection, into a scratch collection",
        "{} loses both again; its own collections are only read",
    ),
    "key_cache": (
        SET_ASIDE,
        "redis",
        "the keys of the cache",
        "{} has them again, unless they were deleted for good",
    ),
    "poisoned": (
        "plant",
        "api",
        "a document that gives orders, in the name of a user of its own",
        "{} deletes all that this user has",
    ),
}
"""Fixtures that make changes of their own: act, role, what is acted on, and how it is taken back."""

UNKNOWN = "a component that is known when it runs"


def disruption_of(
    changes: Sequence[tuple[str, str]],
    operations: Sequence[str],
    target: Target,
    lacking: Sequence[str],
    fixtures: Iterable[str] = (),
    loads: Iterable[tuple[str, str, int]] = (),
) -> dict[str, Any]:
    """What a test would change, as plain JSON; the fields are described in docs/plan.md.

    Args:
        changes: act and component of each call on ``change``; the component is empty where the source does not name it.
        operations: names of those that it carries out.
        target: whose components.
        lacking: keys that are not there, and a window that is closed.
        fixtures: of ours that it asks for.
        loads: component, operation and calls of each load that it sends.
    """
    return {
        "target": target.name,
        "environment": target.table.environment,
        "acts": [
            *(one for act, component in dict.fromkeys(changes) for one in _change(act, component, target)),
            *(entry for name in operations for entry in _acts_of(name, target)),
            *(_tool(name, target) for name in TOOLS if name in fixtures),
            *(_load(*load, target) for load in loads),
        ],
        "lacking": list(lacking),
    }


def calls_of(operations: Sequence[str], target: Target) -> Counter[str]:
    """About what the steps of operations call: ``component.step`` to how often; of one that waits at least once."""
    components = target.table.components.configured()
    tables = [target.table.operations[name] for name in operations if name in target.table.operations]
    steps = [step for table in tables for step in table.steps]
    return Counter(f"{step.on}.{step.do}" for step in steps if step.do in CALLING and step.on in components)


def _acts_of(name: str, target: Target) -> Iterator[dict[str, Any]]:
    """What an operation of the target does, step by step; nothing of one that it does not have."""
    table = target.table.operations.get(name)
    commands = target.table.components.app_command.commands if target.table.components.app_command else {}
    for step in table.steps if table else ():
        if step.do in UNDO:
            entry = _act(step.do, step.on, target)
            lasting = table is not None and table.lasting
            yield {**entry, "undo": f"{entry['undo']}, should a step fail"} if lasting else entry
        elif step.do == "run":
            words = _typed(commands[step.on].argv) if step.on in commands else "no such command"
            yield {"act": "run", "component": step.on, "what": words, "driver": "", "undo": _left(step), "touches": {}}
        elif step.do == "begin":
            what = f"work {step.work}{', to be refused' if step.refused else ''}"
            touches = dependents(target.table.components, step.on)
            yield {
                "act": "begin",
                "component": step.on,
                "what": what,
                "driver": "",
                "undo": _left(step),
                "touches": touches,
            }


def _left(step: Step) -> str:
    """What nothing takes back."""
    return f"none; what stays: {step.remains}" if step.remains else "none is needed"


def _typed(argv: Sequence[str]) -> str:
    """A command on one line; of a script that stands in it the beginning."""
    return excerpt(" ".join(shlex.join(argv).split()))


def _change(act: str, component: str, target: Target) -> Iterator[dict[str, Any]]:
    """What one act does, or what a fixture does by itself; of a disk that the source does not name, to each."""
    if act == DELETE:
        yield _deletion(component, target)
    elif act == CANARY:
        what, undo = "numbers under a name of their own", f"they are removed from {component} again"
        yield {"act": act, "component": component, "what": what, "driver": "", "undo": undo, "touches": {}}
    elif act in OF_DISKS:
        yield from (
            _ballast(act, name, target) for name in ([component] if component else target.table.ballast or [""])
        )
    else:
        yield _act(act, component, target)


def _ballast(act: str, name: str, target: Target) -> dict[str, Any]:
    """What is laid on a disk, or removed from it."""
    table = target.table.ballast.get(name)
    what, undo = "no ballast table", "none: nothing is attempted"
    if table:
        laid = f"a file of at most {worded(table.at_most)} on {table.what}, which leaves {table.leaves} free"
        what = laid if act == "fill" else f"that file on {table.what}"
        undo = OF_DISKS[act]
    driver = table.driver if table else ""
    return {"act": act, "component": name, "what": what, "driver": driver, "undo": undo, "touches": {}}


def _deletion(name: str, target: Target) -> dict[str, Any]:
    """What a clean-up deletes, or sets aside for a while."""
    files = target.table.components.files
    table = files.cleanups.get(name) if files else None
    what = "no such clean-up"
    if files and table:
        ages = {one: table.older_than or files.sets[one].drop for one in table.sets}
        what = ", ".join(f"{one} older than {spoken(age)}" for one, age in ages.items() if age)
    lasting = table is None or table.lasting
    act, undo = (DELETE, DELETED) if lasting else (SET_ASIDE, "all is put back at the end of the test")
    return {"act": act, "component": name, "what": what, "driver": "", "undo": undo, "touches": {}}


def _tool(name: str, target: Target) -> dict[str, Any]:
    """What a fixture does by itself."""
    act, role, what, undo = TOOLS[name]
    parts = target.table.components
    component = parts.serving(role) or role
    touches = dependents(parts, component)
    return {
        "act": act,
        "component": component,
        "what": what,
        "driver": "",
        "undo": undo.format(component),
        "touches": touches,
    }


def _load(component: str, operation: str, calls: int, target: Target) -> dict[str, Any]:
    """What load is put on a component, and what ends it."""
    guard = target.table.load.guard
    return {
        "act": "load",
        "component": component,
        "what": f"about {calls} calls: {operation}",
        "driver": "",
        "undo": f"none is needed: it ends by itself, or before where calls fail or {guard.component} is not well",
        "touches": dependents(target.table.components, component),
    }


def _act(act: str, component: str, target: Target) -> dict[str, Any]:
    part = target.table.components.configured().get(component)
    named = {**target.table.settings, **target.table.proxies, **target.table.cuts}
    control = part.control if part else named.get(component)
    if part and target.table.embedded:
        control = control_of(target, component)
    undo = "none: nothing is attempted" if component and control is None else UNDO[act].format(component or "it")
    return {
        "act": act,
        "component": component,
        "what": control.what if control else "no control table" if component else UNKNOWN,
        "driver": control.driver if control else "",
        "undo": undo,
        "touches": dependents(target.table.components, component) if part else {},
    }
