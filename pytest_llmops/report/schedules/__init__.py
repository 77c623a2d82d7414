"""What schedulers read, one module for each: its ``files(plan)`` gives names and texts."""

from __future__ import annotations

from importlib import import_module

from pytest_llmops.report.schedules.plan import Plan, Suite, planned

FORMATS = ("crontab", "systemd", "github", "gitlab", "kubernetes", "shell")

__all__ = ["FORMATS", "Plan", "Suite", "files", "planned"]


def files(plan: Plan, kind: str) -> dict[str, str]:
    """The files of a scheduler.

    Args:
        plan: what is to be run.
        kind: one of ``FORMATS``.

    Returns:
        Name to text.

    Raises:
        ConfigError: this scheduler cannot do what is planned; says what, and what to do.
    """
    found: dict[str, str] = import_module(f"{__name__}.{kind}").files(plan)
    return found
