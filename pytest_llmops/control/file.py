"""Drives a setting that stands in a text file: its one value is replaced, and every other byte stays."""

from __future__ import annotations

import os
import re
import shlex
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmops.control.value import ValueDriver
from pytest_llmops.errors import ControlError

if TYPE_CHECKING:
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.settings import InFile


def driver(settings: InFile, target: Target) -> FileDriver:
    """The driver of a setting's table."""
    return FileDriver(settings, target)


class FileDriver(ValueDriver):
    """Reads the file anew each time, and puts a whole new one in its place."""

    def __init__(self, settings: InFile, target: Target) -> None:
        table = settings.resolved(target.root, target.environ)
        super().__init__(settings.what, table, target)
        self._path = Path(table.root) / table.file
        self._pattern = re.compile(table.pattern, re.MULTILINE)

    def read(self, within_s: float) -> str:
        """What stands in the pattern's group."""
        return self._found(self._text())[1]

    def write(self, value: str, within_s: float) -> None:
        """Replace it; mode and owner of the file stay, as does whatever stands around the value."""
        if "\n" in value:
            raise ControlError("", "refused", f"{self._path}: a value of several lines is not written.")
        text = self._text()
        start, end = self._found(text).span(1)
        new = f"{text[:start]}{value}{text[end:]}"
        if self._found(new)[1] != value:
            raise ControlError("", "refused", f"{self._path}: {self.control.pattern!r} would not find {value!r} again.")
        place = self._path.resolve()  # a link stays one
        part = place.with_name(f".{place.name}.llmops")
        try:
            before = place.stat()
            part.touch(0o600)
            part.write_text(new, encoding="utf-8", newline="")
            part.chmod(stat.S_IMODE(before.st_mode))
            if os.geteuid() == 0:
                os.chown(part, before.st_uid, before.st_gid)
            part.replace(place)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise ControlError("", "refused", f"{self._path} cannot be written: {error.strerror}.") from error

    def typed(self, value: str) -> str:
        """The editor, and what is to stand there."""
        return f"${{EDITOR:-vi}} {shlex.quote(str(self._path))}  # {self.control.pattern} is to be {value}"

    def _text(self) -> str:
        try:
            with self._path.open(encoding="utf-8", newline="") as file:
                return file.read()
        except FileNotFoundError:
            raise ControlError("", "absent", f"there is no file {self._path}.") from None
        except (OSError, UnicodeDecodeError) as error:
            raise ControlError("", "refused", f"{self._path} cannot be read: {error}.") from error

    def _found(self, text: str) -> re.Match[str]:
        found = list(self._pattern.finditer(text))
        if len(found) != 1:
            raise ControlError(
                "", "absent", f"{self._path}: {self.control.pattern!r} matches {len(found)} times, and should once."
            )
        return found[0]
