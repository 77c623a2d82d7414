"""What ``llmops init`` found out and means to write: data that discovery fills and the writer reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a table.

    Attributes:
        key: its name.
        value: what JSON can hold, or a date; a None is left out.
        comment: why it says so; may be empty.
        on: False writes it as a suggestion, behind a ``#``.
    """

    key: str
    value: Any
    comment: str = ""
    on: bool = True


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the file.

    Attributes:
        path: below the component, e.g. ``("routes", "query")``; empty for the component's own table.
        entries: its lines.
        notes: comments above it, a paragraph each.
        on: False writes all of it as a suggestion.
        many: it is one of an array of tables.
    """

    path: tuple[str, ...]
    entries: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()
    on: bool = True
    many: bool = False


@dataclass(frozen=True, slots=True)
class Key:
    """What a component wants to be signed with.

    Attributes:
        auth: the ``auth`` table, which names the variable.
        variable: the environment variable.
        holds: what belongs into it, in words.
        given: whether the variable is set.
        accepted: whether the component took it; None where that could not be tried.
        withheld: why one that is set was not tried, a clause; empty for no such reason.
    """

    auth: dict[str, str]
    variable: str
    holds: str
    given: bool = False
    accepted: bool | None = None
    withheld: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """One component.

    Attributes:
        kind: its name in the file: ``api``, ``ollama``, ….
        url: without user and password.
        says: what it says of itself, for a person: server, version, model.
        sections: its tables, its own first.
        key: what signs calls to it; None where it asks for nothing.
        loud: what a person has to hear, a sentence each.
        beside: tables of the target that belong to it.
        profile: of the real system that it is; empty for any other service.
    """

    kind: str
    url: str
    says: str
    sections: tuple[Section, ...] = ()
    key: Key | None = None
    loud: tuple[str, ...] = ()
    beside: tuple[Section, ...] = ()
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """An address that nothing could be made of.

    Attributes:
        url: without user and password.
        reason: why, as the rest of a sentence.
        silent: nothing listens there.
    """

    url: str
    reason: str
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Discovery:
    """All that was found.

    Attributes:
        found: at most one of a kind, in the order of the addresses.
        again: further ones of the same kinds, which the file cannot hold.
        unknown: addresses that are no component.
    """

    found: tuple[Found, ...] = ()
    again: tuple[Found, ...] = ()
    unknown: tuple[Unknown, ...] = field(default=())
