"""Where an audit log stands, and what must be so of it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.log_sources import Source
from pytest_llmops.target.table import Table


class Chain(Table):
    """Entries each of which holds the digest of the one before.

    A digest is the SHA-256, in hexadecimal, of the entry's JSON without its own digest: keys sorted, no blanks.
    """

    digest: str = Field("digest", description="The key under which an entry has its own digest.")
    previous: str = Field("previous", description="The key under which it has that of the entry before.")


class Expected(Table):
    """How many entries there must be, as something else has counted them."""

    types: list[str] = Field(min_length=1, description="The types of entries that are counted, as message has them.")
    figure: str | None = Field(None, description="A figure that counts them, from the newest entry of since on.")
    since: str | None = Field(None, description="The type of entry with which the figure began to count.")
    event: str | None = Field(None, description="Or an event of components.logs that tells of each.")
    within: Seconds = Field(86400.0, gt=0, description="The last time in which events are counted, e.g. '24 h'.")

    @model_validator(mode="after")
    def _counts_one_way(self) -> Self:
        if (self.figure is None) == (self.event is None):
            raise ValueError("the expected count is of exactly one of figure, event")
        if self.since and self.event:
            raise ValueError("since is where a figure began to count; events are counted within a time")
        return self


class AuditTrail(Table):
    """The audit log: a log of its own, whose entries must be all there, in order and unchanged.

    Of a log that a command prints the keys ``file``, ``mode``, ``changed_at`` and ``immutable`` of its source say what
    is so of the file that a line stands in; of files that lie here it is looked up.
    """

    root: str = Field(".", description="Folder below which its files are named, relative to llmops.toml.")
    log: Source = Field(description="Where it stands, as a log of components.logs; message is the type of an entry.")
    sequence: str | None = Field(None, description="The field that counts entries up by one.")
    chain: Chain | None = None
    mode: str | None = Field(
        None, pattern="^[0-7]{3}$", description="The most that the permissions of its files may allow, e.g. '640'."
    )
    settled: Seconds | None = Field(
        None, gt=0, description="Of one file an event: so long after it the file is written at the latest."
    )
    expected: Expected | None = None

    @model_validator(mode="after")
    def _is_of_what_is_read(self) -> Self:
        if self.sequence is not None and self.sequence not in self.log.fields:
            known = ", ".join(sorted(self.log.fields)) or "none"
            raise ValueError(f"sequence is {self.sequence!r}, which is none of the fields that log reads: {known}")
        if self.chain is not None and self.log.format == "plain":
            raise ValueError("a chain is of entries in JSON; log reads plain lines")
        return self
