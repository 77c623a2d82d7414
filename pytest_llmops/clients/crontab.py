"""The crontab: which entries there are, when they fire, and what their last run has left."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from croniter import croniter

from pytest_llmops.clients.own_tests import outcome_in
from pytest_llmops.clients.times import epoch_in
from pytest_llmops.errors import CallFailed, Unsupported, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_llmops.clients.app_command import AppCommands
    from pytest_llmops.clients.own_tests import TestsRan
    from pytest_llmops.target.runbook import Entry

FIELDS = 5
_VARIABLE = re.compile(r"[A-Za-z_]\w*\s*=")
_AT_HOME = re.compile(r"cd\s|/|[A-Z_]+=\S*\s+/|docker\s+exec\s")
"""How a command begins that does not depend on the home directory and the short PATH that cron gives it."""
_COMMAND = re.compile(r"(?:\\.?|[^\\%])*")
"""Of an entry what the shell is given: all before the first % that no backslash stands before (crontab(5))."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry.

    Attributes:
        schedule: its five fields, or ``@daily`` and so on.
        written: what stands behind them.
    """

    schedule: str
    written: str

    def __str__(self) -> str:
        return f"{self.schedule} {self.written}"

    @property
    def command(self) -> str:
        """What is run: all before the first % that no backslash stands before; such a backslash goes."""
        return self._shell.replace(r"\%", "%")

    @property
    def fed(self) -> str:
        """What stands behind that %: cron hands it over as standard input."""
        return self.written[len(self._shell) + 1 :]

    @property
    def cut(self) -> bool:
        """Whether the command ends at a %, and not where the entry does."""
        return len(self._shell) < len(self.written)

    @property
    def _shell(self) -> str:
        found = _COMMAND.match(self.written)
        return found[0] if found else ""

    def fires_like(self, schedule: str) -> bool:
        """Whether it runs at exactly the times of a schedule, however either is written."""
        return _fields(self.schedule) == _fields(schedule)

    @property
    def stands_alone(self) -> bool:
        """Whether it finds its files: cron starts it in the home directory, with a short PATH."""
        return bool(_AT_HOME.match(self.command))

    def last_due(self, now: dt.datetime) -> dt.datetime:
        """When it last had to run."""
        due: dt.datetime = croniter(self.schedule, now).get_prev(dt.datetime)
        return due


class Crontab:
    """The crontab of whoever runs the system.

    Args:
        app: the target's commands; ``crontab`` prints it.
        wanted: the entries that the runbook asks for.
        now: the local time.
    """

    def __init__(self, app: AppCommands, wanted: Mapping[str, Entry], now: Callable[[], dt.datetime]) -> None:
        self._app = app
        self._wanted = wanted
        self._now = now

    def lines(self) -> list[Line]:
        """All entries, comments and variables left out.

        Raises:
            CallFailed: there is no crontab, or a line of it is none.
        """
        return list(self._read(self._app.text("crontab")))

    def entry(self, name: str) -> Line:
        """The entry that does what the runbook asks for, whenever it runs.

        Raises:
            CallFailed: there is none (``absent``), or several (``several``).
        """
        runs = self._want(name).runs
        lines = self.lines()
        found = [line for line in lines if re.search(runs, line.command)]
        if len(found) != 1:
            known = ", ".join(f"'{line}'" for line in found or lines) or "none"
            raise CallFailed(
                self._app.component,
                "several" if found else "absent",
                f"crontab: {len(found) or 'no'} entr{'ies run' if found else 'y runs'} {runs!r}; there: {known}.",
            )
        return found[0]

    def wrong(self, name: str) -> str:
        """What is wrong with the entry that the runbook asks for; empty if nothing is.

        Raises:
            CallFailed: there is none, or several.
        """
        wanted, line = self._want(name), self.entry(name)
        if not line.fires_like(wanted.schedule):
            return f"crontab: '{line}' does not run at '{wanted.schedule}'"
        if line.cut:
            return (
                f"crontab: '{line.written}' ends at its first %: what is run is '{line.command}', and '{line.fed}' is "
                "its input; write \\% where a % is meant, and hand input over by a pipe"
            )
        if not line.stands_alone:
            return (
                f"crontab: '{line.written}' is started in the home directory with a short PATH, and names its files "
                "relative to another: let it begin with cd FOLDER && or an absolute path"
            )
        return ""

    def stale(self, name: str) -> str:
        """Why the result of an entry's last run is too old; empty if it is not.

        Raises:
            CallFailed: there is no result.
            Unsupported: the target does not say where it is.
        """
        wanted, line, now = self._want(name), self.entry(name), self._now()
        if not wanted.written:
            raise Unsupported(
                f"crontab: runbook.cron.{name} does not say when its result was written; give it written."
            )
        due = line.last_due(now)
        words = [due.strftime(wanted.result)] if wanted.result else []
        written = dt.datetime.fromtimestamp(epoch_in(self._app, wanted.written, *words), now.tzinfo)
        oldest = now - dt.timedelta(seconds=wanted.within) if wanted.within else due
        place = f" ({words[0]})" if words else ""
        if written < oldest:
            return f"crontab: {name}: its result{place} is of {written:%Y-%m-%d %H:%M}; it was due {due:%Y-%m-%d %H:%M}"
        return ""

    def outcome(self, name: str) -> TestsRan:
        """What the tests of an entry's last run came to, by their log.

        Raises:
            CallFailed: the log is not there, or has no summary.
            Unsupported: the target does not say where it is.
        """
        log = self._want(name).log
        if not log:
            raise Unsupported(f"crontab: runbook.cron.{name} does not say where its log is; give it log.")
        return outcome_in(self._app, log, self._app.run(log))

    def _want(self, name: str) -> Entry:
        if name not in self._wanted:
            raise Unsupported(
                f"crontab: the target's runbook asks for no entry {name!r}.{did_you_mean(name, self._wanted)} "
                f"Add [runbook.cron.{name}] with schedule and runs."
            )
        return self._wanted[name]

    def _read(self, text: str) -> Iterator[Line]:
        for number, raw in enumerate(text.splitlines(), 1):
            line = raw.strip()
            if not line or line.startswith("#") or _VARIABLE.match(line):
                continue
            count = 1 if line.startswith("@") else FIELDS
            parts = line.split(None, count)
            schedule = " ".join(parts[:count])
            if schedule == "@reboot":
                continue
            if len(parts) <= count or not croniter.is_valid(schedule):
                raise CallFailed(
                    self._app.component, "bad-answer", f"crontab: line {number} is no entry: {self._app.quoted(line)}."
                )
            yield Line(schedule, parts[count])


def local_now() -> dt.datetime:
    """Now, by the clock that cron goes by."""
    return dt.datetime.now(dt.UTC).astimezone()


def _fields(schedule: str) -> tuple[list[set[int | str]], object]:
    """What each field of a schedule comes to, and which weekday of the month is meant where that is said."""
    fields, of_month = croniter.expand(schedule)
    return [set(field) for field in fields], of_month
