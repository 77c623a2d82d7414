"""Does a restored collection hold what its source held? Points that changed meanwhile are told apart from lost ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_llmops.clients.prints import Id, Prints
    from pytest_llmops.clients.vectors import Hit

NAMED = 5
"""Points that are named; the others are counted."""

SCORE = 1e-5
"""By what two scores of one vector may differ."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What a comparison came to.

    Attributes:
        compared: points of the source that stood still meanwhile, and were looked for.
        meanwhile: points that came, went or changed in the source while it was restored.
        wrong: a sentence's end each.
    """

    compared: int
    meanwhile: frozenset[Id]
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Since:
    """What an earlier snapshot came to, against its source as that is now.

    Attributes:
        same: points of the source, of those looked at, that it has as they are.
        changed: points that one of the two lacks, or has otherwise.
        unlike_pct: how much of both together that is, in percent.
        wrong: a sentence's end each.
    """

    same: int
    changed: frozenset[Id]
    unlike_pct: float
    wrong: tuple[str, ...]


def since(restored: Prints, now: Prints) -> Since:
    """Compare what was made of an earlier snapshot with its source, which may have changed since in part.

    Args:
        restored: what was made of the snapshot.
        now: the source, of at least one point; where these are not all, the same points were looked for in the other.
    """
    same = {one for one, print_ in now.of.items() if restored.of.get(one) == print_}
    changed = frozenset((now.of.keys() | restored.of.keys()) - same)
    alike = len(same) / len(now.of) * min(1.0, now.points / max(1, restored.points))
    return Since(len(same), changed, 100 * (1 - alike), tuple(_of_another(restored, now, len(same))))


def _of_another(restored: Prints, now: Prints, same: int) -> Iterator[str]:
    if not restored.points:
        yield f"the restore was answered with success, and the collection holds none of the {now.points} points"
    elif 2 * same < max(1, min(len(now.of), len(restored.of))):  # of what only one of them has, unlike_pct tells
        yield (
            f"it is another corpus: {same} of {len(now.of)} points agree with the source's, and it holds "
            f"{restored.points}"
        )


def agreement(before: Prints, restored: Prints, after: Prints) -> Agreement:
    """Compare a restored collection with its source, as that was before the snapshot and after the restore.

    Whatever is the same before and after was so when the snapshot was made, and has to be so in what was restored. Of
    a point that came, went or changed meanwhile nothing can be said.

    Args:
        before: the source.
        restored: what was made of its snapshot.
        after: the source again.
    """
    still = {one: print_ for one, print_ in before.of.items() if after.of.get(one) == print_}
    meanwhile = frozenset((before.of.keys() | after.of.keys()) - still.keys())
    return Agreement(len(still), meanwhile, tuple(_wrong(before, restored, after, meanwhile)))


def _wrong(before: Prints, restored: Prints, after: Prints, meanwhile: frozenset[Id]) -> Iterator[str]:
    still = {one: print_ for one, print_ in before.of.items() if one not in meanwhile}
    if not restored.points:
        yield f"the restore was answered with success, and the collection holds none of the {before.points} points"
        return
    agreeing = sum(restored.of.get(one) == print_ for one, print_ in still.items())
    if still and 2 * agreeing < len(still):
        yield (
            f"it is another corpus: {agreeing} of {len(still)} points agree with the source's, and it holds "
            f"{restored.points}"
        )
        return
    lost = [one for one in still if one not in restored.of]
    if lost:
        yield f"{_count(lost, len(still))} lost: {_named(lost)}"
    there = [one for one in still if one in restored.of]
    for part in ("vector", "payload"):
        changed = [one for one in there if getattr(restored.of[one], part) != getattr(still[one], part)]
        if changed:
            yield f"{_count(changed, len(still))} restored with another {part}: {_named(changed)}"
    strange = [one for one in restored.of if one not in before.of and one not in after.of]
    if len(strange) > len(meanwhile):  # while points come and go one may have done both
        yield f"{_count(strange, restored.points)} none of the source's: {_named(strange)}"
    least, most = sorted((before.points, after.points))
    if not before.whole and not least <= restored.points <= most:
        held = str(least) if least == most else f"{least} to {most}"
        yield f"it holds {restored.points} points, and its source {held}"


def disagreement(source: Sequence[Hit], restored: Sequence[Hit], meanwhile: frozenset[Id]) -> str:
    """What one search finds otherwise in a restored collection; empty where it finds the same.

    Args:
        source: what it finds in the source, best first.
        restored: what it finds in the restored one.
        meanwhile: points that are left out.
    """
    moved = {str(one) for one in meanwhile}
    here, there = ([hit for hit in hits if hit.id not in moved] for hits in (source, restored))
    if meanwhile:
        shorter = min(len(here), len(there))
        here, there = here[:shorter], there[:shorter]
    alike = len(here) == len(there) and all(abs(a.score - b.score) <= SCORE for a, b in zip(here, there, strict=True))
    if alike and _surely(here) <= {hit.id for hit in there}:
        return ""
    found = ", ".join(f"{hit.id} ({hit.score:.4f})" for hit in there[:NAMED]) or "nothing"
    sought = ", ".join(f"{hit.id} ({hit.score:.4f})" for hit in here[:NAMED]) or "nothing"
    return f"it finds {found}, and in the source {sought}"


def _surely(hits: Sequence[Hit]) -> set[str]:
    """Those that are nearer than the last one: of points that are as near as it any may be left out."""
    return {hit.id for hit in hits if hit.score > hits[-1].score + SCORE}


def _count(some: Sequence[Id], of: int) -> str:
    return f"{len(some)} of {of} points {'is' if len(some) == 1 else 'are'}"


def _named(some: Iterable[Id]) -> str:
    names = sorted(map(str, some))
    more = f" and {len(names) - NAMED} others" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
