"""The model server's inside: which models there are, which engine answers, and the faults that act on any engine."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_llmops.sandbox.embedding import embed
from pytest_llmops.sandbox.engines.choice import ENGINES
from pytest_llmops.sandbox.engines.engine import Answer, Asked, Engine, Figures
from pytest_llmops.sandbox.engines.reader import NONSENSE, tokens
from pytest_llmops.sandbox.faults import Share
from pytest_llmops.sandbox.pace import Pace
from pytest_llmops.sandbox.refusals import Refusal, terminated
from pytest_llmops.sandbox.streaming import Cut
from pytest_llmops.sandbox.timing import Timed, TimingLog

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from starlette.requests import Request

    from pytest_llmops.sandbox.models import Model
    from pytest_llmops.sandbox.stack import Stack


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
    _pace: Pace = field(init=False)
    _failing: Share = field(init=False)
    _cold: Share = field(init=False)
    _times: TimingLog = field(init=False)

    def __post_init__(self) -> None:
        faults = self.stack.faults
        self.engine = ENGINES[self.stack.engine].make(self.stack)
        self._pace = Pace(self.stack.sandbox, faults.number("llm:slow", 1.0))
        self._failing = Share(faults.number("llm:errors", 0.0))
        self._cold = Share(faults.number("llm:cold", 0.0))
        self._times = TimingLog(self.stack.directory)

    @property
    def models(self) -> list[Model]:
        """What is listed."""
        faults = self.stack.faults
        last = 0 if "llm:no-models" in faults else 1 if "llm:one-model" in faults else None
        embeds = self.stack.embedding_models
        return [self.engine.model(name, embeds=name in embeds) for name in self.stack.models[:last]]

    def model(self, name: object) -> Model:
        """A model by name, with or without ``:latest``.

        Raises:
            Refusal: there is none of that name.
        """
        for model in self.models:
            if name in {model.name, f"{model.name}:latest"}:
                return model
        raise Refusal(404, "model", f"model '{name}' not found")

    async def generate(self, request: Request, name: object, prompt: str, context: str, limit: int | None) -> Answer:
        """Begin an answer.

        Raises:
            Refusal: no such model, one that does not generate, or an error of the engine or of a fault.
        """
        model = self.model(name)
        if model.embeds:
            raise Refusal(400, "request", f'"{name}" does not support generate')
        self._fail_if_due()
        load_s, began = await self._load(request, model)
        asked = Asked(model, prompt, context, limit, began, load_s, self._instead(), request.is_disconnected)
        answer = await self.engine.answer(asked)
        answer = CutShort(answer) if "llm:cut-stream" in self.stack.faults else answer
        return Timed(answer, request.scope, self._times)

    async def _load(self, request: Request, model: Model) -> tuple[float, float]:
        """Have a model ready: the seconds that it took, and when the answer's own time began.

        That is when the request came; where the fault had the model leave the memory, it is when it was back.
        """
        anew_s = COLD_LOAD_S if self._cold.due() else 0.0
        await asyncio.sleep(anew_s)
        return anew_s + await self.engine.load(model), request.scope["arrived"] + anew_s

    @property
    def thinks(self) -> bool:
        """Whether a fault lets every answer be reasoning alone."""
        return "llm:thinks" in self.stack.faults

    def _instead(self) -> list[str] | None:
        """What a fault lets every answer say."""
        if "llm:nonsense" in self.stack.faults:
            return tokens(NONSENSE)
        if "llm:garbled" in self.stack.faults:
            return ["@"] * GARBLED
        return [] if "llm:empty" in self.stack.faults else None

    async def embed(self, request: Request, name: object, texts: list[str]) -> tuple[list[list[float]], float]:
        """The vectors of texts, and the seconds that loading the model took. They are synthetic with any engine.

        Raises:
            Refusal: no such model, or a fault's error.
        """
        model = self.model(name)
        self._fail_if_due()
        load_s, began = await self._load(request, model)
        vectors = [embed(text) for text in texts]
        due = began + self._pace.embedding("\n".join(texts))
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        return vectors, load_s

    def _fail_if_due(self) -> None:
        if self._failing.due():
            raise terminated()
