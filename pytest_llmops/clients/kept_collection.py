"""One collection of a Qdrant server as its upkeep sees it: its configuration, and what lies dead in its segments."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.clients.answer import Answer
    from pytest_llmops.clients.http import Http

READ_AS = {"optimizers_config": "optimizer_config", "hnsw_config": "hnsw_config"}
"""What a PATCH calls a part of the configuration, and what a GET calls it."""


def result_of(answer: Answer) -> dict[str, Any]:
    """The result of an answer of Qdrant's.

    Raises:
        CallFailed: it is an error, or has none.
    """
    found = answer.ok().table().get("result")
    if not isinstance(found, dict):
        raise CallFailed(
            answer.component, "bad-answer", f"{answer.component}: {answer.asked} answered without a result."
        )
    return found


@dataclass(frozen=True, slots=True)
class Segments:
    """What the telemetry says of a collection's segments on one node.

    Attributes:
        dead: vectors that were deleted, and lie in segments still.
        runs: optimisations since the server's start.
    """

    dead: int
    runs: int


class KeptCollection:
    """One collection.

    Args:
        http: calls to its server.
        name: its name.
    """

    def __init__(self, http: Http, name: str) -> None:
        self._http = http
        self.name = name
        self.path = f"/collections/{name}"

    def configuration(self) -> dict[str, Any]:
        """What is in effect, by ``PART.KEY`` as a PATCH calls it: ``optimizers_config.deleted_threshold``.

        Raises:
            CallFailed: there is no such collection.
        """
        config = result_of(self._http.call("GET", self.path)).get("config") or {}
        return {
            f"{part}.{key}": value
            for part, read in READ_AS.items()
            for key, value in sorted((config.get(read) or {}).items())
        }

    def configure(self, values: Mapping[str, Any], deadline_s: float) -> None:
        """Change the configuration (PATCH /collections/NAME): it waits until running optimisations have ended.

        Args:
            values: by the names of `configuration`.
            deadline_s: for it.

        Raises:
            CallFailed: it was refused, or came to no end in time.
        """
        query = {"timeout": max(1, int(deadline_s))}
        self._http.call("PATCH", self.path, body=nested(values), query=query, deadline_s=deadline_s).ok()

    def count(self) -> int:
        """How many points it has, counted; the ``points_count`` of its description is a guess while it is optimised."""
        return int(result_of(self._http.call("POST", f"{self.path}/points/count", body={"exact": True}))["count"])

    def likeness(self) -> dict[str, Any]:
        """What another collection is made with that is to be like it (PUT /collections/NAME).

        Raises:
            CallFailed: there is no such collection.
        """
        config = result_of(self._http.call("GET", self.path)).get("config") or {}
        return {key: value for key, value in (config.get("params") or {}).items() if value is not None}

    def segments(self) -> Segments:
        """What lies dead in its segments, and how often it was optimised (GET /telemetry).

        Raises:
            Unsupported: the telemetry does not tell that.
        """
        found = [shard.get("local") or {} for shard in shards_of(self._http, self.name)]
        infos = [segment.get("info") or {} for local in found for segment in local.get("segments") or []]
        dead = [info.get("num_deleted_vectors") for info in infos]
        runs = [((one.get("optimizations") or {}).get("optimizations") or {}).get("count") for one in found]
        if not dead or None in dead or None in runs:
            raise Unsupported(f"{self._http.component}: its telemetry tells nothing of the segments of {self.name}.")
        return Segments(sum(int(count or 0) for count in dead), sum(int(count or 0) for count in runs))


def shards_of(http: Http, name: str) -> list[dict[str, Any]]:
    """What the telemetry says of a collection's shards.

    Raises:
        CallFailed: there is no telemetry, or the collection is not in it.
    """
    found = result_of(http.call("GET", "/telemetry?details_level=4"))
    each = (found.get("collections") or {}).get("collections") or []
    shards: list[dict[str, Any]] | None = next((one.get("shards") or [] for one in each if one.get("id") == name), None)
    if shards is None:
        said = f"{http.component}: its telemetry does not tell of the collection {name}."
        raise CallFailed(http.component, "no-collection", said)
    return shards


def nested(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The body of a PATCH."""
    body: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        part, _, key = name.partition(".")
        body.setdefault(part, {})[key] = value
    return body
