"""The extras of ours that a target's planned suites rest on: what is installed where each run begins with nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.control.drivers import EXTRAS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_llmops.target.load import Target

SUITES = {"quality": "quality", "security": "security"}
"""The suites with an extra of their own."""


def extras(target: Target, suites: Iterable[str]) -> list[str]:
    """Their names, in alphabetical order.

    Args:
        target: whose suites they are.
        suites: by name.
    """
    return sorted({*_of_target(target), *(SUITES[suite] for suite in suites if suite in SUITES)})


def _of_target(target: Target) -> Iterator[str]:
    table = target.table
    if table.embedded:
        yield "sandbox"
    if table.notify.all_channels:
        yield "notify"
    if table.databases or target.config.history.url.startswith("postgresql"):
        yield "postgresql"
    files = table.components.files
    if files is not None and any(one.bucket for one in files.backups.values()):
        yield "s3"
    for part in table.components.configured().values():
        if part.control is not None and part.control.driver in EXTRAS:
            yield EXTRAS[part.control.driver]
