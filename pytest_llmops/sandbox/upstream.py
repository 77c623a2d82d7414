"""What the API is built on: its calls to the model server, to the vectors and to the cache."""

from __future__ import annotations

import asyncio
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import httpx
import redis.asyncio

from pytest_llmops.sandbox import access
from pytest_llmops.sandbox.redis_part import Account
from pytest_llmops.sandbox.stack import AGENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.sandbox.stack import Stack

_CALL_S = 10.0  # and more where tokens are set to take longer
_PROBE_S = 2.0
_CACHE_S = 0.25
_CACHE_TTL_S = 300
_POISON = "{"


class UpstreamFailed(Exception):
    """A part on which an answer depends did not deliver; the text says which and how."""


class Upstream:
    """One HTTP client and one Redis client for everything."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        ollama, qdrant = stack.components.ollama, stack.components.qdrant
        self._signed = {
            "llm": access.signed(ollama.auth if ollama else None, stack.keys),
            "vectors": access.signed(qdrant.auth if qdrant else None, stack.keys),
        }
        timeout_s = _CALL_S + 4 * stack.sandbox.delay_s
        self._http = httpx.AsyncClient(trust_env=False, timeout=timeout_s, headers={"User-Agent": AGENT})
        self._poisoned: set[str] = set()
        address = stack.way_to("redis") if "redis" in stack.addresses else None
        account = Account.of(stack)
        self._cache = (
            redis.asyncio.Redis.from_url(
                address,
                username=account.user or None,
                password=account.password or None,
                socket_timeout=_CACHE_S,
                socket_connect_timeout=_CACHE_S,
            )
            if address
            else None
        )

    async def embed(self, texts: list[str]) -> list[list[float]]:
        """The vectors of texts, by the embedding model."""
        answer = await self._call("llm", "/api/embed", {"model": self._stack.embedding_model, "input": texts})
        return [list(vector) for vector in answer["embeddings"]]

    async def generate(self, prompt: str, tokens: int | None = None) -> tuple[str, int]:
        """A short answer by the model, and its length in tokens: in words where the model server counts none."""
        options = {"num_predict": tokens or self._stack.llm.max_tokens}
        body = {"model": self._stack.model, "prompt": prompt, "stream": False, "options": options}
        answer = await self._call("llm", "/api/generate", body)
        text = str(answer["response"])
        return text, int(answer.get("eval_count", len(text.split())))

    async def points(self, action: str, body: dict[str, Any], method: str = "POST") -> Any:
        """An action on the collection's points (``/query``, ``/count``, ``/delete``; empty with PUT: upsert)."""
        path = f"/collections/{self._stack.collection}/points{action}"
        return (await self._call("vectors", path, body, method))["result"]

    async def _call(self, part: str, path: str, body: dict[str, Any], method: str = "POST") -> Any:
        url = f"{self._stack.way_to(part)}{path}"
        try:
            response = await self._http.request(method, url, json=body, headers=self._signed[part])
        except httpx.HTTPError as error:
            raise UpstreamFailed(f"{part} failed: {type(error).__name__}") from error
        if response.status_code >= 300:
            raise UpstreamFailed(f"{part} failed: HTTP {response.status_code} from {path}")
        return response.json()

    async def remembered(self, question: str, user: str) -> dict[str, Any] | None:
        """An earlier answer to the same question of the same user; None too where the cache is out of order.

        Raises:
            UpstreamFailed: what is there cannot be read.
        """
        if self._cache is None:
            return None
        try:
            if "api:poisoned-cache" in self._stack.faults and (key := self._key(question, user)) not in self._poisoned:
                self._poisoned.add(key)
                await self._cache.set(key, _POISON, ex=_CACHE_TTL_S)
            found = await self._cache.get(self._key(question, user))
        except (redis.asyncio.RedisError, OSError):
            return None
        try:
            return dict(json.loads(found)) if found else None
        except ValueError:
            raise UpstreamFailed("cache failed: what it has cannot be read") from None

    async def remember(self, question: str, user: str, answer: dict[str, Any]) -> None:
        """Keep an answer for five minutes, if the cache is there."""
        if self._cache is None:
            return
        try:
            await self._cache.set(self._key(question, user), json.dumps(answer), ex=_CACHE_TTL_S)
        except (redis.asyncio.RedisError, OSError):
            return

    async def forget(self, user: str) -> int:
        """Delete the answers that are kept for a user; how many there were, 0 where the cache is out of order."""
        if self._cache is None:
            return 0
        try:
            found = [key async for key in self._cache.scan_iter(match=f"{self._of(user)}*", count=1000)]
            return int(await self._cache.delete(*found)) if found else 0
        except (redis.asyncio.RedisError, OSError):
            return 0

    def _key(self, question: str, user: str) -> str:
        return self._of(user) + sha256(question.encode()).hexdigest()

    def _of(self, user: str) -> str:
        """How the keys of a user begin: with the profile's own prefix, where it says which keys are the cache."""
        redis_part = self._stack.components.redis
        prefix = redis_part.cache[0].rstrip("*") if redis_part and redis_part.cache else "answer:"
        whose = "" if "api:tenants-mixed" in self._stack.faults else user
        return f"{prefix}{sha256(whose.encode()).hexdigest()[:16]}:"

    async def states(self, minded: Iterable[str] = ()) -> dict[str, bool]:
        """Whether ``vectors``, ``llm``, ``cache`` answer, each asked now; without a cache that is not configured.

        Args:
            minded: further services whose states are wanted, by the names of the profile.
        """
        if "api:blind" in self._stack.faults:
            return dict.fromkeys(("vectors", "llm", *(["cache"] if self._cache else []), *minded), True)
        further = {name: path for name, path in self._probes().items() if name in set(minded)}
        asked = [self._up("vectors", "/readyz"), self._up("llm", "/health")]
        found = await asyncio.gather(*asked, self._cache_up(), *(self._up(*probe) for probe in further.items()))
        states = dict(zip(("vectors", "llm", "cache", *further), found, strict=True))
        return {name: up for name, up in states.items() if up is not None}

    def _probes(self) -> dict[str, str]:
        """The path at which each further service is asked whether it is there: that of its health, else a GET route."""
        known = self._stack.components.services
        healths = {name: part.routes[part.health.route].path for name, part in known.items() if part.health}
        plain = {name: route.path for name, part in known.items() for route in part.routes.values() if not route.body}
        return {name: path for name, path in {**plain, **healths}.items() if name in self._stack.addresses}

    async def _up(self, part: str, path: str) -> bool:
        try:
            response = await self._http.get(f"{self._stack.way_to(part)}{path}", timeout=_PROBE_S)
        except httpx.HTTPError:
            return False
        return response.is_success

    async def _cache_up(self) -> bool | None:
        if self._cache is None:
            return None
        try:
            return bool(await asyncio.wait_for(self._cache.ping(), _PROBE_S))
        except (redis.asyncio.RedisError, OSError, TimeoutError):
            return False
