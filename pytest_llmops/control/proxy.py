"""Drives a fault proxy: what it does with the connections that go through it is its value."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any

from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.value import ValueDriver
from pytest_llmops.errors import ConfigError, ControlError
from pytest_llmops.proxy.life import ask
from pytest_llmops.proxy.mode import mode_of

if TYPE_CHECKING:
    from pytest_llmops.target.fault_proxies import Proxied
    from pytest_llmops.target.load import Target


def driver(settings: Proxied, target: Target) -> ProxyDriver:
    """The driver of a proxy's table."""
    return ProxyDriver(settings, target)


class ProxyDriver(ValueDriver):
    """Tells the proxy, which does so at once and says what it does."""

    def __init__(self, settings: Proxied, target: Target) -> None:
        super().__init__(settings.what, settings.resolved(target.root, target.environ), target)

    def read(self, within_s: float) -> str:
        """Its mode: ``pass``, ``delay 2``."""
        return str(self._asked(None, within_s)["mode"])

    def write(self, value: str, within_s: float) -> None:
        """Have it do that."""
        try:
            mode_of(value)
        except ConfigError as error:
            raise ControlError("", "refused", str(error)) from None
        self._asked(value, within_s)

    def typed(self, value: str) -> str:
        """What tells it the same."""
        return shlex.join([sys.executable, "-m", "pytest_llmops.proxy", self.control.socket, value])

    def _asked(self, mode: str | None, within_s: float) -> dict[str, Any]:
        path = self.control.socket
        late = f"{self.what} did not say within {within_s:.3g} s what it does."
        try:
            said = Deadline(within_s).call(lambda: ask(path, mode, within_s), late)
        except TimeoutError:
            raise ControlError("", "timeout", late) from None
        except (OSError, ValueError) as error:
            raise ControlError(
                "", "away", f"{self.what} is not told anything at {path}: {error}. Start it: llmops proxy NAME."
            ) from error
        if "error" in said:
            raise ControlError("", "refused", str(said["error"]))
        return said
