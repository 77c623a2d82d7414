"""What a system's runbook says must be so, as far as it can be looked up: ``[targets.NAME.runbook]``."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, model_validator

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.table import JmesPath, Regex, Table

WINDOW_GROUPS = ("day", "opens", "closes")
"""What the pattern of a maintenance window has to pick out; ``week`` and ``half`` (AM, PM) it may."""


def _fires(text: str) -> str:
    from croniter import croniter

    if not croniter.is_valid(text) or len(text.split()) not in {
        1,
        5,
    }:  # one word: @daily; six: with seconds, unlike cron
        raise ValueError(f"{text!r} is no cron schedule; write five fields, for example '*/5 * * * *' or '0 8 * * 1-5'")
    return text


def _picks_one(text: str) -> str:
    if re.compile(text).groups != 1:
        raise ValueError(f"{text!r} must have one group: what it picks out")
    return text


def _picks_a_window(text: str) -> str:
    lacking = [name for name in WINDOW_GROUPS if name not in re.compile(text).groupindex]
    if lacking:
        raise ValueError(
            f"{text!r} lacks the group {', '.join(f'(?P<{name}>…)' for name in lacking)}; "
            "week (first) and half (AM, PM) may be there too"
        )
    return text


Schedule = Annotated[str, AfterValidator(_fires)]
Picking = Annotated[Regex, AfterValidator(_picks_one)]
PickingWindow = Annotated[Regex, AfterValidator(_picks_a_window)]


class Entry(Table):
    """An entry of the crontab, and what its last run has left."""

    schedule: Schedule = Field(description="When it must run; another way to write the same times is as good.")
    runs: Regex = Field(description="Stands in its command.")
    log: str = Field("", description="Command of app_command that prints the log of its last run: pytest's, and green.")
    written: str = Field(
        "", description="Command of app_command that prints when its result was written, epoch seconds."
    )
    result: str = Field("", description="Last word of that command: the file, by strftime of when the run was due.")
    within: Seconds | None = Field(
        None, gt=0, description="How old the result may be; else as old as the last due run."
    )


class Named(Table):
    """Something that the runbook names, and that must be there."""

    program: str | None = Field(None, description="A program on the path.")
    command: str | None = Field(None, description="A command of app_command, which must end well.")
    component: str | None = Field(None, description="A component that answers path with 200.")
    path: str | None = Field(None, description="Of the component; without one a file or folder below files.root.")
    absent: str = Field("", description="Why it is known not to be there: said by name, and not looked for.")
    says: list[str] = Field([], description="How the document calls it, besides the program or the path, e.g. '/logs'.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        kinds = [self.program, self.command, self.path]
        if sum(kind is not None for kind in kinds) != 1 - bool(self.absent and not any(kinds)):
            raise ValueError("names one of program, command, path; with absent it may name none")
        if self.component and not self.path:
            raise ValueError("component goes with path: what is asked for there")
        return self

    @property
    def words(self) -> tuple[str, ...]:
        """How the document calls it; empty where nobody says."""
        return tuple(word for word in (self.program, self.path, *self.says) if word)


class Settings(Table):
    """The values that are in effect, and those that they must be."""

    read: str = Field("effective_settings", description="Command of app_command that prints them, as JSON.")
    expect: dict[JmesPath, Any] = Field({}, description="JMESPath to the value that must stand there.")
    unread: dict[str, str] = Field(
        {}, description="Variable of the runbook that no code reads, and what is read instead."
    )


class Restart(Table):
    """A process that reads its settings only when it starts."""

    processes: str = Field("processes", description="Command of app_command that prints 'seconds command' a process.")
    runs: Regex = Field(description="Stands in the command of such a process.")
    settings: str = Field("settings_written", description="Command of app_command that prints when they were written.")


class Backup(Table):
    """The settings, and where copies of them go."""

    settings: str = Field("config_written", description="Command of app_command: 'epoch-seconds path' a file of them.")
    copies: str = Field("config_backups", description="Command of app_command: 'epoch-seconds path' a copy.")


class Runbook(Table):
    """What the runbook says must be so."""

    read: str = Field("runbook", description="Command of app_command that prints the document.")
    version: Picking | None = Field(None, description="Picks its version out of it.")
    dates: dict[str, Picking] = Field(
        {}, description="Name (updated, reviewed) to what picks the date out, YYYY-MM-DD."
    )
    windows: dict[str, PickingWindow] = Field(
        {}, description="Name to what picks a maintenance window out of it: groups day, opens, closes, also week, half."
    )
    names: dict[str, Named] = Field({}, description="What it names, and what must be there.")
    mentions: list[Picking] = Field(
        [],
        description="Each picks programs, paths or addresses out of the document; all that are there must be in names.",
    )
    cron: dict[str, Entry] = Field({}, description="Entries of the crontab that it asks for, by name.")
    settings: Settings = Settings()
    restart: Restart | None = None
    backup: Backup = Backup()
