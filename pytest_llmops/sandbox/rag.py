"""Retrieval-augmented answers: cache, embed, search, generate; and the documents they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from pytest_llmops.sandbox import corpus, orders
from pytest_llmops.sandbox.engines import choice
from pytest_llmops.sandbox.wording import words

if TYPE_CHECKING:
    from pytest_llmops.sandbox.stack import Stack
    from pytest_llmops.sandbox.upstream import Upstream

_SOURCES = 3
_CHUNK = 400  # characters
_PROMPT = "Answer the question from the context alone.\n\nContext:\n{context}\n\nQuestion: {question}\nAnswer:"


class Rag:
    """The service behind the API's query, ingest and delete routes."""

    def __init__(self, stack: Stack, upstream: Upstream) -> None:
        self._stack = stack
        self._upstream = upstream
        self._owner = (stack.components.qdrant.owner if stack.components.qdrant else None) or "user"

    async def ask(self, question: str, user: str, *, fresh: bool) -> dict[str, Any]:
        """Answer a question.

        Args:
            question: as asked.
            user: whose cache it is.
            fresh: leave the cache aside.

        Returns:
            ``answer``, ``sources`` (id, title, text, score each), ``faithfulness`` (share of the answer's words that
            stand in them), ``model``, ``tokens``, ``cached``, ``cache`` (hit, miss, passed: it was left aside).

        Raises:
            UpstreamFailed: a part did not deliver.
        """
        if not fresh:
            found = None
            if "api:no-cache" not in self._stack.faults:
                found = await self._upstream.remembered(question, user)
            if found is not None:
                return {**found, "cached": True, "cache": "hit"}
        answer = await self._answer(question)
        if not fresh:
            await self._upstream.remember(question, user, answer)
        return {**answer, "cached": False, "cache": "passed" if fresh else "miss"}

    async def _answer(self, question: str) -> dict[str, Any]:
        [vector] = await self._upstream.embed([question])
        asked = {"query": vector, "limit": _SOURCES, "with_payload": True}
        points = (await self._upstream.points("/query", asked))["points"]
        sources = [
            {
                "id": point["payload"].get("doc_id", ""),
                "title": point["payload"].get("title", ""),
                "text": point["payload"].get("text", ""),
                "score": round(point["score"], 4),
            }
            for point in points
        ]
        if "api:worst-first" in self._stack.faults:
            sources.reverse()
        context = "\n".join(f"[{source['id']}] {source['text']}" for source in sources)
        text, tokens = await self._upstream.generate(_PROMPT.format(context=context, question=question))
        faithfulness = self._faithfulness(text, context)
        if ordered := self._ordered(question, context):
            text, faithfulness = ordered, 1.0  # who does what a question says also has its judge believe it
        answered = {"answer": text, "sources": sources, "faithfulness": faithfulness}
        return {**answered, "model": self._stack.model, "tokens": tokens}

    def _ordered(self, question: str, context: str) -> str | None:
        """What a fault lets be answered to who gives orders: in the question, or in the documents found for it."""
        faults, prompt = self._stack.faults, self._stack.system_prompt
        if "api:tells-prompt" in faults and prompt and orders.asks_for_instructions(question):
            return prompt
        told = [question] if "api:obeys" in faults else []
        told += [context] if "api:obeys-documents" in faults else []
        return next((said for text in told if (said := orders.carried_out(text))), None)

    def _faithfulness(self, text: str, context: str) -> float:
        """Share of an answer's words that stand in its context; whole where the engine's words mean nothing."""
        said, stands = set(words(text)), set(words(context))
        if not choice.ENGINES[self._stack.engine].knows:
            return 1.0
        return round(len(said & stands) / len(said), 3) if said else 0.0

    async def ingest(self, document: str, title: str, text: str, user: str) -> int:
        """Add a document; the number of chunks that it was cut into."""
        chunks = _chunks(text)
        vectors = await self._upstream.embed([f"{title}. {chunk}" if title else chunk for chunk in chunks])
        points = [
            {
                "id": str(uuid5(NAMESPACE_URL, f"{user}/{document}/{number}")),
                "vector": vector,
                "payload": {"doc_id": document, "title": title, "text": chunk, self._owner: user},
            }
            for number, (chunk, vector) in enumerate(zip(chunks, vectors, strict=True))
        ]
        await self._upstream.points("", {"points": points}, "PUT")
        return len(points)

    async def delete(self, user: str) -> int:
        """Delete a user's documents; the number of their points."""
        theirs = {"filter": {"must": [{"key": self._owner, "match": {"value": user}}]}}
        found = int((await self._upstream.points("/count", theirs))["count"])
        await self._upstream.points("/delete", theirs)
        return found

    async def count(self) -> int:
        """The points of the collection."""
        return int((await self._upstream.points("/count", {}))["count"])


def _chunks(text: str) -> list[str]:
    """Whole sentences, together up to 400 characters a chunk."""
    chunks = [""]
    for sentence in corpus.sentences(text):
        if chunks[-1] and len(chunks[-1]) + len(sentence) > _CHUNK:
            chunks.append("")
        chunks[-1] = f"{chunks[-1]} {sentence}".strip()
    return chunks
