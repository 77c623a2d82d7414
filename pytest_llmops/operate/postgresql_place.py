"""A PostgreSQL database, as psycopg and PostgreSQL's own programs reach it."""

from __future__ import annotations

import os
import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from pytest_llmops.errors import CallFailed, NotInstalled, Unsupported, excerpt
from pytest_llmops.target.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_AS_TEXT = (
    "SET datestyle = ISO",
    "SET intervalstyle = postgres",
    "SET timezone = 'UTC'",
    "SET extra_float_digits = 1",
    "SET bytea_output = hex",
)
"""How values are written, on both sides, so that the same ones are the same texts."""
_START_S = 10


class Place:
    """A database, and how its own programs reach it: by variables, so that no password stands in their words.

    Args:
        name: of the target's table ``databases``, for messages.
        url: of the database, without a password.
        variable: the environment variable that holds it.
        environ: which variables there are.
        deadline_s: of each program.
        clean: takes secrets out of what programs and the server say.
    """

    def __init__(
        self,
        name: str,
        url: str,
        variable: str | None,
        environ: Mapping[str, str],
        *,
        deadline_s: float,
        clean: Callable[[str], str] = str,
    ) -> None:
        self.name, self.url, self.variable = name, url, variable
        self._environ, self._deadline_s, self._clean = environ, deadline_s, clean
        self._parts = urlsplit(url)
        self.database = self._parts.path.strip("/")

    @property
    def _password(self) -> str:
        """The user's; empty where there is none."""
        return Secret(self.variable).value(self._environ, f"databases.{self.name}") if self.variable else ""

    @property
    def server(self) -> str:
        """Where its server is: host and port."""
        return f"{self._parts.hostname}:{self._parts.port or 5432}"

    def other(self, database: str) -> Place:
        """Another database of its server."""
        url = urlunsplit(self._parts._replace(path=f"/{database}"))
        return Place(self.name, url, self.variable, self._environ, deadline_s=self._deadline_s, clean=self._clean)

    @contextmanager
    def connected(self) -> Iterator[Any]:
        """A connection of psycopg's, each statement of which is a transaction of its own.

        Raises:
            CallFailed: the server cannot be reached.
            ConfigError: the variable of its password is not set.
            NotInstalled: psycopg is not.
        """
        try:
            import psycopg
        except ImportError:
            raise NotInstalled(
                f"databases.{self.name}: PostgreSQL takes psycopg: pip install 'pytest-llmops[postgresql]'."
            ) from None
        try:
            connection = psycopg.connect(
                self.url, password=self._password or None, connect_timeout=_START_S, autocommit=True
            )
        except psycopg.OperationalError as error:
            said = self._clean(excerpt(str(error).strip(), 200))
            raise self.failed("connection", f"{self.server}/{self.database} cannot be reached: {said}") from None
        with connection:
            for setting in _AS_TEXT:
                connection.execute(setting.encode())
            yield connection

    def run(self, program: str, *words: str) -> None:
        """Run a program of PostgreSQL's on the database.

        Raises:
            CallFailed: ``bad-answer``: it fails, and says why; ``timeout``.
            Unsupported: it is not installed.
        """
        found = shutil.which(program)
        if found is None:
            raise Unsupported(f"databases.{self.name}: {program} is not installed on this machine.")
        told = {
            "PGHOST": self._parts.hostname or "",
            "PGPORT": str(self._parts.port or 5432),
            "PGUSER": self._parts.username or "",
            "PGPASSWORD": self._password,
            "PGDATABASE": self.database,
        }
        environ = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
        try:
            done = subprocess.run(  # noqa: S603 (a program of PostgreSQL's, and words of ours)
                [found, "--no-password", *words],
                env={**environ, **{key: value for key, value in told.items() if value}},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=self._deadline_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise self.failed("timeout", f"{program} was not over after {self._deadline_s:.0f} s") from None
        if done.returncode:
            said = self._clean(excerpt(done.stderr.strip(), 300))
            raise self.failed("bad-answer", f"{program} ended with {done.returncode}: {said}")

    def failed(self, kind: str, said: str) -> CallFailed:
        """The error that says what failed; secrets are out of what the server said."""
        return CallFailed(f"databases.{self.name}", kind, f"databases.{self.name}: {self._clean(said)}.")
