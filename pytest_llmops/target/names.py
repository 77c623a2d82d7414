"""The environment variables that a target takes secrets from, by name: what a scheduler has to hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.target.control import Supervisor

if TYPE_CHECKING:
    from pytest_llmops.target.models import Config, TargetTable


def variables(table: TargetTable, config: Config) -> list[str]:
    """Their names, in alphabetical order; an embedded sandbox makes the target's own, so nobody hands them over.

    Args:
        table: the target's.
        config: the whole file, whose history may have a password.
    """
    named: list[str | None] = [config.history.password_env]
    if not table.embedded:
        named += _of_target(table)
    return sorted({name for name in named if name})


def _of_target(table: TargetTable) -> list[str | None]:
    named: list[str | None] = [*table.notify.variables]
    for signed in (*table.components.configured().values(), table.notify.alertmanager):
        named += signed.auth.variables if signed and signed.auth else []
    for part in table.components.configured().values():
        named.append(part.control.auth if isinstance(part.control, Supervisor) else None)
    for one in table.databases.values():
        named += [one.password_env, one.scratch_password_env]
    return named
