"""Backups of files: where they lie, what they have to hold, how young and how old they may be."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.paths import Below
from pytest_llmops.target.table import Table, Timezone


class Holding(Table):
    """What a backup has to hold of a set of files: all that was there when it was made."""

    last: Seconds | None = Field(
        None, gt=0, description="Only what was written in so long a time before it was made, e.g. '7 d'."
    )


class Bucket(Table):
    """A bucket of an S3-style store, which is one of the target's services."""

    service: str = Field(description="Of components.services: its url, and auth.basic, the variable with 'key:secret'.")
    name: str = Field(min_length=1, description="The bucket's, e.g. 'backups'.")
    prefix: str = Field("", description="How the keys begin, e.g. 'qdrant/'.")
    region: str = Field("us-east-1", description="What the store is signed for.")


class Backups(Table):
    """Backups of one kind. Without paths and bucket they are ours: made by a test, and kept in the state folder."""

    paths: list[Below] = Field([], description="Globs below root of the archives, e.g. 'backups/full_*.tar.gz'.")
    bucket: Bucket | None = None
    folders: bool = Field(
        False, description="Each is a folder of files, in place of an archive; in a bucket, what a key goes on with."
    )
    dated: str = Field(
        "", description="When it was made, in its name, by strptime: 'full_%Y%m%d.tar.gz'; else when it was written."
    )
    timezone: Timezone = Field("local", description="Of that name, e.g. 'Europe/Berlin'.")
    holds: dict[str, Holding] = Field(
        {}, description="Sets of files of which it has copies, by their paths below root."
    )
    base: str = Field("", description="The folder in it that stands for root; a glob: 'backups/full_*'.")
    checksums: str = Field(
        "",
        description="Where its SHA-256 stands, as of sha256sum, beside it: '{name}.sha256'; in a folder: 'SHA256SUMS'.",
    )
    within: Seconds | None = Field(None, gt=0, description="How old the newest may be, e.g. '24 h'.")
    every: Seconds | None = Field(None, gt=0, description="How long it may be from one to the next, back to keep.")
    keep: Seconds | None = Field(None, gt=0, description="How old the oldest must be, e.g. '90 d'.")
    since: Below | None = Field(None, description="A file as old as the service: nothing reaches back further.")
    drop: Seconds | None = Field(None, gt=0, description="None may be older, e.g. '30 d'.")
    copy_of: str | None = Field(None, description="Each is a copy of the one of that name, of these backups.")
    keep_newest: int = Field(10, ge=1, description="Of ours: so many of the newest are kept.")
    secret: list[str] = Field(
        [".env*", "*.pem", "*.key", "keys.csv", "*secret*", "*credential*"],
        description="Of ours: names of files that are never copied; the manifest names them.",
    )
    with_secrets: bool = Field(False, description="Of ours: files that hold secrets are copied, too; mode 600.")

    @property
    def ours(self) -> bool:
        """Whether a test makes them, in the state folder."""
        return not self.paths and self.bucket is None

    @model_validator(mode="after")
    def _lies_in_one_place(self) -> Self:
        if self.paths and self.bucket:
            raise ValueError("backups lie in paths or in a bucket; make two tables of it, and say copy_of in one")
        if self.ours and not self.holds:
            raise ValueError("without paths or a bucket they are ours, and hold nothing: name the sets in holds")
        if self.ours and (self.dated or self.checksums or self.copy_of or self.folders or self.base):
            raise ValueError("dated, checksums, copy_of, folders and base are of backups that lie in paths or a bucket")
        if self.every and not self.keep:
            raise ValueError("every goes back to keep; say how long they are kept")
        if self.folders and self.checksums and "{name}" in self.checksums:
            raise ValueError("checksums of a folder is a file in it, such as 'SHA256SUMS'")
        if self.checksums and not self.folders and "{name}" not in self.checksums:
            raise ValueError("checksums of an archive names the archive: '{name}.sha256'")
        return self
