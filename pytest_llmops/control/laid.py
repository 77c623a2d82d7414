"""Drives a folder of ours beside an application's files: made before anything is laid into it, and gone afterwards."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.control.driver import Status
from pytest_llmops.control.value import SetDriver
from pytest_llmops.errors import ControlError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.control.driver import Act
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import Laid


def driver(settings: Laid, target: Target) -> LaidDriver:
    """The driver of such a folder."""
    return LaidDriver(settings, target)


class LaidDriver(SetDriver):
    """One folder; what is kept of it is whether it is there. It is made empty, for its owner alone."""

    def __init__(self, settings: Laid, target: Target) -> None:
        super().__init__(settings.what, settings.resolved(target.root, target.environ))
        self._path = Path(self.control.root) / self.control.folder

    def status(self, within_s: float) -> Status:
        """Whether it is there."""
        there = os.path.lexists(self._path)
        return Status("running", detail="there" if there else "not there", kept={"there": there})

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Make it, or remove it with all that is in it; no link is followed.

        Raises:
            ControlError: it cannot be; says why.
        """
        try:
            self._path.mkdir(mode=0o700) if kept["there"] else shutil.rmtree(self._path)
        except OSError as error:
            said = f"{error.filename or self._path}: {error.strerror or error}"
            done = "made" if kept["there"] else "removed"
            raise ControlError("", "refused", f"{said}; {self._path} is not {done}.") from error

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """How a person removes it."""
        return f"rm -r {shlex.quote(str(self._path))}"
