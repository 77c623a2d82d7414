"""Where the history of a project lies, and how it is called without its password."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmops.errors import HistoryError
from pytest_llmops.target.memory import HISTORY, SQLITE
from pytest_llmops.target.secrets import Redactor, shown

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.target.load import Target


@dataclass(frozen=True)
class Place:
    """One database.

    Attributes:
        url: of a PostgreSQL database, as it is written in the file; empty for SQLite.
        file: of an SQLite database; None for PostgreSQL.
        folder: the project's state folder, where runs are put that cannot be written.
        keep_s: how long a run is kept, in seconds.
        password: of the database; None where none is named.
        lacks: what is not set although it is named.
        redactor: takes the password out of what a driver says.
    """

    url: str = field(repr=False)
    file: Path | None
    folder: Path
    keep_s: float
    password: str | None = field(default=None, repr=False)
    lacks: str = ""
    redactor: Redactor = field(default_factory=Redactor, repr=False)

    @property
    def shown(self) -> str:
        """As messages call it."""
        return str(self.file) if self.file else shown(self.url.replace("+psycopg", "", 1))

    def check(self) -> None:
        """Whether all is there that is needed to speak to it.

        Raises:
            HistoryError: its password is named and not set.
        """
        if self.lacks:
            raise HistoryError(
                f"[history] takes its password from the environment variable {self.lacks}, which is not set. "
                f"Set it (export {self.lacks}=…) and run again."
            )


def place_of(target: Target) -> Place:
    """Where the runs of a target are kept: as ``[history]`` says, else in the project's state folder."""
    history, folder = target.config.history, target.state_folder
    file = folder / HISTORY
    if "url" in history.model_fields_set:
        file = target.root / history.url.removeprefix(SQLITE)
    variable = history.password_env or ""
    password = target.environ.get(variable) or None
    lite = history.url.startswith(SQLITE)
    return Place(
        url="" if lite else history.url,
        file=file if lite else None,
        folder=folder,
        keep_s=history.keep,
        password=password,
        lacks=variable if not (lite or password) else "",
        redactor=Redactor(history.secrets(target.environ)),
    )
