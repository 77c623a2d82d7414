"""Writes ``llmops.toml``: one table after the other, aligned, with a word on each line that needs one."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from pytest_llmops.probe import suggestions, toml
from pytest_llmops.probe.proposal import Entry, Section
from pytest_llmops.probe.words import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from pytest_llmops.probe.proposal import Discovery, Found

WIDTH = 118
COLUMN = 60
"""Comments stand beside lines that are not longer than this."""

PROFILES = {"ollama": "ollama", "openai": "openai-compatible"}
"""The profile of a target that consists of one such component alone."""


def text(found: Discovery, name: str, environment: str) -> str:
    """The whole file.

    Args:
        found: what answered; at least one component.
        name: the target's.
        environment: ``production``, ``staging`` or ``development``.
    """
    blocks = [[*_comment(_HEAD)], [f"default_target = {toml.string(name)}"], [*_target(found, name, environment)]]
    for one in found.found:
        blocks += [[*lines] for lines in _component(one, found.again, name)]
    blocks += [[*_section(section, (name, *section.path))] for section in suggestions.sections(found.found)]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


_HEAD = (
    "Written by `llmops init` from what answered; yours to edit. `llmops doctor` checks it.\n"
    "A # with a blank behind it is a remark; a # without one is a setting that you may switch on."
)


def profile_of(found: Sequence[Found]) -> str:
    """The profile that fits; empty where settings of one's own are needed."""
    known = [one.profile for one in found if one.profile]
    if known:
        return known[0]
    kinds = [one.kind for one in found]
    return PROFILES.get(kinds[0], "") if len(kinds) == 1 else ""


def _target(found: Discovery, name: str, environment: str) -> Iterator[str]:
    profile = profile_of(found.found)
    lines = [Entry("environment", environment, "production | staging | development")]
    if profile:
        lines.insert(0, Entry("profile", profile, "ready settings for such a server; whatever stands below goes first"))
    yield from _section(Section((), tuple(lines)), (name,))


def _component(one: Found, again: Iterable[Found], name: str) -> Iterator[Iterable[str]]:
    where = (name, "components", one.kind)
    twins = tuple(
        f"One component of a kind: {twin.url} ({twin.says}) is left out; it takes a target of its own."
        for twin in again
        if twin.kind == one.kind
    )
    own, *rest = one.sections
    title = f"{one.kind}: {one.says}"
    remarks = (*twins, *(f"MIND: it {sentence}." for sentence in one.loud))
    yield _section(Section(own.path, own.entries, (title, *own.notes, *remarks)), where)
    for section in rest:
        yield _section(section, (*where, *section.path))
    for section in one.beside:
        yield _section(section, (name, *section.path))


def _section(section: Section, where: tuple[str, ...]) -> Iterator[str]:
    for note in section.notes:
        yield from _comment(note)
    off = "" if section.on else "#"
    path = toml.path(("targets", *where))
    yield f"{off}[[{path}]]" if section.many else f"{off}[{path}]"
    lines = [(_line(entry, off), entry.comment) for entry in section.entries if entry.value is not None]
    column = max((len(line) for line, comment in lines if comment and len(line) <= COLUMN), default=0)
    for line, comment in lines:
        yield from _commented(line, comment, column)


def _line(entry: Entry, off: str) -> str:
    return f"{off if off or entry.on else '#'}{toml.key(entry.key)} = {toml.value(entry.value)}"


def _commented(line: str, comment: str, column: int) -> Iterator[str]:
    """A line with its comment beside it, or above where there is no room."""
    said = one_line(comment)
    if said and len(line) <= COLUMN and column + 4 + len(said) <= WIDTH:
        yield f"{line.ljust(column)}  # {said}"
        return
    if said:
        yield from _comment(said)
    yield line


def _comment(words: str) -> Iterator[str]:
    for paragraph in words.split("\n"):
        said = one_line(paragraph)
        yield from (f"# {line}" for line in textwrap.wrap(said, WIDTH - 2, break_on_hyphens=False) or [""] if line)
