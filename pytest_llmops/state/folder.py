"""The folder in which a project's state lies beside its ``llmops.toml``; git leaves it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.state.new_folder import new_folder

if TYPE_CHECKING:
    from pathlib import Path


def state_folder(path: Path) -> Path:
    """Make it where it is not there yet, with what keeps it out of commits.

    Raises:
        OSError: it cannot be made.
    """
    new_folder(path)
    ignored = path / ".gitignore"
    if not ignored.exists():
        ignored.write_text("# made by pytest-llmops\n*\n", encoding="utf-8")
    return path
