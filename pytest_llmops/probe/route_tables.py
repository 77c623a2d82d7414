"""The tables of the query route: what was chosen, what was filled in, and what else might have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.probe import routes
from pytest_llmops.probe.proposal import Entry, Section
from pytest_llmops.probe.replies import UNSAID

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.probe.routes import Candidate

QUERY = ("routes", "query")

SHOWN = 4
"""So many other operations are named."""


def query_sections(candidates: list[Candidate], prefix: str, *, has_schema: bool) -> list[Section]:
    """The tables of the best candidate, or a suggestion where none can be asked.

    Args:
        candidates: the likeliest first.
        prefix: goes before their paths.
        has_schema: whether the service has one at all.
    """
    usable = [one for one in candidates if not one.cannot]
    notes = [f"{one.shown} looks like one too, but {one.cannot}." for one in candidates if one.cannot][:SHOWN]
    if not usable:
        return [_suggestion(notes, has_schema=has_schema)]
    best, alike = usable[0], routes.near(usable)[:SHOWN]
    if alike:
        notes.insert(0, f"As likely by the schema: {', '.join(one.shown for one in alike)}.")
    notes.insert(0, "How to ask a question, and where the answer is (JMESPath).")
    lines = [Entry("method", best.operation.method), Entry("path", prefix + best.path, _path_why(best))]
    lines += _params(best)
    if best.body is not None and not _with_reasons(best):
        lines.append(Entry("body", best.body))
    lines += _answer(best)
    sections = [Section(QUERY, tuple(lines), tuple(notes))]
    if best.body is not None and _with_reasons(best):
        entries = [Entry(name, value, best.why.get(name, "")) for name, value in best.body.items()]
        sections.append(Section((*QUERY, "body"), tuple(entries)))
    return sections


def _with_reasons(best: Candidate) -> bool:
    """Whether values of the body need a word: then it gets a table of its own."""
    return any(name in best.why for name in best.body or {})


def _path_why(best: Candidate) -> str:
    return "its parameters as the schema gives them" if best.path != best.operation.path else ""


def _params(best: Candidate) -> Iterator[Entry]:
    if best.params:
        why = ", ".join(f"{name}: {best.why[name]}" for name in best.params if name in best.why)
        yield Entry("params", best.params, why)


def _answer(best: Candidate) -> Iterator[Entry]:
    if best.answer is not None:
        yield Entry("answer", best.answer, "the whole body is the text" if best.answer == "@" else "")
    elif best.described:
        yield Entry("answer", UNSAID, "A GUESS: no property of its answer looks like the text")
    else:
        yield Entry("answer", UNSAID, "A GUESS: the schema does not describe the answer")
    if best.sources:
        yield Entry("sources", best.sources, "ids of what the answer rests on")
    if best.blocked:
        yield Entry("blocked", best.blocked, "true where the input was refused")


def _suggestion(notes: list[str], *, has_schema: bool) -> Section:
    why = (
        "None of the schema's operations looks like it takes a question"
        if has_schema
        else "It serves no OpenAPI schema"
    )
    entries = (
        Entry("method", "POST"),
        Entry("path", "/chat"),
        Entry("body", {"question": "{prompt}"}, "also {user} and {fresh} (true: past the answer cache)"),
        Entry("answer", "answer", "JMESPath"),
        Entry("sources", "sources[].id"),
    )
    said = f"{why}: describe here how to ask, and where the answer is." if not notes else "Describe here how to ask:"
    return Section(QUERY, entries, (*notes, said), on=False)
