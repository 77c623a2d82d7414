"""The health route of a service: which it is, and the tables that say when it is healthy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.probe import health
from pytest_llmops.probe.proposal import Entry, Section
from pytest_llmops.probe.servers import MADE_UP
from pytest_llmops.probe.words import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmops.clients.http import Answer
    from pytest_llmops.probe.asking import Asker
    from pytest_llmops.probe.health import Reading
    from pytest_llmops.probe.openapi import Document

_ALIVE = ("health", "healthz", "healthcheck", "ready", "readyz", "readiness", "live", "livez", "liveness")
_PERHAPS = ("status", "ping")
"""Words of paths that may be of something else: these go last."""
_FIGURES = ("metrics", "prometheus", "docs")
_HOW = {"check", "checks", "full", "deep", "detail", "details", "detailed", "dependencies"}
"""What may follow a health word; anything else, as in ``/health/reset``, may change something."""


@dataclass(frozen=True, slots=True)
class Vital:
    """A health route.

    Attributes:
        path: below the component's url.
        status: what it answers.
        reading: what its body says.
        others: further health routes that the schema names.
    """

    path: str
    status: int
    reading: Reading
    others: tuple[str, ...] = ()


def vitality(asker: Asker, document: Document | None, prefix: str) -> Vital | None:
    """The first health route that answers as one; those of the schema go before those that are usual."""
    declared = [prefix + path for path in _alive(document, _ALIVE)] if document else []
    perhaps = [prefix + path for path in _alive(document, _PERHAPS)] if document else []
    anything = asker.get(MADE_UP)
    guessed = () if anything is not None and anything.status < 400 else health.PATHS  # it answers to any path
    for path in dict.fromkeys((*declared, *guessed, *perhaps)):
        answer = asker.get(path)
        reading = _reading(answer)
        if answer is not None and reading is not None:
            return Vital(path, answer.status, reading, tuple(one for one in declared if one != path))
    return None


def harmless(document: Document) -> list[str]:
    """Paths of the schema that may be asked whatever the service is: of health, figures and documentation."""
    return _alive(document, (*_ALIVE, *_PERHAPS, *_FIGURES))


def _alive(document: Document, wanted: Sequence[str]) -> list[str]:
    """GET operations without required parameters whose paths end in one of these words, shortest path first."""
    found = [
        one.path
        for one in document.operations()
        if one.method == "GET" and "{" not in one.path and not any(p.required for p in one.parameters)
        and _ends_in(one.path, wanted)
    ]  # fmt: skip
    rank = {path: min(wanted.index(word) for word in words(path) if word in wanted) for path in found}
    return sorted(found, key=lambda path: (rank[path], path.count("/")))


def _ends_in(path: str, wanted: Sequence[str]) -> bool:
    found = words(path)
    while len(found) > 1 and found[-1] in _HOW:
        found.pop()
    return bool(found) and found[-1] in wanted


def _reading(answer: Answer | None) -> Reading | None:
    """What an answer says of health; None where it is no health answer."""
    if answer is None or "html" in answer.headers.get("content-type", ""):
        return None
    reading = health.read(answer.json()) if answer.is_json else health.Reading()
    if 200 <= answer.status < 300:
        return reading
    return reading if answer.status in {500, 503} and reading.status is not None else None


def sections(vital: Vital | None) -> Iterator[Section]:
    """The tables of the health route; a suggestion where none answered."""
    if vital is None:
        yield Section(
            ("routes", "health"), (Entry("path", "/health"),), ("No health route answered. If it has one:",), on=False
        )
        return
    others = f"the schema also has {', '.join(vital.others[:4])}" if vital.others else ""
    yield Section(("routes", "health"), (Entry("path", vital.path, others),))
    found = vital.reading
    lines = [Entry("status", [vital.status if vital.status < 300 else 200]), *_accepted(found)]
    if found.timestamp:
        lines.append(Entry("timestamp", found.timestamp, "when it says that this was; must be of the last minute"))
    yield Section(("health",), tuple(lines), ("Healthy is this status AND these values of the body AND the rest.",))
    if found.dependencies:
        entries = [
            Entry(
                name, {"path": one.path, "accept": list(one.accept)}, "" if one.good else f"NOW IT SAYS {one.value!r}"
            )
            for name, one in found.dependencies.items()
        ]
        yield Section(("health", "dependencies"), tuple(entries))


def _accepted(found: Reading) -> Iterator[Entry]:
    one = found.status
    if one is None:
        return
    if one.good is None:
        comment = f"is {one.value!r} good? then take the # off"
        yield Entry("accept", {one.path: [one.value]}, comment, on=False)
    else:
        comment = "" if one.good else f"NOW IT SAYS {one.value!r}: what it says when all is well"
        yield Entry("accept", {one.path: list(one.accept)}, comment)


def loud(vital: Vital | None) -> Iterator[str]:
    """What a person has to hear of it."""
    if vital is None:
        yield "has no health route that answers; name it as routes.health"
        return
    found = vital.reading
    if found.sick:
        yield f"answers {vital.status} at {vital.path} but calls itself sick: {', '.join(found.sick)}"
    elif found.status and found.status.good is None:
        yield f"says {found.status.path} = {found.status.value!r} at {vital.path}: say in the file whether that is good"
    if found.stale:
        yield f"gives a time at {vital.path} that is {found.stale} old"
