"""Sets of files that the application keeps, and what must be so of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.paths import Below
from pytest_llmops.target.table import Table


class FileSet(Table):
    """Files, or folders, that belong together."""

    paths: list[Below] = Field(min_length=1, description="Globs below root, e.g. 'config/*.json'; ** is any depth.")
    leave_out: list[Below] = Field([], description="Globs of what does not belong to it.")
    folders: bool = Field(False, description="They are folders, in place of files.")
    writable: bool = Field(False, description="Whoever runs this must be able to write them.")
    parse: Literal["json", "toml", "yaml"] | None = Field(None, description="What each must be readable as.")
    mode: str | None = Field(None, pattern="^[0-7]{3}$", description="The most that permissions may allow, e.g. '640'.")
    keep: Seconds | None = Field(None, gt=0, description="How old the oldest must be, e.g. '90 d'.")
    drop: Seconds | None = Field(None, gt=0, description="None may be older, e.g. '30 d'.")


class Backup(Table):
    """What a backup of the configuration holds."""

    sets: list[str] = Field(min_length=1, description="The sets whose files are copied, e.g. ['config'].")
    secret: list[str] = Field(
        [".env*", "*.pem", "*.key", "keys.csv", "*secret*", "*credential*"],
        description="Names of files that are never copied; the manifest names them.",
    )
    keep: int = Field(10, ge=1, description="So many of the newest are kept.")
