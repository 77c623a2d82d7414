"""Ballast: a file that makes a disk nearly full for a while, where it may lie, and how much it leaves free."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field

from pytest_llmops.target.control import Driven, placed
from pytest_llmops.target.sizes import Bytes, Part

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PREFIX = ".llmops-ballast-"
"""What the name of the file begins with, so that whoever finds one knows whose it is."""


def _is_folder(text: str) -> str:
    if not text or ".." in PurePosixPath(text).parts or text.startswith("~"):
        raise ValueError(f"{text!r} is no folder of a disk; write it from /, or relative to llmops.toml, without '..'")
    return text


Folder = Annotated[str, AfterValidator(_is_folder)]
"""From ``/``, or relative to a root, without climbing."""


class Ballast(Driven):
    """Where a file may be laid that makes a disk of this machine nearly full."""

    driver: Literal["ballast"] = "ballast"
    root: str = Field(".", description="From where folder is named; relative to llmops.toml.")
    folder: Folder = Field(description="Where the file is laid: on the disk that is to be nearly full. No link.")
    leaves: Part = Field(description="How much stays free, '5 %' or '2 GB': so far it is filled, and never further.")
    at_most: Bytes = Field(description="How large the file may be, e.g. '50 GB'; where that is too little, none is.")
    quota: Bytes | None = Field(
        None, description="What may lie in the folder, where something other than its disk limits that, e.g. '10 GB'."
    )
    figure: str = Field("disk_used", min_length=1, description="The figure whose limits have to be broken by it.")

    @property
    def what(self) -> str:
        """What is acted on, for people."""
        return f"the disk of {self.folder}"

    def named(self) -> BallastFile:
        """The same, with a name for the file that nobody else has."""
        return BallastFile(**self.model_dump(), file=f"{PREFIX}{secrets.token_hex(8)}")


class BallastFile(Ballast):
    """One such file; no file of ours describes one."""

    file: str = Field(pattern=rf"^\{PREFIX}[0-9a-f]{{16}}$")

    def resolved(self, root: Path, environ: Mapping[str, str]) -> Self:  # noqa: ARG002
        """With the whole path of its root."""
        return self.model_copy(update={"root": placed(root, self.root)})


def taken(folder: int) -> int:
    """Bytes that the files below an open folder take of their disk, each file once, no link followed.

    Raises:
        OSError: a folder cannot be looked into.
    """
    found: dict[tuple[int, int], int] = {}
    for _, _, names, inner in os.fwalk(dir_fd=folder, onerror=_unless_gone):
        for name in names:
            with suppress(FileNotFoundError):  # it went while we looked
                file = os.lstat(name, dir_fd=inner)
                found[file.st_dev, file.st_ino] = 512 * file.st_blocks
    return sum(found.values())


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error
