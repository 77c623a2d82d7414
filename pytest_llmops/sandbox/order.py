"""The one line of JSON that starts a sandbox: read, and seen to hold together."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import TypeAdapter, ValidationError

from pytest_llmops.errors import ConfigError, did_you_mean
from pytest_llmops.sandbox import access, derived, faults, machine
from pytest_llmops.sandbox.engines import choice
from pytest_llmops.sandbox.stack import OUTSIDE, Stack
from pytest_llmops.sandbox.texts import within
from pytest_llmops.target.ballast import Ballast
from pytest_llmops.target.components import Components
from pytest_llmops.target.embedded import SERVING, Sandbox
from pytest_llmops.target.fault_proxies import Proxied
from pytest_llmops.target.settings import ByProgram, Setting


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
    known = (
        *("components", "sandbox", "settings", "faults", "engine", "channels"),
        *("directory", "keep", "parts", "addresses", "keys", "system_prompt", "proxies", "ballast"),
    )
    for key in order:
        if key not in known:
            raise ConfigError(f"the order has an unknown key {key!r}.{did_you_mean(key, known)}")
    engine = choice.check(order.get("engine", "synthetic"))
    try:
        components = Components.model_validate(order.get("components", {}))
        sandbox = Sandbox.model_validate(order.get("sandbox", {}))
        settings = TypeAdapter(dict[str, Setting]).validate_python(order.get("settings", {}))
        proxies = TypeAdapter(dict[str, Proxied]).validate_python(order.get("proxies", {}))
        ballast = TypeAdapter(dict[str, Ballast]).validate_python(order.get("ballast", {}))
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
        access.generate(components) | order.get("keys", {}),
        dict(order.get("addresses", {})),
        engine,
        tuple(order.get("channels", ())),
        settings,
        tuple(order.get("parts", ())),
        str(order.get("system_prompt", "")),
        proxies=proxies,
        ballast=ballast,
    )
    _check(stack)
    return Order(stack, given=bool(given), keeps_directory=bool(given) and bool(order.get("keep", True)))


def _told(problem: Any) -> str:
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"


def _check(stack: Stack) -> None:
    _check_parts(stack)
    if not stack.units:
        raise ConfigError("no component is configured, so there is nothing to start.")
    for fault in stack.faults:
        part = fault.partition(":")[0]
        if fault in faults.FAULTS and part not in _acted_on(stack):
            raise ConfigError(f"the fault {fault!r} acts on {part}, which this target does not have.")
    if stack.faults.number("llm:slow", 1.0) < 1 and not choice.ENGINES[stack.engine].hurries:
        raise ConfigError(f"the engine {stack.engine} cannot be made faster; give llm:slow a factor of 1 or more.")
    if (store := stack.components.redis) and store.auth and not store.auth.basic:
        raise ConfigError("the sandbox's Redis asks for user and password: components.redis.auth takes basic there.")
    _check_outside(stack)
    if stack.components.api is None:
        return
    routes = stack.components.api.routes
    for name in stack.sandbox.routes:
        if name not in routes:
            raise ConfigError(
                f"sandbox.routes.{name} has no components.api.routes.{name} beside it.{did_you_mean(name, routes)}"
            )


def _check_parts(stack: Stack) -> None:
    """Where only some are started, they are there, and the others have addresses."""
    for name in stack.only:
        known = (*stack.answering, *stack.sandbox.processes)
        if name not in known:
            raise ConfigError(f"parts names {name!r}, which this target does not have.{did_you_mean(name, known)}")
    if lacking := [name for name in stack.answering if stack.only and name not in stack.addresses]:
        raise ConfigError(f"parts are started alone where addresses says where all are; it lacks {', '.join(lacking)}.")


def _acted_on(stack: Stack) -> list[str]:
    """What the faults of the stack can act on."""
    disks = stack.ballast if "machine" in stack.outside else {}
    found = {"notify": stack.channels, "proxy": stack.proxies, "disk": disks}
    return [*stack.parts, *stack.watchers, *(name for name, there in found.items() if there)]


def _is_written_about(stack: Stack, name: str) -> bool:
    """Whether a process is the API's own, of which the profile only says what it writes."""
    process = stack.sandbox.processes.get(name)
    return name == "api" and process is not None and not process.routes


