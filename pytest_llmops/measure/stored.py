"""What a search's vector store holds: whether vectors are sound, texts whole, and which documents are new."""

from __future__ import annotations

import datetime as dt
import re
import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pytest_llmops.clients.health import AHEAD_S
from pytest_llmops.clients.log_words import clock
from pytest_llmops.clients.points import BARE_PAGE, PAGE, dimensions_of, points_of
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.judge.segments import segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_llmops.clients.points import Point
    from pytest_llmops.clients.searching import Searching
    from pytest_llmops.judge.segments import Segments

MOST = 1000
"""Points that are looked at of a collection, the first by their ids: of a larger one that is a sample."""

MANY = 50_000
"""Points whose times are read, where any of them may be the newest."""

SAMPLE = 5
"""Of those that are looked at the ones whose texts are embedded anew."""

LOOK, READ = 1 + MOST // PAGE, 1 + MANY // BARE_PAGE
"""Calls that a look at points, and reading all times, take at the most."""


@dataclass(frozen=True, slots=True)
class Stored:
    """The vectors of a collection.

    Attributes:
        points: that were looked at.
        dimensions: how many numbers each has to have.
        unsound: what is wrong with some of them, a clause each.
    """

    points: int
    dimensions: int
    unsound: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ingested:
    """A document, and when it was ingested, in epoch seconds."""

    document: str
    at: float

    def __str__(self) -> str:
        return f"{self.document}, {dt.datetime.fromtimestamp(self.at, dt.UTC):%Y-%m-%d %H:%M} UTC"


class Collection:
    """The collection that is searched.

    Args:
        searching: the search.
        where: its table, for messages.
    """

    def __init__(self, searching: Searching, where: str) -> None:
        self._searching = searching
        self._table = searching.table
        self._where = where

    def stored(self) -> Stored:
        """Whether stored vectors are of the collection's length, finite, and not zero.

        Raises:
            Unsupported: there is no vector store.
            Vacuous: the collection has no points.
        """
        from pytest_llmops.judge.drift import unsound

        dimensions = dimensions_of(self._searching.vectors())
        points = self._points(vectors=True)
        wrong = unsound({f"point {one.id}": one.vector for one in points}, dimensions)
        return Stored(len(points), dimensions, tuple(wrong))

    def reembedded(self) -> dict[str, float]:
        """The cosine of a few stored vectors with those that their texts are embedded to now, by the points' ids.

        Raises:
            Unsupported: nothing here can embed, or a point's payload holds no text.
            CallFailed: a vector is of another length than those of the collection (kind ``other-model``).
        """
        from pytest_llmops.judge.drift import cosine

        embedder, found = self._searching.embedder(), {}
        for point in self._points(vectors=True)[:SAMPLE]:
            now = embedder(self._text(point, self._table.embedded or self._table.text))
            vector = [float("nan") if one is None else one for one in point.vector]
            try:
                found[point.id] = cosine(vector, now)
            except ValueError as error:
                said = f"qdrant: point {point.id} of {len(vector)} numbers, and its text as {embedder.model} embeds it"
                raise CallFailed("qdrant", "other-model", f"{said}, of {len(now)}: {error}.") from None
        return found

    def count(self) -> int:
        """How many points the collection holds, all of them.

        Raises:
            Unsupported: there is no vector store, or it is not said which collection it is.
        """
        return self._searching.vectors().kept().count()

    def segments(self) -> Segments:
        """How long the segments of the collection are, and how many are empty or cut off.

        Raises:
            Unsupported: there is no vector store, or no payload holds a text.
            Vacuous: the collection has no points.
        """
        return self._segments

    @cached_property
    def _segments(self) -> Segments:
        return segments([self._text(point, self._table.text) for point in self._points()])

    def recent(self, since_s: float) -> list[Ingested]:
        """Documents of which a segment was ingested within the last seconds, the newest first.

        Raises:
            Unsupported: the table does not say where a payload tells the time, or no payload tells one.
            CallFailed: one tells what is no time, or one to come (kind ``bad-answer``).
            Vacuous: the collection has no points, or more than are read.
        """
        if self._table.ingested is None:
            raise Unsupported(
                f'{self._where} does not say when a document was ingested; add ingested = "…", a JMESPath.'
            )
        read, told = clock("UTC", None), 0
        newest: dict[str, float] = {}
        for point in self._dated():
            stamp = self._searching.looked_up(self._table.ingested, point.payload)
            if stamp is None:
                continue
            at = read(stamp)
            if at is None or at > time.time() + AHEAD_S:
                wrong = "no time" if at is None else "to come"
                said = f"qdrant: point {point.id} was ingested at {self._table.ingested} = {stamp!r}, which is {wrong}."
                raise CallFailed("qdrant", "bad-answer", said)
            name = str(self._searching.looked_up(self._table.document, point.payload) or point.id)
            told, newest[name] = told + 1, max(at, newest.get(name, 0.0))
        if not told:
            raise Unsupported(f"qdrant: no payload tells at {self._table.ingested!r} when its document was ingested.")
        since = time.time() - since_s
        return sorted((Ingested(name, at) for name, at in newest.items() if at >= since), key=lambda one: -one.at)

    def _dated(self) -> Iterator[Point]:
        """All points; of a payload only what tells its document and its time, where plain paths name these."""
        if not (there := self.count()):
            raise self._nothing()
        if there > MANY:
            raise Vacuous(
                f"qdrant: the collection of {self._searching.name} has {there} points, more than the {MANY} whose "
                "times are read, so that nobody knows which documents are the newest."
            )
        paths = [str(self._table.ingested), self._table.document]
        plain = all(re.fullmatch(r"\w+(\.\w+)*", path) for path in paths)
        return points_of(self._searching.vectors(), MANY, keys=paths if plain else None)

    def _points(self, *, vectors: bool = False) -> list[Point]:
        found = [*points_of(self._searching.vectors(), MOST, vectors=vectors)]
        if not found:
            raise self._nothing()
        return found

    def _nothing(self) -> Vacuous:
        return Vacuous(f"qdrant: the collection of {self._searching.name} has no points to look at.")

    def _text(self, point: Point, path: str) -> str:
        found = self._searching.looked_up(path, point.payload)
        if not isinstance(found, str):
            raise Unsupported(
                f"qdrant: the payload of point {point.id} has no text at {path!r}; it has {', '.join(point.payload)}. "
                f"Name it as text of retrieval.{self._searching.name}."
            )
        return found
