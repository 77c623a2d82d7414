"""The model server's inside: which models there are, which engine answers, and the faults that act on any engine."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmops.sandbox import leaking, orders
from pytest_llmops.sandbox.embedding import alike, elsewhere, embed
from pytest_llmops.sandbox.engines.choice import ENGINES
from pytest_llmops.sandbox.engines.engine import Answer, Asked, Engine, Figures
from pytest_llmops.sandbox.engines.reader import NONSENSE, tokens
from pytest_llmops.sandbox.faults import Share
from pytest_llmops.sandbox.gpu import Gpu
from pytest_llmops.sandbox.pace import Pace
from pytest_llmops.sandbox.refusals import Refusal, terminated
from pytest_llmops.sandbox.shelf import Shelf
from pytest_llmops.sandbox.streaming import Cut
from pytest_llmops.sandbox.timing import Timed, TimingLog

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

    from pytest_llmops.sandbox.models import Model
    from pytest_llmops.sandbox.stack import Stack


SYNTHETIC = "synthetic"
"""The engine whose models are loaded without a process of their own, so before anything is served."""

COLD_LOAD_S = 1.0
"""What the fault that has models leave the memory lets their return take."""

GARBLED = 30
"""Signs of an answer of the fault that lets it be one sign again and again."""


@dataclass(frozen=True, slots=True)
class CutShort:
    """The fault that breaks an answer off: after its first token, or when it would be whole."""

    of: Answer

    @property
    def figures(self) -> Figures:
        """Those of the answer that is broken off."""
        return self.of.figures

    async def pieces(self) -> AsyncGenerator[str, None]:
        """The first token, and no more."""
        async with aclosing(self.of.pieces()) as pieces:
            async for piece in pieces:
                yield piece
                break
        raise Cut

    async def whole(self) -> str:
        """Nothing, when all was said."""
        await self.of.whole()
        raise Cut


@dataclass(slots=True)
class ModelServer:
    """The models, the engine behind them and the faults that act on both."""

    stack: Stack
    engine: Engine = field(init=False)
    shelf: Shelf = field(init=False)
    _pace: Pace = field(init=False)
    _failing: Share = field(init=False)
    _cold: Share = field(init=False)
    _times: TimingLog = field(init=False)
    _gpu: Gpu = field(init=False)
    _pinned: set[str] = field(default_factory=set)
    _loaded: set[str] = field(default_factory=set)
    _asked_at: dict[str, dt.datetime] = field(default_factory=dict)
    _began_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def __post_init__(self) -> None:
        faults = self.stack.faults
        self.engine = ENGINES[self.stack.engine].make(self.stack)
        self.shelf = Shelf(self.stack, self.engine)
        self._pace = Pace(self.stack.sandbox, faults.number("llm:slow", 1.0))
        self._failing = Share(faults.number("llm:errors", 0.0))
        self._cold = Share(faults.number("llm:cold", 0.0))
        self._times = TimingLog(self.stack.directory)
        self._gpu = Gpu(self.stack)
        if self.stack.sandbox.preloads and self.stack.engine == SYNTHETIC and "llm:unloaded" not in faults:
            for model in [one for one in self.models if not one.embeds][:1]:
                asyncio.run(self.engine.load(model))
        self._gpu.hold(self.held)

    @property
    def models(self) -> list[Model]:
        """What is listed."""
        faults = self.stack.faults
        last = 0 if "llm:no-models" in faults else 1 if "llm:one-model" in faults else None
        return self.shelf.models[:last]

    async def listing(self, models: dict[str, object]) -> dict[str, object]:
        """The answer to whoever asks which models there are: the list, unless a fault lets there be none."""
        await asyncio.sleep(self.stack.faults.number("llm:late-list", 0.0))
        if "llm:unlisted" in self.stack.faults:
            raise Refusal(404, "route", "not found")
        return {} if "llm:no-list" in self.stack.faults else models

    @property
    def held(self) -> list[Model]:
        """What is in memory; the GPU has all of it."""
        return [model for model in self.models if model.name in self.engine.loaded]

    def stays(self, model: Model) -> bool:
        """Whether a model was asked to stay in memory for ever."""
        return model.name in self._pinned

    def asked_at(self, model: Model) -> dt.datetime:
        """When a model was asked, or loaded, last; where nobody has yet, when the server began."""
        return self._asked_at.get(model.name, self._began_at)

    def model(self, name: object) -> Model:
        """A model by name, with or without ``:latest``.

        Raises:
            Refusal: there is none of that name.
        """
        for model in self.models:
            if name in {model.name, f"{model.name}:latest"}:
                return model
        if "llm:answers-gone" in self.stack.faults and (gone := self.shelf.gone(str(name))):
            return gone
        raise Refusal(404, "model", f"model '{name}' not found")

    async def load(self, model: Model, *, pinned: bool = False) -> None:
        """Have a model in memory before anybody asks it something, for ever where it is pinned.

        Raises:
            Refusal: it cannot be loaded.
        """
        if "llm:loads-nothing" in self.stack.faults:
            return
        await self._load(model)
        self._loaded.add(model.name)
        if pinned:
            self._pinned.add(model.name)

    async def unload(self, model: Model) -> None:
        """Have a model leave the memory."""
        if "llm:stays-loaded" in self.stack.faults:
            return
        await self.engine.unload(model)
        self._pinned.discard(model.name)
        self._loaded.discard(model.name)
        self._gpu.hold(self.held)

    async def generate(self, request: Request, name: object, prompt: str, context: str, limit: int | None) -> Answer:
        """Begin an answer.

        Raises:
            Refusal: no such model, one that does not generate, or an error of the engine or of a fault.
        """
        model = self.model(name)
        if model.embeds:
            raise Refusal(400, "request", f'"{name}" does not support generate')
        self._fail_if_due()
        load_s, anew_s = await self._load(model)
        began = request.scope.get("began", request.scope["arrived"]) + anew_s
        instead = self._instead(model)
        if instead is None and "llm:tells-prompt" in self.stack.faults and orders.asks_for_instructions(prompt):
            instead = tokens(context) or None
        if (
            instead is None
            and "llm:obeys" in self.stack.faults
            and (said := orders.carried_out(f"{context}\n{prompt}"))
        ):
            instead = tokens(said)
        if instead is None:
            instead = self._scripted(model, prompt)
        asked = Asked(model, prompt, context, limit, began, load_s, instead, request.is_disconnected)
        answer = await self.engine.answer(asked)
        answer = CutShort(answer) if "llm:cut-stream" in self.stack.faults else answer
        return Timed(answer, request.scope, self._times)

    async def _load(self, model: Model) -> tuple[float, float]:
        """Have a model ready: the seconds that it took, and how many of them are those of the fault.

        The time of an answer begins when its request came; after the fault, when the model was back.
        """
        self._asked_at[model.name] = dt.datetime.now(dt.UTC)
        anew_s = COLD_LOAD_S if self._cold.due() else 0.0
        await asyncio.sleep(anew_s)
        took_s = anew_s + await self.engine.load(model)
        self._gpu.hold(self.held)
        return took_s, anew_s

    @property
    def thinks(self) -> bool:
        """Whether a fault lets every answer be reasoning alone."""
        return "llm:thinks" in self.stack.faults

    def _instead(self, model: Model) -> list[str] | None:
        """What a fault lets every answer say, or every one of a newer build, or of a model that was loaded."""
        wrong = "llm:reload-wrong" in self.stack.faults and model.name in self._loaded
        if "llm:leaks-pii" in self.stack.faults:
            return tokens(leaking.PERSON)
        if wrong or "llm:nonsense" in self.stack.faults:
            return tokens(NONSENSE)
        garbled = "llm:update-garbled" in self.stack.faults and model.newer
        garbled |= "llm:back-garbled" in self.stack.faults and self.shelf.gone(model.name) is not None
        if garbled or "llm:garbled" in self.stack.faults:
            return ["@"] * GARBLED
        return [] if "llm:empty" in self.stack.faults else None

    def _scripted(self, model: Model, prompt: str) -> list[str] | None:
        """What the profile has it say, a case that a fault asks for before the case ok; None for the engine's own."""
        for case in (*reversed(self.stack.asked_of("answers")), "ok"):
            for one in self.stack.sandbox.answers.get(case, ()):
                if one.model in {"", model.name} and re.search(one.asked, prompt):
                    return tokens(one.says)
        return None

    async def embed(self, request: Request, name: object, texts: list[str]) -> tuple[list[list[float]], float]:
        """The vectors of texts, and the seconds that loading the model took. They are synthetic with any engine.

        Raises:
            Refusal: no such model, or a fault's error.
        """
        model = self.model(name)
        self._fail_if_due()
        load_s, anew_s = await self._load(model)
        began = request.scope["arrived"] + anew_s
        vectors = [self._moved(embed(text)) for text in texts]
        due = began + self._pace.embedding("\n".join(texts))
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        return vectors, load_s

    def _moved(self, vector: list[float]) -> list[float]:
        """An embedding, where a fault lets it be another."""
        if "llm:other-embeddings" in self.stack.faults or "llm:other-embedder" in self.stack.faults:
            return elsewhere(vector)
        return alike(vector) if "llm:same-embeddings" in self.stack.faults else vector

    def _fail_if_due(self) -> None:
        if self._failing.due():
            raise terminated()
