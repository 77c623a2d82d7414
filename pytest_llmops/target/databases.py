"""Databases whose dump is restored elsewhere: ``[targets.NAME.databases.NAME]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.secrets import shown, userinfo
from pytest_llmops.target.table import Table, Variable

if TYPE_CHECKING:
    from collections.abc import Mapping


def _postgresql(url: str) -> str:
    if urlsplit(url).scheme not in {"postgresql", "postgres"} or not urlsplit(url).path.strip("/"):
        raise ValueError(f"{shown(url)!r} is no database; write 'postgresql://user@host/database'")
    if ":" in userinfo(url):
        raise ValueError("a password does not stand in a url; name its variable: password_env, scratch_password_env")
    return url


Url = Annotated[str, AfterValidator(_postgresql)]


class Database(Table):
    """A PostgreSQL database, and a server of one's own that its dump is restored into."""

    url: Url = Field(description="The database: 'postgresql://user@host/database'. It is only read.")
    password_env: Variable | None = Field(None, description="The environment variable with the user's password.")
    scratch: Url = Field(
        description="Any database of another server, where a further one may be made, and is deleted again."
    )
    scratch_password_env: Variable | None = Field(
        None, description="The environment variable with that user's password."
    )
    deadline: Seconds = Field(3600.0, gt=0, description="For the dump, and for its restoration.")

    def secrets(self, environ: Mapping[str, str]) -> list[str]:
        """The passwords, as far as they are set."""
        named = [self.password_env, self.scratch_password_env]
        return [environ[name] for name in named if name and environ.get(name)]
