"""Documents that a step of the runbook writes: dated, without secrets, never over one another."""

from __future__ import annotations

import datetime as dt
import json
import re
import time
import tomllib
from itertools import count
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pytest_llmops.errors import LlmopsError
from pytest_llmops.state.folder import private
from pytest_llmops.state.new_folder import new_folder
from pytest_llmops.state.whole import HALVES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmops.target.secrets import Redactor

FOLDER = "documents"
"""Of the reports' folder; in it one folder for each target."""

NAME = re.compile(r"[\w][\w.-]*\.[a-z]+")


def dated(stem: str, at: float) -> str:
    """A name with its time in UTC, as files of one kind sort by it: ``daily-summary_20261129T093600Z``."""
    return f"{stem}_{dt.datetime.fromtimestamp(at, dt.UTC):%Y%m%dT%H%M%SZ}"


def plain_name(stem: str) -> str:
    """A dated name without its time, as a person calls the document: ``daily-summary``."""
    return re.sub(r"_\d{8}T\d{6}Z(_\d+)?$", "", stem)


def folder_name(target: str) -> str:
    """A target's name as any system takes it for a folder's: ``sandbox%3Aaegis-rag``."""
    name = quote(target, safe="+@")
    return f"%2E{name[1:]}" if name.startswith(".") else name


class Documents:
    """What one check writes for people, below ``<reports>/documents/<target>/``, for their owner alone.

    Args:
        reports: the reports' folder.
        target: the target's name.
        redactor: knows the target's secrets.
        written: told each document, as a path relative to the reports' folder.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        reports: Path,
        target: str,
        redactor: Redactor,
        written: Callable[[str], None] = lambda _path: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._reports = reports
        self.folder = reports / FOLDER / folder_name(target)
        self._redactor = redactor
        self._written = written
        self._now = now

    def __repr__(self) -> str:
        return f"Documents({self.folder.name})"

    def write(self, name: str, text: str) -> Path:
        """Write a document in one step, without any secret; read it back with `read`.

        Args:
            name: of its kind, such as ``incident-report.md``; the time is put into it.
            text: all of it.

        Returns:
            The file, ``incident-report_20261129T093600Z.md``; with a number where that second has one already.

        Raises:
            LlmopsError: the name is no bare file name with an ending.
            OSError: it cannot be written.
        """
        if not NAME.fullmatch(name):
            raise LlmopsError(f"{name!r} cannot name a document; write for example 'daily-summary.md'.")
        stem, _, ending = name.rpartition(".")
        day = dated(stem, self._now())
        new_folder(self.folder.parent, 0o700)
        new_folder(self.folder, 0o700)
        for number in count(1):
            file = self.folder / f"{day}{f'_{number}' if number > 1 else ''}.{ending}"
            if self._put(file, self._redactor.clean(text)):
                self._written(file.relative_to(self._reports).as_posix())
                return file
        raise AssertionError  # count() has no end

    def read(self, document: Path) -> Any:
        """What stands in a document: parsed where its name ends in ``.json`` or ``.toml``, else the text.

        Raises:
            LlmopsError: it is not there, empty, or not what its ending says.
        """
        text = document.read_text(encoding="utf-8") if document.is_file() else ""
        if not text.strip():
            raise LlmopsError(f"{document.name} {'is empty' if document.is_file() else 'is not there'}.")
        parse: Callable[[str], Any] = {".json": json.loads, ".toml": tomllib.loads}.get(document.suffix, str)
        try:
            return parse(text)
        except ValueError as error:
            raise LlmopsError(f"{document.name} is no {document.suffix[1:].upper()}: {error}.") from None

    @staticmethod
    def _put(file: Path, text: str) -> bool:
        """Write a file that is not there yet; False where it is, or another process is about to write it."""
        part = file.with_name(f".{file.name}.part")
        try:
            with open(part, "x", encoding="utf-8", errors=HALVES, opener=private) as opened:
                opened.write(text)
        except FileExistsError:
            return False
        if file.exists():
            part.unlink()
            return False
        part.replace(file)
        return True
