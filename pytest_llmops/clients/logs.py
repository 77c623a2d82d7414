"""The application's logs: read since a time, bounded, grouped, followed, and reported without secrets."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from pytest_llmops.clients import below
from pytest_llmops.clients.log_entries import Entries, merged
from pytest_llmops.clients.log_reading import LogReading
from pytest_llmops.errors import CallFailed, Vacuous
from pytest_llmops.target.durations import DAY_S, spoken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.log_entry import Entry
    from pytest_llmops.clients.log_files import LogFile
    from pytest_llmops.clients.log_following import Following
    from pytest_llmops.clients.log_handover import Handover
    from pytest_llmops.clients.log_keeping import Retention, Size
    from pytest_llmops.clients.log_rotation import Rotated
    from pytest_llmops.clients.log_unended import Unended
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target

AHEAD_S = 60.0
"""By how much the clocks of two machines may differ before an entry is of the future."""


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

    def sources(self) -> list[str]:
        """The names of the target's logs."""
        return list(self._logs.part.sources)

    def raw(self, source: str, most: int = 2000) -> list[str]:
        """The newest lines of a log as they stand, whatever its table leaves out of them: to be searched, never shown.

        Args:
            source: its name.
            most: so many at most.

        Raises:
            Unsupported, CallFailed: as of :meth:`entries`.
        """
        return self._logs.raw(source, most)

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

    def event(self, name: str, *, since_s: float | None = None, among: Entries | None = None) -> Entries:
        """The entries that tell of an event of the target's ``events``.

        Args:
            name: of the event.
            since_s: how far back it is looked for.
            among: the entries of its log in which it is looked for, in place of what stands there.

        Raises:
            Unsupported: the target has no such event.
        """
        event = self._logs.named("event", name, self._logs.part.events)
        found = self._logs.read(event.source, since_s) if among is None else among
        return found.telling(re.compile(event.matches))

    def unended(
        self,
        begun: str,
        ended: str,
        by: str,
        *,
        in_each_file: bool = False,
        since_s: float | None = None,
        grace_s: float = 900.0,
    ) -> list[Unended]:
        """What began and did not end, by the value of a field that both events have.

        Args:
            begun: event of a beginning.
            ended: event of an end.
            by: the field that tells which it is.
            in_each_file: whether a file is a run of its own, in which the same value is something else: an end in
                another file is then no end.
            since_s: only what began in so many last seconds.
            grace_s: what began later than so long ago may still be at work.

        Returns:
            The newest beginning of each; empty where each has ended since.

        Raises:
            Unsupported: the target has no such event.
            Vacuous: nothing began in that time.
        """
        from pytest_llmops.clients.log_unended import unended

        beginnings = self._begun(begun, since_s, grace_s)
        if not beginnings:
            raise Vacuous(
                f"{self.component}: no {begun} stands in the log of that time, so nothing could be left open."
            )
        ends = self.event(ended, since_s=since_s)
        return unended(beginnings, ends, _which(by, in_each_file=in_each_file), self._logs.clean)

    def durations(
        self,
        begun: str,
        ended: str,
        by: str,
        *,
        in_each_file: bool = False,
        since_s: float | None = None,
        earlier_than_s: float = 0.0,
    ) -> list[float]:
        """Seconds from each beginning to its end, in the order in which they began; what did not end is none of them.

        Args:
            begun: event of a beginning.
            ended: event of an end.
            by: the field that tells which it is.
            in_each_file: whether a file is a run of its own, as in :meth:`unended`.
            since_s: only what began in so many last seconds.
            earlier_than_s: only what began earlier than so long ago.

        Raises:
            Unsupported: the target has no such event.
            Vacuous: nothing began and ended in that time.
        """
        from pytest_llmops.clients.log_unended import durations

        beginnings = self._begun(begun, since_s, earlier_than_s)
        found = durations(beginnings, self.event(ended, since_s=since_s), _which(by, in_each_file=in_each_file))
        if not found:
            raise Vacuous(f"{self.component}: no {begun} with its {ended} stands in the log of that time.")
        return found

    def _begun(self, event: str, since_s: float | None, earlier_than_s: float) -> list[Entry]:
        """The entries of an event that are older than so many seconds."""
        late = time.time() - earlier_than_s
        return [entry for entry in self.event(event, since_s=since_s) if (entry.at or 0.0) < late]

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
        following.wait((self._logs.part.watch if seconds is None else seconds) / self.target.table.faster)
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
        return self._logs.reach_s(source) / DAY_S

    def newest_age_s(self, source: str) -> float:
        """How old its newest entry is.

        Raises:
            Vacuous: it holds no time.
            CallFailed: ``bad-answer``: it is of the future, so how old it is cannot be told.
        """
        reading = self._logs.read(source).reading
        if reading.newest_at is None:
            raise Vacuous(f"{self.component}: {source} holds no time, so its age cannot be told.")
        if reading.newest_at - reading.at > AHEAD_S:
            raise CallFailed(
                self.component,
                "bad-answer",
                f"{self.component}: the newest entry of {source} is of {spoken(reading.newest_at - reading.at)} from "
                f"now; give components.logs.sources.{source}.timezone the zone of its times, or set the clock.",
            )
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
        from pytest_llmops.clients.log_keeping import sizes

        return sizes(self._logs)

    def retention(self, source: str) -> Retention:
        """How far a log reaches back, and how long its files go on, against its ``keep``, ``drop`` and ``span``.

        Raises:
            Unsupported: the target asks for none of them.
            Vacuous: it holds no time.
        """
        from pytest_llmops.clients.log_keeping import retention

        return retention(self._logs, source)

    def archive(self, source: str) -> Path:
        """Put the rotated files of a log into one ``.tar.gz`` of this month in the state folder; they stay themselves.

        Raises:
            Vacuous: none was rotated.
            CallFailed: the archive does not hold all of them afterwards.
        """
        from pytest_llmops.clients.log_keeping import archive

        return archive(self._logs, source)

    def rotation(self) -> Rotated:
        """Logrotate's configuration of these logs, and what its debug run says.

        Raises:
            Unsupported: the target does not say how it is shown.
        """
        from pytest_llmops.clients.log_keeping import rotation

        return rotation(self._logs)

    def handover(self, source: str) -> Handover:
        """Watch the file that is written now while it is rotated; ``over()`` says what became of it.

        Example:
            with logs.handover("app") as handover:
                operation("rotate-logs")
                assert not handover.over().wrong

        Raises:
            Unsupported: the log is none of files.
            Vacuous: nobody writes it now.
        """
        from pytest_llmops.clients.log_handover import Handover

        return Handover(self.component, source, lambda: self.files(source))

    def _look(self) -> None:
        if any(source.files for source in self._logs.part.sources.values()):
            below.there(self.component, self._logs.root)


def _which(by: str, *, in_each_file: bool) -> Callable[[Entry], tuple[str, object]]:
    """Tells entries of different beginnings apart: by a field, and by their file where each is a run of its own."""
    return lambda entry: (entry.file if in_each_file else "", entry.fields.get(by))
