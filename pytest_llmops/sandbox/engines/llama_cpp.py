"""The engine llama.cpp: real inference on small models of random weights, one server for each model that is loaded."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import quote
from zlib import crc32

import httpx

from pytest_llmops.errors import LlmopsError
from pytest_llmops.sandbox import tiny_model
from pytest_llmops.sandbox.engines import synthetic
from pytest_llmops.sandbox.engines.keeper import Keeper
from pytest_llmops.sandbox.engines.live import Live, Script
from pytest_llmops.sandbox.models import Model
from pytest_llmops.sandbox.refusals import Refusal, terminated

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from pytest_llmops.sandbox.engines.engine import Asked
    from pytest_llmops.sandbox.stack import Stack

WIDTH = 512
LAYERS = 8
DEEPER = 4
"""Layers more for each further model, twice at most: a larger model is slower."""

_SEED = 1  # of the words: the same question gets the same answer


class LlamaCpp:
    """Writes the stack's models when it is made, loads the first, and others when they are asked for.

    Args:
        stack: its models, and the directory that they are written to.

    Raises:
        LlmopsError: llama.cpp does not come up.
    """

    def __init__(self, stack: Stack) -> None:
        self._slow = stack.faults.number("llm:slow", 1.0)
        folder = stack.directory / "models"
        folder.mkdir(exist_ok=True)
        generating = [name for name in stack.models if name not in stack.embedding_models]
        self._files = {name: folder / f"{quote(name, safe='')}.gguf" for name in generating}
        self._models = {name: _written(self._files[name], name, rank) for rank, name in enumerate(generating)}
        self._embedding: set[str] = set()
        self._loading: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._keepers = {name: Keeper(self._files[name], name) for name in generating if name == stack.model}
        # A connection for each call: one that is kept could be closed by the server just when it is used again.
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        self._http = httpx.AsyncClient(trust_env=False, timeout=httpx.Timeout(None, connect=5.0), limits=limits)

    @property
    def loaded(self) -> Collection[str]:
        """Names of the models that are ready to answer."""
        return {name for name, keeper in self._keepers.items() if keeper.alive} | self._embedding

    def model(self, name: str, *, embeds: bool) -> Model:
        """A model as it is listed; embeddings are synthetic."""
        return synthetic.listed(name, embeds=True) if embeds else self._models[name]

    async def load(self, model: Model) -> float:
        """Have a server with this model; the seconds that it took.

        Raises:
            Refusal: it did not come up.
        """
        start = time.perf_counter()
        if model.embeds:
            self._embedding.add(model.name)
            return time.perf_counter() - start
        async with self._loading[model.name]:
            if model.name not in self.loaded:
                try:
                    keeper = await asyncio.to_thread(Keeper, self._files[model.name], model.name)
                except LlmopsError as error:
                    raise Refusal(500, "server", str(error)) from error
                self._keepers[model.name] = keeper
        return time.perf_counter() - start

    async def unload(self, model: Model) -> None:
        """End the server with this model."""
        self._embedding.discard(model.name)
        async with self._loading[model.name]:
            keeper = self._keepers.pop(model.name, None)
            if keeper is not None:
                await asyncio.to_thread(keeper.end)

    async def answer(self, asked: Asked) -> Live:
        """Send the question to the model's server.

        Raises:
            Refusal: the server is gone, or does not take the question.
        """
        keeper = self._keepers.get(asked.model.name)
        if keeper is None:  # unloaded while the call waited
            raise terminated()
        script = Script(*asked.within(asked.instead)) if asked.instead is not None else None
        if asked.limit == 0:  # llama.cpp generates one token all the same
            script = Script([], "length")
        limit = len(script.tokens) if script else asked.limit
        body = {
            "prompt": f"{asked.context}\n{asked.prompt}" if asked.context else asked.prompt,
            "stream": True,
            "return_tokens": True,
            "seed": _SEED,
            **({"n_predict": limit} if limit is not None else {}),
        }
        response = await self._send(keeper, body)
        return Live(response, asked, self._slow, script)

    async def _send(self, keeper: Keeper, body: dict[str, object]) -> httpx.Response:
        signed = {"Authorization": f"Bearer {keeper.key}"}
        request = self._http.build_request("POST", f"{keeper.url}/completion", json=body, headers=signed)
        try:
            response = await self._http.send(request, stream=True)
            if response.status_code != 200:
                await response.aread()
        except httpx.HTTPError as error:
            raise terminated() from error
        if response.status_code != 200:
            raise Refusal(response.status_code, "request", response.json()["error"]["message"])
        return response

    async def metrics(self) -> str:
        """Those of all servers that run, each sample with its model's name."""
        found = {name: await self._exposed(keeper) for name, keeper in self._keepers.items() if keeper.alive}
        return merged(found)

    async def _exposed(self, keeper: Keeper) -> str:
        try:
            found = await self._http.get(f"{keeper.url}/metrics", headers={"Authorization": f"Bearer {keeper.key}"})
        except httpx.HTTPError:  # it ends just now
            return ""
        return found.text


def merged(expositions: Mapping[str, str]) -> str:
    """Prometheus text of several servers as one: each metric once, its samples told apart by the model's name.

    Args:
        expositions: by model, with samples that have no label.
    """
    families: dict[str, list[str]] = {}
    for model, exposition in expositions.items():
        for line in exposition.splitlines():
            if line.startswith("#"):
                family = families.setdefault(line.split()[2], [])
                family += [] if line in family else [line]
            else:
                name, value = line.split(maxsplit=1)
                families.setdefault(name, []).append(f'{name}{{model="{model}"}} {value}')
    return "".join(f"{line}\n" for family in families.values() for line in family)


def _written(path: Path, name: str, rank: int) -> Model:
    """Write a model's file, and say how it is listed."""
    parameters = tiny_model.write(path, LAYERS + DEEPER * min(rank, 2), WIDTH, crc32(name.encode()), name)
    content = path.read_bytes()
    return Model(
        name=name,
        embeds=False,
        digest=sha256(b"llama.cpp\n" + content).hexdigest(),
        size=len(content),
        family="llama",
        parameters=parameters,
        quantisation=tiny_model.QUANTISATION,
        context=tiny_model.CONTEXT,
        width=WIDTH,
    )
