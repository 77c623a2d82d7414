"""A backup of a Qdrant collection is one once it was restored: a snapshot, into an empty collection, and compared."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.backup_content import sha256
from pytest_llmops.clients.prints import READ, prints_of
from pytest_llmops.clients.snapshots import Snapshot, Snapshots
from pytest_llmops.clients.vectors import scratch_name
from pytest_llmops.errors import CallFailed, StepFailed, Unsupported, Vacuous
from pytest_llmops.operate.agreement import agreement, disagreement, since
from pytest_llmops.state.folder import state_folder
from pytest_llmops.state.new_folder import new_folder
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.settings import Scratch, Snapshotted, endpoint_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_llmops.clients.prints import Id, Prints
    from pytest_llmops.clients.vectors import Vectors
    from pytest_llmops.control.change import Change
    from pytest_llmops.samples import Workload
    from pytest_llmops.target.components import Vectors as VectorsTable

CANARIES = 3
"""Searches that are made in both collections."""

NEAREST = 10
PAUSE_S = 0.1

MADE_AND_SENT = 7
"""Calls for the cluster, the snapshots that there are, one more, its bytes, the source's settings, what the new
collection holds, and for sending it the snapshot. What is made and taken away by the journal is in no budget."""

GONE_S = 10.0
"""For seeing that what was made is there, or is gone, once the server has said so."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A snapshot, and the copy of it that is here.

    Attributes:
        snapshot: as the server tells of it.
        copy: where its bytes lie.
        checksum: SHA-256 of them, in hex.
    """

    snapshot: Snapshot
    copy: Path
    checksum: str


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore came to.

    Attributes:
        snapshot: the name of the snapshot.
        size_mb: how large it is, in MB (1e6 bytes).
        points: what the restored collection holds, counted.
        compared: points of the source that were looked for; of an earlier snapshot: those that it has as they are now.
        meanwhile: points that came, went or changed in the source while it was restored, or since it was made.
        took_s: from sending the snapshot until the restored collection was green.
        wrong: in which it is not as its source, a sentence's end each.
        unlike_pct: of an earlier snapshot: how much of it and its source differs, in percent.
    """

    snapshot: str
    size_mb: float
    points: int
    compared: int
    meanwhile: int
    took_s: float
    wrong: tuple[str, ...]
    unlike_pct: float = 0.0


