"""From a component's ``control`` table to the hands on it; a driver's library is imported when it is first needed."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from pytest_llmops.control.hands import Hands
from pytest_llmops.errors import ConfigError, Unsupported

if TYPE_CHECKING:
    from pytest_llmops.control.driver import Driver
    from pytest_llmops.target.control import Control
    from pytest_llmops.target.load import Target

EXTRAS = {"docker": "docker", "compose": "docker", "kubernetes": "kubernetes"}
"""The package that a driver needs; its extra is called the same."""


def hands_on(target: Target, component: str) -> Hands:
    """The hands on a component.

    Raises:
        ConfigError: the target has no such component, or the driver's extra is not installed.
        Unsupported: the component has no ``control`` table.
    """
    control = target.component(component).control
    if control is None and target.config.targets.get(target.name, target.table).embedded:
        raise Unsupported(
            f"{target.name} is embedded, and no single part of the sandbox can be stopped or started yet, "
            f"{component} neither; make it sick by --llmops-sandbox-fault."
        )
    if control is None:
        raise Unsupported(
            f"{target.where} says no way to stop or start {component}; "
            f"give it one: [targets.{target.name}.components.{component}.control] driver = …"
        )
    return hands_by(control, target, component)


def hands_by(control: Control, target: Target, component: str) -> Hands:
    """The hands on a component by a table that need not stand in the file any more.

    Args:
        control: the driver's table.
        target: from whose root paths resolve, and in whose environment secrets are.
        component: its name.

    Raises:
        ConfigError: the driver's extra is not installed.
    """
    extra = EXTRAS.get(control.driver)
    if extra and find_spec(extra) is None:
        raise ConfigError(
            f"driver {control.driver!r} needs the {extra} package: run pip install 'pytest-llmops[{extra}]'."
        )
    module = import_module(f"pytest_llmops.control.{control.driver}")
    driver: Driver = module.driver(control, target)
    return Hands(component, driver, control.deadline)
