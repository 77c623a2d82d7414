"""The model server's inside: which models there are, and what is generated when."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING

from pytest_llmops.sandbox.embedding import embed
from pytest_llmops.sandbox.engine import NONSENSE, Engine, tokens
from pytest_llmops.sandbox.faults import Share
from pytest_llmops.sandbox.pace import Pace
from pytest_llmops.sandbox.streaming import Cut
from pytest_llmops.sandbox.wording import words

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from pytest_llmops.sandbox.stack import Stack


class Refusal(Exception):
    """A call that is answered with an error; each API says it in its own shape.

    Attributes:
        status: of HTTP.
        kind: a word for it: ``model``, ``request``, ``key``, ``server``.
    """

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Model:
    """One model as it is listed."""

    name: str
    embeds: bool

    @property
    def digest(self) -> str:
        """64 hex digits."""
        return sha256(f"harbour/{self.name}".encode()).hexdigest()

    @property
    def size(self) -> int:
        """Bytes."""
        return (250 if self.embeds else 1_200) * 1_000_000 + int(self.digest[:6], 16)

    @property
    def details(self) -> dict[str, object]:
        """As Ollama lists them."""
        return {
            "parent_model": "",
            "format": "gguf",
            "family": "harbour",
            "families": ["harbour"],
            "parameter_size": "137M" if self.embeds else "1.2B",
            "quantization_level": "F16" if self.embeds else "Q4_K_M",
        }


@dataclass(slots=True)
class Generation:
    """One answer on its way.

    Attributes:
        tokens: what will be said.
        at: seconds from arrival to each token, at least one.
        arrived: when the request came, on the loop's clock.
        prompt_tokens: length of what was read.
        reason: why it ends: ``stop`` or ``length``.
        load_s: what loading the model took.
        cut: whether the connection is cut after the first token.
    """

    tokens: list[str]
    at: list[float]
    arrived: float
    prompt_tokens: int
    reason: str
    load_s: float
    cut: bool

    @property
    def text(self) -> str:
        """The whole answer."""
        return "".join(self.tokens)

    async def pieces(self) -> AsyncIterator[str]:
        """Each token at its time."""
        loop = asyncio.get_running_loop()
        for index, at in enumerate(self.at):
            await asyncio.sleep(max(0.0, self.arrived + at - loop.time()))
            if index < len(self.tokens):
                yield self.tokens[index]
            if self.cut:
                raise Cut

    async def wait(self) -> None:
        """Until the last token's time."""
        await asyncio.sleep(max(0.0, self.arrived + self.at[-1] - asyncio.get_running_loop().time()))


@dataclass(slots=True)
class Counts:
    """What /metrics tells."""

    requests: int = 0
    prompt_tokens: int = 0
    tokens: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class ModelServer:
    """The models, their pace and the faults that act on them."""

    stack: Stack
    pace: Pace = field(init=False)
    counts: Counts = field(default_factory=Counts)
    loaded: dict[str, Engine] = field(default_factory=dict)
    _failing: Share = field(init=False)

    def __post_init__(self) -> None:
        faults = self.stack.faults
        self.pace = Pace(self.stack.sandbox, faults.number("llm:slow", 1.0))
        self._failing = Share(faults.number("llm:errors", 0.0))

    @property
    def models(self) -> list[Model]:
        """What is listed."""
        faults = self.stack.faults
        last = 0 if "llm:no-models" in faults else 1 if "llm:one-model" in faults else None
        return [Model(name, name in self.stack.embedding_models) for name in self.stack.models[:last]]

    def model(self, name: object) -> Model:
        """A model by name, with or without ``:latest``.

        Raises:
            Refusal: there is none of that name.
        """
        for model in self.models:
            if name in {model.name, f"{model.name}:latest"}:
                return model
        raise Refusal(404, "model", f"model '{name}' not found")

    def load(self, model: Model) -> float:
        """Have a model ready; the seconds that it took."""
        start = time.perf_counter()
        if model.name not in self.loaded:
            self.loaded[model.name] = Engine()
        return time.perf_counter() - start

    def generate(self, request: Request, name: object, prompt: str, context: str, limit: int | None) -> Generation:
        """Plan an answer.

        Raises:
            Refusal: no such model, one that does not generate, or a fault's error.
        """
        model = self.model(name)
        if model.embeds:
            raise Refusal(400, "request", f'"{name}" does not support generate')
        self._count()
        load_s = self.load(model)
        faults = self.stack.faults
        said = [] if "llm:empty" in faults else self.loaded[model.name].answer(prompt, context)
        if "llm:nonsense" in faults:
            said = tokens(NONSENSE)
        reason = "length" if limit is not None and len(said) > limit else "stop"
        said = said[:limit]
        at = self.pace.generation(f"{context}\n{prompt}", len(said))
        read = len(words(context)) + len(words(prompt))
        self.counts.prompt_tokens += read
        self.counts.tokens += len(said)
        self.counts.seconds += at[-1]
        return Generation(said, at, request.scope["arrived"], read, reason, load_s, "llm:cut-stream" in faults)

    async def embed(self, request: Request, name: object, texts: list[str]) -> tuple[list[list[float]], float]:
        """The vectors of texts, and the seconds that loading the model took.

        Raises:
            Refusal: no such model, or a fault's error.
        """
        model = self.model(name)
        self._count()
        load_s = self.load(model)
        vectors = [embed(text) for text in texts]
        due = request.scope["arrived"] + self.pace.embedding("\n".join(texts))
        await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
        return vectors, load_s

    def _count(self) -> None:
        self.counts.requests += 1
        if self._failing.due():
            raise Refusal(500, "server", "llama runner process has terminated")


def limit_of(value: object) -> int | None:
    """A token limit as it was asked for; none where it is absent or negative (Ollama's ``-1``).

    Raises:
        Refusal: it is not a whole number.
    """
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refusal(400, "request", f"a token limit is a whole number, found {value!r}")
    return value if value >= 0 else None


def texts_of(value: object) -> list[str]:
    """The texts to embed: one, or a list.

    Raises:
        Refusal: it is neither.
    """
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) for text in texts):
        raise Refusal(400, "request", "invalid input type: a text or a list of texts")
    return texts
