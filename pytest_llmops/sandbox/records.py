"""What the API writes of its calls, in files of the application, and what a deletion leaves of it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pytest_llmops.target import templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.target.embedded import Record

NOBODY = "deleted-user"
"""Stands where the id of a user was."""


class Records:
    """The profile's records.

    Args:
        stack: below whose folder of files they lie.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._records = stack.sandbox.records

    def write(self, route: str, values: Mapping[str, Any]) -> None:
        """Add a line to each record of a route's calls; what a call did not say, or come to, is null there."""
        for record in self._records.values():
            if route in record.routes:
                unsaid = dict.fromkeys(word for _, word in templates.placeholders(record.line))
                file = self._stack.root / str(templates.render(record.file, values))
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("a", encoding="utf-8") as open_file:
                    open_file.write(json.dumps(templates.render(record.line, {**unsaid, **values})) + "\n")

    def forget(self, user: str) -> dict[str, int]:
        """Delete what is of a user; the number of lines by ``deleted_NAME``, 0 of one that a fault spares."""
        return {f"deleted_{name}": self._forgotten(name, record, user) for name, record in self._records.items()}

    def _forgotten(self, name: str, record: Record, user: str) -> int:
        if f"api:keeps-{name}" in self._stack.faults:
            return 0
        return sum(_without(file, user, redacts=record.deletion == "redacts") for file in self._files(record))

    def _files(self, record: Record) -> Iterator[Path]:
        yield from self._stack.root.glob(re.sub(r"\{\w+\}", "*", record.file))


def _without(file: Path, user: str, *, redacts: bool) -> int:
    """Take a user out of a file, which goes when nothing is left in it; how many lines were the user's."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    theirs = [line for line in lines if user in line]
    if not theirs:
        return 0
    left = [line.replace(user, NOBODY) for line in lines] if redacts else [line for line in lines if user not in line]
    if left:
        file.write_text("".join(left), encoding="utf-8")
    else:
        file.unlink()
    return len(theirs)
