"""What the drivers of settings have in common: a setting is always there, and what is kept of it is its value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from pytest_llmops.control.driver import Ability, Status
from pytest_llmops.errors import ControlError, Unsupported, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target

LONGEST_SHOWN = 80


class SetDriver:
    """What all drivers share whose things are set, and neither stopped nor started.

    Args:
        what: what it acts on, for people.
        control: its table, all written out.

    Attributes:
        say: is told of its progress; nobody is, until whoever makes it puts somebody here.
    """

    can: ClassVar[frozenset[Ability]] = frozenset({"set"})

    def __init__(self, what: str, control: Any) -> None:
        self.what = what
        self.control = control
        self.say: Callable[[str], None] = lambda _line: None

    def logs(self, lines: int, within_s: float) -> list[str]:
        """Nothing of the kind writes any."""
        raise Unsupported(f"{self.what}: there are no logs.")

    def close(self) -> None:
        """Nothing is held."""


class ValueDriver(SetDriver, ABC):
    """Reads and writes one value; a subclass says how.

    Args:
        what: what it acts on, for people.
        control: its table, all written out.
        target: whose secrets no value may hold.
    """

    def __init__(self, what: str, control: Any, target: Target) -> None:
        super().__init__(what, control)
        self._secrets = {value for values in target.known_secrets().values() for value in values}

    @abstractmethod
    def read(self, within_s: float) -> str:
        """The value as it is."""

    @abstractmethod
    def write(self, value: str, within_s: float) -> None:
        """Set it."""

    @abstractmethod
    def typed(self, value: str) -> str:
        """How a person sets it."""

    def status(self, within_s: float) -> Status:
        """The value, as what is kept of it; it never goes into a journal where it holds a secret."""
        value = self.read(within_s)
        if any(secret in value for secret in self._secrets):
            raise ControlError("", "refused", f"{self.what} holds a secret, which is never written down.")
        return Status("running", detail=excerpt(value, LONGEST_SHOWN), kept={"value": value})

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Set the value that is handed over."""
        self.write(str(kept["value"]), within_s)

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """How a person sets that value."""
        return self.typed(str(kept.get("value", "")))
