"""From a component's ``control`` table to the hands on it; a driver's library is imported when it is first needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from pytest_llmops.control.hands import Hands
from pytest_llmops.errors import NotInstalled, Unsupported

if TYPE_CHECKING:
    from pytest_llmops.control.driver import Driver
    from pytest_llmops.target.control import Control
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Valued

Makers = Mapping[str, "Callable[[Any, Target, Callable[[str], None]], Driver]"]
"""Driver to what makes it of its table, its target and whoever is told of its progress."""

NONE: Makers = {}

EXTRAS = {"docker": "docker", "compose": "docker", "kubernetes": "kubernetes"}
"""The package that a driver needs; its extra is called the same."""


def hands_on(target: Target, component: str) -> Hands:
    """The hands on a component, a setting, a fault proxy, a disk with ballast, or a cut.

    Raises:
        ConfigError: the target has none of that name.
        NotInstalled: the driver's extra is not.
        Unsupported: the component has no ``control`` table.
    """
    if component in target.table.settings:
        return hands_by(target.table.settings[component], target, component)
    if component in target.table.proxies:
        return hands_by(target.table.proxies[component], target, component)
    if component in target.table.ballast:
        return hands_by(target.table.ballast[component].named(), target, component)
    if component in target.table.cuts:
        return hands_by(target.table.cuts[component].named(), target, component)
    control = target.component(component).control
    embedded = target.config.targets.get(target.name, target.table).embedded
    if embedded and (control is None or control.driver != "sandbox"):
        raise Unsupported(
            f"{target.name} is embedded, and no process of its sandbox stands for {component}; "
            f"describe one: [targets.{target.name}.sandbox.processes.{component}]"
        )
    if control is None:
        raise Unsupported(
            f"{target.where} says no way to stop or start {component}; "
            f"give it one: [targets.{target.name}.components.{component}.control] driver = …"
        )
    return hands_by(control, target, component)


def hands_by(
    control: Control | Valued,
    target: Target,
    component: str,
    makers: Makers = NONE,
    say: Callable[[str], None] = lambda _line: None,
) -> Hands:
    """The hands on a component or a setting by a table that need not stand in the file any more.

    Args:
        control: the driver's table.
        target: from whose root paths resolve, and in whose environment secrets are.
        component: its name.
        makers: of drivers that live above this room.
        say: is told of a driver's progress.

    Raises:
        NotInstalled: the driver's extra is not.
    """
    extra = EXTRAS.get(control.driver)
    if extra and find_spec(extra) is None:
        raise NotInstalled(
            f"driver {control.driver!r} needs the {extra} package: run pip install 'pytest-llmops[{extra}]'."
        )
    driver: Driver
    if control.driver in makers:
        driver = makers[control.driver](control, target, say)
    else:
        driver = import_module(f"pytest_llmops.control.{control.driver}").driver(control, target)
    return Hands(component, driver, control.deadline)
