"""Snapshots of Qdrant's collections: made, listed, handed out and recovered, and what goes wrong with them."""

from __future__ import annotations

import datetime as dt
import io
import json
import tarfile
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import httpx
import numpy as np
from qdrant_client import models

from pytest_llmops.sandbox.qdrant_calls import Wrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from qdrant_client import QdrantClient

    from pytest_llmops.sandbox.faults import Faults

PEER = 6194298859870377
"""The node's number, which stands in a snapshot's name."""

CONFIG, POINTS = "config.json", "points.jsonl"
"""The members of a snapshot; a real one has segments in the place of the second."""


class Snapshots:
    """The snapshots of one server, in a folder for each collection.

    Args:
        engine: holds the collections.
        folder: where they lie.
        faults: that are on.
        note: is told of each recovery, with the file that it was made from, so that a later start has it.
    """

    def __init__(
        self,
        engine: QdrantClient,
        folder: Path,
        faults: Faults,
        note: Callable[[str, str, dict[str, Any]], None],
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._faults = faults
        self._note = note
        self.recovered: set[str] = set()

    def all(self, name: str, _: dict[str, Any]) -> Any:
        """Those of a collection."""
        self._known(name)
        return [_described(path) for path in sorted((self._folder / name).glob("*.snapshot"))]

    def create(self, name: str, _: dict[str, Any]) -> Any:
        """Make one."""
        self._known(name)
        if "vectors:snapshots-full" in self._faults:
            raise Wrong(500, "Service internal error: File IO error: No space left on device (os error 28)")
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}-{PEER}-{dt.datetime.now(dt.UTC):%Y-%m-%d-%H-%M-%S}.snapshot"
        path.write_bytes(written(self._engine, name))
        path.with_suffix(".snapshot.checksum").write_text(_checksum(path.read_bytes()), encoding="ascii")
        return _described(path)

    def delete(self, name: str, body: dict[str, Any]) -> Any:
        """Take one away."""
        path = self.path(name, str(body["snapshot"]))
        if "vectors:keeps-deleted" not in self._faults:
            path.unlink()
            path.with_suffix(".snapshot.checksum").unlink(missing_ok=True)
        return True

    def handed_out(self, name: str, snapshot: str) -> bytes:
        """The bytes of one."""
        content = self.path(name, snapshot).read_bytes()
        if "vectors:snapshot-torn" in self._faults:
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        return content

    def recover(self, name: str, body: dict[str, Any]) -> Any:
        """Have a collection as it is in the snapshot at a location: a file of the server's, or an address."""
        location = urlsplit(str(body.get("location") or ""))
        if location.scheme == "file":
            path = Path(unquote(location.path))
            if not path.is_file():
                raise Wrong(400, f"Wrong input: Snapshot file {str(path)!r} does not exist")
            content = path.read_bytes()
        elif location.scheme in {"http", "https"}:
            key = {"api-key": body["api_key"]} if body.get("api_key") else {}
            answer = httpx.get(location.geturl(), headers=key, trust_env=False)
            if answer.status_code != 200:
                said = f"Failed to download snapshot from {location.geturl()}: status - {answer.status_code}"
                raise Wrong(400, f"Wrong input: {said}")
            content = answer.content
        else:
            raise Wrong(400, "Format error in JSON body: relative URL without a base")
        return self._restore(name, content, body)

    def upload(self, name: str, body: dict[str, Any]) -> Any:
        """Have a collection as it is in the snapshot that is sent."""
        content = body.get("snapshot")
        if not isinstance(content, bytes):
            raise Wrong(400, "Format error: Field `snapshot` is required")
        return self._restore(name, content, body)

    def again(self, name: str, body: dict[str, Any]) -> Any:
        """A recovery that was made before this start."""
        self._lay(name, Path(body["file"]).read_bytes())

    def path(self, name: str, snapshot: str) -> Path:
        """Where one lies.

        Raises:
            Wrong: there is none of that name.
        """
        self._known(name)
        path = self._folder / name / snapshot
        if Path(snapshot).name != snapshot or not path.is_file():
            raise Wrong(404, f"Not found: Snapshot {snapshot} not found")
        return path

    def _known(self, name: str) -> None:
        if not self._engine.collection_exists(name):
            raise Wrong(404, f"Not found: Collection `{name}` doesn't exist!")

    def _restore(self, name: str, content: bytes, body: dict[str, Any]) -> bool:
        """What both ways have in common; without priority ``snapshot`` what a collection holds goes before."""
        wanted = body.get("checksum")
        if wanted and wanted != (found := _checksum(content)):
            raise Wrong(400, f"Wrong input: Snapshot checksum mismatch: expected {wanted}, got {found}")
        if "vectors:restore-fails" in self._faults:
            raise Wrong(500, "Service internal error: Failed to restore local replica")
        vectors, _ = _read(content)
        if self._engine.collection_exists(name):
            there = self._engine.get_collection(name).config.params.vectors
            if there != vectors:
                said = f"Collection vectors: {there!r} Snapshot Vectors: {vectors!r}"
                raise Wrong(400, f"Wrong input: Snapshot is not compatible with existing collection: {said}")
            if body.get("priority") != "snapshot":
                return True
        kept = self._folder / f"recovered-{_checksum(content)}"
        self._folder.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(content)
        self._lay(name, content)
        self._note("recover", name, {"file": str(kept)})
        return True

    def _lay(self, name: str, content: bytes) -> None:
        """Put what a snapshot holds in the place of a collection, bit by bit."""
        vectors, points = _read(content)
        points = self._gone_wrong(points)
        if self._engine.collection_exists(name):
            self._engine.delete_collection(name)
        self._engine.create_collection(name, vectors_config=vectors)
        if points:
            self._engine.upsert(name, points=points)
        # The engine makes each cosine vector of length 1 once more, which changes the last bits; a server copies them.
        held = self._engine._client.collections[name]  # type: ignore[attr-defined]  # noqa: SLF001
        for point in points:
            held.vectors[""][held.ids[point.id]] = np.array(point.vector, dtype=np.float32)
        self.recovered.add(name)

    def _gone_wrong(self, points: list[models.PointStruct]) -> list[models.PointStruct]:
        if "vectors:restore-empty" in self._faults:
            return []
        if "vectors:restore-loses" in self._faults:
            return points[1:]
        if "vectors:restore-alters" in self._faults and points:
            vector: list[Any] = [*points[0].vector]
            vector[0] += 0.001
            return [points[0].model_copy(update={"vector": vector}), *points[1:]]
        if "vectors:restore-other" in self._faults:
            turned = [*points[1:], *points[:1]]
            return [other.model_copy(update={"id": one.id}) for one, other in zip(points, turned, strict=True)]
        return points


