"""What lies in a Qdrant collection, point by point, as checksums: of its vectors, and of its payload."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.kept_collection import KeptCollection, result_of
from pytest_llmops.errors import CallFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_llmops.clients.http import Http

PAGE = 500
"""Points of one answer."""

MOST = 20_000
"""Points of a collection that are all looked at; of a larger one, so many that are drawn by lot."""

READ = 2 + MOST // PAGE
"""Calls that reading a collection takes at the most: counting it, drawing of it, and its points, page by page."""

Id = int | str
"""A point's: a whole number, or a UUID."""


@dataclass(frozen=True, slots=True)
class Print:
    """Checksums of one point, 16 hex digits each.

    Attributes:
        vector: of all its vectors, bit by bit.
        payload: of its payload.
    """

    vector: str
    payload: str


@dataclass(frozen=True, slots=True)
class Prints:
    """What lay in a collection.

    Attributes:
        points: how many, counted.
        of: each point that was looked at.
        whole: whether these are all.
    """

    points: int
    of: Mapping[Id, Print] = field(repr=False)
    whole: bool = True


def prints_of(http: Http, collection: str, ids: Iterable[Id] | None = None, most: int = MOST) -> Prints:
    """Look at a collection's points.

    Args:
        http: calls to its server.
        collection: its name.
        ids: of those that are looked at; all by default, or as many as `most`, drawn by lot.
        most: how many.

    Raises:
        CallFailed: they could not be read.
    """
    points = KeptCollection(http, collection).count()
    path = f"/collections/{collection}/points"
    if ids is None and points > most:
        ids = _drawn(http, path, most)
    if ids is not None:
        return Prints(points, dict(_asked_for(http, path, ids)), whole=False)
    return Prints(points, dict(_all(http, path)))


def _all(http: Http, path: str) -> Iterator[tuple[Id, Print]]:
    offset: Id | None = None
    while True:
        body = {"limit": PAGE, "with_vector": True, "with_payload": True, "offset": offset}
        found = result_of(http.call("POST", f"{path}/scroll", body=body))
        for point in found.get("points") or []:
            yield point["id"], _print(point)
        offset = found.get("next_page_offset")
        if offset is None:
            return


def _drawn(http: Http, path: str, most: int) -> list[Id]:
    body = {"query": {"sample": "random"}, "limit": most}
    found = result_of(http.call("POST", f"{path}/query", body=body))
    return [point["id"] for point in found.get("points") or []]


def _asked_for(http: Http, path: str, ids: Iterable[Id]) -> Iterator[tuple[Id, Print]]:
    wanted = list(ids)
    for first in range(0, len(wanted), PAGE):
        body = {"ids": wanted[first : first + PAGE], "with_vector": True, "with_payload": True}
        answer = http.call("POST", path, body=body)
        found = answer.ok().table().get("result")
        if not isinstance(found, list):
            said = f"{answer.component}: {answer.asked} answered without a result."
            raise CallFailed(answer.component, "bad-answer", said)
        for point in found:
            yield point["id"], _print(point)


def _print(point: dict[str, Any]) -> Print:
    return Print(_checksum(point.get("vector")), _checksum(point.get("payload") or {}))


def _checksum(value: object) -> str:
    """Of a value out of JSON: numbers as the server writes them, which is one way for each."""
    return sha256(json.dumps(value, sort_keys=True, ensure_ascii=True).encode()).hexdigest()[:16]
