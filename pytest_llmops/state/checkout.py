"""What git knows of the checkout: its commit, and whose it is."""

from __future__ import annotations

import getpass
import os
import subprocess
from typing import TYPE_CHECKING

from pytest_llmops.errors import BaselineError

if TYPE_CHECKING:
    from pathlib import Path


def commit_of(folder: Path) -> str:
    """The commit that is checked out there; empty outside a git checkout."""
    try:
        found = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), "rev-parse", "HEAD"],  # noqa: S607 (whichever git the user has)
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def who() -> str:
    """Git's user, else the login.

    Raises:
        BaselineError: neither is known.
    """
    try:
        asked = ["git", "config", "user.name"]
        found = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=10).stdout.strip()  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        found = ""
    try:
        return found or os.environ.get("USER") or getpass.getuser()
    except (OSError, KeyError, ImportError):  # a user without a name, as in a container
        raise BaselineError("neither git nor the system knows who you are; give --by.") from None
