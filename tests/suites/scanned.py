"""All that a run writes, what it removes again included, and what of that holds a planted value, archives too."""

import gzip
import io
import os
import sqlite3
import tarfile
import threading
import zipfile
import zlib
from contextlib import closing
from pathlib import Path
from stat import S_IMODE

from pytest_llmops.detect import canary

PAUSE_S = 0.02
"""Between two looks at the folders; a file that lives for less may be missed."""


DATABASE = b"SQLite format 3\0"
"""How a database of SQLite begins; what is written to it meanwhile stands in a file beside it, as it is."""


class Watched:
    """Keeps each version of each file below some folders while a run goes on.

    Args:
        folders: a name to each of them.

    Attributes:
        versions: ``NAME/path`` of a file to its contents.
        modes: ``NAME/path`` of a folder to its permissions.
    """

    def __init__(self, **folders):
        self.folders = folders
        self.versions, self.modes = {}, {}
        self._seen = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._look()

    def holding(self, values):
        """Files with a planted value, by ``NAME/path`` (``NAME/archive!member``): which of the values, sorted."""
        found = {}
        for name, versions in self.versions.items():
            for version in versions:
                for inside, kinds in holding(name, version, values).items():
                    found.setdefault(inside, set()).update(kinds)
        return {name: sorted(kinds) for name, kinds in sorted(found.items())}

    def _watch(self):
        while not self._over.wait(PAUSE_S):
            self._look()

    def _look(self):
        for name, folder in self.folders.items():
            for place, folders, files in os.walk(folder):  # whole folders go meanwhile, at which rglob would end
                for path in (Path(place) / one for one in (*folders, *files)):
                    try:
                        self._keep(f"{name}/{path.relative_to(folder).as_posix()}", path)
                    except FileNotFoundError:  # it was removed while we looked
                        continue

    def _keep(self, name, path):
        stat = path.stat()
        if path.is_dir():
            self.modes.setdefault(name, S_IMODE(stat.st_mode))
        if not path.is_file():
            return
        version = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if self._seen.get(name) == version:
            return
        content, kept = path.read_bytes(), self.versions.setdefault(name, [])
        self._seen[name] = version
        if kept and content.startswith((kept[-1], DATABASE)):
            kept.pop()  # it has grown; of a database that is written to only the last state is whole
        kept.append(content)


def holding(name, content, values):
    """What of a file's content holds which of the values: itself, or what is packed within it."""
    found = {}
    for inside, text in texts(name, content):
        held = {value for value in values if canary.find(text, [value])}
        if held:
            found.setdefault(inside, set()).update(held)
    return found


def texts(name, content):
    """The texts in a content, however deep they are packed: as it stands, unpacked, and each value of a database."""
    yield name, content.decode("utf-8", "replace")
    if content.startswith(b"\x1f\x8b"):
        yield from texts(f"{name}!gz", _unzipped(content))
    elif content.startswith(DATABASE):
        yield f"{name}!sql", _dumped(content)
    elif zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for member in archive.namelist():
                yield from texts(f"{name}!{member}", archive.read(member))
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in filter(tarfile.TarInfo.isfile, archive):
                yield from texts(f"{name}!{member.name}", archive.extractfile(member).read())


def _unzipped(content):
    try:
        return gzip.decompress(content)
    except EOFError:  # it is being written
        return zlib.decompressobj(wbits=31).decompress(content)


def _dumped(content):
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content[:18] + b"\x01\x01" + content[20:])  # without the file beside it
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        rows = [row for table in tables for row in database.execute(f'select * from "{table}"')]
    return "\n".join(
        value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for row in rows for value in row
    )
