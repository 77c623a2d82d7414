"""What a target lacks that an operation's steps need: looked at before the first of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from pytest_llmops.clients import jobs
from pytest_llmops.errors import ControlError, Unsupported, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.control.change import Change
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.operations import Step

ACTS = frozenset({"stop", "start", "restart", "roll", "kill", "pause", "resume"})

WORK = frozenset({"begin", "finish"})
"""Steps that hand work to a service, and wait for it."""


def lacking(steps: Iterable[Step], target: Target, change: Change, commands: AppCommands | None) -> Iterator[str]:
    """What is not there, or cannot be acted on, in sentences without a full stop.

    Args:
        steps: of the operation.
        target: with addresses.
        change: would make the changes.
        commands: the application's; None where the target has none.

    Raises:
        ControlError: a setting is there, and cannot be read.
    """
    parts, settings = target.table.components.configured(), target.table.settings
    for step in steps:
        if step.do in ACTS and step.on not in parts:
            yield f"there is no component {step.on!r} to {step.do}.{did_you_mean(step.on, parts)}"
        elif step.do == "set" and step.on not in settings:
            yield f"there is no setting {step.on!r}.{did_you_mean(step.on, settings)}"
        elif step.do in {*ACTS, "set"}:
            yield from _unable(step, change)
        elif step.do == "check" and step.on not in {*parts, *settings}:
            yield f"there is neither a component nor a setting {step.on!r} to check"
        routes = getattr(parts.get(step.on), "routes", {})
        needed = (jobs.FILES, jobs.START, jobs.JOB) if step.do in WORK else filter(None, (step.route,))
        for route in needed:
            if route not in routes:
                yield f"{step.on} has no route {route!r} to {step.do}.{did_you_mean(route, routes)}"
        asked = [step.on] if step.do == "run" else [step.printed_by] if step.printed_by else []
        for command in asked:
            if commands is None or not commands.has(command):
                yield f"there is no command {command!r} that works"


def _unable(step: Step, change: Change) -> Iterator[str]:
    """Why a component or a setting that is there cannot be acted on."""
    try:
        change.can(cast("Any", step.do), step.on)
        if step.do == "set":
            change.status(step.on)
    except (Unsupported, ControlError) as error:
        if step.do == "set" and isinstance(error, ControlError) and error.kind != "absent":
            raise
        yield str(error).rstrip(".")