def _check_outside(stack: Stack) -> None:
    """What the profile says of commands, services, the machine and texts holds together."""
    commands = stack.components.app_command.commands if stack.components.app_command else {}
    for name in stack.sandbox.commands:
        if name not in commands:
            raise ConfigError(
                f"sandbox.commands.{name} has no components.app_command.commands.{name} beside it."
                f"{did_you_mean(name, commands)}"
            )
    for kind, named in (("services", stack.sandbox.services), ("processes", stack.sandbox.processes)):
        taken = [name for name in named if name in {*SERVING.values(), OUTSIDE} and not _is_written_about(stack, name)]
        if taken:
            raise ConfigError(f"sandbox.{kind}.{taken[0]}: the name of a part of the sandbox; call it otherwise.")
    components = stack.components.configured()
    for name in stack.sandbox.processes:
        if name in stack.sandbox.services:
            raise ConfigError(f"sandbox.processes.{name}: a service of that name is described already; leave out one.")
        if name not in components:
            raise ConfigError(
                f"sandbox.processes.{name} has no component {name} beside it.{did_you_mean(name, components)}"
            )
    _check_settings(stack)
    _check_proxies(stack)
    _check_ballast(stack)
    machine.check(stack.sandbox.machine)
    texts = {"commands", "files", "services", "processes", "log", "routes"}
    for text in within(stack.sandbox.model_dump(include=texts)):
        stack.texts.written(text)


def _check_proxies(stack: Stack) -> None:
    """Fault proxies stand between the API and other parts of the stack."""
    for name, proxy in stack.proxies.items():
        unit = stack.sandbox.unit_of(proxy.component)
        if proxy.asked_by != "api" or unit not in stack.parts or unit == "api":
            raise ConfigError(
                f"proxies.{name}: in the sandbox a proxy stands between the API and a part that it calls, "
                f"not between {proxy.asked_by} and {proxy.component}."
            )


def _check_ballast(stack: Stack) -> None:
    """What is filled is a folder of the sandbox, which has a size of its own: no disk of this machine is at stake."""
    for name, one in stack.ballast.items():
        if one.quota is None or PurePosixPath(one.folder).is_absolute():
            raise ConfigError(
                f"ballast.{name}: in the sandbox its folder is relative, and has a quota; found {one.folder!r}, "
                f"quota {one.quota}."
            )


def _check_settings(stack: Stack) -> None:
    """What the profile says of settings, and of their effects, holds together."""
    for name, setting in stack.settings.items():
        if isinstance(setting, ByProgram) and name not in stack.sandbox.settings:
            raise ConfigError(f"settings.{name} has no value in the sandbox; add sandbox.settings.{name} with ok.")
    for name, cases in stack.sandbox.settings.items():
        if not isinstance(stack.settings.get(name), ByProgram):
            raise ConfigError(
                f"sandbox.settings.{name} has no settings.{name} with driver = 'program' beside it."
                f"{did_you_mean(name, stack.settings)}"
            )
        if "ok" not in cases:
            raise ConfigError(f"sandbox.settings.{name} does not say what it is at first; add ok.")
    named = {"model_setting": [stack.sandbox.model_setting], "effects": [one.setting for one in stack.sandbox.effects]}
    for where, name in ((where, name) for where, names in named.items() for name in names if name):
        if name not in stack.settings:
            near = did_you_mean(name, stack.settings)
            raise ConfigError(f"sandbox.{where}: there is no setting {name!r}.{near}")
    for effect in stack.sandbox.effects:
        faults.parse(effect.faults, derived.table(stack.sandbox))
