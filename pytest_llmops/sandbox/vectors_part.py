"""The part ``vectors``: Qdrant's REST API, filled with the corpus."""

from __future__ import annotations

import datetime as dt
import os
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from pydantic import BaseModel

from pytest_llmops.sandbox import corpus
from pytest_llmops.sandbox.door import AccessLog, Door
from pytest_llmops.sandbox.embedding import DIMENSIONS, elsewhere, embed
from pytest_llmops.sandbox.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qdrant_client import QdrantClient

    from pytest_llmops.sandbox.faults import Faults
    from pytest_llmops.sandbox.ports import Opening
    from pytest_llmops.sandbox.stack import Stack


def run(stack: Stack, opening: Opening, *, before: int = 0) -> None:
    """Serve until the process ends; a store that forgets lacks a point for each start before this one."""
    engine = _engine()
    from pytest_llmops.sandbox.qdrant_api import app

    if "vectors:new-volume" not in stack.faults:
        fill(engine, stack.collection, stack.faults)
    if before and "vectors:forgets" in stack.faults:
        engine.delete(stack.collection, points_selector=list(range(1, before + 1)))
    log = AccessLog(stack.directory, "vectors")
    serve(Door(app(stack, engine), log, stack.faults.number("vectors:slow", 0.0)), opening)


@cache
def snapshot(collection: str) -> bytes:
    """One of the collection as it is filled, whatever the faults make of that."""
    engine = _engine()
    from pytest_llmops.sandbox.faults import Faults
    from pytest_llmops.sandbox.qdrant_snapshots import written

    fill(engine, collection, Faults({}))
    return written(engine, collection)


def _engine() -> QdrantClient:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # 17 small vectors need no threads
    with _models_built_once_used():
        from qdrant_client import QdrantClient

    return QdrantClient(":memory:")


@contextmanager
def _models_built_once_used() -> Iterator[None]:
    """While qdrant-client is imported, which has pydantic build hundreds of models: half of what its import takes."""
    rebuild = vars(BaseModel)["model_rebuild"]
    setattr(BaseModel, "model_rebuild", classmethod(lambda _model: None))  # noqa: B010 (mypy: a method is no variable)
    try:
        yield
    finally:
        setattr(BaseModel, "model_rebuild", rebuild)  # noqa: B010


def fill(engine: QdrantClient, collection: str, faults: Faults) -> None:
    """Make the collection, and put the corpus into it: of each day before today a document."""
    from qdrant_client import models

    size = models.VectorParams(size=DIMENSIONS, distance=models.Distance.COSINE)
    engine.create_collection(collection, vectors_config=size)
    today = dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    points = [
        models.PointStruct(
            id=number,
            vector=_vector(f"{document.title}. {document.text}", faults),
            payload={
                "doc_id": document.id,
                "title": document.title,
                "text": document.text,
                "created_at": (today - dt.timedelta(days=number)).isoformat(),
            },
        )
        for number, document in enumerate(corpus.documents(), start=1)
        if not ("vectors:lost" in faults and number % 2)
    ]
    if "vectors:empty" not in faults:
        engine.upsert(collection, points=points)


def _vector(text: str, faults: Faults) -> list[float]:
    return elsewhere(embed(text)) if "vectors:stale" in faults else embed(text)
