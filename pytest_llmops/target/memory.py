"""Where a project remembers: locks and the journal in a folder, finished runs in a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field

from pytest_llmops.target.durations import DAY_S, Seconds
from pytest_llmops.target.secrets import in_userinfo, shown, userinfo
from pytest_llmops.target.table import Table, Variable

if TYPE_CHECKING:
    from collections.abc import Mapping

SQLITE, POSTGRESQL = "sqlite:///", "postgresql+psycopg://"
HISTORY = "history.db"


def _database(url: str) -> str:
    """The url with its driver named.

    Raises:
        ValueError: it is none that finished runs can be kept at.
    """
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and rest.strip("/") not in {"", ":memory:"} and "?" not in rest:
        return url
    if scheme in {"postgresql", "postgresql+psycopg", "postgres"} and urlsplit(url).path.strip("/"):
        return POSTGRESQL + rest
    raise ValueError(
        f"{shown(url)!r} is no place for the history; write 'sqlite:///folder/history.db' "
        "or 'postgresql://user@host/database'"
    )


class State(Table):
    """Where locks and the journal live."""

    dir: str = Field(".llmops", min_length=1, description="Relative to the file.")


class History(Table):
    """Where finished runs are kept."""

    url: Annotated[str, AfterValidator(_database)] = Field(
        f"{SQLITE}.llmops/{HISTORY}",
        description="SQLite, relative to the file, or 'postgresql://user@host/database'.",
    )
    password_env: Variable | None = Field(
        None, description="The environment variable that holds the database's password."
    )
    keep: Seconds = Field(400 * DAY_S, gt=0, description="Older runs are forgotten; what was signed off never is.")

    @property
    def holds_password(self) -> bool:
        """Whether it is written into the url, where it should not be."""
        return bool(self._written())

    def secrets(self, environ: Mapping[str, str]) -> list[str]:
        """What is secret of it: the password, as far as it is known."""
        named = environ.get(self.password_env, "") if self.password_env else ""
        return [*filter(None, [named]), *self._written()]

    def _written(self) -> list[str]:
        """What is secret in the url: in its user and password, and among its parameters."""
        if self.url.startswith(SQLITE):
            return []
        pair = userinfo(self.url)
        given = [value for key, value in parse_qsl(urlsplit(self.url).query) if "password" in key and value]
        return [*(in_userinfo(pair) if ":" in pair else []), *given]
