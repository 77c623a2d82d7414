"""Backups that we make: an archive of files with a manifest of their checksums, in the state folder."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import tarfile
import time
import zlib
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.archives import archived, folder, text_in
from pytest_llmops.clients.backup_places import BelowRoot
from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_llmops.clients.file_facts import FileFact
    from pytest_llmops.target.backups import Backups as Table
    from pytest_llmops.target.load import Target

MANIFEST = "manifest.json"
STAMP = "%Y%m%dT%H%M%SZ"


class Making:
    """Makes backups of files, for their owner alone; what holds a secret is named in the manifest, and not copied.

    Args:
        target: whose files they are.
        component: in whose name is complained.
        name: of the backups.
        table: what they hold.
    """

    def __init__(self, target: Target, component: str, name: str, table: Table) -> None:
        self.folder = folder(target, "backups")
        self._target = target
        self._component = component
        self._name = name
        self._table = table
        self._redactor = target.redactor()

    @property
    def place(self) -> BelowRoot:
        """Where those lie that were made, by names that tell when."""
        told = self._table.model_copy(
            update={"dated": f"{self._name}_{STAMP}.tar.gz", "timezone": "UTC", "folders": False, "checksums": ""}
        )
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return BelowRoot(self._component, self.folder, told, [f"{self._name}_*Z.tar.gz"])

    def made(self, facts: Sequence[FileFact], at: float, texts: Mapping[str, str]) -> Path:
        """Write one, and read it back; those before it stay.

        Args:
            facts: the files.
            at: epoch seconds, which stand in its name.
            texts: of further files in it, by name.

        Raises:
            CallFailed: it cannot be written, or does not hold what it should.
        """
        kept, secret = self.parted(facts)
        if not kept and not texts:
            raise CallFailed(self._component, "empty", f"{self._component}: backup {self._name} would hold no file.")
        day = dt.datetime.fromtimestamp(at, dt.UTC)

        def extra(sums: Mapping[str, str]) -> dict[str, str]:
            manifest = {
                "target": self._target.name,
                "made": day.isoformat(timespec="seconds"),
                "files": dict(sums),
                "texts": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()},
                "left_out": [fact.name for fact in secret],
            }
            return {MANIFEST: json.dumps(manifest, indent=2), **texts}

        archive = self.folder / f"{self._name}_{day:{STAMP}}.tar.gz"
        return archived(self._component, archive, {fact.name: fact.path for fact in kept}, extra)

    def unfinished(self) -> list[str]:
        """What a backup that was not finished has left beside them."""
        return sorted(path.name for path in self.folder.glob(".*.part"))

    def manifest(self, archive: Path) -> dict[str, Any]:
        """What a backup says of itself: ``target made files texts left_out``.

        Raises:
            CallFailed: ``bad-answer``: it cannot be read.
        """
        try:
            found: dict[str, Any] = json.loads(text_in(archive, MANIFEST))
        except (OSError, EOFError, ValueError, zlib.error, tarfile.TarError) as error:
            raise CallFailed(
                self._component,
                "bad-answer",
                f"{self._component}: {archive.name} has no manifest that can be read: {error}.",
            ) from error
        return found

    def parted(self, facts: Sequence[FileFact]) -> tuple[list[FileFact], list[FileFact]]:
        """Files that are copied, and files that hold secrets, by their name or by what stands in them."""
        if self._table.with_secrets:
            return [*facts], []
        kept: list[FileFact] = []
        secret: list[FileFact] = []
        for fact in facts:
            named = any(fnmatch(fact.path.name.lower(), pattern) for pattern in self._table.secret)
            (secret if named or self._holds_secret(fact) else kept).append(fact)
        return kept, secret

    def _holds_secret(self, fact: FileFact) -> bool:
        return self._redactor.finds(fact.path.read_text(encoding="utf-8", errors="replace"))


def now() -> float:
    """Epoch seconds, whole: a name tells no more."""
    return float(int(time.time()))
