"""The audit log among the application's files, in the form of the system that the sandbox stands for."""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import json
import os
import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pytest_llmops.target import templates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.target.embedded import Trail

_OPEN = 0o640
_FIRST = "0" * 64


class WrittenTrail:
    """Writes each event as the profile says, and at its first start those from before.

    A lock keeps several processes of the API, of which one takes over from the other, in one order.

    Args:
        stack: below whose folder of files it lies.
        table: where, and in which form.
    """

    def __init__(self, stack: Stack, table: Trail) -> None:
        self._root = stack.root
        self._texts = stack.texts
        self._table = table
        self._asked = stack.asked_of("audit_log")
        self._state = stack.directory / "audit-trail"
        self._lock = os.open(stack.directory / "audit-trail.lock", os.O_RDWR | os.O_CREAT, 0o600)
        self._each = "{id}" in table.file
        if "absent" not in self._asked:
            self._begin()

    def write(self, event: Mapping[str, str]) -> None:
        """Write an event, where the profile has a word for its kind."""
        kind = self._table.types.get(event["type"], "" if self._table.types else event["type"])
        if not kind or "absent" in self._asked:
            return
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            state = self._read()
            state["events"] += 1
            if "lossy" not in self._asked or state["events"] % 2:
                at = dt.datetime.fromisoformat(event["at"]).timestamp()
                self._put(event["id"], self._made(state, {**event, "type": kind}, at), at)
            self._tell(kind, event["id"], time.time())
            self._keep(state)
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _begin(self) -> None:
        """The entries from before, once: one in the middle is what the fault says."""
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        try:
            if not self._state.exists():
                self._keep(self._from_before())
        finally:
            fcntl.flock(self._lock, fcntl.LOCK_UN)

    def _from_before(self) -> dict[str, Any]:
        state: dict[str, Any] = {"number": 0, "previous": _FIRST, "events": 0}
        table, now = self._table, time.time()
        kinds = [*table.types.values()] or ["query"]
        count, middle = table.earlier, table.earlier // 2
        entries: list[tuple[str, dict[str, Any], float]] = []
        for index in range(count - 2 if "dropped" in self._asked else 0, count):
            at = now - (count - index) * table.every
            if "gap" in self._asked and index < middle:
                at -= count * table.every
            if "unordered" in self._asked and index == middle:
                at -= 2 * table.every
            event = {"id": str(uuid4()), "type": kinds[index % len(kinds)], "actor": "mary"}
            entries.append((event["id"], self._made(state, event, at), at))
            self._tell(event["type"], event["id"], at)
        for index, (event_id, made, at) in enumerate(self._spoilt(entries, middle, now)):
            self._put(event_id, made, at, earlier=True, cut="garbled" in self._asked and index == middle)
        return state

    def _spoilt(
        self, entries: list[tuple[str, dict[str, Any], float]], middle: int, now: float
    ) -> list[tuple[str, dict[str, Any], float]]:
        """What became of the entries once they were written; of one file an event the file's time tells of it."""
        middle = min(middle, len(entries) - 1)
        event_id, made, at = entries[middle]
        if "altered" in self._asked:
            entries[middle] = (event_id, {**made, "actor": "somebody"}, now if self._each else at)
        if "unordered" in self._asked and self._each:
            entries[middle] = (event_id, made, now)
        if "removed" in self._asked:
            del entries[-1 if self._each else middle]
        return entries

    def _made(self, state: dict[str, Any], event: Mapping[str, str], at: float) -> dict[str, Any]:
        """An entry, by the template; the state goes on to it."""
        table = self._table
        state["number"] += 1
        values = {**event, "number": state["number"], "previous": state["previous"], "now": _iso(at)}
        made: dict[str, Any] = templates.render(table.entry, values)
        if table.digest and "unchained" not in self._asked:
            text = json.dumps(made, sort_keys=True, separators=(",", ":"))
            made[table.digest] = state["previous"] = hashlib.sha256(text.encode()).hexdigest()
        return made

    def _put(
        self, event_id: str, made: Mapping[str, Any], at: float, *, earlier: bool = False, cut: bool = False
    ) -> None:
        """Write an entry, or half of it, into its file, or behind the others; closed is what has its one event."""
        name = self._table.file.replace("{id}", event_id)
        path = self._root / (f"{name}.1" if earlier and not self._each else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        closed = 0o666 if "writable" in self._asked else int(self._table.closed, 8)
        if path.exists():
            path.chmod(_OPEN)
        with path.open("a", encoding="utf-8") as opened:
            line = json.dumps(made)
            opened.write((line[: len(line) // 2] if cut else line) + "\n")
        path.chmod(closed if earlier or self._each else _OPEN)
        os.utime(path, (at, at))

    def _tell(self, kind: str, event_id: str, at: float) -> None:
        if self._table.log is None:
            return
        path = self._root / self._table.log
        path.parent.mkdir(parents=True, exist_ok=True)
        line = templates.render(self._table.says, {"type": kind, "id": event_id, "now": _iso(at)})
        with path.open("a", encoding="utf-8") as opened:
            opened.write(f"{line}\n")

    def _read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self._state.read_text(encoding="utf-8"))
        return found

    def _keep(self, state: Mapping[str, Any]) -> None:
        self._state.write_text(json.dumps(state), encoding="utf-8")


def _iso(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
