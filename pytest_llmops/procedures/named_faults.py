"""Which faults of the sandbox the ready suites name for the steps of one runbook, and a rotating part of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.procedures.catalogue import procedure

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pytest_llmops.procedures.bindings import Binding


@dataclass(frozen=True, slots=True)
class NamedFault:
    """One fault, and the tests that name it.

    Attributes:
        fault: as the markers have it; several at once are separated by commas.
        tests: key of each check to the procedures that it carries out and names this fault for.
        timed: whether one of the tests measures, so that a slowdown shows only against a healthy stack.
        beside: other tests, that are run beside them to see whether they stay green.
        recalled: whether one of the tests compares a search with its accepted canary.
    """

    fault: str
    tests: dict[str, tuple[str, ...]]
    timed: bool
    beside: tuple[str, ...] = ()
    recalled: bool = False

    @property
    def files(self) -> set[str]:
        """Where its tests stand: a file of the suites looks at one thing."""
        return {test.partition("::")[0] for test in self.tests}

    @property
    def procedures(self) -> set[str]:
        """All procedures that it is named for."""
        return {name for names in self.tests.values() for name in names}


def for_system(bindings: Iterable[Binding], system: str, markers: Collection[str] = ()) -> list[Binding]:
    """The bindings of one runbook's procedures, without those of others.

    Args:
        bindings: of all ready suites.
        system: whose runbook; empty for a target without one, on which the generic tests run, whatever they bind.
        markers: only procedures of these suites, and tests of these folders; all where it is empty.
    """
    found = []
    for one in bindings:
        counts = not system and one.generic
        ids = one.procedures if counts else _of(system, one.procedures)
        folder = one.test.partition("/")[0]
        ids = tuple(name for name in ids if not markers or {folder, *procedure(name).suite} & set(markers))
        if ids or (counts and not one.procedures and (not markers or folder in markers)):
            found.append(one.of(ids))
    return found


def _of(system: str, ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in ids if name.partition(".")[0] == system)


def by_fault(bindings: Iterable[Binding]) -> list[NamedFault]:
    """The faults that they name, by name; timed ones first, for they take longest."""
    tests: dict[str, dict[str, tuple[str, ...]]] = {}
    timed, recalled = set(), set()
    for one in bindings:
        if one.fault:
            known = tests.setdefault(one.fault, {})
            known[one.test] = (*known.get(one.test, ()), *one.procedures)
            timed |= {one.fault} if one.timed else set()
            recalled |= {one.fault} if one.recalled else set()
    found = [NamedFault(fault, tests[fault], fault in timed, recalled=fault in recalled) for fault in sorted(tests)]
    return sorted(found, key=lambda one: not one.timed)


def part(faults: Sequence[NamedFault], size: int, seed: int) -> list[NamedFault]:
    """So many of them, from a place that goes on with the seed: seeds in a row come to all of them.

    Args:
        faults: all of them.
        size: how many.
        seed: which part, any whole number.
    """
    ordered = sorted(faults, key=lambda one: one.fault)
    first = seed * size % len(ordered) if ordered else 0
    chosen = [*ordered, *ordered][first : first + min(size, len(ordered))]
    return [one for one in faults if one in chosen]
