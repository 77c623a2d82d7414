"""Clean-ups: planned first, set aside, looked at, and only then deleted; what is open, linked or elsewhere stays."""

from __future__ import annotations

import json
import os
import stat
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import jmespath

from pytest_llmops.clients.backup_content import Damaged, content, is_read
from pytest_llmops.clients.file_facts import MEGABYTE, FileFact
from pytest_llmops.clients.open_files import holders
from pytest_llmops.errors import CallFailed, StepFailed, Unsupported, Vacuous, did_you_mean
from pytest_llmops.operate.set_aside import ASIDE, SetAside
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_llmops.clients.files import Files
    from pytest_llmops.control.change import Change


@dataclass(frozen=True)
class Plan:
    """What a clean-up would delete, and what it leaves.

    Attributes:
        name: of the clean-up.
        going: the files that are old enough, the oldest first.
        kept: all other files of its sets.
        spared: name of each of them that is old enough and stays by the clean-up's own rules, and by which.
        stuck: name of each other one that is old enough, and why it cannot go.
        unseen: processes that nobody could look into, so that a file that they have open is not known to be.
        worth: what it takes to make anew what goes, all added up; None where the clean-up does not say where
            that stands.
        copies: where the backup of each that goes is, by its name; empty where none is asked for.
        lasting: whether it is deleted for good; else it is set aside for a while.
    """

    name: str
    going: Sequence[FileFact]
    kept: Sequence[FileFact]
    spared: Mapping[str, str]
    stuck: Mapping[str, str]
    unseen: int = 0
    worth: float | None = None
    copies: Mapping[str, str] = field(default_factory=dict)
    lasting: bool = True

    @property
    def megabytes(self) -> float:
        """The size of what goes."""
        return sum(fact.bytes for fact in self.going) / MEGABYTE

    @property
    def said(self) -> str:
        """How many go, and whether they come back."""
        return self._count if self.lasting else f"{self._count}, put back when the rehearsal is over"

    @property
    def oldest_s(self) -> float:
        """The age of the oldest file that it leaves, but for those that it spares; 0 where it leaves none."""
        return max((fact.age_s for fact in self.kept if fact.name not in self.spared), default=0.0)

    @property
    def staying(self) -> dict[str, str]:
        """Each file that is old enough and stays, and why."""
        return {**self.spared, **self.stuck}

    def document(self, *, done: bool = False) -> str:
        """A page of Markdown: each file that goes, or went, with its size and age, and each that stays, with why.

        Args:
            done: whether it has gone.
        """
        count = f"{self._count}, {self.megabytes:.3g} MB"
        goes = "deleted" if self.lasting else "set aside"
        ends = "" if self.lasting else " A rehearsal: they are put back when it is over."
        head = f"# Clean-up {self.name}\n\n{count}, {goes if done else f'would be {goes}'}.{ends}\n"
        unseen = (
            f"\nOf other users' processes {self.unseen} could not be looked into: what is open there is not known.\n"
            if self.unseen
            else ""
        )
        rows = [
            f"| `{fact.name}` | {fact.bytes / MEGABYTE:.3g} MB | {spoken(fact.age_s)} |{self._copy(fact)}"
            for fact in self.going
        ]
        heads = (
            ["| file | size | age | backup |", "|---|---|---|---|"]
            if self.copies
            else ["| file | size | age |", "|---|---|---|"]
        )
        going = "\n".join(["", *heads, *rows, ""]) if rows else ""
        stays = [f"- `{name}`: {why}" for name, why in self.staying.items()]
        staying = "\n".join(["", "Old enough, and left:", "", *stays, ""]) if stays else ""
        return f"{head}{unseen}{going}{staying}"

    @property
    def _count(self) -> str:
        return f"{len(self.going)} file{'s' if len(self.going) != 1 else ''}"

    def _copy(self, fact: FileFact) -> str:
        return f" `{self.copies[fact.name]}` |" if self.copies else ""


