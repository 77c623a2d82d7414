"""The application's logs: read since a time, bounded, grouped, followed, and reported without secrets."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.clients import below
from pytest_llmops.clients.log_entries import Entries, merged
from pytest_llmops.clients.log_reading import LogReading
from pytest_llmops.clients.log_words import DAY_S
from pytest_llmops.errors import Unsupported, Vacuous

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.log_entries import Entry
    from pytest_llmops.clients.log_files import LogFile
    from pytest_llmops.clients.log_following import Following
    from pytest_llmops.clients.log_rotation import Rotated
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target


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


class Logs:
    """The application's logs, by the names of the target's ``sources``.

    Args:
        target: the deployment.
        component: its name there.
        ledger: where readings are counted.
    """

    def __init__(self, target: Target, component: str, ledger: Ledger) -> None:
        self._logs = LogReading(target, component, ledger)
        self.target = target
        self.component = component
        self.address = str(self._logs.root)

    def __repr__(self) -> str:
        return f"Logs({', '.join(self._logs.part.sources) or 'none'})"

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable: the folder is there, where files are named at all."""
        return [("reachable", self._look)]

    def close(self) -> None:
        """Forget what was read."""
        self._logs.forget()

    def has(self, source: str) -> bool:
        """Whether the target has a log of that name."""
        return source in self._logs.part.sources

    def entries(self, source: str, *, since_s: float | None = None, level: str = "", contains: str = "") -> Entries:
        """The entries of a log, oldest first.

        Args:
            source: its name.
            since_s: only those of so many last seconds.
            level: only those of this level and worse.
            contains: only those in which this regular expression is found, whatever its case.

        Raises:
            Unsupported: the target has no such log; or a time is asked for and it has none.
            CallFailed: ``absent``: no file is there; ``bad-answer``: none of its lines can be read; else what the
                command or the driver that hands it out came to.
        """
        whole = self._logs.read(source, since_s)
        found = whole.at_least(level) if level else whole
        return found.telling(re.compile(contains, re.IGNORECASE)) if contains else found

    def count(self, source: str, *, since_s: float | None = None, level: str = "", contains: str = "") -> int:
        """How many entries there are.

        Raises:
            Vacuous: the log has no entry at all of that time, so that none is of this kind tells nothing.
        """
        return len(self.entries(source, since_s=since_s, level=level, contains=contains).judged())

    def event(self, name: str, *, since_s: float | None = None) -> Entries:
        """The entries that tell of an event of the target's ``events``.

        Raises:
            Unsupported: the target has no such event.
        """
        events = self._logs.part.events
        if name not in events:
            raise Unsupported(self._logs.unknown("event", name, events))
        return self._logs.read(events[name].source, since_s).telling(re.compile(events[name].matches))

    def unended(
        self, begun: str, ended: str, by: str, *, since_s: float | None = None, grace_s: float = 900.0
    ) -> dict[str, Entry]:
        """What began and did not end, by the value of a field that both events have.

        Args:
            begun: event of a beginning.
            ended: event of an end.
            by: the field that tells which it is.
            since_s: only what began in so many last seconds.
            grace_s: what began later than so long ago may still be at work.

        Returns:
            The value to the entry of its newest beginning; empty where each has ended since.

        Raises:
            Unsupported: the target has no such event.
            Vacuous: nothing began in that time.
        """
        late = time.time() - grace_s
        began = self.event(begun, since_s=since_s)
        beginnings = {entry.fields.get(by): entry for entry in began if (entry.at or 0.0) < late}
        if not beginnings:
            raise Vacuous(
                f"{self.component}: no {begun} stands in the log of that time, so nothing could be left open."
            )
        ends = {entry.fields.get(by): entry for entry in self.event(ended, since_s=since_s)}
        return {
            str(key): entry
            for key, entry in beginnings.items()
            if key not in ends or (ends[key].at or 0.0) < (entry.at or 0.0)
        }

    def merged(self, *sources: str, since_s: float | None = None, level: str = "") -> Entries:
        """The entries of several logs, by time."""
        return merged([self.entries(source, since_s=since_s, level=level) for source in sources])

    def follow(
        self, source: str, seconds: float | None = None, *, during: Callable[[], object] = lambda: None
    ) -> Entries:
        """The entries that arrive while it is looked at.

        Args:
            source: which log.
            seconds: how long; without it the target's ``watch``. In a sandbox time is compressed.
            during: what is done once it is looked at, so that something happens.
        """
        following = self.following(source)
        during()
        following.wait((self._logs.part.watch if seconds is None else seconds) / self._pace)
        return self.arrived(following)

    def following(self, source: str) -> Following:
        """Where a log ends now; hand it to `arrived` for what has come since."""
        from pytest_llmops.clients.log_following import Following

        if self._logs.source(source).files:
            return Following(source, files=lambda: self._logs.files(source))
        return Following(source, lines=lambda: self._logs.handed_out(source))

    def arrived(self, following: Following) -> Entries:
        """The entries that have come since."""
        return self._logs.parsed(following.source, following.arrived())

    def reach_days(self, source: str) -> float:
        """How far a log reaches back, in days.

        Raises:
            Vacuous: it holds no time.
        """
        return self._reach_s(source) / DAY_S

    def newest_age_s(self, source: str) -> float:
        """How old its newest entry is.

        Raises:
            Vacuous: it holds no time.
        """
        reading = self._logs.read(source).reading
        if reading.newest_at is None:
            raise Vacuous(f"{self.component}: {source} holds no time, so its age cannot be told.")
        return max(0.0, reading.at - reading.newest_at)

    def files(self, source: str) -> list[LogFile]:
        """The files of a log, oldest first.

        Raises:
            Unsupported: it is none of files.
            CallFailed: ``absent``: there is none.
        """
        return self._logs.files(source)

    def rotated(self, source: str) -> list[LogFile]:
        """The files of a log that were rotated away, oldest first."""
        return [file for file in self.files(source) if file.rotated]

    def sizes(self) -> dict[str, Size]:
        """How large each log is that lies in files of this machine.

        Raises:
            Unsupported: none does.
        """
        tables = self._logs.part.sources
        names = [name for name, table in tables.items() if table.files and not table.at_least]
        if not names:
            raise Unsupported(f"{self.component}: target {self.target.name} has no log in files.")
        return {name: self._size(name) for name in names}

    def retention(self, source: str) -> Retention:
        """How far a log reaches back, against its ``keep`` and ``drop``.

        Raises:
            Unsupported: the target asks for neither.
            Vacuous: it holds no time.
        """
        from pytest_llmops.clients.log_rotation import unkept

        table = self._logs.source(source)
        if not table.keep and not table.drop:
            raise Unsupported(f"{self.component}: {source} has neither keep nor drop, so any retention is right.")
        files = self.files(source)
        now = time.time()
        reach_s = self._reach_s(source)
        ages = [(file.name, now - file.changed_at) for file in files]
        wrong = unkept(source, table, reach_s, self._installed_s(), ages)
        return Retention(reach_s, max(0.0, ages[0][1]), sum(file.rotated for file in files), wrong)

    def archive(self, source: str) -> Path:
        """Put the rotated files of a log into one ``.tar.gz`` of this month in the state folder; they stay themselves.

        Raises:
            Vacuous: none was rotated.
            CallFailed: the archive does not hold all of them afterwards.
        """
        from pytest_llmops.clients.archives import archived, folder

        files = self.rotated(source)
        if not files:
            raise Vacuous(f"{self.component}: no file of {source} was rotated yet, so there is nothing to archive.")
        month = time.strftime("%Y-%m", time.gmtime())
        place = folder(self.target, "archives") / f"{source}-{month}.tar.gz"
        return archived(self.component, place, {file.name: file.path for file in files})

    def rotation(self) -> Rotated:
        """Logrotate's configuration of these logs, and what its debug run says.

        Raises:
            Unsupported: the target does not say how it is shown.
        """
        from pytest_llmops.clients.app_command import AppCommands
        from pytest_llmops.clients.log_rotation import Rotated

        table = self._logs.part.rotation
        if table is None:
            raise Unsupported(f"{self.component}: target {self.target.name} has no table rotation.")
        commands = AppCommands(self.target, "app_command", self._logs.ledger)
        trial = commands.run(table.trial)
        return Rotated(commands.text(table.entry), f"{trial.output}\n{trial.errors}", tuple(table.directives))

    @property
    def _pace(self) -> float:
        """How much faster time goes by here: in a sandbox it is compressed."""
        table = self.target.table
        declared = self.target.config.targets.get(self.target.name, table)
        return table.sandbox.compress if declared.embedded else 1.0

    def _look(self) -> None:
        if any(source.files for source in self._logs.part.sources.values()):
            below.there(self.component, self._logs.root)

    def _size(self, name: str) -> Size:
        files = self.files(name)
        megabytes = sum(file.bytes for file in files) / 1e6
        oldest = self._logs.oldest_at(name)
        days = None if oldest is None else max(1.0, (time.time() - oldest) / DAY_S)
        return Size(megabytes, len(files), megabytes / days if days else None)

    def _reach_s(self, name: str) -> float:
        oldest = self._logs.oldest_at(name)
        if oldest is None:
            raise Vacuous(f"{self.component}: {name} holds no time, so how far it reaches back cannot be told.")
        return max(0.0, time.time() - oldest)

    def _installed_s(self) -> float | None:
        """Age of the installation, where a file shows it."""
        shown = self._logs.part.installation
        found = below.found(self.component, self._logs.root, [shown]) if shown else []
        return time.time() - min(path.stat().st_mtime for path in found) if found else None
