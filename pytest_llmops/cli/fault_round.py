"""The faults of one profile, tried one after the other, and what was not red then."""

from __future__ import annotations

import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmops.control.embedded import knows
from pytest_llmops.doctor.fault_run import LEFT_OUT, UNSUPPORTED, Tried, tried
from pytest_llmops.errors import ConfigError, did_you_mean
from pytest_llmops.procedures.bindings import bindings
from pytest_llmops.procedures.catalogue import SUITES, SYSTEMS
from pytest_llmops.procedures.named_faults import NamedFault, by_fault, for_system, part
from pytest_llmops.target import profiles
from pytest_llmops.target.components import ROLES
from pytest_llmops.target.faults import each
from pytest_llmops.target.load import BUILT_IN, load
from pytest_llmops.target.places import beside_package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pytest_llmops.procedures.bindings import Binding
    from pytest_llmops.target.components import Components


@dataclass
class Round:
    """What is tried of a profile.

    Attributes:
        profile: which system the sandbox is.
        planned: what will be tried, as a sentence.
        chosen: the faults, with their tests.
        silent: procedures whose tests name no fault.
        any_of: tests that carry out no step of the profile's runbook: one of the faults that such a one names is
            enough; each with all that it names.
        variant: whether it is a variant, which names in ``without`` what it has not of the profile that it extends: a
            test that is unsupported there need not be red, if another one was for its procedures.
        tries: what was found.
    """

    profile: str
    planned: str
    chosen: list[NamedFault]
    silent: dict[str, str]
    any_of: dict[str, set[str]] = field(default_factory=dict)
    variant: bool = False
    tries: list[Tried] = field(default_factory=list)

    def carried_out(self, jobs: int) -> Iterator[str]:
        """Try them, so many at a time; a line as each is through."""
        with tempfile.TemporaryDirectory(prefix="llmops-faults-") as root, ThreadPoolExecutor(jobs) as pool:
            folders = [Path(root) / f"{number}" for number in range(len(self.chosen))]
            for folder in folders:
                folder.mkdir()
            begun = [pool.submit(tried, one, self.profile, at) for one, at in zip(self.chosen, folders, strict=True)]
            try:
                for done in as_completed(begun):
                    self.tries.append(done.result())
                    yield self._line(self.tries[-1])
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _line(self, one: Tried) -> str:
        wide = max(len(named.fault) for named in self.chosen)
        place = f"{len(self.tries)}/{len(self.chosen)}"
        found = f"{len(one.red)} of {len(one.outcomes)} red"
        beside = f"  also red: {', '.join(one.red_beside)}" if one.red_beside else ""
        return f"  {place:>7}  {one.named.fault:<{wide}}  {found:<14} {one.took_s:5.1f} s{beside}"

    @property
    def strangers(self) -> list[str]:
        """A line for each test that was red under a fault that no test of its file names."""
        lines = [f"  {test} under {one.named.fault}" for one in self.tries for test in one.strangers]
        return [f"  {self.profile}", *lines] if lines else []

    @property
    def not_red(self) -> list[str]:
        """A line for each procedure that was never red, and for each test that was green under a fault it names."""
        said = {one.named.fault: one.said for one in self.tries if one.said}
        excused = self._excused
        reds = {
            name
            for one in self.tries
            for test, names in one.named.tests.items()
            for name in names
            if test in excused or test in one.red
        }
        lines = [f"  {name}: {why}" for name, why in self.silent.items() if name not in reds]
        for one in self.tries:
            for test in [test for test in one.outcomes if test not in one.red and test not in excused]:
                never = [name for name in one.named.tests[test] if name not in reds]
                if self.variant and one.outcomes[test] == UNSUPPORTED and not never:
                    continue
                red = "its procedures were red by another test" if one.named.tests[test] else "binds no procedure"
                whose = ", ".join(never) or f"({red})"
                lines.append(f"  {whose}: {test} under {one.named.fault}: {one.outcomes[test]}")
        return [f"  {self.profile}", *lines, *(f"  {fault}: {last}" for fault, last in said.items())] if lines else []

    @property
    def _excused(self) -> set[str]:
        """Tests of which one fault is enough, that were red under one, have one that was not tried, or do not apply."""
        tried_ones = {one.named.fault for one in self.tries}
        red = {test for one in self.tries for test in one.red}
        left_out = {test for one in self.tries for test, said in one.outcomes.items() if said == LEFT_OUT}
        return {test for test, named in self.any_of.items() if test in red | left_out or not named <= tried_ones}


def with_runbook() -> list[str]:
    """The sandbox's own profile, and each that stands for a system of the catalogue."""
    found = [name for name in profiles.names() if _system(name) in SYSTEMS]
    return [BUILT_IN, *found]