class VectorBackup:
    """Snapshots of the target's collection, and what they are worth; all that is made goes again.

    A restore never goes into a collection that anybody reads: it goes into an empty one, under a name of ours.

    Args:
        client: of the server.
        change: makes the changes.

    Raises:
        Unsupported: the target does not say which of several collections it is.
    """

    def __init__(self, client: Vectors, change: Change) -> None:
        self._client = client
        self._change = change
        self.collection = client.own()
        self._snapshots = Snapshots(client.http, self.collection)
        self._deadline_s = client.config.snapshot_deadline
        self._endpoint = endpoint_of(change.target.component(client.component))
        self._made: list[str] = []

    def proven(self, prompts: Workload) -> Restored:
        """Make a snapshot, restore it, compare, and take both away again.

        Args:
            prompts: as many searches, at most three, are made in both collections.

        Raises:
            Unsupported: a snapshot holds only a part of the collection, or is larger than ``snapshot_limit``.
            Vacuous: the collection has no points, or half of them changed meanwhile.
            StepFailed: it cannot be made, comes damaged, or cannot be restored; says which.
            ControlError: what was made could not be taken away again.
        """
        before = prints_of(self._client.http, self.collection)
        if not before.of:
            raise Vacuous(f"{self._where}: it has no points, so that nothing can be lost.")
        kept = self.keep()
        scratch, took_s = self._restore(kept)
        restored = prints_of(self._client.http, scratch, None if before.whole else before.of)
        after = prints_of(self._client.http, self.collection, None if before.whole else before.of)
        found = agreement(before, restored, after)
        if 2 * found.compared < len(before.of):
            said = f"{len(found.meanwhile)} points came, went or changed while it was restored"
            raise Vacuous(f"{self._where}: {said}: too many to say what became of {len(before.of)}. Try a quiet hour.")
        wrong = found.wrong or tuple(self._canaries(prompts, scratch, found.meanwhile))
        self.remove()
        return Restored(
            kept.snapshot.name,
            kept.snapshot.size / 1e6,
            restored.points,
            found.compared,
            len(found.meanwhile),
            took_s,
            wrong,
        )

    def restored_from(self, copy: Path, prompts: Workload) -> Restored:
        """Restore a snapshot that somebody made earlier, compare it with the source as that is now, and take it away.

        Args:
            copy: the snapshot.
            prompts: as many searches, at most three, are made in both collections.

        Raises:
            Unsupported: it can hold only a part of the collection, or is larger than ``snapshot_limit``.
            Vacuous: the collection has no points, so that there is nothing to compare it with.
            StepFailed: it cannot be restored; says why.
            ControlError: what was made could not be taken away again.
        """
        self._one_node()
        kept = Kept(Snapshot(copy.name, copy.stat().st_size, "", None), copy, sha256(copy))
        self._small_enough(kept.snapshot)
        now = prints_of(self._client.http, self.collection)
        if not now.of:
            raise Vacuous(f"{self._where}: it has no points, so that no backup of it can be compared with them.")
        scratch, took_s = self._restore(kept)
        restored = prints_of(self._client.http, scratch, None if now.whole else now.of)
        found = since(restored, now)
        wrong = found.wrong or tuple(self._canaries(prompts, scratch))
        self.remove()
        return Restored(
            copy.name,
            kept.snapshot.size / 1e6,
            restored.points,
            found.same,
            len(found.changed),
            took_s,
            wrong,
            found.unlike_pct,
        )

    def may_be_lost(self, prompts: Workload) -> Prints:
        """See that what the collection holds could be restored, before it is lost on purpose; what it holds.

        Raises:
            Unsupported, Vacuous, StepFailed, ControlError: as of :meth:`proven`; also in production, where nothing is
                lost on purpose.
        """
        if self._change.target.table.environment == "production":
            raise Unsupported(f"{self._where}: it is in production, where it is not lost on purpose.")
        held = prints_of(self._client.http, self.collection)
        done = self.proven(prompts)
        if done.wrong:
            raise StepFailed(
                f"{self._where}: nothing is lost on purpose, for no restore brings it back: {done.wrong[0]}."
            )
        return held

    def lost_since(self, held: Prints) -> tuple[str, ...]:
        """What the collection does not hold any more as it did, a sentence's end each.

        Args:
            held: what it held, as :meth:`may_be_lost` told.
        """
        now = prints_of(self._client.http, self.collection, None if held.whole else held.of)
        return agreement(held, now, held).wrong

    def keep(self) -> Kept:
        """Make a snapshot, and fetch it.

        Raises:
            Unsupported: it holds only a part of the collection, or is larger than ``snapshot_limit``.
            StepFailed: it cannot be made, or comes damaged.
        """
        self._one_node()
        snapshot, copy = self._snapshot()
        self._small_enough(snapshot)
        checksum = self._snapshots.fetch(snapshot.name, copy, self._deadline_s)
        if snapshot.checksum and checksum != snapshot.checksum:
            raise StepFailed(
                f"{self._where}: the snapshot {snapshot.name} is damaged: its bytes have the SHA-256 {checksum[:12]}…, "
                f"and the server made it with {snapshot.checksum[:12]}…."
            )
        return Kept(snapshot, copy, checksum)

    def remove(self) -> None:
        """Take away all that was made, and see that it is gone.

        Raises:
            ControlError: it is not.
        """
        while self._made:
            self._change.set(self._made.pop(), there=False)

    @property
    def _where(self) -> str:
        return f"{self._client.component}: {self.collection}"

    def _one_node(self) -> None:
        cluster = self._client.cluster()
        if cluster.peers > 1:
            raise Unsupported(
                f"{self._where}: it lies on a cluster of {cluster.peers} nodes, and a snapshot holds only what lies on "
                "one of them; restoring takes one of each node."
            )

    def _small_enough(self, snapshot: Snapshot) -> None:
        limit = self._client.config.snapshot_limit
        if snapshot.size > limit * 1e6:
            raise Unsupported(
                f"{self._where}: its snapshot has {snapshot.size / 1e6:.0f} MB, and snapshot_limit is {limit:g}; "
                "give more where there is room for it here, and for a second collection there."
            )

    def _snapshot(self) -> tuple[Snapshot, Path]:
        """Make a snapshot: that it may be there is written down before, and its name once it is known.

        Raises:
            StepFailed: it cannot be made, or the server has no name for it alone.
        """
        listed, now = self._snapshots.look()
        before = [one.name for one in listed]
        coming = f"snapshot of {self.collection}"
        self._say(coming, before=before, since=now, until=now + self._deadline_s)
        try:
            snapshot = self._snapshots.create(self._deadline_s)
        except CallFailed as error:
            raise StepFailed(f"{self._where}: no snapshot can be made of it: {error}") from error
        if snapshot.name in before:
            raise StepFailed(
                f"{self._where}: the snapshot {snapshot.name} was there before: somebody made one in the same second. "
                "It stays; try again."
            )
        folder = state_folder(self._change.target.state_folder) / "snapshots"
        new_folder(folder, 0o700)
        copy = folder / snapshot.name
        self._say(f"snapshot {snapshot.name}", snapshot=snapshot.name, copy_path=str(copy.absolute()))
        self._change.handed_on(coming)
        self._made.append(f"snapshot {snapshot.name}")
        return snapshot, copy

    def _say(self, name: str, **rest: Any) -> None:
        table = Snapshotted(driver="snapshot", collection=self.collection, **self._table, **rest)
        self._change.also(name, table)
        self._change.set(name, there=True)

    @property
    def _table(self) -> dict[str, Any]:
        return {
            "component": self._client.component,
            "endpoint": self._endpoint,
            "deadline": GONE_S,
        }

    def _restore(self, kept: Kept) -> tuple[str, float]:
        """Make an empty collection, and restore a snapshot into it; its name, and how long that took.

        Raises:
            StepFailed: it is not empty, cannot be restored, or does not become green.
        """
        scratch = scratch_name()
        like = self._client.kept().likeness()
        self._change.also(scratch, Scratch(driver="scratch", collection=scratch, like=like, **self._table))
        self._change.set(scratch, there=True)
        self._made.append(scratch)
        if held := self._client.collection(scratch).points:
            raise StepFailed(f"{self._where}: the collection {scratch} is new, and holds {held} points already.")
        start = time.perf_counter()
        try:
            Snapshots(self._client.http, scratch).upload(kept.copy, kept.checksum, self._deadline_s)
        except CallFailed as error:
            raise StepFailed(f"{self._where}: the snapshot {kept.snapshot.name} cannot be restored: {error}") from error
        self._green(scratch)
        return scratch, time.perf_counter() - start

    def _green(self, name: str) -> None:
        begun = time.monotonic()
        while (found := self._client.collection(name)).status != "green":
            if found.status == "red":
                raise StepFailed(f"{self._where}: restored as {name} it is red: {found.optimizer}.")
            waited_s = time.monotonic() - begun
            if waited_s + _pause_s(waited_s) >= self._deadline_s:
                said = f"restored as {name} it is {found.status} still after {spoken(self._deadline_s)}"
                raise StepFailed(f"{self._where}: {said}.")
            time.sleep(_pause_s(waited_s))

    def _canaries(self, prompts: Workload, scratch: str, changed: frozenset[Id] | None = None) -> Iterator[str]:
        """Searches that find something else in the restored collection.

        Args:
            prompts: as many, at most three.
            scratch: the restored collection.
            changed: points that are left out; by default, of those that are found, all that the two have otherwise.
        """
        names = (self.collection, scratch)
        searched = [
            [self._client.search(vector, limit=NEAREST, collection=name, exact=True) for name in names]
            for vector in self._client.stored(islice(prompts, CANARIES)).values()
        ]
        if changed is None:
            ids = {hit.id for found in searched for hits in found for hit in hits}
            changed = self._unlike(scratch, [int(one) if one.isdecimal() else one for one in ids])
        for number, (here, there) in enumerate(searched, 1):
            if said := disagreement(here, there, changed):
                yield f"canary search {number} of {CANARIES} differs: {said}"

    def _unlike(self, scratch: str, ids: list[Id]) -> frozenset[Id]:
        """Those that one of the two collections lacks, or has otherwise."""
        here, there = (prints_of(self._client.http, name, ids).of for name in (self.collection, scratch))
        return frozenset(one for one in ids if here.get(one) != there.get(one))


def most_calls(config: VectorsTable) -> int:
    """How many calls a proof makes at the most: of a collection of any size, which becomes green at the last moment.

    Args:
        config: the component's table.
    """
    looks, waited_s = 1, 0.0
    while waited_s + _pause_s(waited_s) < config.snapshot_deadline:
        waited_s += _pause_s(waited_s)
        looks += 1
    names = 0 if config.collection else 3  # asked where nobody says which collection it is
    return names + 3 * READ + MADE_AND_SENT + looks + 1 + 2 * CANARIES


def _pause_s(waited_s: float) -> float:
    """Until the next look, so that what was waited is known to a tenth."""
    return max(PAUSE_S, waited_s / 10)
