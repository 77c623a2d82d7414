"""Whether an audit log is all there, in order and unchanged, and cannot be changed: judged by what was read alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

from pytest_llmops.errors import CallFailed
from pytest_llmops.security.audit_entries import NAME
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.moments import utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llmops.security.audit_entries import AuditEntry, AuditFile
    from pytest_llmops.target.audit_trails import AuditTrail, Chain, Expected

SKEW_S = 1.0
"""Seconds by which entries of several writers may be out of order, and two clocks apart."""

WRITE = 0o222

Kind = Literal["order", "sequence", "chain", "rewritten", "unreadable"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an audit log.

    Attributes:
        kind: ``order``: an entry is older than the one before it, or has no time; ``sequence``: numbers are missing or
            twice there; ``chain``: an entry is not what its digest says, or not the next one; ``rewritten``: its file
            was written at another time than its event happened; ``unreadable``: a line is no entry, and no part of one.
        says: where, in a sentence.
    """

    kind: Kind
    says: str

    def __str__(self) -> str:
        return self.says


@dataclass(frozen=True, slots=True)
class Gap:
    """The longest time without an entry.

    Attributes:
        seconds: how long it is.
        says: between which entries, in a sentence.
    """

    seconds: float
    says: str


def faults(table: AuditTrail, entries: Sequence[AuditEntry], unreadable: Iterable[str] = ()) -> list[Fault]:
    """All that is wrong with a log, in the order of `Kind`.

    Args:
        table: what must be so of it.
        entries: as they stand there.
        unreadable: where lines stand that are none, as `audit_entries.unreadable_in` finds them.

    Raises:
        CallFailed: ``settled`` is asked for, and when a file was written is not known (kind ``bad-answer``).
    """
    found = [*_unordered(table, entries)]
    if table.sequence is not None:
        found += _miscounted(table.sequence, entries)
    if table.chain is not None:
        found += _unchained(table.chain, entries)
    if table.settled is not None:
        found += _rewritten(table.settled, entries)
    return found + [Fault("unreadable", f"{place} cannot be read as an entry") for place in unreadable]


def without_a_key(table: AuditTrail, kinds: Iterable[Kind]) -> list[str]:
    """What would have to be written so that one of some kinds of fault can be seen; empty where one can."""
    needed = {"sequence": table.sequence, "chain": table.chain, "rewritten": table.settled}
    asked = [kind for kind in kinds if kind != "unreadable"]
    if any(needed.get(kind, kind) is not None for kind in asked):
        return []
    return ["settled" if kind == "rewritten" else kind for kind in asked]


def longest_gap(entries: Sequence[AuditEntry], now: float) -> Gap | None:
    """The longest time between two entries, or from the newest one to now; None where no entry has a time."""
    timed = sorted((one for one in entries if one.at is not None), key=lambda one: one.at or 0.0)
    if not timed:
        return None
    gaps = [
        Gap((later.at or 0.0) - (earlier.at or 0.0), f"from {_when(earlier)} ({earlier.place}) to {_when(later)}")
        for earlier, later in pairwise(timed)
    ]
    last = timed[-1]
    gaps.append(Gap(max(0.0, now - (last.at or 0.0)), f"since {_when(last)} ({last.place}), the newest entry"))
    return max(gaps, key=lambda gap: gap.seconds)


def counted(entries: Sequence[AuditEntry], expected: Expected, now: float) -> int:
    """The entries that something else has counted, too: of its types, and of its time."""
    begins = now - expected.within if expected.event else 0.0
    if expected.since is not None:
        begins = max((one.at or 0.0 for one in entries if one.type == expected.since), default=0.0)
    return sum(one.type in expected.types and (one.at or 0.0) >= begins for one in entries)


def writable(files: Sequence[AuditFile]) -> list[str]:
    """Closed files that could be written to all the same, in sentences; a mode that is not known is one of them."""
    said = []
    for file in (one for one in files if one.closed and not one.immutable):
        if file.mode is None:
            said.append(f"{file.name}: its permissions are not known")
        elif file.mode & WRITE:
            said.append(f"{file.name} has mode {file.mode:03o}: it can be written to, and nothing more belongs there")
    return said


def too_open(table: AuditTrail, files: Sequence[AuditFile]) -> list[str]:
    """Files whose permissions allow more than they may, in sentences."""
    if table.mode is None:
        return []
    most = int(table.mode, 8)
    return [
        f"{file.name} has mode {file.mode:03o}, at most {table.mode} is right"
        for file in files
        if file.mode is not None and file.mode & ~most
    ]


def digest_of(document: Mapping[str, Any], chain: Chain) -> str:
    """The digest that an entry must have: SHA-256 of its JSON without the digest, keys sorted, no blanks."""
    rest = {key: value for key, value in document.items() if key != chain.digest}
    return hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _unordered(table: AuditTrail, entries: Sequence[AuditEntry]) -> Iterator[Fault]:
    """Of one file an event no order is to be seen; there the time of the file tells."""
    for one in entries:
        if one.at is None:
            yield Fault("order", f"{one.place} has no time that can be read")
    if table.settled is not None:
        return
    for earlier, later in pairwise(one for one in entries if one.at is not None):
        if (later.at or 0.0) < (earlier.at or 0.0) - SKEW_S:
            yield Fault("order", f"{later.place} is of {_when(later)}, and the one before it of {_when(earlier)}")


def _miscounted(name: str, entries: Sequence[AuditEntry]) -> Iterator[Fault]:
    numbered = []
    for one in entries:
        found = one.fields.get(name)
        if isinstance(found, bool) or not str(found).isdecimal():
            yield Fault("sequence", f"{one.place} has {found!r} as its {name}, which is no number")
        else:
            numbered.append((int(str(found)), one))
    for (before, _), (number, one) in pairwise(numbered):
        if number > before + 1:
            missing = f"{before + 1}" if number == before + 2 else f"{before + 1} to {number - 1}"
            yield Fault("sequence", f"{one.place}: {name} {missing} is missing before {number}")
        elif number <= before:
            yield Fault("sequence", f"{one.place}: {name} {number} comes after {before}")


def _unchained(chain: Chain, entries: Sequence[AuditEntry]) -> Iterator[Fault]:
    """The first entry's previous one may have been rotated away, so only its own digest tells."""
    before: str | None = None
    for one in entries:
        document = one.document or {}
        own = document.get(chain.digest)
        if own is None:
            yield Fault("chain", f"{one.place} has no {chain.digest}")
        elif own != digest_of(document, chain):
            yield Fault("chain", f"{one.place} is not what its {chain.digest} says: it was changed")
        if before is not None and document.get(chain.previous) != before:
            yield Fault("chain", f"{one.place} does not follow the entry before it: its {chain.previous} is of another")
        before = str(own)


def _rewritten(settled_s: float, entries: Sequence[AuditEntry]) -> Iterator[Fault]:
    for one in entries:
        written = one.file.changed_at
        if written is None:
            raise CallFailed(
                NAME,
                "bad-answer",
                f"{NAME}: when {one.file.name} was written is not known, so security.audit.settled says nothing of it; "
                f"give security.audit.log.keys.changed_at where its time stands, as a number or in ISO 8601.",
            )
        if one.at is None:
            continue
        if written - one.at > settled_s:
            late = spoken(written - one.at)
            yield Fault("rewritten", f"{one.place} was written {late} after its event of {utc(one.at)}")
        elif one.at - written > SKEW_S:
            yield Fault("rewritten", f"{one.place} tells of {utc(one.at)}, and was written before, {utc(written)}")


def _when(entry: AuditEntry) -> str:
    return utc(entry.at or 0.0)
