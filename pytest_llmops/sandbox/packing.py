"""Archives of the application's files, and folders of copies of them, as the sandbox's backups; whole or damaged."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.target.embedded import Packed

Files = dict[str, tuple[bytes, float]]
"""Name in a backup to what the file holds, and when it was written."""


def pack(packed: Packed, root: Path, name: str, at: float, base: str) -> None:
    """Write an archive, or where the name ends with ``/`` a folder, of files below root that are as old as it.

    The same files make the same bytes.

    Args:
        packed: which files, and what is wrong with it.
        root: of the files.
        name: of the archive below root.
        at: when it was made, in epoch seconds.
        base: the folder in it that stands for root.
    """
    files = {
        _named(path, root / packed.root, base, flat=packed.flat): (path.read_bytes(), path.stat().st_mtime)
        for path in _chosen(packed, root, at)
    }
    if packed.alter:
        first = next(iter(files))
        files[first] = (_flipped(files[first][0]), files[first][1])
    place = root / name
    if name.endswith("/"):
        _copy(packed, place, files, at)
        return
    content = _archive(files, compressed=name.endswith("gz"))
    place.parent.mkdir(parents=True, exist_ok=True)
    if packed.summed:
        sums = f"{hashlib.sha256(content).hexdigest()}  {place.name}\n"
        place.with_name(f"{place.name}.sha256").write_text(sums, encoding="utf-8")
    place.write_bytes(_flipped(content) if packed.flip else content[: len(content) // 2] if packed.cut else content)


def _chosen(packed: Packed, root: Path, at: float) -> list[Path]:
    found = {path for glob in packed.files for path in root.glob(glob)}
    return sorted(
        path
        for path in found
        if path.is_file()
        and not path.is_symlink()
        and path.stat().st_mtime <= at
        and not any(path.relative_to(root).match(glob) for glob in packed.without)
    )


def _named(path: Path, root: Path, base: str, *, flat: bool) -> str:
    return (PurePosixPath(base) / (path.name if flat else path.relative_to(root).as_posix())).as_posix()


def _archive(files: Files, *, compressed: bool) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as opened:
        for name, (content, written) in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), int(written), 0o600
            opened.addfile(member, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), mtime=0) if compressed else archive.getvalue()


def _copy(packed: Packed, folder: Path, files: Files, at: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (content, _) in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if packed.summed:
        lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, (content, _) in files.items()]
        (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    first = folder / next(iter(files)) if files else None
    if first and packed.flip:
        first.write_bytes(_flipped(first.read_bytes()))
    if first and packed.cut:
        first.unlink()
    for path in (one for one in folder.rglob("*") if one.is_file()):
        os.utime(path, (at, at))


def _flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
