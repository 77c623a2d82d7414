"""The models that lie on the model server's disk: pulled, copied, deleted, and there still when it starts anew."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pytest_llmops.sandbox.engines.choice import ENGINES
from pytest_llmops.sandbox.refusals import Refusal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_llmops.sandbox.engines.engine import Engine
    from pytest_llmops.sandbox.models import Model
    from pytest_llmops.sandbox.stack import Stack

STEPS = 4
STEP_S = 0.02
"""A pull's progress is told in so many steps, each after so long."""


class Shelf:
    """What models there are, by name: of each the model that it was first, and which build of it.

    Args:
        stack: names the models that are there at first.
        engine: knows what they are.
    """

    def __init__(self, stack: Stack, engine: Engine) -> None:
        self._stack = stack
        self._engine = engine
        self._file = stack.directory / "models.json"
        self._gone: dict[str, Model] = {}
        self._lying: dict[str, list[Any]] = {name: [name, 1] for name in stack.models}
        if self._file.exists():
            self._lying = json.loads(self._file.read_text(encoding="utf-8"))

    @property
    def models(self) -> list[Model]:
        """All of them, those of the target first."""
        return [self._model(name, *lying) for name, lying in self._lying.items()]

    def pull(self, name: str) -> AsyncIterator[dict[str, Any]]:
        """Fetch the newest build of a model under its name; says what is done, as the real server does.

        Raises:
            Refusal: the engine's models are what they are; there is no name.
        """
        self._check()
        if not name:
            raise Refusal(400, "request", "model is required")
        return self._pulled(name.removesuffix(":latest"))

    async def _pulled(self, name: str) -> AsyncIterator[dict[str, Any]]:
        origin, build = self._lying.get(name, [name, 0])
        newest = build if "llm:update-none" in self._stack.faults and build else build + 1
        model = self._model(name, origin, newest)
        yield {"status": "pulling manifest"}
        for step in range(1, STEPS + 1):
            await asyncio.sleep(STEP_S)
            if step > STEPS / 2 and "llm:update-fails" in self._stack.faults:
                yield {"error": f"pull model manifest: {name}: connection reset by peer"}
                return
            done = {"digest": f"sha256:{model.digest}", "total": model.size, "completed": model.size * step // STEPS}
            yield {"status": f"pulling {model.digest[:12]}", **done}
        yield {"status": "verifying sha256 digest"}
        await self._engine.unload(model)
        self._lay({**self._lying, name: [origin, newest]})
        yield {"status": "success"}

    def copy(self, model: Model, name: str) -> None:
        """Have a model under another name, too; what was called so is not there any more.

        Raises:
            Refusal: the engine's models are what they are; there is no name.
        """
        self._check()
        if not name:
            raise Refusal(400, "request", "destination is required")
        self._lay({**self._lying, name.removesuffix(":latest"): self._lying[model.name]})

    def delete(self, model: Model) -> None:
        """Take a model away.

        Raises:
            Refusal: the engine's models are what they are, or it cannot be deleted.
        """
        self._check()
        if "llm:wont-delete" in self._stack.faults:
            raise Refusal(500, "server", f"remove {model.name}: permission denied")
        self._lay({name: lying for name, lying in self._lying.items() if name != model.name})
        self._gone[model.name] = model

    def gone(self, name: str) -> Model | None:
        """A model that was deleted since the server started, also where its name is back; None: it was not."""
        return self._gone.get(name.removesuffix(":latest"))

    def _model(self, name: str, origin: str, build: int) -> Model:
        model = self._engine.model(origin, embeds=origin in self._stack.embedding_models)
        if build > 1 or origin not in self._stack.models:
            digest = sha256(f"{model.digest}/{build}".encode()).hexdigest()
            model = replace(model, digest=digest, newer=True)
        if model.embeds and "llm:other-embedder" in self._stack.faults:
            model = replace(model, digest=sha256(f"{model.digest}/other".encode()).hexdigest())
        return replace(model, name=name)

    def _lay(self, lying: dict[str, list[Any]]) -> None:
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(lying), encoding="utf-8")
        part.replace(self._file)
        self._lying = lying

    def _check(self) -> None:
        if not ENGINES[self._stack.engine].updates:
            raise Refusal(400, "request", f"the engine {self._stack.engine} cannot pull, copy or delete models")