class CleanUp:
    """One clean-up of the application's files.

    Args:
        files: the target's.
        name: of its ``cleanups``.

    Raises:
        Unsupported: the target has no such clean-up.
    """

    def __init__(self, files: Files, name: str) -> None:
        known = files.part.cleanups
        if name not in known:
            raise Unsupported(
                f"{files.component}: target {files.target.name} has no clean-up {name!r}.{did_you_mean(name, known)} "
                f"Say what goes: components.files.cleanups.{name} with sets and older_than."
            )
        self.name = name
        self.table = known[name]
        self._files = files
        self._root = files.root
        self._aside: SetAside | None = None

    def __repr__(self) -> str:
        return f"CleanUp({self.name})"

    def plan(self, *, some: bool = False) -> Plan:
        """What it would delete as things are; nothing is changed.

        Args:
            some: whether something has to be there that it could delete, or else keeps.

        Raises:
            CallFailed: the files' root is not there, or a backup cannot be read.
            Vacuous: nothing is, so nobody knows whether it is looked for where it lies.
        """
        self._files.ledger.admit(self._files.component, self._files.part.rate_limit)
        old, young = self._by_age()
        if some and not old and not young:
            globs = ", ".join(glob for name in self.table.sets for glob in self._files.part.sets[name].paths)
            raise Vacuous(
                f"clean-up {self.name}: nothing is there that could go: {globs} below {self._root}; check that "
                f"this is where it lies."
            )
        newest = {fact.name for fact in old[-self.table.keep_newest :]} if self.table.keep_newest else set()
        spared = self._spared()
        copies = self._copies(old, {fact.path for fact in old if fact.path not in spared and fact.name not in newest})
        opened, unseen = holders(fact.path for fact in old)
        by_rule: dict[str, str] = {}
        stuck: dict[str, str] = {}
        for fact in old:
            if fact.path in spared:
                by_rule[fact.name] = spared[fact.path]
            elif why := self._elsewhere(fact.path):
                stuck[fact.name] = why
            elif fact.name in newest:
                by_rule[fact.name] = f"one of the {self.table.keep_newest} newest"
            elif fact.path in opened:
                stuck[fact.name] = f"open in {opened[fact.path]}"
            elif self.table.backup and fact.name not in copies:
                stuck[fact.name] = f"in no backup, as it is, of {self.table.backup}"
        self._files.ledger.answer(self._files.component)
        stays = {*by_rule, *stuck}
        going = [fact for fact in old if fact.name not in stays]
        kept = [*(fact for fact in old if fact.name in stays), *young]
        worth = sum(self._worth(fact, self.table.worth) for fact in going) if self.table.worth else None
        of_those = {fact.name: copies[fact.name] for fact in going} if self.table.backup else {}
        return Plan(self.name, going, kept, by_rule, stuck, unseen, worth, of_those, self.table.lasting)

    def set_aside(self, change: Change) -> Plan:
        """Move what goes into a folder beside it: the application is without it, and it can be put back.

        Raises:
            ControlError: a file could not be moved.
            StepFailed: something is still there that should have gone, or lies aside already.
        """
        plan = self.plan()
        going = [fact.name for fact in plan.going]
        self._aside = SetAside(change, f"clean-up {self.name}", self._root, f"{ASIDE}/{self.name}", going)
        left = [fact.name for fact in self.plan().going]
        if left:
            raise StepFailed(f"clean-up {self.name}: {len(left)} files are there still, {left[0]} the oldest of them.")
        return plan

    def finish(self) -> None:
        """Delete for good what was set aside, if that is to last; it cannot be taken back from here on.

        What a rehearsal has set aside is put back at the end of the test, and what an earlier run left there stays.

        Raises:
            OSError: a file cannot be deleted; says which.
        """
        if self.table.lasting and self._aside is not None:
            self._aside.delete()

    @staticmethod
    def _worth(fact: FileFact, path: str) -> float:
        """What it takes to make a file anew; nothing is known of one that cannot be read."""
        try:
            found = jmespath.search(path, json.loads(fact.path.read_bytes()))
        except (OSError, ValueError):
            return 0.0
        return float(found) if isinstance(found, int | float) else 0.0

    def _by_age(self) -> tuple[list[FileFact], list[FileFact]]:
        """The files of its sets, those that are old enough and the others, each once and the oldest first."""
        old: dict[Path, FileFact] = {}
        young: dict[Path, FileFact] = {}
        for name in self.table.sets:
            limit_s = self.table.older_than or self._files.part.sets[name].drop or float("inf")
            for path, state in self._matching(name):
                place = path.relative_to(self._root).as_posix()
                aged = old if time.time() - state.st_mtime > limit_s else young
                aged[path] = FileFact(path, place, state.st_size, state.st_mtime, stat.S_IMODE(state.st_mode))
        ages = ([fact for path, fact in young.items() if path not in old], list(old.values()))
        young_ones, old_ones = (sorted(facts, key=lambda fact: (fact.changed_at, fact.name)) for facts in ages)
        return old_ones, young_ones

    def _spared(self) -> dict[Path, str]:
        """Files that are meant to stay, and why."""
        found: dict[Path, str] = {}
        for name in self.table.spare:
            keep_s = self._files.part.sets[name].keep
            until = f", until it is {spoken(keep_s)} old" if keep_s else ""
            for path, state in self._matching(name):
                if keep_s is None or time.time() - state.st_mtime <= keep_s:
                    found.setdefault(path, f"spared, as one of {name}{until}")
        return found

    def _copies(self, old: Sequence[FileFact], may_go: Collection[Path]) -> dict[str, str]:
        """Where a copy of each file is, of which there is one, in a backup or by itself; what may go too is no copy."""
        if not self.table.backup or not old:
            return {}
        plain = [fact for fact in old if not self._elsewhere(fact.path)]
        going = {fact.path.resolve() for fact in plain if fact.path in may_go}
        held: dict[str, str] = {}
        for fact in self._files.found(self.table.backup, some=False).facts:
            if fact.path.resolve() in going:
                continue
            try:
                sums = {fact.sha256(), *(content(fact.path).sums.values() if is_read(fact.path) else ())}
            except (OSError, EOFError, Damaged) as error:
                raise CallFailed(
                    self._files.component,
                    "bad-answer",
                    f"{self._files.component}: {fact.name} cannot be read as a backup: {error}.",
                ) from error
            held |= dict.fromkeys(sums, fact.name)
        return {fact.name: held[checksum] for fact in plain if (checksum := fact.sha256()) in held}

    def _matching(self, name: str) -> Iterator[tuple[Path, os.stat_result]]:
        """What is no folder among what a set's globs match, also what the set would refuse; not what is gone by now."""
        table = self._files.part.sets[name]
        for path in (path for glob in table.paths for path in self._root.glob(glob)):
            inner = path.relative_to(self._root)
            left_out = any(PurePosixPath(inner).match(glob) for glob in table.leave_out)
            if inner.parts[0] == ASIDE or left_out or (path.is_dir() and not path.is_symlink()):
                continue
            with suppress(FileNotFoundError):
                if table.holding and not (path.is_file() and FileFact.of(path, self._root).holds(table.holding)):
                    continue
                state = path.lstat()
                yield path, state

    def _elsewhere(self, path: Path) -> str:
        """Why a file is not to be touched, whoever has it open: it is no plain file below the root."""
        for part in (path, *path.parents):
            if part == self._root:
                break
            if part.is_symlink():
                to = part.resolve()
                out = "" if to.is_relative_to(self._root.resolve()) else ", which leads out of the folder"
                return f"{'a link' if part == path else f'behind the link {part.name}'} to {to}{out}"
        if not path.is_file():
            return "no plain file"
        if not os.access(path.parent, os.W_OK):
            return "its folder cannot be written by us"
        return ""
