"""The part ``vectors``: Qdrant's REST API, filled with the corpus."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pytest_llmops.sandbox import corpus
from pytest_llmops.sandbox.door import AccessLog, Door
from pytest_llmops.sandbox.embedding import DIMENSIONS, embed
from pytest_llmops.sandbox.serving import serve

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

    from pytest_llmops.sandbox.ports import Opening
    from pytest_llmops.sandbox.stack import Stack


def run(stack: Stack, opening: Opening, *, before: int = 0) -> None:
    """Serve until the process ends; a store that forgets lacks a point for each start before this one."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # 17 small vectors need no threads
    from qdrant_client import QdrantClient

    from pytest_llmops.sandbox.qdrant_api import app

    engine = QdrantClient(":memory:")
    if "vectors:new-volume" not in stack.faults:
        fill(engine, stack.collection, empty="vectors:empty" in stack.faults)
    if before and "vectors:forgets" in stack.faults:
        engine.delete(stack.collection, points_selector=list(range(1, before + 1)))
    log = AccessLog(stack.directory, "vectors")
    serve(Door(app(stack, engine), log, stack.faults.number("vectors:slow", 0.0)), opening)


def fill(engine: QdrantClient, collection: str, *, empty: bool) -> None:
    """Make the collection, and put the corpus into it."""
    from qdrant_client import models

    size = models.VectorParams(size=DIMENSIONS, distance=models.Distance.COSINE)
    engine.create_collection(collection, vectors_config=size)
    points = [
        models.PointStruct(
            id=number,
            vector=embed(f"{document.title}. {document.text}"),
            payload={"doc_id": document.id, "title": document.title, "text": document.text},
        )
        for number, document in enumerate(corpus.documents(), start=1)
    ]
    if not empty:
        engine.upsert(collection, points=points)
