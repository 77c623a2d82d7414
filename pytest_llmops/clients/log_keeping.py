"""How logs are kept: how large they are, how far they reach back, how they are rotated and put away."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.clients import below
from pytest_llmops.clients.app_command import AppCommands
from pytest_llmops.clients.archives import archived, folder
from pytest_llmops.clients.log_files import NEAR, Lines
from pytest_llmops.clients.log_lines import LineReader
from pytest_llmops.clients.log_rotation import Rotated, unkept, unrotated
from pytest_llmops.clients.log_words import DAY_S
from pytest_llmops.errors import Unsupported, Vacuous

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.clients.log_files import LogFile
    from pytest_llmops.clients.log_reading import LogReading


@dataclass(frozen=True, slots=True)
class Size:
    """How large a log is.

    Attributes:
        megabytes: on disk, rotated files included.
        files: how many they are.
        per_day: megabytes that came in a day, over its whole reach; None where it holds no time.
    """

    megabytes: float
    files: int
    per_day: float | None


@dataclass(frozen=True, slots=True)
class Retention:
    """How far a log reaches back, and whether that is what was asked for.

    Attributes:
        reach_s: age of its oldest entry.
        oldest_file_s: time since its oldest file was last written.
        rotated: how many files of it were rotated away.
        wrong: sentences of what is not as asked.
    """

    reach_s: float
    oldest_file_s: float
    rotated: int
    wrong: tuple[str, ...]


def sizes(logs: LogReading) -> dict[str, Size]:
    """See `Logs.sizes`."""
    names = [name for name, table in logs.part.sources.items() if table.files and not table.at_least]
    if not names:
        raise Unsupported(f"{logs.component}: target {logs.target.name} has no log in files.")
    return {name: _size(logs, name) for name in names}


def retention(logs: LogReading, name: str) -> Retention:
    """See `Logs.retention`."""
    table = logs.source(name)
    if not (table.keep or table.drop or table.span):
        raise Unsupported(f"{logs.component}: {name} has neither keep, drop nor span, so any retention is right.")
    files, now = logs.files(name), time.time()
    reach_s = logs.reach_s(name)
    ages = [(file.name, now - file.changed_at) for file in files]
    spans = [(file.name, _span_s(logs, name, file)) for file in files] if table.span else []
    wrong = (*unkept(name, table, reach_s, _installed_s(logs), ages), *unrotated(table, spans))
    return Retention(reach_s, max(0.0, ages[0][1]), sum(file.rotated for file in files), wrong)


def archive(logs: LogReading, name: str) -> Path:
    """See `Logs.archive`."""
    files = [file for file in logs.files(name) if file.rotated]
    if not files:
        raise Vacuous(f"{logs.component}: no file of {name} was rotated yet, so there is nothing to archive.")
    month = time.strftime("%Y-%m", time.gmtime())
    place = folder(logs.target, "archives") / f"{name}-{month}.tar.gz"
    return archived(logs.component, place, {file.name: file.path for file in files})


def rotation(logs: LogReading) -> Rotated:
    """See `Logs.rotation`."""
    table = logs.part.rotation
    if table is None:
        raise Unsupported(f"{logs.component}: target {logs.target.name} has no table rotation.")
    commands = AppCommands(logs.target, "app_command", logs.ledger)
    trial = commands.run(table.trial)
    return Rotated(commands.text(table.entry), f"{trial.output}\n{trial.errors}", tuple(table.directives))


def _size(logs: LogReading, name: str) -> Size:
    files = logs.files(name)
    megabytes = sum(file.bytes for file in files) / 1e6
    oldest = logs.oldest_at(name)
    days = None if oldest is None else max(1.0, (time.time() - oldest) / DAY_S)
    return Size(megabytes, len(files), megabytes / days if days else None)


def _span_s(logs: LogReading, name: str, file: LogFile) -> float:
    """The time between a file's first entry and its last; 0 where it has none."""
    ending = LineReader(logs.source(name), name).entries(Lines([file], NEAR), headless=True)
    last = max((entry.at for entry in ending if entry.at is not None), default=None)
    first = None if last is None else logs.first_at(name, file)
    return 0.0 if last is None or first is None else max(0.0, last - first)


def _installed_s(logs: LogReading) -> float | None:
    """Age of the installation, where a file shows it."""
    shown = logs.part.installation
    found = below.found(logs.component, logs.root, [shown]) if shown else []
    return time.time() - min(path.stat().st_mtime for path in found) if found else None
