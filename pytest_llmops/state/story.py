"""What an undo journal holds: the steps that were taken, what became of each, and what is still to be taken back."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import JournalError, excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

SCHEMA = 1
OPENED = ("target", "environment", "root", "pid", "test", "run", "at")
LONGEST_SHOWN = 60
"""Of a value, where people are told what a setting was."""

SETTING = "setting"
"""The kind of a step that gave something another value."""

STARTING = frozenset({"start", "restart", "kill", "roll"})
"""Acts after which a component may be a new process, which has read its settings anew."""

UNREAD = frozenset(
    {"canary", "proxy", "ballast", "cut", "snapshot", "scratch", "loaded", "laid", "planted", "planted-document"}
)
"""Drivers of what is set and no component reads, whatever is started after it."""


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

    @property
    def is_read(self) -> bool:
        """Whether it set something that components may read as they start."""
        return self.kind == SETTING and self.control.get("driver") not in UNREAD

    @property
    def keeps(self) -> str:
        """What comes back by this alone: it is not taken back before that is. Empty where nothing does."""
        return str(self.control.get("keeps", ""))

    @property
    def was(self) -> str:
        """How it was, for people: its state, or a setting's value."""
        return ", ".join(_told(*item) for item in self.kept.items()) if self.kind == SETTING else self.state


def _told(name: str, value: object) -> str:
    """One part of a setting: its value, or that it is so or not."""
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return excerpt(repr(value), LONGEST_SHOWN)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step could not be taken back, and by which commands a person does it."""

    why: str
    by_hand: Sequence[str]


@dataclass(slots=True)
class Ran:
    """Something that nothing takes back.

    Attributes:
        act: ``run`` of a command, ``begin`` of work that a service is handed.
        what: was run or begun, in words.
        remains: what stays of it.
        at: when it began, seconds since the epoch.
        refused_at: when it was turned away, so that nothing of it stays; None where it was not.
    """

    act: str
    what: str
    remains: str
    at: float
    refused_at: float | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to the target, for whoever asks afterwards.

    Attributes:
        act: ``stop``, ``restart`` … and ``run`` of a command or ``begin`` of work, which nothing takes back.
        what: it was done to, in its driver's words; a setting's name stands before them.
        at: when it was written down, right before; seconds since the epoch.
        test: that did it.
        outcome: ``taken back``, ``kept``, ``ran``, ``refused``, ``open``, ``failed`` where it could not be.
        ended: when that was written down; None where nothing was yet.
        more: why it could not be taken back; what a command left behind.
    """

    act: str
    what: str
    at: float
    test: str
    outcome: str
    ended: float | None = None
    more: str = ""

    @property
    def said(self) -> str:
        """The act and what it was done to, in words."""
        return in_words([self.act], self.what)

    @property
    def became(self) -> str:
        """What became of it, in words."""
        more = f": {self.more}" if self.more else ""
        return {
            "taken back": "taken back",
            "kept": "it stays",
            "ran": f"nothing takes it back{more}",
            "refused": "it was refused, so nothing of it stays",
            "failed": f"it could not be taken back{more}",
        }.get(self.outcome, "not taken back yet")


@dataclass
class Story:
    """What a journal holds.

    Attributes:
        opened: who opened it, when and for what, by the words of `OPENED`, and ``sandbox``, the socket of the one
            that was changed where the target is embedded; empty if nobody came so far.
        steps: by number, in the order in which they were taken.
        began: when each was written down, seconds since the epoch.
        done: numbers of those stops, restarts and pauses that came to their end: they were seen, or refused.
        undone: numbers of those that were taken back.
        kept: numbers of those that are to stay.
        failed: numbers of those that could not be, and why the last time.
        ended: when each of these was written down, seconds since the epoch.
        ran: what nothing takes back, in its order.
        length: bytes of whole lines; what follows was never confirmed, so nothing was done on its account.
    """

    opened: dict[str, Any] = field(default_factory=dict)
    steps: dict[int, Step] = field(default_factory=dict)
    began: dict[int, float] = field(default_factory=dict)
    done: set[int] = field(default_factory=set)
    undone: set[int] = field(default_factory=set)
    kept: set[int] = field(default_factory=set)
    failed: dict[int, Failure] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    ran: list[Ran] = field(default_factory=list)
    length: int = 0

    @property
    def open(self) -> dict[int, Step]:
        """Steps that are still to be taken back, the last first."""
        settled = self.undone | self.kept
        return {number: self.steps[number] for number in sorted(self.steps, reverse=True) if number not in settled}

    @property
    def stuck(self) -> set[str]:
        """The components that are to be brought back, and could not be."""
        return {step.component for number, step in self.open.items() if number in self.failed}

    @property
    def changed(self) -> dict[str, list[int]]:
        """The components that are to be brought back, in that order, each with its open steps, the last first.

        Each is to be as it was before its first open step: what lies between was the test's own doing. Those that
        are outdated come later: what they have read is to be back before they start anew. After them comes what was
        set by their own API before they were acted on: they may not answer until then.
        """
        found: dict[str, list[int]] = {}
        for number, step in self.open.items():
            found.setdefault(step.component, []).append(number)
        outdated = self.outdated

        def turn(name: str) -> int:
            last = found[name][0]
            behind = str(self.steps[last].control.get("component", "")) if self.steps[last].kind == SETTING else ""
            return 1 if name in outdated else 2 if behind in outdated and last < found[behind][-1] else 0

        return {name: found[name] for name in sorted(found, key=turn)}

    @property
    def outdated(self) -> set[str]:
        """The components that were started after a setting was changed that is no more to be so: they have read it."""
        changed = [number for number, step in self.steps.items() if step.is_read and number not in self.kept]
        first = min(changed, default=len(self.steps))
        return {
            step.component
            for number, step in self.open.items()
            if number > first and step.kind != SETTING and step.act in STARTING
        }


