"""The incidents of a target: opened, answered, at an end, reviewed. Events in a file that only ever grows."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from pytest_llmops.state.folder import file_name, private, state_folder
from pytest_llmops.state.new_folder import new_folder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FOLDER = "incidents"
EVENTS = ("opened", "answered", "ended", "reviewed")


@dataclass
class Record:
    """One incident.

    Attributes:
        id: no other of the target has it.
        severity: as the runbook calls it.
        opened: when its condition was first seen, seconds since the epoch.
        what: the conditions that held, in the runbook's words.
        answered: when somebody answered; None where nobody has.
        ended: when its condition was first seen not to hold any more; None while it does.
        reviewed: when the post-incident document was there; None where it is not.
    """

    id: str
    severity: str
    opened: float
    what: tuple[str, ...] = ()
    answered: float | None = None
    ended: float | None = None
    reviewed: float | None = None


@dataclass
class Incidents:
    """The file of a target's incidents.

    A line that cannot be read, torn by whatever ended its writer, is left where it is and says nothing.

    Attributes:
        file: one JSON object a line.
        torn: how many lines could not be read.
    """

    file: Path
    torn: int = field(default=0, init=False)

    @classmethod
    def of(cls, state: Path, target: str) -> Incidents:
        """Those of a target.

        Args:
            state: the state folder.
            target: its name.
        """
        return cls(state / FOLDER / f"{file_name(target)}.jsonl")

    def records(self) -> list[Record]:
        """All of them, in the order in which they were opened."""
        found: dict[str, Record] = {}
        for event in self._events():
            name, at, known = event.get("event"), event.get("at"), found.get(str(event.get("id")))
            if not isinstance(at, int | float):
                self.torn += 1
            elif name == "opened" and known is None:
                what = tuple(str(one) for one in event.get("what", ()))
                record = Record(str(event["id"]), str(event.get("severity", "")), float(at), what)
                found[record.id] = record
            elif known is not None and name in EVENTS[1:] and getattr(known, name) is None:
                setattr(known, name, float(at))
        return list(found.values())

    def saw(self, severity: str, what: Iterable[str], at: float) -> bool:
        """Note that a severity's conditions hold: opens an incident unless one of it is open.

        Returns:
            Whether it was opened.
        """
        with self._lock():
            if any(one.severity == severity and one.ended is None for one in self.records()):
                return False
            self._append(
                {"event": "opened", "id": os.urandom(6).hex(), "severity": severity, "at": at, "what": list(what)}
            )
        return True

    def saw_none(self, severity: str, at: float) -> None:
        """Note that none of a severity's conditions holds: ends an incident of it that is open."""
        if not self.file.exists():
            return
        with self._lock():
            for record in self.records():
                if record.severity == severity and record.ended is None:
                    self._append({"event": "ended", "id": record.id, "at": at})

    def _events(self) -> Iterable[dict[str, Any]]:
        self.torn = 0
        text = self.file.read_text(encoding="utf-8", errors="replace") if self.file.exists() else ""
        for line in filter(str.strip, text.splitlines()):
            try:
                event = json.loads(line)
            except ValueError:
                event = None
            if isinstance(event, dict) and "id" in event:
                yield event
            else:
                self.torn += 1

    def _append(self, event: dict[str, Any]) -> None:
        with open(self.file, "a", encoding="utf-8", opener=private) as opened:
            begun = opened.tell()
            opened.write(("\n" if begun else "") + json.dumps(event) + "\n")  # after a torn line, too
            opened.flush()
            os.fsync(opened.fileno())

    def _lock(self) -> FileLock:
        if not self.file.parent.is_dir():
            if self.file.parent.name == FOLDER:
                state_folder(self.file.parent.parent)
            new_folder(self.file.parent, 0o700)
        return FileLock(self.file.with_name(f"{self.file.name}.lock"))