def made(
    profile: str,
    markers: Sequence[str],
    sample: int | None,
    seed: int,
    *,
    words: Sequence[str] = (),
    beside: bool = False,
) -> Round:
    """What is to be tried of a profile.

    Args:
        profile: its name.
        markers: only procedures of these suites; all where it is empty.
        sample: how many faults; None: all of them.
        seed: which of them.
        words: only tests that have one of these in their names, file and all; each where it is empty.
        beside: whether under each fault all other tests are run too.

    Raises:
        ConfigError: there is no such profile or suite, or no test with such a word in its name.
    """
    every_binding = list(bindings(beside_package("suites")))
    _understand(markers, words, every_binding)
    profiles.read(profile, "--profile")
    target = load(None, BUILT_IN if profile == BUILT_IN else f"{BUILT_IN}:{profile}", Path.cwd())
    system = target.table.system
    bound = for_system(every_binding, system, markers)
    if system:
        bound += _shown_nowhere_else(every_binding, bound, target.table.components, markers)
    bound = [one for one in bound if not one.fault or _meant(one, profile)]
    if not system:
        bound = [one for one in bound if _applies(one, target.table.components)]
    if words:
        bound = [one for one in bound if any(word in one.test for word in words)]
    bare = {one.test for one in bound} - {one.test for one in bound if one.procedures}
    every = by_fault(bound)
    chosen = part(every, sample, seed) if sample else every
    if beside:
        all_of_them = {test for one in every for test in one.tests}
        chosen = [replace(one, beside=tuple(sorted(all_of_them - one.tests.keys()))) for one in chosen]
    named = {name for one in every for name in one.procedures}
    silent = {name: "no test of it names a fault" for one in bound for name in one.procedures if name not in named}
    ids = {name for one in chosen for name in one.procedures}
    tests = {test for one in chosen for test in one.tests}
    of = f" of {len(every)}, seed {seed}" if sample else ""
    planned = f"{profile}: {len(chosen)} faults{of}; {len(tests)} tests, {len(ids)} procedures"
    any_of: dict[str, set[str]] = {}
    for one in every:
        for test in one.tests.keys() if not system else one.tests.keys() & bare:
            any_of.setdefault(test, set()).add(one.fault)
    return Round(profile, planned, chosen, silent, any_of, variant=_is_variant(profile, system))


def _understand(markers: Iterable[str], words: Iterable[str], every: Sequence[Binding]) -> None:
    for word in markers:
        if word not in SUITES:
            raise ConfigError(
                f"--marker {word!r} is no suite.{did_you_mean(word, SUITES)} Suites: {', '.join(SUITES)}."
            )
    for word in words:
        if not any(word in one.test for one in every):
            raise ConfigError(f"--test {word!r} is in the name of no test that names a procedure or a fault.")


def _shown_nowhere_else(
    every: Iterable[Binding], bound: Sequence[Binding], parts: Components, markers: Sequence[str]
) -> list[Binding]:
    """Generic tests that no step of a runbook is bound to, for what the sandbox's own profile has not.

    That are components that it lacks, and faults that it does not know.
    """
    own = load(None, BUILT_IN, Path.cwd()).table.components
    tests = {one.test for one in bound}
    return [
        one
        for one in for_system(every, "", markers)
        if one.test not in tests and not one.procedures and _applies(one, parts)
        if not (_applies(one, own) and _knows(BUILT_IN)(one.fault or ""))
    ]


def _applies(bound: Binding, parts: Components) -> bool:
    """Whether a target has what a test asks for, and what its fault acts on."""
    acted_on = {one.partition(":")[0] for one in each([bound.fault or ""])}
    return all(parts.serving(role) for role in (bound.asks | acted_on) & ROLES.keys())


def _meant(one: Binding, profile: str) -> bool:
    """Whether a test's fault is one of this profile's: it knows it, or no other profile of its system does.

    A profile without a system does not know those of others, and neither does one whose runbook the test does not carry
    out; the variants of a system have some that are their own.
    """
    fault = str(one.fault)
    if _knows(profile)(fault) or not one.procedures:
        return _knows(profile)(fault)
    system = _system(profile)
    others = [name for name in profiles.names() if name != profile and _system(name) == system]
    return bool(system) and not any(_knows(other)(fault) for other in others)


def _is_variant(profile: str, system: str) -> bool:
    """Whether the profile that it extends stands for the same system."""
    parent = profiles.under(profile)
    return bool(system) and parent in profiles.names() and _system(parent) == system


@cache
def _system(profile: str) -> str:
    return str(profiles.read(profile).get("system", ""))


@cache
def _knows(profile: str) -> Callable[[str], bool]:
    return knows(load(None, BUILT_IN if profile == BUILT_IN else f"{BUILT_IN}:{profile}", Path.cwd()))
