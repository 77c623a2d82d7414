"""Puts documents into the vectors as an application's own script does: the collection is made where it is not there."""

from __future__ import annotations

from itertools import cycle, islice
from typing import TYPE_CHECKING, Any

import httpx

from pytest_llmops.sandbox import access, corpus
from pytest_llmops.sandbox.embedding import DIMENSIONS, embed
from pytest_llmops.sandbox.stack import AGENT

if TYPE_CHECKING:
    from pytest_llmops.sandbox.stack import Stack

CALL_S = 10.0


async def ingest(stack: Stack, chunks: int) -> None:
    """Write so many chunks of the corpus: each document whole, then its parts again and again.

    Args:
        stack: whose vectors.
        chunks: how many points.

    Raises:
        httpx.HTTPError: the vectors do not take them.
    """
    part = stack.components.qdrant
    headers = {"User-Agent": AGENT, **access.signed(part.auth if part else None, stack.keys)}
    url = f"{stack.addresses['vectors']}/collections/{stack.collection}"
    async with httpx.AsyncClient(trust_env=False, timeout=CALL_S, headers=headers) as client:
        made = await client.put(url, json={"vectors": {"size": DIMENSIONS, "distance": "Cosine"}})
        if made.status_code != 409:  # it was there
            made.raise_for_status()
        body = {"points": _points(chunks)}
        (await client.put(f"{url}/points?wait=true", json=body)).raise_for_status()


def _points(chunks: int) -> list[dict[str, Any]]:
    whole = [(document, document.text) for document in corpus.documents()]
    parts = [(document, part) for document in corpus.documents() for part in corpus.sentences(document.text)]
    chosen = islice((*whole, *islice(cycle(parts), max(0, chunks - len(whole)))), chunks)
    return [
        {
            "id": number,
            "vector": embed(f"{document.title}. {text}"),
            "payload": {"doc_id": document.id, "title": document.title, "text": text},
        }
        for number, (document, text) in enumerate(chosen, 1)
    ]
