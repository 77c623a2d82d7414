"""Drives a part of the embedded sandbox, whose supervisor listens on a Unix socket."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pytest_llmops.control.asking import ask
from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.driver import Ability, Status
from pytest_llmops.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.control import Sandboxed
    from pytest_llmops.target.load import Target


def driver(settings: Sandboxed, target: Target) -> SandboxDriver:
    """The driver of a ``control`` table."""
    return SandboxDriver(settings, target.root)


class SandboxDriver:
    """Tells the supervisor, which answers at once: whether it came about is seen later."""

    def __init__(self, settings: Sandboxed, root: Path) -> None:
        self.what = settings.what
        self.control = settings.resolved(root, {})
        able = frozenset(get_args(Ability)) - {"set", "pull"}
        self.can: frozenset[Ability] = able - (frozenset() if settings.rolls else {"roll"})

    def status(self, within_s: float) -> Status:
        """As the supervisor sees it."""
        return Status(**self._asked("status", within_s))

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Tell it."""
        self._asked(act, within_s)

    def logs(self, lines: int, within_s: float) -> list[str]:
        """The newest lines of its log."""
        return [str(line) for line in self._asked("logs", within_s, lines)["lines"]]

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """What asks the same of the supervisor."""
        script = Path(__file__).with_name("asking.py")
        return shlex.join([sys.executable, "-I", "-S", str(script), self.control.socket, self.control.part, act])

    def close(self) -> None:
        """Nothing is held."""

    def _asked(self, do: str, within_s: float, lines: int = 0) -> dict[str, Any]:
        path, part = self.control.socket, self.control.part
        late = f"the sandbox at {path} did not answer within {within_s:.3g} s."
        try:
            said = Deadline(within_s).call(lambda: ask(path, part, do, within_s, lines), late)
        except TimeoutError:
            raise ControlError("", "timeout", late) from None
        except (OSError, ValueError) as error:
            raise ControlError("", "away", f"the sandbox at {path} does not answer: {error}.") from error
        if "error" in said:
            raise ControlError("", str(said["kind"]), str(said["error"]))
        return said
