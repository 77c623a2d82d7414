"""The undo journal: how to take a change back is on disk before the change is made."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from pytest_llmops.errors import JournalError
from pytest_llmops.state.folder import state_folder
from pytest_llmops.state.new_folder import flush, new_folder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SCHEMA = 1
FOLDER = "journal"
CLOSED = "closed"
SUFFIX = ".jsonl"
OPENED = ("target", "environment", "root", "pid", "test", "run", "at")
KEPT = 50
"""Closed journals that are kept, of all targets together."""


@dataclass(frozen=True, slots=True)
class Step:
    """How one act is taken back.

    Attributes:
        component: what was acted on.
        what: the same in its driver's words: ``container voyageur-ollama``.
        act: what was to be done to it.
        control: its control table, as it was in the file.
        state: how it was, and is to be again.
        kept: what else belongs to that state.
        by_hand: the commands by which a person brings it back.
        deadline_s: of each act on it.
        instance: which one it was, by its driver's word; empty where that cannot tell.
        kind: who can take it back.
    """

    component: str
    what: str
    act: str
    control: Mapping[str, Any]
    state: str
    kept: Mapping[str, Any]
    by_hand: Sequence[str]
    deadline_s: float = 60.0
    instance: str = ""
    kind: str = "control"


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step could not be taken back, and by which commands a person does it."""

    why: str
    by_hand: Sequence[str]


@dataclass
class Story:
    """What a journal holds.

    Attributes:
        opened: who opened it, when and for what, by the words of `OPENED`; empty if nobody came so far.
        steps: by number, in the order in which they were taken.
        done: numbers of those stops and restarts that came to their end: they were seen, or refused.
        undone: numbers of those that were taken back.
        failed: numbers of those that could not be, and why the last time.
        length: bytes of whole lines; what follows was never confirmed, so nothing was done on its account.
    """

    opened: dict[str, Any] = field(default_factory=dict)
    steps: dict[int, Step] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    undone: set[int] = field(default_factory=set)
    failed: dict[int, Failure] = field(default_factory=dict)
    length: int = 0

    @property
    def open(self) -> dict[int, Step]:
        """Steps that are still to be taken back, the last first."""
        return {number: self.steps[number] for number in sorted(self.steps, reverse=True) if number not in self.undone}

    @property
    def changed(self) -> dict[str, list[int]]:
        """The components that are to be brought back, in that order, each with its open steps, the last first.

        Each is to be as it was before its first open step: what lies between was the test's own doing.
        """
        found: dict[str, list[int]] = {}
        for number, step in self.open.items():
            found.setdefault(step.component, []).append(number)
        return found


