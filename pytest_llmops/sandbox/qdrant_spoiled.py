"""What faults make of stored points, as they are handed out, and of what a search finds."""

from __future__ import annotations

import datetime as dt
import random
from typing import TYPE_CHECKING, Any

from pytest_llmops.sandbox.faults import Share

if TYPE_CHECKING:
    from pytest_llmops.sandbox.faults import Faults

_SPARED = 0.6
"""The share of a segment's text that is left of one that is cut."""


class Spoiled:
    """Points that are not as they should be.

    Args:
        faults: that are on.
    """

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._empty = Share(faults.number("vectors:finds-nothing", 0.0))
        self._dimmed = faults.number("vectors:dimmed", 1.0)
        self._order = random.Random(1)

    def found(self, points: list[Any]) -> list[Any]:
        """What a search found."""
        if self._empty.due():
            return []
        if "vectors:shuffled" in self._faults:
            points = self._order.sample(points, len(points))
        if self._dimmed == 1.0:
            return points
        return [point.model_copy(update={"score": point.score * self._dimmed}) for point in points]

    def stored(self, points: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Points as they are read, as plain JSON."""
        return [self._stored(number, point) for number, point in enumerate(points)]

    def _stored(self, number: int, point: dict[str, Any]) -> dict[str, Any]:
        payload = point.get("payload") or {}
        if "vectors:zeros" in self._faults and number % 3 == 0 and point.get("vector"):
            point = {**point, "vector": [0.0] * len(point["vector"])}
        if "vectors:cut" in self._faults and payload.get("text"):
            whole = payload["text"]
            payload = {**payload, "text": whole[: int(len(whole) * _SPARED)].rstrip(" .,")}
        if "vectors:blank" in self._faults and number % 4 == 0 and payload.get("text"):
            payload = {**payload, "text": " "}
        if "vectors:to-come" in self._faults and payload.get("created_at"):
            payload = {**payload, "created_at": (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).isoformat()}
        return {**point, "payload": payload} if "payload" in point else point
