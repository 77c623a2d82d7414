"""The undo journal: how to take a change back is on disk before the change is made."""

from __future__ import annotations

import glob
import json
import os
import time
from dataclasses import asdict
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pytest_llmops.errors import JournalError
from pytest_llmops.state.folder import file_name, names_in, state_folder
from pytest_llmops.state.new_folder import flush, new_folder
from pytest_llmops.state.story import SCHEMA, Ran, acts_in, read
from pytest_llmops.state.whole import HALVES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_llmops.state.story import Act, Failure, Step, Story

FOLDER = "journal"
CLOSED = "closed"
SUFFIX = ".jsonl"
KEPT = 50
"""Closed journals that are kept, of all targets together."""


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
        return cls(state / FOLDER / f"{file_name(target)}{SUFFIX}")

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
        return read(self.path)

    def reread(self) -> Story:
        """What it holds now, whoever wrote in it meanwhile.

        Raises:
            JournalError: it cannot be read, or is damaged.
        """
        self.__dict__.pop("story", None)
        return self.story

    def acts(self, since: float) -> list[Act]:
        """What was done to the target, oldest first, whether or not it was taken back.

        Args:
            since: seconds since the epoch.

        Raises:
            JournalError: a journal cannot be read, or is damaged.
        """
        closed = (self.path.parent / CLOSED).glob(f"{glob.escape(self.path.stem)}-*{SUFFIX}")
        own = [file for file in closed if file.stem.removeprefix(f"{self.path.stem}-").isdigit()]
        found = [act for file in [*own, self.path] for act in acts_in(file)]
        return sorted((act for act in found if act.at >= since), key=lambda act: act.at)

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
        number, now = len(self.story.steps) + 1, time.time()
        self._begin({"entry": "step", "number": number, "at": now, **asdict(step)}, opened, now)
        story = self.story
        story.steps[number] = step
        story.began[number] = now
        return number

    def ran(self, act: str, what: str, remains: str, opened: Mapping[str, Any]) -> int:
        """Something is about to be done that nothing takes back: for whoever asks afterwards.

        Args:
            act: ``run`` of a command, ``begin`` of work.
            what: its words.
            remains: what stays of it.
            opened: who does it, should nothing have been done before.

        Returns:
            Its number among these.

        Raises:
            JournalError: that cannot be written.
        """
        now = time.time()
        self._begin({"entry": "ran", "act": act, "what": what, "remains": remains, "at": now}, opened, now)
        self.story.ran.append(Ran(act, what, remains, now))
        return len(self.story.ran)

    def refused(self, number: int) -> None:
        """What nothing takes back was turned away, so nothing of it stays.

        Args:
            number: as :meth:`ran` returned it.

        Raises:
            JournalError: that cannot be written.
        """
        now = time.time()
        self._append([{"entry": "refused", "number": number, "at": now}])
        self.story.ran[number - 1].refused_at = now

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
        if numbers:
            self._append([{"entry": "undone", "number": number, "at": time.time()} for number in numbers])
            self.story.undone.update(numbers)

    def kept(self, *numbers: int) -> None:
        """Steps are to stay: nobody takes them back any more. All of them in one write, so that none is left behind.

        Raises:
            JournalError: that cannot be written.
        """
        self._append([{"entry": "kept", "numbers": sorted(numbers), "at": time.time()}])
        self.story.kept.update(numbers)

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

    def _begin(self, entry: Mapping[str, Any], opened: Mapping[str, Any], at: float) -> None:
        """Write down what begins now, and before the first of it who opened the journal."""
        first = {**opened, "at": at}
        before = [] if self.story.opened else [{"entry": "opened", "schema": SCHEMA, **first}]
        self._append([*before, entry])
        self.story.opened = self.story.opened or first

    def _append(self, entries: Sequence[Mapping[str, Any]]) -> None:
        data = "".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in entries).encode(errors=HALVES)
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
        names = names_in(folder)
    except OSError as error:
        raise JournalError(f"{folder} cannot be looked into, so nobody knows what is open: {error}.") from error
    return [Journal(folder / name) for name in names if name.endswith(SUFFIX)]


def _without_tables(data: bytes) -> bytes:
    """A journal's lines without the control tables."""
    entries = [json.loads(line) for line in data.splitlines()]
    kept = [{**entry, "control": {}} if entry["entry"] == "step" else entry for entry in entries]
    return "".join(f"{json.dumps(entry, ensure_ascii=False)}\n" for entry in kept).encode()