def read(path: Path) -> Story:
    """What a journal holds; an empty story where there is none.

    Args:
        path: its file.

    Raises:
        JournalError: it cannot be read, or is damaged.
    """
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
        story.opened = {**{key: entry[key] for key in OPENED}, "sandbox": entry.get("sandbox", "")}
        return
    if kind == "step":
        if not story.opened or entry.pop("number") != len(story.steps) + 1:
            raise ValueError("a line before it is missing")
        number = len(story.steps) + 1
        story.began[number] = float(entry.pop("at"))
        story.steps[number] = Step(**entry)
        return
    if kind in {"ran", "refused"}:
        _take_ran(story, kind, entry)
        return
    numbers = entry.get("numbers") or [entry["number"]]
    if not story.steps.keys() >= set(numbers):
        raise ValueError("a line before it is missing")
    told = {"done": story.done, "undone": story.undone, "kept": story.kept}
    if kind in told:
        told[kind].update(numbers)
    elif kind == "failed":
        number = entry["number"]
        story.failed[number] = Failure(entry["why"], entry["by_hand"])
    else:
        raise ValueError(f"unknown entry {kind!r}")
    if kind != "done":
        story.ended.update(dict.fromkeys(numbers, float(entry["at"])))


def _take_ran(story: Story, kind: str, entry: Mapping[str, Any]) -> None:
    """A line of what nothing takes back."""
    at = float(entry["at"])
    if kind == "ran":
        story.ran.append(Ran(entry.get("act", "run"), entry["what"], entry["remains"], at))
        return
    if not 1 <= entry["number"] <= len(story.ran):
        raise ValueError("a line before it is missing")
    story.ran[entry["number"] - 1].refused_at = at


def acts_in(file: Path) -> list[Act]:
    """What was done to the target, by one journal; first what can be taken back.

    Args:
        file: open or closed.

    Raises:
        JournalError: as :func:`read`.
    """
    story = read(file)
    test = str(story.opened.get("test", ""))
    ran = [
        Act(one.act, one.what, one.at, test, "ran", one.at, one.remains)
        if one.refused_at is None
        else Act(one.act, one.what, one.at, test, "refused", one.refused_at)
        for one in story.ran
    ]
    return [*(_act(story, number, test) for number in story.steps), *ran]


def in_words(acts: Sequence[str], what: str) -> str:
    """What was done to something: ``stop and start of container ui``, ``command migrate was run``.

    Args:
        acts: in their order; one that was done again and again is counted.
        what: they were done to.
    """
    words = [f"{act} ({count} times)" if count > 1 else act for act, count in Counter(acts).items()]
    done = {"run": "was run", "begin": "was begun"}
    if acts[0] in done:
        return f"{what} {words[0].replace(acts[0], done[acts[0]])}"
    return f"{' and '.join(words)} of {what}"


def _act(story: Story, number: int, test: str) -> Act:
    step, failure = story.steps[number], story.failed.get(number)
    outcome = next(
        (word for word, settled in (("taken back", story.undone), ("kept", story.kept)) if number in settled),
        "failed" if failure else "open",
    )
    more = failure.why if failure and outcome == "failed" else ""
    what = f"{step.component} ({step.what})" if step.kind == SETTING else step.what
    return Act(step.act, what, story.began[number], test, outcome, story.ended.get(number), more)
