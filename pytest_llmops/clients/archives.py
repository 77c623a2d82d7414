"""One ``.tar.gz`` of files, written whole and read back; for its owner alone."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from typing import IO, TYPE_CHECKING

from pytest_llmops.errors import CallFailed
from pytest_llmops.state.folder import file_name, state_folder
from pytest_llmops.state.new_folder import new_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmops.target.load import Target


def folder(target: Target, kind: str) -> Path:
    """Where archives of a kind lie: in the state folder, for each target apart."""
    return target.state_folder / kind / file_name(target.name)


def archived(component: str, archive: Path, files: Mapping[str, Path], extra: Mapping[str, str] | None = None) -> Path:
    """Write an archive, and see that it holds each file as it was.

    Args:
        component: in whose name is complained.
        archive: where; one of that name is replaced once the new one is whole.
        files: name in the archive to the file.
        extra: name in the archive to a text.

    Raises:
        CallFailed: ``bad-answer``: it does not hold all of them afterwards; ``refused``: it cannot be written.
    """
    part = archive.with_name(f".{archive.name}.{os.getpid()}.part")
    try:
        state_folder(archive.parents[2])
        new_folder(archive.parents[1], 0o700)
        new_folder(archive.parent, 0o700)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as raw:
            sums = _written(raw, files, extra or {})
        if lacking := differing(part, sums):
            raise CallFailed(
                component, "bad-answer", f"{component}: {archive.name} does not hold {', '.join(lacking)} as it was."
            )
        part.replace(archive)
    except OSError as error:
        raise CallFailed(
            component, "refused", f"{component}: {archive} cannot be written: {error.strerror or error}."
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return archive


def sums_in(archive: Path) -> dict[str, str]:
    """The SHA-256 of each file in it.

    Raises:
        OSError: it cannot be read.
        tarfile.TarError: it is no archive, or damaged.
        EOFError: it ends too early.
    """
    with tarfile.open(archive) as opened:  # compressed or not
        found = {}
        for member in opened:
            content = opened.extractfile(member)
            if content is not None:
                found[member.name] = _sum(content)
        return found


def text_in(archive: Path, name: str) -> str:
    """A text in it; empty where it is not there.

    Raises:
        OSError, tarfile.TarError, EOFError: as `sums_in`.
    """
    with tarfile.open(archive, "r:gz") as opened:
        content = opened.extractfile(name) if name in opened.getnames() else None
        return content.read().decode() if content else ""


def differing(archive: Path, sums: Mapping[str, str]) -> list[str]:
    """Names that are not in it with that sum."""
    held = sums_in(archive)
    return [name for name, checksum in sums.items() if held.get(name) != checksum]


def _sum(content: IO[bytes]) -> str:
    checksum = hashlib.sha256()
    while piece := content.read(1 << 20):
        checksum.update(piece)
    return checksum.hexdigest()


def _written(raw: IO[bytes], files: Mapping[str, Path], extra: Mapping[str, str]) -> dict[str, str]:
    sums = {}
    with tarfile.open(fileobj=raw, mode="w:gz") as opened:
        for name, text in extra.items():
            content = text.encode()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o600
            opened.addfile(member, io.BytesIO(content))
            sums[name] = hashlib.sha256(content).hexdigest()
        for name, path in files.items():
            content = path.read_bytes()
            member = opened.gettarinfo(path, name)
            member.size, member.type = len(content), tarfile.REGTYPE
            opened.addfile(member, io.BytesIO(content))
            sums[name] = hashlib.sha256(content).hexdigest()
    return sums
