"""The traces that a leak affects: those of a user, and those that hold a value that leaked, whoever's they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, Vacuous
from pytest_llmops.security.leak_detection import PLANTED, Detection
from pytest_llmops.security.leak_places import text_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_llmops.clients.langfuse import Langfuse

MOST = 1000
"""So many of the newest traces are looked through: Langfuse finds a user by itself, but no value."""


@dataclass(frozen=True, slots=True)
class Trace:
    """One that is affected.

    Attributes:
        id: its own.
        at: when, as Langfuse says it.
        by: what it was found by: ``user``, ``value``, or both.
        holds: kinds of what it holds of persons and secrets; empty where it holds nothing of them.
    """

    id: str
    at: str
    by: str
    holds: str


@dataclass(frozen=True, slots=True)
class Affected:
    """The traces that a leak affects.

    Attributes:
        traces: newest first.
        user: whose were looked for.
        whole: whether those of the user are all that there are; else they are the newest.
        read: how many of all traces were looked through for a value.
        total: how many there are.
    """

    traces: tuple[Trace, ...]
    user: str
    whole: bool
    read: int
    total: int

    def document(self) -> str:
        """A page of Markdown: each trace, and where it was looked."""
        looked = f"the newest {self.read} of" if self.read < self.total else "all"
        rows = [f"- {one.id} of {one.at}, by {one.by}: {one.holds or 'nothing of a person'}" for one in self.traces]
        own = f"those of {self.user}" if self.whole else f"the newest {MOST} of {self.user}"
        said = f"Looked for: {own}; in {looked} {self.total} traces, the values that were sent."
        return "\n".join(["# Affected traces", "", said, "", *rows, ""])


def affected(langfuse: Langfuse, detection: Detection, user: str) -> Affected:
    """Look for them.

    Args:
        langfuse: that has the traces.
        detection: knows the values.
        user: whose traces are affected.

    Raises:
        Vacuous: it has no trace at all.
        CallFailed: it cannot be asked; or it has traces, and none of this user (kind ``absent``), in whose name
            questions were asked.
    """
    own, newest = langfuse.newest(MOST, user=user), langfuse.newest(MOST)
    total = langfuse.traces()  # afterwards: what comes meanwhile was not looked through
    if not total:
        raise Vacuous("langfuse: it has no trace, so none can be found by a user or a value.")
    if not own:
        said = f"langfuse: none of its traces is of user {user}, in whose name questions are asked"
        raise CallFailed("langfuse", "absent", f"{said}; the list may lag by ten minutes.")
    read = {_id(trace): trace for trace in newest}
    texts: dict[str, dict[str, Any]] = {_id(trace): trace for trace in own} | read
    by_user = {_id(trace) for trace in own}
    by_value = {name for name, trace in texts.items() if detection.leaks("", text_of(trace), [PLANTED])}
    found = [_trace(name, texts[name], detection, by_user, by_value) for name in texts if name in by_user | by_value]
    return Affected(tuple(sorted(found, key=lambda one: one.at, reverse=True)), user, len(own) < MOST, len(read), total)


def _trace(
    name: str, trace: dict[str, Any], detection: Detection, by_user: Collection[str], by_value: Collection[str]
) -> Trace:
    by = [word for word, names in (("user", by_user), ("value", by_value)) if name in names]
    return Trace(name, str(trace.get("timestamp", "")), " and ".join(by), ", ".join(detection.kinds(text_of(trace))))


def _id(trace: dict[str, Any]) -> str:
    return str(trace.get("id", ""))
