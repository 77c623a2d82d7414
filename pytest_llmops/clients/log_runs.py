"""Runs of a batch job, each with a file of its own in one log, and whether each left something in another."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.target.moments import moment

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable

    from pytest_llmops.clients.log_entry import Entry


@dataclass(frozen=True, slots=True)
class Run:
    """What one file tells of.

    Attributes:
        file: its name, relative to the root.
        began, ended: its first entry and its last, in epoch seconds.
    """

    file: str
    began: float
    ended: float

    def __str__(self) -> str:
        return f"{self.file}, {moment(self.began)} to {moment(self.ended)}"


def runs(entries: Iterable[Entry], telling: re.Pattern[str]) -> list[Run]:
    """The runs of which the event is told, in the order of the log; what has no time is left out."""
    files: dict[str, list[float]] = {}
    told: set[str] = set()
    for entry in entries:
        if entry.at is None:
            continue
        files.setdefault(entry.file, []).append(entry.at)
        if entry.says(telling):
            told.add(entry.file)
    return [Run(file, min(times), max(times)) for file, times in files.items() if file in told]


def without(found: Iterable[Run], times: Iterable[float]) -> list[Run]:
    """The runs within which none of these moments lies."""
    ordered = sorted(times)
    return [one for one in found if bisect_left(ordered, one.began) == bisect_right(ordered, one.ended)]
