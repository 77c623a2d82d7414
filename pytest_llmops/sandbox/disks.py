"""Disks of the machine that are folders of the sandbox: as large as their quota, as full as the files in them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_llmops.target.ballast import taken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_llmops.sandbox.faults import Faults
    from pytest_llmops.sandbox.stack import Stack


def disks(stack: Stack) -> dict[str, Callable[[], tuple[float, float]]]:
    """What tells size and free bytes of each, by the labels of its series; its folder is where it is mounted."""
    return {
        f'device="/dev/{name}",fstype="ext4",mountpoint="/{one.folder}"': _Disk(
            stack.root / one.folder, float(one.quota or 0), stack.faults
        ).told
        for name, one in stack.ballast.items()
    }


class _Disk:
    """One of them."""

    def __init__(self, folder: Path, size: float, faults: Faults) -> None:
        self._folder = folder
        self._size = size
        self._faults = faults
        self._taken = self._now()

    def told(self) -> tuple[float, float]:
        if "disk:unseen" not in self._faults:
            self._taken = max(self._now(), self._taken if "disk:kept" in self._faults else 0)
        return self._size, max(0.0, self._size - self._taken)

    def _now(self) -> int:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            return taken(folder)
        finally:
            os.close(folder)
