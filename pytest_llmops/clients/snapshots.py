"""The snapshots of one Qdrant collection: made, listed, fetched, deleted; and a collection that is made of one."""

from __future__ import annotations

import datetime as dt
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.form_file import FormFile
from pytest_llmops.errors import CallFailed, Unsupported

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.clients.answer import Answer
    from pytest_llmops.clients.http import Http


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot, as the server tells of it.

    Attributes:
        name: which the server gave it.
        size: bytes.
        checksum: SHA-256 of its bytes, in hex; empty where the server tells none, as before 1.9.
        created: by the server's clock, in seconds since the epoch; None where it tells none.
    """

    name: str
    size: int
    checksum: str
    created: float | None


class Snapshots:
    """The snapshots of one collection on one node.

    Args:
        http: calls to the server.
        collection: its name.
    """

    def __init__(self, http: Http, collection: str) -> None:
        self._http = http
        self.collection = collection
        self._path = f"/collections/{collection}/snapshots"

    def all(self) -> list[Snapshot]:
        """Those that there are (GET /collections/NAME/snapshots)."""
        return self.look()[0]

    def look(self) -> tuple[list[Snapshot], float]:
        """The same, and when that was by the server's clock, else by ours, in seconds since the epoch."""
        answer = self._http.call("GET", self._path)
        found = answer.ok().table().get("result")
        if not isinstance(found, list):
            raise _without_result(answer)
        told = answer.headers.get("date")
        return [_snapshot(one) for one in found], parsedate_to_datetime(told).timestamp() if told else time.time()

    def create(self, deadline_s: float) -> Snapshot:
        """Make one, and wait until it is there (POST /collections/NAME/snapshots).

        Raises:
            CallFailed: it was refused, or came to no end in time.
        """
        answer = self._http.call("POST", self._path, query={"wait": "true"}, deadline_s=deadline_s)
        found = answer.ok().table().get("result")
        if not isinstance(found, dict) or not found.get("name"):
            raise _without_result(answer)
        return _snapshot(found)

    def delete(self, name: str) -> None:
        """Take one away.

        Raises:
            CallFailed: there is none (kind ``http-404``), or it was refused.
        """
        self._http.call("DELETE", f"{self._path}/{name}", query={"wait": "true"}).ok()

    def fetch(self, name: str, into: Path, deadline_s: float) -> str:
        """Write the bytes of one to a file; their SHA-256, in hex.

        Raises:
            CallFailed: it could not be had whole.
        """
        self._http.download(f"{self._path}/{name}", into, deadline_s=deadline_s)
        with into.open("rb") as file:
            digest = sha256()
            while piece := file.read(1 << 20):
                digest.update(piece)
        return digest.hexdigest()

    def upload(self, path: Path, checksum: str, deadline_s: float) -> None:
        """Have the collection as it is in a snapshot (POST /collections/NAME/snapshots/upload).

        What it held before is gone: the snapshot's data go before it, and not the other way round, which is the
        server's own way and leaves an empty collection empty.

        Args:
            path: of the snapshot.
            checksum: which the server compares with what reached it; empty: it compares nothing.
            deadline_s: for all of it.

        Raises:
            CallFailed: it was refused, or came to no end in time.
        """
        query = {"priority": "snapshot", "wait": "true"} | ({"checksum": checksum} if checksum else {})
        self._http.call(
            "POST", f"{self._path}/upload", content=FormFile("snapshot", path), query=query, deadline_s=deadline_s
        ).ok()


def newest_in(folder: Path, collection: str) -> Path | None:
    """The newest snapshot of a collection that lies in a folder, by the times in their names; None: there is none.

    A server names them COLLECTION-NODE-TIME; what is named otherwise may be of any collection, and made at any time.

    Raises:
        Unsupported: they are of several nodes, so that each holds only a part of it.
    """
    named = re.compile(rf"({re.escape(collection)}-\d+)-(\d{{4}}(?:-\d\d){{5}})")
    found = {path: told for path in folder.rglob("*.snapshot") if (told := named.fullmatch(path.stem))}
    nodes = {told[1] for told in found.values()}
    if len(nodes) > 1:
        raise Unsupported(
            f"files: {folder.name} has snapshots of {collection} of several nodes, {', '.join(sorted(nodes))}: "
            "each holds only a part of it, and is restored on its own node."
        )
    return max(found, key=lambda path: found[path][2], default=None)


def _snapshot(found: dict[str, Any]) -> Snapshot:
    return Snapshot(
        str(found["name"]),
        int(found.get("size") or 0),
        str(found.get("checksum") or ""),
        _moment(found.get("creation_time")),
    )


def _moment(text: object) -> float | None:
    """``2026-01-05T09:00:00``, which is in UTC."""
    if not isinstance(text, str):
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def _without_result(answer: Answer) -> CallFailed:
    said = f"{answer.component}: {answer.asked} answered without a result."
    return CallFailed(answer.component, "bad-answer", said)
