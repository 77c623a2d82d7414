"""What is to be run, and when, as each scheduler is told of it."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from posixpath import normpath
from typing import TYPE_CHECKING

from pytest_llmops import __version__
from pytest_llmops.errors import ConfigError
from pytest_llmops.report.schedules.extras import extras
from pytest_llmops.target.memory import SQLITE
from pytest_llmops.target.names import variables
from pytest_llmops.target.windows import DAYS, WEEKS

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.target.load import Target
    from pytest_llmops.target.memory import History
    from pytest_llmops.target.times import Times

MARK = "# Made by llmops schedule for target "
"""How each file begins: by it we know those that we may replace."""

FIRINGS = 60
"""How many of a disruptive suite's times are held against the maintenance windows: a monthly one's of five years."""


@dataclass(frozen=True)
class Suite:
    """A suite, and when it is run.

    Attributes:
        name: its marker.
        times: when.
        zone: name of the zone whose clock is meant; None for the machine's.
        late_s: how late a run that was missed may still begin; None: until the next.
        disruptive: whether it is given the second key.
    """

    name: str
    times: Times
    zone: str | None
    late_s: float | None
    disruptive: bool

    @property
    def said(self) -> str:
        """For people: ``monthly: 0 9 1-7 * *, only on Mon (Europe/Berlin)``."""
        only = f", only on {'|'.join(self.weekdays)}" if self.times.week else ""
        return f"{self.name}: {self.times.cron}{only}{f' ({self.zone})' if self.zone else ''}"

    @property
    def may_be_late(self) -> bool:
        """Whether it may begin at any time after it was planned."""
        return self.late_s is None and not self.disruptive

    @property
    def weekdays(self) -> list[str]:
        """The days of the week, from Monday on."""
        return [DAYS[day] for day in sorted((value - 1) % 7 for value in self.times.values(4))]

    @property
    def which(self) -> str:
        """For people: ``first Mon``; empty where every week counts."""
        return f"{WEEKS[self.times.week - 1]} {'|'.join(self.weekdays)}" if self.times.week else ""

    @property
    def weekday_command(self) -> str:
        """What prints, as ``date +%u``, the day for which a run was planned that begins now, up to 23 hours late.

        It is an hour after midnight by it when the run is planned, so that no change of clocks is in between.
        """
        before_s = 60 * (60 * self.times.values(1)[0] + self.times.values(0)[0]) - 3600
        return f'date -d "@$(($(date +%s) - {before_s}))" +%u' if before_s > 0 else "date +%u"

    @property
    def iso_weekdays(self) -> str:
        """As ``date +%u`` says them, for a shell's ``case``: ``1|3``, Monday is 1."""
        return "|".join(str(DAYS.index(day) + 1) for day in self.weekdays)


@dataclass(frozen=True)
class Plan:
    """All that a scheduler is told.

    Attributes:
        target: its name.
        file: the ``llmops.toml``, absolute.
        state: the state folder, as the file names it.
        suites: in the order of the schedule.
        variables: environment variables that the target takes secrets from; never their values.
        extras: of ours that the suites rest on.
        llmops: the command, absolute.
        env_file: a file that sets them; None: nobody named one.
        user: who runs it; None: whoever owns the scheduler's table.
        image: a container's; None: the scheduler's own choice.
        now: with this machine's time zone.
        options: what pytest is given for each of the suites.
        allure: whether the Allure report is rendered after each.
        history: an SQLite history, as the file names it; empty: it is the state folder's own, or in PostgreSQL.
        textfile: what Prometheus reads, as the file names it; empty: nothing is written for it.
    """

    target: str
    file: Path
    state: str
    suites: tuple[Suite, ...]
    variables: tuple[str, ...]
    extras: tuple[str, ...]
    llmops: Path
    env_file: Path | None
    user: str | None
    image: str | None
    now: dt.datetime
    options: tuple[str, ...] = ()
    allure: bool = False
    history: str = ""
    textfile: str = ""

    @property
    def slug(self) -> str:
        """The target in names of files, units, jobs: letters, digits, hyphens."""
        return re.sub(r"[^a-z0-9]+", "-", self.target.lower()).strip("-") or "target"

    @property
    def package(self) -> str:
        """What is installed where a run begins with nothing: this version, with its extras."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"pytest-llmops{extras}=={__version__}"

    def header(self, *lines: str) -> str:
        """The comment at a file's beginning."""
        first = f"{MARK}{self.target}. Change [targets.{self.target}.schedule] instead, and make it anew."
        return "".join(f"{line}\n" for line in (first, *(f"# {line}" for line in lines)))

    def words(self, suite: Suite, *flags: str) -> list[str]:
        """The command that runs a suite on this machine."""
        own = [str(self.llmops), "run", suite.name, f"--config={self.file}", f"--target={self.target}"]
        return [*own, *flags, *self.key(suite)]

    def key(self, suite: Suite) -> list[str]:
        """The second key, where a suite is given it: for pytest."""
        return [f"--llmops-allow-disruption={self.target}"] if suite.disruptive else []

    @property
    def folder(self) -> str:
        """The file's folder within its repository; ``.`` where that is its root, or there is no repository."""
        root = self.file.parent
        top = next((one for one in (root, *root.parents) if (one / ".git").exists()), root)
        return str(root.relative_to(top))

    @property
    def reports(self) -> str:
        """The folder of the reports within the repository, with the slash at its end."""
        return "reports/" if self.folder == "." else f"{self.folder}/reports/"

    @property
    def kept(self) -> str:
        """The state folder within the repository, with the slash at its end; empty where it is none of its own."""
        state = PurePosixPath(normpath(PurePosixPath(self.folder) / self.state))
        if state.is_absolute() or ".." in state.parts or PurePosixPath(self.folder).is_relative_to(state):
            return ""
        return f"{state}/"

    def forgets(self, root: str) -> bool:
        """Whether the history lies outside of the state folder on a machine whose folder of the file is ``root``."""
        history, state = (normpath(PurePosixPath(root) / one) for one in (self.history, self.state))
        return bool(self.history) and not PurePosixPath(history).is_relative_to(state)

    def pytest_words(self, suite: Suite) -> list[str]:
        """The command that runs a suite in a checkout, from ``folder``."""
        own = ["python", "-m", "pytest", "-m", suite.name, f"--llmops-target={self.target}", "--llmops-gate"]
        own += [f"--llmops-config={self.file.name}"] if self.file.name != "llmops.toml" else []
        return [*own, *self.options, *self.key(suite), "--junitxml=reports/junit.xml"]

    @property
    def report_words(self) -> list[str]:
        """The command that renders the Allure report of that run, from ``folder``."""
        return ["llmops", "report", *([f"--config={self.file.name}"] if self.file.name != "llmops.toml" else [])]


