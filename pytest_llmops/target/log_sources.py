"""Where log lines stand, what a line looks like, and what is looked for in them."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from pytest_llmops.errors import did_you_mean
from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.paths import Below
from pytest_llmops.target.table import JmesPath, Regex, Table, Timezone

KEYS = ("time", "level", "logger", "message")
"""What is read of every line; a regular expression's groups, and the keys of JSON, may name more."""

Level = Literal["debug", "info", "warning", "error", "critical"]


class Source(Table):
    """One log: files, or what a command prints, or what a component's driver hands out."""

    files: list[Below] = Field([], description="Globs below root, rotated and .gz ones included, e.g. 'logs/app.log*'.")
    command: str | None = Field(None, description="The name of an app command that prints the lines, e.g. journalctl.")
    component: str | None = Field(None, description="A component whose control driver hands out the lines.")
    of_last: Seconds | None = Field(
        None, gt=0, description="The command prints no more than this time; so of that old are lines without a time."
    )
    lines: int = Field(1000, gt=0, description="How many of the newest a component's driver is asked for.")
    format: Literal["plain", "json", "document"] = Field(
        "plain",
        description="plain: lines by a regular expression, whose message may be JSON; json: a JSON document a line; "
        "document: a file is one JSON document.",
    )
    line: Regex | None = Field(
        None,
        description="Regular expression of a whole line, with the groups time, level, logger and message as far as it "
        "has them, others become fields. Of json: of lines that are none.",
    )
    before: Regex | None = Field(
        None,
        description="What an engine puts before every line, those of a traceback too: its time, the container's name.",
    )
    keys: dict[str, JmesPath] = Field(
        {}, description="Where time, level, logger, message and further fields stand in JSON; JMESPath."
    )
    time_format: str | tuple[str, ...] | None = Field(
        None,
        description="Of strptime, where time is neither ISO 8601 nor epoch seconds; of several the first that fits.",
    )
    timezone: Timezone = Field(
        "UTC", description="Of times without one, e.g. 'America/Vancouver'; local: this machine's."
    )
    at_least: Level | None = Field(
        None, description="Lines below this level are left out: an error log of a whole one."
    )
    only: str | None = Field(
        None,
        description="One of its keys; lines in which that is not true are left out: one part's log of a whole one.",
    )
    whole: bool = Field(
        False,
        description="Its lines may be kept as they stand; else only what is read of them, for they may hold what users "
        "wrote.",
    )
    quiet: bool = Field(False, description="It has lines only where something is wrong, so none is good news.")
    keep: Seconds | None = Field(None, gt=0, description="How far it must reach back, e.g. '90 d'.")
    backups: int | None = Field(
        None,
        gt=0,
        description="So many rotated files are kept by their number: of a quiet log with fewer, none was dropped yet.",
    )
    drop: Seconds | None = Field(None, gt=0, description="No file of it may be older, e.g. '30 d'.")
    span: Seconds | None = Field(
        None, gt=0, description="No file of it may go on for longer, e.g. '26 h' where it is rotated every day."
    )

    of_runs: str | None = Field(
        None,
        description="An event. Each file of the event's log in which it stands is a run, and has at least one entry "
        "here between its first entry and its last.",
    )

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if sum(map(bool, (self.files, self.command, self.component))) != 1:
            raise ValueError("a log is exactly one of files, command, component")
        if self.format == "plain" and not self.line:
            raise ValueError("plain lines need line, a regular expression such as '(?P<level>[A-Z]+):(?P<message>.*)'")
        if self.span is not None and (not self.files or self.format == "document"):
            raise ValueError("span is of files that grow by lines; nothing else is rotated")
        if self.backups is not None and not (self.files and self.quiet and self.keep):
            raise ValueError(
                "backups is of a quiet log in files that must be kept; any other begins with its installation"
            )
        if self.of_last is not None and not self.command:
            raise ValueError("of_last is what a command prints, e.g. docker logs --since 24h; files have all")
        if self.format == "document" and not self.files:
            raise ValueError("documents are files; a command or a component prints lines")
        if self.only is not None and self.only not in self.keys:
            raise ValueError(f"only = {self.only!r} is none of its keys.{did_you_mean(self.only, self.keys)}")
        return self

    @field_validator("line")
    @classmethod
    def _has_groups(cls, value: str | None) -> str | None:
        if value is not None and not re.compile(value).groupindex:
            raise ValueError(f"{value!r} has no named group; name at least (?P<message>…)")
        return value

    @property
    def fields(self) -> frozenset[str]:
        """What is read out of its lines besides `KEYS`."""
        groups = re.compile(self.line).groupindex if self.line else ()
        return frozenset({*groups, *self.keys}) - {*KEYS}


class Event(Table):
    """Lines that tell of one kind of event."""

    source: str = Field(description="The log in which they stand.")
    matches: Regex = Field(description="Regular expression that is found in the message, or in what belongs to it.")


class Rotation(Table):
    """How the logs are rotated, where logrotate does it."""

    entry: str = Field(description="The app command that prints logrotate's configuration of these logs.")
    trial: str = Field(description="The app command that makes a debug run, e.g. logrotate -d FILE.")
    directives: list[str] = Field(min_length=1, description="What must stand in it, e.g. 'daily', 'rotate 30'.")
    of: list[str] = Field([], description="Logs whose files one of its patterns must fit.")
