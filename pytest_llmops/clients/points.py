"""The points of a Qdrant collection, with their payloads and vectors, read page by page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.kept_collection import result_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmops.clients.vectors import Vectors

PAGE = 250
"""Points of one answer with their vectors: of 1024 numbers about 3 MB."""

BARE_PAGE = 1000
"""Points of one answer without."""


@dataclass(frozen=True, slots=True)
class Point:
    """A point.

    Attributes:
        payload: what is stored beside its vector.
        vector: as it is stored; empty where it was not asked for, or is not there.
    """

    id: str
    payload: Mapping[str, Any] = field(repr=False)
    vector: tuple[float | None, ...] = field(repr=False, default=())


def points_of(
    client: Vectors, most: int, *, vectors: bool = False, keys: Sequence[str] | None = None
) -> Iterator[Point]:
    """The first points of the target's own collection, in the order of their ids, one page in memory at a time.

    Args:
        client: of the server.
        most: how many at the most.
        vectors: with their vectors: those that are searched.
        keys: what is wanted of their payloads; all by default.

    Raises:
        CallFailed: they could not be read.
        Unsupported: the target does not say which of several collections it is.
    """
    path, following, left = f"/collections/{client.own()}/points/scroll", None, most
    wanted = {"with_payload": True if keys is None else [*keys], "with_vector": vectors}
    while left > 0:
        body = {"limit": min(PAGE if vectors else BARE_PAGE, left), **wanted}
        page = result_of(client.http.call("POST", path, body=body | ({"offset": following} if following else {})))
        points = page.get("points", [])
        yield from (_point(one, client.config.vector) for one in points)
        left, following = left - len(points), page.get("next_page_offset")
        if following is None:
            break


def dimensions_of(client: Vectors) -> int:
    """How many numbers each vector of the target's own collection has to have; 0 where it does not say."""
    config = result_of(client.http.call("GET", f"/collections/{client.own()}")).get("config") or {}
    told = (config.get("params") or {}).get("vectors") or {}
    named = told.get(client.config.vector or "", told)
    return int(named.get("size") or 0)


def _point(told: Mapping[str, Any], name: str | None) -> Point:
    vector = told.get("vector") or []
    given = vector.get(name or "", []) if isinstance(vector, dict) else vector
    return Point(str(told["id"]), told.get("payload") or {}, tuple(given))