def planned(
    target: Target, llmops: Path, *, env_file: Path | None = None, user: str | None = None, image: str | None = None
) -> Plan:
    """What the schedule of a target comes to.

    Args:
        target: whose.
        llmops: the command.
        env_file: sets the environment variables.
        user: who runs it.
        image: of containers.

    Raises:
        ConfigError: nothing is planned, there is no file, or a disruptive suite would begin outside of the windows.
    """
    if target.file is None:
        raise ConfigError(
            "There is no llmops.toml here, and so no schedule: write one (llmops init), or give --config PATH."
        )
    table = target.table.schedule
    if not table.planned:
        place = f"[targets.{target.name}.schedule]"
        raise ConfigError(f"{target.file.name} has no {place}: add it, with for example daily = '0 9 * * *'.")
    if not re.fullmatch(r"[\w.:@/ -]+", target.name):
        raise ConfigError(
            f"The target {target.name!r} cannot be scheduled by that name: letters, digits, . : @ / - alone."
        )
    now = dt.datetime.now().astimezone()
    suites = tuple(
        Suite(name, table.times(name), table.zone(name), one.late, one.disruptive)
        for name, one in table.planned.items()
    )
    for suite in suites:
        _within_windows(target, suite, now)
    return Plan(
        target=target.name,
        file=target.file.resolve(),
        state=target.config.state.dir,
        suites=suites,
        variables=tuple(variables(target.table, target.config)),
        extras=tuple(extras(target, [suite.name for suite in suites])),
        llmops=llmops,
        env_file=env_file.absolute() if env_file else None,
        user=user,
        image=image,
        now=now,
        options=tuple(table.options),
        allure=table.allure,
        history=_history(target.config.history),
        textfile=table.textfile or "",
    )


def _history(history: History) -> str:
    named = "url" in history.model_fields_set and history.url.startswith(SQLITE)
    return history.url.removeprefix(SQLITE) if named else ""


def _within_windows(target: Target, suite: Suite, now: dt.datetime) -> None:
    """See whether what may change the target begins while it may be changed, if it may at all.

    Raises:
        ConfigError: it does not.
    """
    windows, moment = target.windows(), now
    if not suite.disruptive:
        return
    if not target.table.may_be_disrupted:
        raise ConfigError(
            f"{target.where[:-1]}.schedule] {suite.name}.disruptive hands over the second key, and the first is not "
            f"there: allowed = true in [targets.{target.name}.disruption]."
        )
    for _ in range(FIRINGS):
        moment = suite.times.next(moment)
        if not windows.is_open(moment):
            local = moment.astimezone(suite.times.zone)
            known = ", ".join(map(str, windows.windows))
            raise ConfigError(
                f"{target.where[:-1]}.schedule] {suite.name} may change the target, and is planned for "
                f"{local:%a %Y-%m-%d %H:%M %Z}, when no maintenance window is open; the next opens "
                f"{windows.opens_next(moment)}. Windows: {known}."
            )
