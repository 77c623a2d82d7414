"""The one line of JSON that starts a sandbox: read, and seen to hold together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from pytest_llmops.errors import ConfigError, did_you_mean
from pytest_llmops.sandbox import access, derived, faults, machine
from pytest_llmops.sandbox.engines import choice
from pytest_llmops.sandbox.stack import OUTSIDE, SERVING, WATCH, Stack
from pytest_llmops.sandbox.texts import within
from pytest_llmops.target.components import Components
from pytest_llmops.target.embedded import Sandbox


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for on standard input.

    Attributes:
        stack: without addresses; its directory is empty where none was given.
        given: whether a directory was given.
        keeps_directory: whether it stays when the sandbox ends; one that was not given never does.
    """

    stack: Stack
    given: bool
    keeps_directory: bool


def read(line: str) -> Order:
    """Read the one line of JSON that starts a sandbox.

    Raises:
        ConfigError: it is not such a line; says what is wrong.
    """
    try:
        order = json.loads(line)
    except ValueError as error:
        raise ConfigError(f"the order on standard input is not a line of JSON: {error}.") from None
    if not isinstance(order, dict):
        raise ConfigError("the order on standard input is not a JSON object.")
    known = ("components", "sandbox", "faults", "directory", "keep", "engine", "channels")
    for key in order:
        if key not in known:
            raise ConfigError(f"the order has an unknown key {key!r}.{did_you_mean(key, known)}")
    engine = choice.check(order.get("engine", "synthetic"))
    try:
        components = Components.model_validate(order.get("components", {}))
        sandbox = Sandbox.model_validate(order.get("sandbox", {}))
    except ValidationError as error:
        raise ConfigError("; ".join(_told(problem) for problem in error.errors())) from None
    asked, given = order.get("faults", []), order.get("directory")
    if not isinstance(asked, list) or not all(isinstance(fault, str) for fault in asked):
        raise ConfigError(f"faults is a list of names such as ['llm:slow=3'], found {asked!r}.")
    stack = Stack(
        components,
        sandbox,
        faults.parse([*sandbox.faults, *asked], derived.table(sandbox)),
        Path(given) if given else Path(),
        access.generate(components),
        {},
        engine,
        tuple(order.get("channels", ())),
    )
    _check(stack)
    return Order(stack, given=bool(given), keeps_directory=bool(given) and bool(order.get("keep", True)))


def _told(problem: Any) -> str:
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"


def _check(stack: Stack) -> None:
    if not stack.parts:
        raise ConfigError("no component is configured, so there is nothing to start.")
    for fault in stack.faults:
        part = fault.partition(":")[0]
        if fault in faults.FAULTS and part not in _acted_on(stack):
            raise ConfigError(f"the fault {fault!r} acts on {part}, which this target does not have.")
    if stack.faults.number("llm:slow", 1.0) < 1 and not choice.ENGINES[stack.engine].hurries:
        raise ConfigError(f"the engine {stack.engine} cannot be made faster; give llm:slow a factor of 1 or more.")
    if stack.components.redis and stack.components.redis.auth:
        raise ConfigError("the sandbox's Redis asks for no password; leave components.redis.auth out.")
    _check_outside(stack)
    if stack.components.api is None:
        return
    known = stack.components.api.routes
    for name in stack.sandbox.routes:
        if name not in known:
            raise ConfigError(
                f"sandbox.routes.{name} has no components.api.routes.{name} beside it.{did_you_mean(name, known)}"
            )


def _acted_on(stack: Stack) -> list[str]:
    """What the faults of the stack can act on."""
    return [*stack.parts, *stack.watchers, *(["notify"] if stack.channels else [])]


def _check_outside(stack: Stack) -> None:
    """What the profile says of commands, services, the machine and texts holds together."""
    commands = stack.components.app_command.commands if stack.components.app_command else {}
    for name in stack.sandbox.commands:
        if name not in commands:
            raise ConfigError(
                f"sandbox.commands.{name} has no components.app_command.commands.{name} beside it."
                f"{did_you_mean(name, commands)}"
            )
    taken = [name for name in stack.sandbox.services if name in (*SERVING.values(), OUTSIDE, WATCH)]
    if taken:
        raise ConfigError(f"sandbox.services.{taken[0]}: the name of a part of the sandbox; call it otherwise.")
    machine.check(stack.sandbox.machine)
    for text in within(stack.sandbox.model_dump(include={"commands", "files", "services", "log"})):
        stack.texts.written(text)
