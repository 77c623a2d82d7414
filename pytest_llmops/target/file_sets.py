"""Sets of files that the application keeps, and what must be so of them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.paths import Below
from pytest_llmops.target.table import Regex, Table


class FileSet(Table):
    """Files, or folders, that belong together."""

    paths: list[Below] = Field(min_length=1, description="Globs below root, e.g. 'config/*.json'; ** is any depth.")
    leave_out: list[Below] = Field([], description="Globs of what does not belong to it.")
    folders: bool = Field(False, description="They are folders, in place of files.")
    writable: bool = Field(False, description="The service's user must be able to write them.")
    parse: Literal["json", "toml", "yaml"] | None = Field(None, description="What each must be readable as.")
    mode: str | None = Field(None, pattern="^[0-7]{3}$", description="The most that permissions may allow, e.g. '640'.")
    needs: str | None = Field(
        None, pattern="^[0-7]{3}$", description="What permissions must allow at least, e.g. '755' for what is run."
    )
    owned: bool = Field(False, description="Each belongs to the service's user.")
    keep: Seconds | None = Field(None, gt=0, description="How old the oldest must be, e.g. '90 d'.")
    drop: Seconds | None = Field(None, gt=0, description="None may be older, e.g. '30 d'.")
    holding: Regex | None = Field(None, description="Only files in one of whose lines this stands.")


class CleanUp(Table):
    """Files that go when they are old enough."""

    sets: list[str] = Field(min_length=1, description="The sets whose files go.")
    older_than: Seconds | None = Field(
        None, gt=0, description="Only those that were written longer ago, e.g. '30 d'; else each set's own drop."
    )
    spare: list[str] = Field(
        [],
        description="Sets whose files stay, whatever other set they belong to; of a set with keep only until they are "
        "as old as that.",
    )
    keep_newest: int = Field(0, ge=0, description="So many of the newest stay, however old.")
    backup: str | None = Field(
        None,
        description="The set of the files' backups, copies or archives: what is in none of them as it is stays.",
    )
    worth: str | None = Field(
        None, description="JMESPath of the number in each that says what it takes to make it anew: 'data.tokens_used'."
    )
    lasting: bool = Field(True, description="false: a rehearsal; the end of the test puts back what would be deleted.")
