"""What a backup holds: an archive, a compressed file or a folder, read to its last byte or unpacked into a folder."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import lzma
import shutil
import struct
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, cast

from pytest_llmops.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PIECE = 1 << 20
BLOCK = 512
USTAR = 257
"""Where a tar says that it is one."""
_COMPRESSED: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
_BY_NAME: dict[str, Callable[[Path], Any]] = {
    ".gz": gzip.open,
    ".tgz": gzip.open,
    ".bz2": bz2.open,
    ".tbz2": bz2.open,
    ".xz": lzma.open,
    ".txz": lzma.open,
}
_UNREAD = frozenset({".zst", ".tzst", ".7z", ".lz4", ".rar", ".lz", ".lzo", ".br", ".Z", ".gpg", ".age"})
_UNREAD_MAGIC = (b"\x28\xb5\x2f\xfd", b"7z\xbc\xaf\x27\x1c", b"\x04\x22\x4d\x18", b"Rar!\x1a\x07")
_BROKEN = (
    OSError, EOFError, ValueError, KeyError, OverflowError, RuntimeError, zlib.error, lzma.LZMAError, struct.error,
    tarfile.TarError, zipfile.BadZipFile, NotImplementedError,
)  # fmt: skip


class Damaged(Exception):
    """It cannot be read, or unpacked, whole; says why."""


@dataclass(frozen=True, slots=True)
class Content:
    """What was read of a backup.

    Attributes:
        sums: the SHA-256 of each file in it, by its path there.
        bytes: of all files together, unpacked.
    """

    sums: dict[str, str]
    bytes: int

    def __len__(self) -> int:
        return len(self.sums)


def content(path: Path) -> Content:
    """Read all of it: every file, and what stands behind the last one, with the checksums that its format has.

    Args:
        path: an archive (tar, also compressed, or zip), a file, which may be compressed, or a folder.

    Raises:
        Damaged: it cannot be read to its end, or ends too early.
        Unsupported: it is packed in a way that is not read here.
    """
    _readable(path)
    sums: dict[str, str] = {}
    size = 0
    with _telling():
        for name, stream in _files(path, sums):
            checksum = hashlib.sha256()
            while piece := stream.read(PIECE):
                checksum.update(piece)
                size += len(piece)
            sums[name] = checksum.hexdigest()
    return Content(sums, size)


def unpack(path: Path, into: Path) -> None:
    """Unpack it into a folder, and nowhere else, whatever names and links are in it.

    Raises:
        Damaged: it cannot be unpacked; also where a name or a link in it leads out of the folder.
        Unsupported: it is packed in a way that is not read here.
    """
    _readable(path)
    with _telling():
        into.mkdir(parents=True, exist_ok=True)
        if _is_tar(path):
            with _stream(path) as stream, tarfile.open(fileobj=stream) as opened:
                opened.extractall(into, filter="data")
            return
        for name, stream in _files(path, {}):
            file = into / name
            if not file.resolve().is_relative_to(into.resolve()):
                raise ValueError(f"{name} would be written outside of the folder")
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("xb") as written:
                shutil.copyfileobj(stream, written, PIECE)


def sha256(path: Path) -> str:
    """The checksum of a file.

    Raises:
        Damaged: it cannot be read.
    """
    with _telling(), path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def is_read(path: Path) -> bool:
    """Whether what is in it can be read here: its bytes alone prove nothing of that (Zstandard, 7z, LZ4, RAR, …).

    Raises:
        Damaged: it cannot be read.
    """
    if path.is_dir():
        return True
    with _telling(), path.open("rb") as opened:
        return path.suffix not in _UNREAD and not opened.read(8).startswith(_UNREAD_MAGIC)


def _readable(path: Path) -> None:
    if not is_read(path):
        raise Unsupported(
            f"files: what is in {path.name} is not read here, so nothing can be said of it: "
            "pack it with gzip, bzip2, xz or zip, or record its checksum."
        )


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        said = str(error) or type(error).__name__
        raise Damaged(said.rstrip(".")) from error


def _files(path: Path, sums: dict[str, str]) -> Iterator[tuple[str, IO[bytes]]]:
    if path.is_dir():
        yield from _in_folder(path)
    elif _is_tar(path):
        yield from _in_tar(path, sums)
    elif path.suffix == ".zip":
        yield from _in_zip(path)
    else:
        with _stream(path) as stream:
            yield (path.stem if _packed(path) else path.name), stream


def _in_folder(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    own = path.resolve()
    for file in sorted(path.rglob("*")):
        name = file.relative_to(path).as_posix()
        if not file.resolve().is_relative_to(own):
            raise ValueError(f"{name} is a link that leads out of it")
        if file.is_file():
            with file.open("rb") as stream:
                yield name, stream


def _in_tar(path: Path, sums: dict[str, str]) -> Iterator[tuple[str, IO[bytes]]]:
    with _stream(path) as stream, tarfile.open(fileobj=stream) as opened:
        for member in opened:
            found = opened.extractfile(member) if member.isreg() else None
            if found is not None:
                yield _plain(member.name), found
            elif member.islnk() and _plain(member.linkname) in sums:  # a further name of a file before it
                sums[_plain(member.name)] = sums[_plain(member.linkname)]
        # tarfile takes a damaged header for the end; what ends well ends with two blocks of zeros, and nothing behind.
        stream.seek(opened.offset)
        left = 0
        while piece := stream.read(PIECE):
            if piece.strip(b"\0"):
                raise ValueError(f"behind its file {len(opened.getmembers())} stands what is no file of it")
            left += len(piece)
        if left < 2 * BLOCK:
            raise EOFError(f"it ends too early, behind its file {len(opened.getmembers())}")


def _in_zip(path: Path) -> Iterator[tuple[str, IO[bytes]]]:
    with zipfile.ZipFile(path) as opened:
        for member in opened.infolist():
            if not member.is_dir():
                with opened.open(member) as stream:
                    yield _plain(member.filename), stream


def _is_tar(path: Path) -> bool:
    if path.is_dir() or path.suffix == ".zip":
        return False
    if ".tar" in path.suffixes or path.suffix in {".tgz", ".tbz2", ".txz"}:
        return True
    try:
        with _stream(path) as stream:
            return bytes(stream.read(USTAR + 5)).endswith(b"ustar")
    except _BROKEN:
        return False


@contextmanager
def _stream(path: Path) -> Iterator[IO[bytes]]:
    """What is in it, uncompressed."""
    with cast("IO[bytes]", (_packed(path) or _plainly)(path)) as stream:
        yield stream


def _plainly(path: Path) -> IO[bytes]:
    return path.open("rb")


def _packed(path: Path) -> Callable[[Path], Any] | None:
    with path.open("rb") as opened:
        begin = opened.read(6)
    named = _BY_NAME.get(path.suffix)
    return named or next((way for magic, way in _COMPRESSED.items() if begin.startswith(magic)), None)


def _plain(name: str) -> str:
    return PurePosixPath(name).as_posix()
