"""What a reader of the run should know about the file that he may not have meant."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.target.control import Compose, Docker, Supervisor, in_address
from pytest_llmops.target.models import unread
from pytest_llmops.target.secrets import userinfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.target.memory import History
from pytest_llmops.target.models import TargetTable


def notes(table: TargetTable, place: str) -> Iterator[str]:
    """Said at the start of a run.

    Args:
        table: the target's.
        place: where it stands, without the closing bracket: ``llmops.toml: [targets.staging``.
    """
    for key in unread(table):
        yield f"{place}.{key}] is read by no part of this version"
    for key, part in table.components.configured().items():
        if part.url and userinfo(part.url):
            yield f"{place}.components.{key}] url holds a password; name it in auth instead"
        if part.proxy and userinfo(part.proxy):
            yield f"{place}.components.{key}] proxy holds a password; set HTTPS_PROXY in the environment instead"
        if isinstance(part.control, Supervisor) and in_address(part.control.url):
            yield f"{place}.components.{key}.control] url holds a password; name it in auth instead"
        if isinstance(part.control, Docker | Compose) and in_address(part.control.host or ""):
            yield f"{place}.components.{key}.control] host holds a password, which no engine takes; leave it out"
        if part.url and part.tls and not part.encrypted and urlsplit(part.proxy or "").scheme != "https":
            yield f"{place}.components.{key}] tls says nothing: the url begins with {urlsplit(part.url).scheme}://"


def unverified(table: TargetTable, place: str) -> Iterator[str]:
    """Said at the start and at the end: where nobody knows who answers."""
    for key, part in table.components.configured().items():
        if part.encrypted and part.tls and not part.tls.verify:
            yield (
                f"{place}.components.{key}] accepts ANY certificate (tls.verify = false): "
                "whoever sits between can read the key and change the answers"
            )


def notes_on_history(history: History, shown: str) -> Iterator[str]:
    """Said at the start of a run, of what all targets of a file share.

    Args:
        history: its table.
        shown: the file's name.
    """
    if history.holds_password:
        yield f"{shown}: [history] url holds a password; name it in password_env instead"
