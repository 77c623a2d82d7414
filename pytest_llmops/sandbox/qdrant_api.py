"""Qdrant's REST routes, as the real server speaks them, over qdrant-client's local engine."""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psutil
from pydantic import ValidationError
from qdrant_client import models
from starlette.applications import Starlette
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pytest_llmops.sandbox import access
from pytest_llmops.sandbox.faults import Share
from pytest_llmops.sandbox.qdrant_calls import Wrong, asked, check_id
from pytest_llmops.sandbox.qdrant_counts import ResponseCounts
from pytest_llmops.sandbox.qdrant_optimizer import Optimizer
from pytest_llmops.sandbox.qdrant_snapshots import Snapshots
from pytest_llmops.sandbox.qdrant_spoiled import Spoiled
from pytest_llmops.sandbox.write_ahead import WriteAhead

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from qdrant_client import QdrantClient
    from starlette.requests import Request

    from pytest_llmops.sandbox.stack import Stack

VERSION = "1.15.3"
_COMMIT = "0000000000000000000000000000000000000000"
_DEFAULT_LIMIT = 10
SEARCHES = ("/points/search", "/points/query")
NOTED_FIRST = {"upsert", "delete"}
"""Writes that are only acknowledged unless they are asked with ``wait=true``."""

EACH_SEGMENT = 4
"""The level of details from which on the telemetry tells of collections one by one."""

FEWEST = 100
"""The least that vacuum_min_vector_number may be."""
_PAYLOAD_BYTES = 400  # of one point, about


def app(stack: Stack, engine: QdrantClient) -> Starlette:
    """The server."""
    return Starlette(routes=Api(stack, engine).routes())


