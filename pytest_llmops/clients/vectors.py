"""Qdrant's REST API."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pytest_llmops.clients.exposition import MetricsPage
from pytest_llmops.clients.kept_collection import KeptCollection, result_of, shards_of
from pytest_llmops.clients.over_http import OverHttp
from pytest_llmops.clients.vector_endpoints import Endpoints
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.target.settings import SCRATCH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llmops.clients.client import Level
    from pytest_llmops.clients.http import Answer, Http
    from pytest_llmops.samples import Prompt
    from pytest_llmops.target.components import Vectors as VectorsComponent


UNLIKE = {
    "Vector dimension error": (
        "name the model that filled the collection as embedding_model of the model server, or the vector that is "
        'searched as vector = "…" of the component'
    ),
    "Not existing vector name": 'name one of its vectors as vector = "…" of the component',
    "Collection requires specified vector name": 'name one of them as vector = "…" of the component',
}
"""Qdrant's words for a vector that is none of the collection's, and what to write in ``llmops.toml``."""


COUNTED = ("points", "indexed_vectors", "segments")
"""What Qdrant counts of a collection."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection's state.

    Attributes:
        status: ``green``, ``yellow``, ``red``, ``grey``.
        optimizer: ``ok``, or the error that stopped it.
        points: how many it holds.
    """

    name: str
    status: str
    optimizer: str
    points: int


@dataclass(frozen=True, slots=True)
class Hit:
    """A point that a search found.

    Attributes:
        score: similarity as the collection measures it; cosine is in -1 to 1.
        bare: whether it came without its vector.
    """

    id: str
    score: float
    payload: Mapping[str, Any] = field(default_factory=dict, repr=False)
    bare: bool = True


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a server says of its cluster.

    Attributes:
        status: ``disabled`` of a single node, ``enabled``.
        peers: how many it knows of; 1 of a single node.
        wrong: in words, what keeps it from being whole: peers that are not reached, a consensus that stands still.
    """

    status: str
    peers: int = 1
    wrong: tuple[str, ...] = ()

    @property
    def enabled(self) -> bool:
        """Whether it is a cluster at all, and no single node."""
        return self.status == "enabled"