def written(engine: QdrantClient, name: str) -> bytes:
    """A snapshot of a collection.

    Raises:
        Wrong: the sandbox has none of its kind.
    """
    vectors = engine.get_collection(name).config.params.vectors
    if not isinstance(vectors, models.VectorParams):
        raise Wrong(500, "Service internal error: the sandbox has no snapshots of named vectors")
    points, _ = engine.scroll(name, limit=engine.count(name).count or 1, with_vectors=True)
    lines = "".join(point.model_dump_json() + "\n" for point in points)
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for member, text in ((CONFIG, vectors.model_dump_json()), (POINTS, lines)):
            info = tarfile.TarInfo(member)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return content.getvalue()


def _read(content: bytes) -> tuple[models.VectorParams, list[models.PointStruct]]:
    """What a snapshot holds.

    Raises:
        Wrong: it is none.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            config, points = (archive.extractfile(member).read() for member in (CONFIG, POINTS))  # type: ignore[union-attr]
        vectors = models.VectorParams.model_validate_json(config)
        lines = [json.loads(line) for line in points.splitlines()]
        return vectors, [
            models.PointStruct(id=one["id"], vector=one["vector"], payload=one["payload"]) for one in lines
        ]
    except (tarfile.TarError, KeyError, ValueError):
        raise Wrong(500, "Service internal error: File IO error: failed to iterate over archive") from None


def _checksum(content: bytes) -> str:
    return sha256(content).hexdigest()


def _described(path: Path) -> dict[str, Any]:
    found, checksum = path.stat(), path.with_suffix(".snapshot.checksum")
    made = dt.datetime.fromtimestamp(found.st_mtime, dt.UTC)
    return {
        "name": path.name,
        "creation_time": f"{made:%Y-%m-%dT%H:%M:%S}",
        "size": found.st_size,
        "checksum": checksum.read_text(encoding="ascii") if checksum.is_file() else None,
    }
