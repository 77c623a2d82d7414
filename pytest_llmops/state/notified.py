"""When each channel of a target last took a message: a test message is sent once in a while, not in every run."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from filelock import FileLock

from pytest_llmops.state.folder import file_name, state_folder
from pytest_llmops.state.new_folder import new_folder
from pytest_llmops.state.whole import put

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "notified"


class Notified:
    """The file of a target. Lost or torn, it costs one message more.

    Args:
        state: the state folder.
        target: its name.
    """

    def __init__(self, state: Path, target: str) -> None:
        self.file = state / FOLDER / f"{file_name(target)}.json"

    def at(self, channel: str) -> float | None:
        """When the channel last took a message, seconds since the epoch; None where that is not known."""
        return self._known().get(channel)

    def note(self, channel: str, at: float) -> None:
        """Note that it took one."""
        state_folder(self.file.parent.parent)
        new_folder(self.file.parent, 0o700)
        with FileLock(self.file.with_name(f"{self.file.name}.lock")):
            put(self.file, json.dumps(self._known() | {channel: at}), lasting=True)

    def _known(self) -> dict[str, float]:
        try:
            known = json.loads(self.file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        pairs = known.items() if isinstance(known, dict) else ()
        return {str(channel): float(at) for channel, at in pairs if isinstance(at, int | float)}