class Vectors(OverHttp):
    """A Qdrant server.

    Args:
        http: calls to it.
        config: the component's table.
    """

    def __init__(self, http: Http, config: VectorsComponent) -> None:
        super().__init__(http)
        self.config = config

    def levels(self, deadline_s: float, facts: dict[str, str]) -> list[Level]:
        """Reachable; whether it is ready is a check of its own."""
        return [("reachable", self.collections)]

    def alive(self) -> float:
        """Ask ``/healthz``; seconds that it took.

        Raises:
            CallFailed: it does not answer 2xx.
        """
        return self.http.call("GET", "/healthz").ok().elapsed_s

    def cluster(self) -> Cluster:
        """The state of the cluster (GET /cluster)."""
        found = result_of(self.http.call("GET", "/cluster"))
        status = str(found.get("status"))
        if status != "enabled":
            wrong = () if status == "disabled" else (f"its status is {status!r}",)
            return Cluster(status, wrong=wrong)
        lost = [f"peer {peer} is not reached" for peer in found.get("message_send_failures") or {}]
        thread = str((found.get("consensus_thread_status") or {}).get("consensus_thread_status", "unknown"))
        stuck = [] if thread == "working" else [f"its consensus is {thread!r}"]
        return Cluster(status, len(found.get("peers") or {}), (*lost, *stuck))

    def ready(self) -> float:
        """Ask ``/readyz``; seconds that it took.

        Raises:
            CallFailed: it is not ready.
        """
        return self.http.call("GET", "/readyz").ok().elapsed_s

    def collections(self) -> list[str]:
        """Names of all collections."""
        found = result_of(self.http.call("GET", "/collections"))
        return [item["name"] for item in found.get("collections", [])]

    def collection(self, name: str | None = None) -> Collection:
        """The state of a collection, the target's own by default.

        Raises:
            CallFailed: it does not exist (kind ``http-404``).
            Unsupported: the target does not say which of several it is.
        """
        name = name or self.own()
        found = result_of(self.http.call("GET", f"/collections/{name}"))
        optimizer = found.get("optimizer_status")
        said = optimizer if isinstance(optimizer, str) else str((optimizer or {}).get("error", "unknown"))
        return Collection(name, str(found.get("status")), said, int(found.get("points_count") or 0))

    def statistics(self, name: str | None = None) -> dict[str, int]:
        """How many ``points``, ``indexed_vectors`` and ``segments`` a collection has, the target's own by default.

        Small segments are searched without an index.

        Raises:
            CallFailed: it does not exist (kind ``http-404``).
            Unsupported: one of the counts is not told, which is no zero; or the target does not say which collection.
        """
        name = name or self.own()
        found = result_of(self.http.call("GET", f"/collections/{name}"))
        for what in COUNTED:
            if found.get(f"{what}_count") is None:
                raise Unsupported(f"{self.component}: it tells no {what}_count of the collection {name}.")
        return {what: int(found[f"{what}_count"]) for what in COUNTED}

    def stored_mb(self, name: str | None = None) -> float:
        """What a collection takes, vectors and payloads, in MB (1e6 bytes); the target's own by default.

        Raises:
            CallFailed: there is no telemetry, or the collection is not in it.
            Unsupported: it tells of no sizes, as in old versions.
        """
        name = name or self.own()
        shards = shards_of(self.http, name)
        size = sum(_bytes(shard.get("local") or {}) for shard in shards)
        if not size:
            raise Unsupported(f"{self.component}: its telemetry tells no size of the collection {name}.")
        return size / 1e6

    def endpoints(self) -> Endpoints:
        """Which of its endpoints were called how often, and how long they took, since it started (GET /metrics).

        Raises:
            CallFailed: there is no such page, or it cannot be read.
            Vacuous: it counts no responses.
        """
        answer = self.http.call("GET", "/metrics").ok()
        try:
            page = MetricsPage.parse(self.component, answer.text)
        except ValueError as error:
            said = f"{self.component}: {answer.asked} answered no page of metrics ({error})."
            raise CallFailed(self.component, "bad-answer", said) from None
        return Endpoints.of(page)

    def kept(self) -> KeptCollection:
        """The target's own collection, for its upkeep."""
        return KeptCollection(self.http, self.own())

    def search(
        self,
        vector: Sequence[float],
        *,
        limit: int = 3,
        collection: str | None = None,
        exact: bool = False,
        least: float | None = None,
    ) -> list[Hit]:
        """The points nearest to a vector, best first (POST /collections/NAME/points/query).

        Args:
            vector: what is searched for.
            limit: how many points.
            collection: the target's own by default.
            exact: whether all points are looked at, past the index.
            least: the score below which a point is none of them.

        Raises:
            CallFailed: the search failed.
            Unsupported: the vector is none of the collection's: another length, or one of several by name.
        """
        path = f"/collections/{collection or self.own()}/points/query"
        body: dict[str, Any] = {"query": list(vector), "limit": limit, "with_payload": True}
        body |= {"using": self.config.vector} if self.config.vector else {}
        body |= {} if least is None else {"score_threshold": least}
        answer = self.http.call("POST", path, body=body | ({"params": {"exact": True}} if exact else {}))
        self._require_like(answer)
        found = result_of(answer)
        return [
            Hit(str(item["id"]), float(item["score"]), item.get("payload") or {}, not item.get("vector"))
            for item in found.get("points", [])
        ]

    @contextmanager
    def scratch(self) -> Iterator[str]:
        """Within, there is a further, empty collection that is made like the target's own; its name.

        Raises:
            CallFailed: it could not be made, or not be dropped.
        """
        name = scratch_name()
        self.http.call("PUT", f"/collections/{name}", body=self.kept().likeness()).ok()
        try:
            yield name
        finally:
            self.http.call("DELETE", f"/collections/{name}").ok()

    def write(self, vector: Sequence[float], *, collection: str) -> None:
        """Write a point of a new id, and wait until it is stored.

        Args:
            vector: its own.
            collection: of `scratch`; never the target's.

        Raises:
            CallFailed: it was not written.
        """
        named = {self.config.vector: list(vector)} if self.config.vector else list(vector)
        body = {"points": [{"id": str(uuid4()), "vector": named, "payload": {"by": "llmops"}}]}
        result_of(self.http.call("PUT", f"/collections/{collection}/points?wait=true", body=body))

    def stored(self, prompts: Iterable[Prompt]) -> dict[str, list[float]]:
        """A fixed set of vectors to search with: those of the collection's first points, one for each prompt's id.

        No model is asked, so that what is timed is the search alone, and no model has to be known.

        Raises:
            CallFailed: the collection has no points (kind ``empty``).
        """
        ids, name = [prompt.id for prompt in prompts], self.own()
        body = {"limit": len(ids), "with_vector": True, "with_payload": False}
        found = result_of(self.http.call("POST", f"/collections/{name}/points/scroll", body=body))
        vectors = [self._vector_of(point) for point in found.get("points", [])]
        if not vectors:
            raise CallFailed(self.component, "empty", f"{self.component}: the collection {name} has no points.")
        return dict(zip(ids, cycle(vectors), strict=False))

    def _vector_of(self, point: dict[str, Any]) -> list[float]:
        vector = point.get("vector") or []
        found = vector.get(self.config.vector or "", []) if isinstance(vector, dict) else vector
        if isinstance(found, dict):
            raise Unsupported(
                f"{self.component}: the vector {self.config.vector} of {self.own()} is sparse, and no search here asks "
                f"by one; name a dense one: vector in components.{self.component}."
            )
        return list(found)

    def best(self, vector: Sequence[float]) -> Hit:
        """The point nearest to a vector.

        Raises:
            CallFailed: the search found nothing (kind ``empty``), or failed.
            Unsupported: as in :meth:`search`.
        """
        found = self.search(vector, limit=1)
        if not found:
            raise CallFailed(self.component, "empty", f"{self.component}: a search in {self.own()} found nothing.")
        return found[0]

    def own(self) -> str:
        """The target's own collection.

        Raises:
            CallFailed: there is none (kind ``no-collection``).
            Unsupported: the target does not say which of several it is.
        """
        if self.config.collection:
            return self.config.collection
        names = [name for name in self.collections() if not name.startswith(SCRATCH)]
        if not names:
            raise CallFailed(self.component, "no-collection", f"{self.component}: it has no collections.")
        if len(names) > 1:
            said = f"{self.component}: it has several collections ({', '.join(sorted(names))})"
            raise Unsupported(f'{said}; name the one that is searched as collection = "…" of the component.')
        return names[0]

    def _require_like(self, answer: Answer) -> None:
        """A vector that does not fit is a matter of llmops.toml, not of the server's health."""
        for words, advice in UNLIKE.items():
            if answer.status == 400 and words in answer.text:
                status = answer.table().get("status")
                said = status.get("error") if isinstance(status, dict) else status
                raise Unsupported(f"{self.component}: {answer.asked}: {str(said).strip().rstrip(':')}; {advice}.")


def scratch_name() -> str:
    """A name for a further collection, which is ours."""
    return f"{SCRATCH}{uuid4().hex[:8]}"


def _bytes(local: Mapping[str, Any]) -> int:
    """Of one shard: its segments' files where they are told, else its vectors and payloads."""
    segments = local.get("segments") or []
    on_disk = sum(int((one.get("info") or {}).get("disk_usage_bytes") or 0) for one in segments)
    return on_disk or int(local.get("vectors_size_bytes") or 0) + int(local.get("payloads_size_bytes") or 0)
