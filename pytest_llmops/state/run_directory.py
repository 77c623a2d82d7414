"""The run directory: what all processes of one run share. It lives as long as the run."""

from __future__ import annotations

import json
import os
import weakref
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from pytest_llmops.state.scratch import hold

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


class RunDirectory:
    """Facts of a run that are found out once, by whichever process needs them first.

    Args:
        path: the directory; made if absent.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds a sandbox's keys
        weakref.finalize(self, os.close, hold(path))

    def __repr__(self) -> str:
        return f"RunDirectory({str(self.path)!r})"

    def once(self, name: str, find_out: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The fact of that name: found out under a lock by the first process that asks, read by all others.

        Args:
            name: fit for a file name.
            find_out: yields plain JSON. If it raises, nothing is kept and the next process tries again.
        """
        file = self.path / f"{name}.json"
        with FileLock(self.path / f"{name}.lock"):
            if not file.exists():
                self.write(name, find_out())
        return self.read(name)

    def write(self, name: str, fact: dict[str, Any]) -> None:
        """Put a fact there in one step: no process ever reads half of it."""
        part = self.path / f"{name}.{os.getpid()}.part"
        part.write_text(json.dumps(fact), encoding="utf-8")
        part.replace(self.path / f"{name}.json")

    def read(self, name: str) -> dict[str, Any]:
        """A fact that is known to be there."""
        fact: dict[str, Any] = json.loads((self.path / f"{name}.json").read_text(encoding="utf-8"))
        return fact

    def known(self, prefix: str) -> dict[str, dict[str, Any]]:
        """All facts whose names start so, without the prefix."""
        files = sorted(self.path.glob(f"{prefix}*.json"))
        return {file.stem.removeprefix(prefix): self.read(file.stem) for file in files}
