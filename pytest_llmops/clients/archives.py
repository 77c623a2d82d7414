"""One ``.tar.gz`` of files, written whole and read back; for its owner alone."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from typing import IO, TYPE_CHECKING, cast

from pytest_llmops.clients.backup_content import Damaged, content
from pytest_llmops.errors import CallFailed
from pytest_llmops.state.folder import file_name, state_folder
from pytest_llmops.state.new_folder import new_folder
from pytest_llmops.state.scratch import unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_llmops.target.load import Target


def folder(target: Target, kind: str) -> Path:
    """Where archives of a kind lie: in the state folder, for each target apart."""
    return target.state_folder / kind / file_name(target.name)


def archived(
    component: str,
    archive: Path,
    files: Mapping[str, Path],
    extra: Callable[[Mapping[str, str]], Mapping[str, str]] = lambda _: {},
) -> Path:
    """Write an archive, and see that it holds each file as it was.

    Args:
        component: in whose name is complained.
        archive: where; one of that name is replaced once the new one is whole.
        files: name in the archive to the file.
        extra: from the SHA-256 of each file, as it was copied, to further texts, by their names in the archive.

    Raises:
        CallFailed: ``bad-answer``: it does not hold all of them afterwards; ``refused``: it cannot be written.
    """
    try:
        state_folder(archive.parents[2])
        new_folder(archive.parents[1], 0o700)
        new_folder(archive.parent, 0o700)
        with unfinished(archive) as part:
            with part.open("wb") as raw:
                sums = _written(raw, files, extra)
            held = content(part).sums
            if lacking := [name for name, checksum in sums.items() if held.get(name) != checksum]:
                said = f"{archive.name} does not hold {', '.join(lacking)} as it was."
                raise CallFailed(component, "bad-answer", f"{component}: {said}")
            part.replace(archive)
    except Damaged as error:
        raise CallFailed(
            component, "bad-answer", f"{component}: {archive.name} cannot be read back: {error}."
        ) from error
    except OSError as error:
        raise CallFailed(
            component, "refused", f"{component}: {archive} cannot be written: {error.strerror or error}."
        ) from error
    return archive


def text_in(archive: Path, name: str) -> str:
    """A text in it; empty where it is not there.

    Raises:
        OSError, EOFError, zlib.error, tarfile.TarError: it cannot be read.
    """
    with tarfile.open(archive, "r:gz") as opened:
        found = opened.extractfile(name) if name in opened.getnames() else None
        return found.read().decode() if found else ""


def _written(
    raw: IO[bytes], files: Mapping[str, Path], extra: Callable[[Mapping[str, str]], Mapping[str, str]]
) -> dict[str, str]:
    sums = {}
    with tarfile.open(fileobj=raw, mode="w:gz") as opened:
        for name, path in files.items():
            with path.open("rb") as source:
                member = opened.gettarinfo(arcname=name, fileobj=source)
                member.type, member.size = tarfile.REGTYPE, os.fstat(source.fileno()).st_size
                reading = _Reading(source)
                opened.addfile(member, cast("IO[bytes]", reading))  # what is written to it meanwhile is left out
                sums[name] = reading.checksum.hexdigest()
        for name, text in extra(sums).items():
            encoded = text.encode()
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(encoded), 0o600
            opened.addfile(member, io.BytesIO(encoded))
            sums[name] = hashlib.sha256(encoded).hexdigest()
    return sums


class _Reading:
    """A file whose checksum is made of what is read of it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self.checksum = hashlib.sha256()

    def read(self, count: int) -> bytes:
        piece = self._source.read(count)
        self.checksum.update(piece)
        return piece