class Api:
    """The routes over one engine."""

    def __init__(self, stack: Stack, engine: QdrantClient) -> None:
        self._engine = engine
        self._keys = stack.keys
        part = None if "vectors:open" in stack.faults else stack.components.qdrant
        self._auth = part.auth if part else None
        self._ready = "vectors:not-ready" not in stack.faults
        self._well = "vectors:unwell" not in stack.faults
        self._counts = None if "vectors:no-metrics" in stack.faults else ResponseCounts()
        self._red = "vectors:red" in stack.faults
        self._split = "vectors:split" in stack.faults
        self._unrelated = "vectors:unrelated" in stack.faults
        self._failing = Share(stack.faults.number("vectors:errors", 0.0))
        self._faults = stack.faults
        self._spoiled = Spoiled(stack.faults)
        self._optimizers: dict[str, Optimizer] = {}
        volume = "new-volume" if "vectors:new-volume" in stack.faults else "vectors"
        self._ahead = WriteAhead(stack.directory / f"{volume}.jsonl")
        self._writes = {
            "create": self._create,
            "patch": self._patch,
            "drop": self._drop,
            "upsert": self._upsert,
            "delete": self._delete,
        }
        self._snapshots = Snapshots(engine, stack.directory / "snapshots", stack.faults, self._ahead.note)
        self._writes["recover"] = self._snapshots.again
        for do, name, body in self._ahead.kept():
            self._writes[do](name, body)

    def routes(self) -> list[Route]:
        """All of them; the first five need no key, as in the real server."""
        table = [
            ("GET", "/cluster", self._cluster),
            ("GET", "/telemetry", self._telemetry),
            ("GET", "/collections", self._collections),
            ("GET", "/collections/{name}", self._info),
            ("PUT", "/collections/{name}", self._create),
            ("PATCH", "/collections/{name}", self._patch),
            ("DELETE", "/collections/{name}", self._drop),
            ("GET", "/collections/{name}/exists", self._exists),
            ("PUT", "/collections/{name}/points", self._upsert),
            ("POST", "/collections/{name}/points", self._retrieve),
            ("POST", "/collections/{name}/points/search", self._search),
            ("POST", "/collections/{name}/points/query", self._query),
            ("POST", "/collections/{name}/points/scroll", self._scroll),
            ("POST", "/collections/{name}/points/count", self._count),
            ("POST", "/collections/{name}/points/delete", self._delete),
            ("GET", "/collections/{name}/snapshots", self._snapshots.all),
            ("POST", "/collections/{name}/snapshots", self._snapshots.create),
            ("PUT", "/collections/{name}/snapshots/recover", self._snapshots.recover),
            ("POST", "/collections/{name}/snapshots/upload", self._snapshots.upload),
            ("DELETE", "/collections/{name}/snapshots/{snapshot}", self._snapshots.delete),
        ]
        return [
            Route("/", self._root),
            Route("/healthz", self._alive),
            Route("/livez", self._alive),
            Route("/readyz", self._readiness),
            Route("/metrics", self._metrics),
            Route("/collections/{name}/snapshots/{snapshot}", self._hand_out, methods=["GET"]),
            *(Route(path, self._answering(path, handler), methods=[method]) for method, path, handler in table),
        ]

    def _answering(
        self, path: str, handler: Callable[[str, dict[str, Any]], Any]
    ) -> Callable[[Request], Awaitable[Response]]:
        """The handler with key, body, errors and the envelope seen to."""

        async def answer(request: Request) -> Response:
            start = time.perf_counter()
            if refused := self._refused(request):
                return refused
            try:
                name, body = request.path_params.get("name", ""), await asked(request)
                # A server may be asked to fetch a snapshot from itself
                fetches = handler == self._snapshots.recover
                result = await asyncio.to_thread(handler, name, body) if fetches else handler(name, body)
                if write := next((do for do, writing in self._writes.items() if writing == handler), ""):
                    self._ahead.note(write, name, body)
                if write in NOTED_FIRST and request.query_params.get("wait") != "true":
                    result = {**result, "status": "acknowledged"}
                if handler == self._telemetry and int(request.query_params.get("details_level", 0)) < EACH_SEGMENT:
                    del result["collections"]["collections"]
                told, status = {"result": result, "status": "ok"}, 200
            except Wrong as wrong:
                told, status = {"status": {"error": str(wrong)}}, wrong.status
            except (ValidationError, ValueError, TypeError) as error:
                text = str(error).splitlines()[0]
                told, status = {"status": {"error": f"Format error in JSON body: {text}"}}, 400
            if path.endswith(SEARCHES) and status < 400:
                await asyncio.sleep(self._optimizer(request.path_params["name"]).slower_s)
            took_s = time.perf_counter() - start
            if self._counts is not None:
                self._counts.add(request.method, path, status, took_s)
            return JSONResponse({**told, "time": took_s}, status)

        return answer

    def _refused(self, request: Request) -> Response | None:
        if access.admits(request, self._auth, self._keys):
            return None
        given = self._auth is not None and access.presented(request, self._auth)
        text = "Invalid API key or JWT" if given else "Must provide an API key or an Authorization bearer token"
        return PlainTextResponse(text, 401)

    async def _root(self, _: Request) -> Response:
        return JSONResponse({"title": "qdrant - vector search engine", "version": VERSION, "commit": _COMMIT})

    async def _alive(self, _: Request) -> Response:
        return PlainTextResponse("healthz check passed") if self._well else PlainTextResponse("unwell", 503)

    async def _readiness(self, _: Request) -> Response:
        if self._ready:
            return PlainTextResponse("all shards are ready")
        return PlainTextResponse("some shards are not ready", 503)

    async def _metrics(self, request: Request) -> Response:
        if self._counts is None:
            return Response(status_code=404)
        names = [entry.name for entry in self._engine.get_collections().collections]
        vectors = sum(self._engine.count(name).count for name in names)
        text = (
            f'# TYPE app_info gauge\napp_info{{name="qdrant",version="{VERSION}"}} 1\n'
            f"# TYPE collections_total gauge\ncollections_total {len(names)}\n"
            f"# TYPE collections_vector_total gauge\ncollections_vector_total {vectors}\n"
            f"# TYPE memory_resident_bytes gauge\nmemory_resident_bytes {psutil.Process().memory_info().rss}\n"
            f"{self._counts.page()}"
        )
        return self._refused(request) or PlainTextResponse(text)

    async def _hand_out(self, request: Request) -> Response:
        if refused := self._refused(request):
            return refused
        try:
            content = self._snapshots.handed_out(request.path_params["name"], request.path_params["snapshot"])
        except Wrong as wrong:
            return JSONResponse({"status": {"error": str(wrong)}, "time": 0.0}, wrong.status)
        return Response(content, media_type="application/octet-stream")

    def _cluster(self, _: str, __: dict[str, Any]) -> Any:
        if not self._split:
            return {"status": "disabled"}
        lost = {"count": 12, "latest_error": "Connection refused", "latest_error_timestamp": "2026-01-05T09:00:00Z"}
        return {
            "status": "enabled",
            "peer_id": 1,
            "peers": {"1": {"uri": "http://qdrant-0:6335/"}, "2": {"uri": "http://qdrant-1:6335/"}},
            "raft_info": {"term": 1, "commit": 5, "pending_operations": 0, "leader": 1, "role": "Leader"},
            "consensus_thread_status": {"consensus_thread_status": "working", "last_update": "2026-01-05T09:00:00Z"},
            "message_send_failures": {"http://qdrant-1:6335/": lost},
        }

    def _telemetry(self, _: str, __: dict[str, Any]) -> Any:
        told = []
        for entry in self._engine.get_collections().collections:
            points = self._engine.count(entry.name).count
            vectors = self._engine.get_collection(entry.name).config.params.vectors
            size = points * 4 * (vectors.size if isinstance(vectors, models.VectorParams) else 0)
            optimizer = self._optimizer(entry.name)
            info = {"num_points": points, "num_vectors": points, "num_deleted_vectors": optimizer.dead}
            local = {
                "vectors_size_bytes": size,
                "payloads_size_bytes": points * _PAYLOAD_BYTES,
                "num_points": points,
                "segments": [{"info": {**info, "disk_usage_bytes": 0}}],
                "optimizations": {"status": "ok", "optimizations": {"count": optimizer.runs}},
            }
            told.append({"id": entry.name, "shards": [{"id": 0, "local": local}]})
        return {"app": {"version": VERSION}, "collections": {"number_of_collections": len(told), "collections": told}}

    def _collections(self, _: str, __: dict[str, Any]) -> Any:
        return {"collections": [{"name": entry.name} for entry in self._engine.get_collections().collections]}

    def _info(self, name: str, _: dict[str, Any]) -> Any:
        self._known(name)
        info = self._engine.get_collection(name).model_dump(mode="json", exclude_none=True)
        info["config"]["params"] |= {"shard_number": 1, "replication_factor": 1, "write_consistency_factor": 1}
        optimizer = self._optimizer(name)
        info["config"] |= {"optimizer_config": optimizer.optimizers, "hnsw_config": optimizer.hnsw}
        info |= {
            "status": optimizer.status,
            "segments_count": optimizer.segments,
            "indexed_vectors_count": info["points_count"],
        }
        if self._red:
            info |= {"status": "red", "optimizer_status": {"error": "Service internal error: No space left on device"}}
        return info

    def _create(self, name: str, body: dict[str, Any]) -> Any:
        if self._engine.collection_exists(name):
            raise Wrong(409, f"Wrong input: Collection `{name}` already exists!")
        wanted = models.CreateCollection.model_validate(body)
        self._optimizers[name] = Optimizer(self._faults, lambda: self._lose(name), dead=0)
        return self._engine.create_collection(name, vectors_config=wanted.vectors)

    def _patch(self, name: str, body: dict[str, Any]) -> Any:
        self._known(name)
        wanted = models.UpdateCollection.model_validate(body, strict=True)  # 1000.0 is no whole number
        optimizers, hnsw = (
            one.model_dump(mode="json") if one else {} for one in (wanted.optimizers_config, wanted.hnsw_config)
        )
        if (fewest := optimizers.get("vacuum_min_vector_number")) is not None and fewest < FEWEST:
            where = "optimizers_config.vacuum_min_vector_number"
            raise Wrong(
                422, f"Validation error in JSON body: [{where}: value {fewest} invalid, must be {FEWEST} or more]"
            )
        self._optimizer(name).patch(self._engine.count(name).count, optimizers, hnsw)
        return True

    def _optimizer(self, name: str) -> Optimizer:
        """The one of a collection; nothing lies dead in one that is made while the server runs."""
        if name not in self._optimizers:
            self._optimizers[name] = Optimizer(self._faults, lambda: self._lose(name))
        return self._optimizers[name]

    def _lose(self, name: str) -> None:
        found, _ = self._engine.scroll(name, limit=1)
        self._engine.delete(name, points_selector=[point.id for point in found])

    def _drop(self, name: str, _: dict[str, Any]) -> Any:
        if "vectors:keeps-deleted" in self._faults:
            return True
        return self._engine.collection_exists(name) and self._engine.delete_collection(name)

    def _exists(self, name: str, _: dict[str, Any]) -> Any:
        return {"exists": self._engine.collection_exists(name)}

    def _upsert(self, name: str, body: dict[str, Any]) -> Any:
        self._known(name)
        if "vectors:read-only" in self._faults:
            raise Wrong(403, "Forbidden: Write access to collection is required")
        points = models.PointsList.model_validate(body).points
        for point in points:
            check_id(point.id)
            self._check_size(name, point.vector)
        return self._updated(self._engine.upsert(name, points=points))

    def _retrieve(self, name: str, body: dict[str, Any]) -> Any:
        self._known(name)
        wanted = models.PointRequest.model_validate(body)
        payload = True if wanted.with_payload is None else wanted.with_payload
        found = self._engine.retrieve(name, wanted.ids, with_payload=payload, with_vectors=wanted.with_vector or False)
        return _plain(found)

    def _search(self, name: str, body: dict[str, Any]) -> Any:
        rest = {key: value for key, value in body.items() if key != "vector"}
        return _plain(self._nearest(name, {**rest, "query": body.get("vector")}))

    def _query(self, name: str, body: dict[str, Any]) -> Any:
        return {"points": _plain(self._nearest(name, body))}

    def _nearest(self, name: str, body: dict[str, Any]) -> list[Any]:
        self._known(name)
        if self._failing.due():
            raise Wrong(500, "Service internal error: 1 of 1 read operations failed")
        query = body.get("query")
        if isinstance(query, dict) and isinstance(query.get("nearest"), list):
            query = query["nearest"]
        self._check_size(name, query)
        wanted = models.QueryRequest.model_validate({**body, "query": query})
        limit, offset = wanted.limit or _DEFAULT_LIMIT, wanted.offset or 0
        with self._unaltered(name):
            found = self._engine.query_points(
                name,
                query=query if isinstance(query, list) else wanted.query,
                query_filter=wanted.filter,
                limit=self._engine.count(name).count or 1 if self._unrelated else limit + offset,
                with_payload=wanted.with_payload or False,
                with_vectors=wanted.with_vector or False,
                score_threshold=None if self._unrelated else wanted.score_threshold,
            ).points
        if not (wanted.params and wanted.params.exact):
            found = found[self._optimizer(name).missed :]
        if name in self._snapshots.recovered and "vectors:restore-misses" in self._faults:
            found = found[1:]
        return self._spoiled.found((found[::-1] if self._unrelated else found)[offset : offset + limit])

    @contextmanager
    def _unaltered(self, name: str) -> Iterator[None]:
        """The engine makes each cosine vector of length 1 once more to search them; a server alters none."""
        held = self._engine._client.collections[name].vectors  # type: ignore[attr-defined]  # noqa: SLF001
        before = {key: vectors.copy() for key, vectors in held.items()}
        yield
        for key, vectors in before.items():
            held[key][:] = vectors

    def _scroll(self, name: str, body: dict[str, Any]) -> Any:
        self._known(name)
        wanted = models.ScrollRequest.model_validate(body)
        points, following = self._engine.scroll(
            name,
            scroll_filter=wanted.filter,
            limit=wanted.limit or _DEFAULT_LIMIT,
            offset=wanted.offset,
            with_payload=True if wanted.with_payload is None else wanted.with_payload,
            with_vectors=wanted.with_vector or False,
        )
        return {"points": self._spoiled.stored(_plain(points)), "next_page_offset": following}

    def _count(self, name: str, body: dict[str, Any]) -> Any:
        self._known(name)
        return {"count": self._engine.count(name, models.CountRequest.model_validate(body).filter).count}

    def _delete(self, name: str, body: dict[str, Any]) -> Any:
        self._known(name)
        if "points" in body:
            chosen: Any = models.PointIdsList.model_validate(body).points
        else:
            chosen = models.FilterSelector.model_validate(body)
        before = self._engine.count(name).count
        deleted = self._engine.delete(name, points_selector=chosen)
        self._optimizer(name).deleted(before - self._engine.count(name).count)
        return self._updated(deleted)

    def _known(self, name: str) -> None:
        if not self._engine.collection_exists(name):
            raise Wrong(404, f"Not found: Collection `{name}` doesn't exist!")

    def _check_size(self, name: str, vector: object) -> None:
        params = self._engine.get_collection(name).config.params.vectors
        size = params.size if isinstance(params, models.VectorParams) else None
        if isinstance(vector, list) and size is not None and len(vector) != size:
            raise Wrong(400, f"Wrong input: Vector dimension error: expected dim: {size}, got {len(vector)}")

    @staticmethod
    def _updated(result: Any) -> dict[str, Any]:
        return {"operation_id": result.operation_id, "status": result.status.value}


def _plain(points: list[Any]) -> list[dict[str, Any]]:
    return [point.model_dump(mode="json", exclude_none=True) for point in points]
