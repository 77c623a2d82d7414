"""Backups of an application's configuration: its files and a manifest, in the state folder; secrets are only named."""

from __future__ import annotations

import datetime as dt
import json
import tarfile
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.archives import archived, differing, folder, text_in
from pytest_llmops.clients.file_facts import FileFact
from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_llmops.target.file_sets import Backup
    from pytest_llmops.target.load import Target

MANIFEST = "manifest.json"
DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Restored:
    """A backup that was restored into a scratch folder.

    Attributes:
        archive: which.
        files: how many there are.
        wrong: sentences of those that are not as the manifest says.
    """

    archive: Path
    files: int
    wrong: tuple[str, ...]


class Backups:
    """The backups of a target's configuration.

    Args:
        target: the deployment.
        component: in whose name is complained.
        table: what a backup holds.
        facts: the configuration's files as they are now.
    """

    def __init__(self, target: Target, component: str, table: Backup, facts: Sequence[FileFact]) -> None:
        self.folder = folder(target, "backups")
        self._target = target
        self._component = component
        self._table = table
        self._facts = facts
        self._redactor = target.redactor()

    def __repr__(self) -> str:
        return f"Backups({len(self.all())})"

    def all(self) -> list[Path]:
        """Those that are there, oldest first."""
        return sorted(self.folder.glob("config_*.tar.gz"))

    def newest(self) -> Path:
        """The last one.

        Raises:
            CallFailed: ``absent``: there is none.
        """
        found = self.all()
        if not found:
            raise CallFailed(
                self._component,
                "absent",
                f"{self._component}: there is no backup of the configuration in {self.folder}; make one.",
            )
        return found[-1]

    def make(self, at: float) -> Path:
        """Write one; those before it stay.

        Args:
            at: epoch seconds, which stand in its name.

        Raises:
            CallFailed: it cannot be written, or does not hold what it should.
        """
        kept, secret = self._parted()
        manifest = {
            "target": self._target.name,
            "made": dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="seconds"),
            "files": {fact.name: fact.sha256() for fact in kept},
            "left_out": [fact.name for fact in secret],
        }
        name = f"config_{dt.datetime.fromtimestamp(at, dt.UTC):%Y%m%dT%H%M%SZ}.tar.gz"
        extra = {MANIFEST: json.dumps(manifest, indent=2)}
        return archived(self._component, self.folder / name, {fact.name: fact.path for fact in kept}, extra)

    def make_older(self, at: float) -> None:
        """Write as many as are kept, of the days before; a sandbox, which is new, has none that could be superseded.

        Args:
            at: epoch seconds, before which they are.

        Raises:
            CallFailed: as `make`.
        """
        for days in range(1, self._table.keep + 1):
            self.make(at - days * DAY_S)

    def superseded(self) -> list[Path]:
        """Those beyond the number that is kept, oldest first."""
        return self.all()[: -self._table.keep]

    def restored(self, into: Path, archive: Path | None = None) -> Restored:
        """Restore a backup (the newest one) into a scratch folder, and compare each file with the manifest.

        Args:
            into: an empty folder; nothing else is written to.
            archive: which one.

        Raises:
            CallFailed: as `broken`.
        """
        archive = archive or self.newest()
        sums = self.manifest(archive)["files"]
        try:
            with tarfile.open(archive) as opened:
                opened.extractall(into, filter="data")
        except (OSError, EOFError, tarfile.TarError) as error:
            raise self._damaged(archive, error) from error
        facts = [FileFact.of(path, into) for path in sorted(into.rglob("*")) if path.is_file()]
        there = {fact.name: fact.sha256() for fact in facts if fact.name != MANIFEST}
        wrong = [
            *(f"{name} is not in it" for name in sums if name not in there),
            *(f"{name} is not as the manifest says" for name in sums if there.get(name, sums[name]) != sums[name]),
            *(f"{name} is in it, and not in the manifest" for name in there if name not in sums),
        ]
        return Restored(archive, len(there), tuple(f"{archive.name}: {one}" for one in wrong))

    def broken(self, archive: Path | None = None) -> list[str]:
        """Files of a backup (the newest one) that are not in it as its manifest says; empty where all are.

        Raises:
            CallFailed: ``absent``: there is none; ``bad-answer``: it cannot be read.
        """
        archive = archive or self.newest()
        sums = self.manifest(archive)["files"]
        try:
            return differing(archive, sums)
        except (OSError, EOFError, tarfile.TarError) as error:
            raise self._damaged(archive, error) from error

    def changed(self) -> list[str]:
        """Files that are not as they stand in the newest backup, are new, or are gone.

        Raises:
            CallFailed: as `broken`.
        """
        saved = self.manifest(self.newest())["files"]
        now = {fact.name: fact.sha256() for fact in self._parted()[0]}
        return sorted(name for name in saved.keys() | now.keys() if saved.get(name) != now.get(name))

    def manifest(self, archive: Path) -> dict[str, Any]:
        """What a backup says of itself: ``target made files left_out``.

        Raises:
            CallFailed: ``bad-answer``: it cannot be read.
        """
        try:
            found: dict[str, Any] = json.loads(text_in(archive, MANIFEST))
        except (OSError, EOFError, ValueError, tarfile.TarError) as error:
            raise self._damaged(archive, error) from error
        return found

    def _parted(self) -> tuple[list[FileFact], list[FileFact]]:
        """Files that are copied, and files that hold secrets, by their name or by what stands in them."""
        kept: list[FileFact] = []
        secret: list[FileFact] = []
        for fact in self._facts:
            named = any(fnmatch(fact.path.name.lower(), pattern) for pattern in self._table.secret)
            (secret if named or self._holds_secret(fact) else kept).append(fact)
        return kept, secret

    def _holds_secret(self, fact: FileFact) -> bool:
        return self._redactor.finds(fact.path.read_text(encoding="utf-8", errors="replace"))

    def _damaged(self, archive: Path, error: Exception) -> CallFailed:
        return CallFailed(
            self._component, "bad-answer", f"{self._component}: {archive.name} cannot be read as a backup: {error}."
        )
