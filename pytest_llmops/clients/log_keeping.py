"""How logs are kept: how large they are, how far they reach back, how they are rotated and put away."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.clients import below
from pytest_llmops.clients.app_command import AppCommands
from pytest_llmops.clients.archives import archived, folder
from pytest_llmops.clients.log_files import NEAR, Lines
from pytest_llmops.clients.log_lines import LineReader
from pytest_llmops.clients.log_rotation import LATE_S, Rotated, unkept, unrotated
from pytest_llmops.clients.log_runs import runs, without
from pytest_llmops.errors import Unsupported, Vacuous
from pytest_llmops.target.durations import DAY_S, spoken

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmops.clients.log_files import LogFile
    from pytest_llmops.clients.log_reading import LogReading
    from pytest_llmops.target.log_sources import Source

FREE_S = 7 * DAY_S
"""Within which a file must go that had to be kept for longer than its own log asks: cleaning may be weekly."""


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
        at_odds: a sentence where it must go sooner than another log in the same files may: it is then held to that one.
    """

    reach_s: float
    oldest_file_s: float
    rotated: int
    wrong: tuple[str, ...]
    at_odds: str = ""


def sizes(logs: LogReading) -> dict[str, Size]:
    """See `Logs.sizes`."""
    names = [name for name, table in logs.part.sources.items() if table.files and not table.at_least]
    if not names:
        raise Unsupported(f"{logs.component}: target {logs.target.name} has no log in files.")
    return {name: _size(logs, name) for name in names}


def retention(logs: LogReading, name: str) -> Retention:
    """See `Logs.retention`."""
    table = logs.source(name)
    if not (table.keep or table.drop or table.span or table.of_runs):
        raise Unsupported(f"{logs.component}: {name} has neither keep, drop nor span, so any retention is right.")
    files, now = logs.files(name), time.time()
    reach_s = logs.reach_s(name)
    ages = [(file.name, now - file.changed_at) for file in files]
    spans = [(file.name, _span_s(logs, name, file)) for file in files] if table.span else []
    held, at_odds = _held(logs, name, files)
    rotated = sum(file.rotated for file in files)
    lost = unkept(name, held, reach_s, _installed_s(logs), ages, rotated)
    wrong = (*lost, *unrotated(table, spans), *_unlogged(logs, name))
    return Retention(reach_s, max(0.0, ages[0][1]), rotated, wrong, at_odds)


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
    entry, trial = commands.text(table.entry), commands.run(table.trial)
    written = tuple(file.name for name in table.of for file in logs.files(name) if not file.rotated)
    return Rotated(entry, f"{trial.output}\n{trial.errors}", tuple(table.directives), written)


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


def _held(logs: LogReading, name: str, files: Sequence[LogFile]) -> tuple[Source, str]:
    """The table that a log's files are held to, and why it is not its own: another log in them is kept for longer."""
    table, own = logs.source(name), {file.path for file in files}
    longer = {
        other: one.keep
        for other, one in logs.part.sources.items()
        if table.drop and one.keep and one.keep > table.drop and one.files
        if own.intersection(below.found(logs.component, logs.root, one.files))
    }
    if not longer:
        return table, ""
    other = max(longer, key=lambda one: longer[one])
    said = (
        f"{name} must go after {spoken(table.drop or 0.0)}, and {other}, which stands in the same files, must be kept "
        f"for {spoken(longer[other])}"
    )
    return table.model_copy(update={"drop": longer[other] + FREE_S}), said


def _unlogged(logs: LogReading, name: str) -> list[str]:
    """That runs have nothing in a log that has something of each, in a sentence; only runs that it still keeps."""
    table = logs.source(name)
    if table.of_runs is None:
        return []
    event = logs.part.events[table.of_runs]
    since_s = max(0.0, table.drop - LATE_S) if table.drop else None
    made = runs(logs.read(event.source, since_s), re.compile(event.matches))
    silent = without(made, [entry.at for entry in logs.read(name) if entry.at is not None])
    if not silent:
        return []
    return [f"{name} has nothing of {len(silent)} of {len(made)} runs that were {table.of_runs}, last of {silent[-1]}"]


def _installed_s(logs: LogReading) -> float | None:
    """Age of the installation, where a file shows it."""
    shown = logs.part.installation
    found = below.found(logs.component, logs.root, [shown]) if shown else []
    return time.time() - min(path.stat().st_mtime for path in found) if found else None