class Journal:
    """The journal of one target; one process at a time writes in it.

    Args:
        path: its file, which is there from the first step until all of them are taken back.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __repr__(self) -> str:
        return f"Journal({str(self.path)!r})"

    @classmethod
    def of(cls, state: Path, target: str) -> Journal:
        """The journal of a target.

        Args:
            state: the state folder.
            target: its name.
        """
        return cls(state / FOLDER / f"{quote(target, safe='')}{SUFFIX}")

    @property
    def target(self) -> str:
        """Whose it is: by its file's name, for what it holds may be torn."""
        return unquote(self.path.stem)

    @cached_property
    def story(self) -> Story:
        """What it holds, as this process read and wrote it.

        Raises:
            JournalError: it cannot be read, or is damaged.
        """
        return _read(self.path)

    def reread(self) -> Story:
        """What it holds now, whoever wrote in it meanwhile.

        Raises:
            JournalError: it cannot be read, or is damaged.
        """
        self.__dict__.pop("story", None)
        return self.story

    def add(self, step: Step, opened: Mapping[str, Any]) -> int:
        """Put a step on disk; the act may begin once this has returned.

        Args:
            step: how the act is taken back.
            opened: who makes the change, should this be its first step.

        Returns:
            The step's number.

        Raises:
            JournalError: it cannot be written.
        """
        story = self.story
        number = len(story.steps) + 1
        entries: list[dict[str, Any]] = []
        first = {**opened, "at": time.time()}
        if not story.opened:
            entries.append({"entry": "opened", "schema": SCHEMA, **first})
        self._append([*entries, {"entry": "step", "number": number, "at": time.time(), **asdict(step)}])
        story.opened = story.opened or first
        story.steps[number] = step
        return number

    def done(self, number: int) -> None:
        """A step's act came to its end: of itself it will not change the component any more.

        Raises:
            JournalError: that cannot be written.
        """
        self._append([{"entry": "done", "number": number, "at": time.time()}])
        self.story.done.add(number)

    def undone(self, *numbers: int) -> None:
        """Steps were taken back; the last of a component is named first, so that half a list is no other way back.

        Raises:
            JournalError: that cannot be written.
        """
        self._append([{"entry": "undone", "number": number, "at": time.time()} for number in numbers])
        self.story.undone.update(numbers)

    def failed(self, number: int, failure: Failure) -> None:
        """A step could not be taken back.

        Raises:
            JournalError: that cannot be written.
        """
        self.story.failed[number] = failure
        self._append([{"entry": "failed", "number": number, "at": time.time(), **asdict(failure)}])

    def close(self) -> None:
        """Put it away once nothing is open: it tells what was done, and stands in nobody's way.

        The control tables stay behind, in which an address may hold a password: nobody needs them any more.

        Raises:
            JournalError: it cannot be put away.
        """
        folder, part = self.path.parent / CLOSED, self.path.with_suffix(".closing")
        try:
            if not self.path.exists():
                return
            new_folder(folder)
            part.touch(0o600)
            part.write_bytes(_without_tables(self.path.read_bytes()[: self.story.length]))
            part.replace(folder / f"{self.path.stem}-{time.time_ns()}{SUFFIX}")
            self.path.unlink()
            flush(self.path.parent)
            for old in sorted(folder.glob(f"*{SUFFIX}"), key=lambda file: file.stem.rpartition("-")[2])[:-KEPT]:
                old.unlink(missing_ok=True)
        except OSError as error:
            raise JournalError(f"{self.path} cannot be put away: {error}.") from error
        self.__dict__.pop("story", None)

    def _append(self, entries: Sequence[Mapping[str, Any]]) -> None:
        data = "".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in entries).encode()
        try:
            if not self.path.exists():
                state_folder(self.path.parent.parent)
                new_folder(self.path.parent, 0o700)
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.ftruncate(file, self.story.length)  # a line that was cut short
                written = os.pwrite(file, data, self.story.length)
                os.fsync(file)
            finally:
                os.close(file)
            if written < len(data):
                raise OSError("the disk is full")  # noqa: TRY301 (worded below)
            if not self.story.length:
                flush(self.path.parent)
        except OSError as error:
            raise JournalError(f"{self.path} cannot be written: {error}. Nothing is changed without it.") from error
        self.story.length += len(data)


def journals(state: Path) -> list[Journal]:
    """All that are open.

    Args:
        state: the state folder.

    Raises:
        JournalError: the folder cannot be looked into.
    """
    folder = state / FOLDER
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 (glob says nothing of a folder that is closed to us)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise JournalError(f"{folder} cannot be looked into, so nobody knows what is open: {error}.") from error
    return [Journal(folder / name) for name in names if name.endswith(SUFFIX)]


def _without_tables(data: bytes) -> bytes:
    """A journal's lines without the control tables."""
    entries = [json.loads(line) for line in data.splitlines()]
    kept = [{**entry, "control": {}} if entry["entry"] == "step" else entry for entry in entries]
    return "".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in kept).encode()


def _read(path: Path) -> Story:
    story = Story()
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return story
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error}.") from error
    whole = data[: data.rfind(b"\n") + 1]
    for number, line in enumerate(whole.splitlines(), 1):
        try:
            _take(story, json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise JournalError(
                f"{path}: line {number} is damaged ({type(error).__name__}: {error}). It says how a change is taken "
                f"back, so it is not overwritten, and nothing is guessed: look at it, bring the target back by hand, "
                f"then remove the file."
            ) from None
    story.length = len(whole)
    return story


def _take(story: Story, entry: dict[str, Any]) -> None:
    """One line of it."""
    kind = entry.pop("entry")
    if kind == "opened":
        if entry.pop("schema") != SCHEMA:
            raise ValueError("written by another version")
        story.opened = {key: entry[key] for key in OPENED}
        return
    number = entry.pop("number")
    if kind == "step":
        if not story.opened or number != len(story.steps) + 1:
            raise ValueError("a line before it is missing")
        entry.pop("at")
        story.steps[number] = Step(**entry)
        return
    if number not in story.steps:
        raise ValueError("a line before it is missing")
    if kind == "done":
        story.done.add(number)
    elif kind == "undone":
        story.undone.add(number)
    elif kind == "failed":
        story.failed[number] = Failure(entry["why"], entry["by_hand"])
    else:
        raise ValueError(f"unknown entry {kind!r}")
