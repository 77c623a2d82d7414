"""The values of the profile's settings: in a file of the stack, or where they stand in the application's own files."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from pytest_llmops.target.settings import InFile

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.sandbox.stack import Stack


STARTS = "starts"
"""How often a process has started, beside the values with which it did."""

_ANEW = re.compile(r"\{anew (\w+)\? ([^{}|]*)\|([^{}|]*)\}")


class Settings:
    """The settings of one stack; each process of it reads them anew whenever it wants to know.

    Args:
        stack: whose.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._file = stack.directory / "settings.json"
        self._began = stack.directory / "settings-began.json"

    def lay(self) -> None:
        """Write down what each is at the start, in the case that the faults say."""
        self._file.write_text(json.dumps({name: self._first(name) for name in self._stack.sandbox.settings}), "utf-8")

    def changed(self, name: str) -> bool:
        """Whether a setting is another than it was at the start."""
        return self.read(name) != self._first(name)

    def _first(self, name: str) -> str:
        """A setting's value at the start, in the case that the faults say."""
        cases = self._stack.sandbox.settings[name]
        asked = [case for case in self._stack.asked_of(name) if case in cases]
        return cases[asked[-1] if asked else "ok"]

    def read(self, name: str) -> str:
        """The value of a setting as it is now; of a file where it does not stand, nothing."""
        table = self._stack.settings[name]
        if not isinstance(table, InFile):
            return str(self._values().get(name, ""))
        file = self._stack.root / table.file
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        found = re.search(table.pattern, text, re.MULTILINE)
        return found[1] if found else ""

    def write(self, name: str, value: str) -> None:
        """Set it; a command that is ignored changes nothing."""
        if f"{name}:ignored" in self._stack.faults:
            return
        _replace(self._file, {**self._values(), name: value})

    def now(self) -> dict[str, str]:
        """All values as they are now, by their names in texts of the profile: ``{setting.NAME}``."""
        return {f"setting.{name}": self.read(name) for name in self._stack.settings}

    def begins(self, unit: str) -> None:
        """Write down with which values a process starts, and for which time."""
        noted = self._noted()
        starts = int(noted.get(unit, {}).get(STARTS, 0)) + 1
        _replace(self._began, {**noted, unit: {**self.now(), STARTS: str(starts)}})

    def shown(self) -> dict[str, str]:
        """What texts of the profile may name: also ``{setting.NAME@UNIT}``, as that process read it at its start."""
        read = {f"{name}@{unit}": value for unit, values in self._noted().items() for name, value in values.items()}
        return {**self.now(), **read}

    def by_starts(self, text: str) -> str:
        """A text in which ``{anew UNIT? ONE|OTHER}`` is the one once that process was started anew, else the other."""
        noted = self._noted()
        return _ANEW.sub(lambda found: found[2 if int(noted.get(found[1], {}).get(STARTS, 0)) > 1 else 3], text)

    def faults(self, *, at_once: bool = False) -> list[str]:
        """The faults that the values bring with them, as the profile's ``effects`` say.

        Args:
            at_once: whether only those are asked for that nothing has to be started for.
        """
        return [
            fault
            for effect in self._stack.sandbox.effects
            if (effect.at_once or not at_once) and f"{effect.setting}:unread" not in self._stack.faults
            if re.fullmatch(effect.value, self.read(effect.setting))
            for fault in effect.faults
        ]

    def _values(self) -> dict[str, str]:
        values: dict[str, str] = json.loads(self._file.read_text(encoding="utf-8"))
        return values

    def _noted(self) -> dict[str, dict[str, str]]:
        noted: dict[str, dict[str, str]] = json.loads(self._began.read_text()) if self._began.is_file() else {}
        return noted


def _replace(file: Path, values: object) -> None:
    """Write a file anew: whoever reads it meanwhile has the one or the other."""
    part = file.with_suffix(".part")
    part.write_text(json.dumps(values), encoding="utf-8")
    part.replace(file)
