"""How a command of ours runs the ready suites: a pytest of its own, that loads our plugin and nothing of the user's."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from pytest_llmops.target.places import beside_package

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = beside_package("suites")


def command(root: Path, *words: str) -> list[str]:
    """The command line.

    Args:
        root: where state, reports and baselines resolve from.
        words: what to collect, and options.
    """
    # -P: pytest collects our suites alone, so a redis.py of the folder where we are asked must not be imported
    own = ["-c", os.devnull, f"--rootdir={root}", "-p", "pytest_llmops.plugin", "-p", "no:cacheprovider"]
    return [sys.executable, "-P", "-m", "pytest", *own, "--import-mode=importlib", "-q", *words]


def environ() -> dict[str, str]:
    """This process's environment, without what would add plugins and options of the user's own runs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LLMOPS_"))}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def last_words(output: bytes, lines: int = 10) -> str:
    """The end of what it said."""
    return "\n".join(output.decode(errors="replace").strip().splitlines()[-lines:])
