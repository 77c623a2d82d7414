"""The synthetic engine: what is said comes from the handbook, when it is said from the pace."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING
from zlib import crc32

from pytest_llmops.sandbox.embedding import DIMENSIONS
from pytest_llmops.sandbox.engines.engine import Asked, Figures
from pytest_llmops.sandbox.engines.reader import Reader
from pytest_llmops.sandbox.models import Model
from pytest_llmops.sandbox.pace import Pace
from pytest_llmops.sandbox.wording import words

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Collection

    from pytest_llmops.sandbox.stack import Stack

_VOCABULARY = 32_000


def listed(name: str, *, embeds: bool) -> Model:
    """A model that exists in its list alone."""
    digest = sha256(f"harbour/{name}".encode()).hexdigest()
    return Model(
        name=name,
        embeds=embeds,
        digest=digest,
        size=(250 if embeds else 1_200) * 1_000_000 + int(digest[:6], 16),
        family="harbour",
        parameters=137_000_000 if embeds else 1_200_000_000,
        quantisation="F16" if embeds else "Q4_K_M",
        context=4096,
        width=DIMENSIONS,
    )


@dataclass(frozen=True, slots=True)
class Planned:
    """An answer whose words and times are known when it begins.

    Attributes:
        tokens: what will be said.
        at: seconds from arrival to each token, at least one.
        arrived: when the request came, on the loop's clock.
        figures: what the server says of it.
    """

    tokens: list[str]
    at: list[float]
    arrived: float
    figures: Figures

    async def pieces(self) -> AsyncGenerator[str, None]:
        """Each token at its time."""
        loop = asyncio.get_running_loop()
        for index, at in enumerate(self.at):
            await asyncio.sleep(max(0.0, self.arrived + at - loop.time()))
            if index < len(self.tokens):
                yield self.tokens[index]

    async def whole(self) -> str:
        """The text at the last token's time."""
        await asyncio.sleep(max(0.0, self.arrived + self.at[-1] - asyncio.get_running_loop().time()))
        return "".join(self.tokens)


@dataclass(slots=True)
class Counts:
    """What /metrics tells."""

    answers: int = 0
    prompt_tokens: int = 0
    tokens: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Synthetic:
    """Plans each answer when it is asked for; no model runs."""

    stack: Stack
    counts: Counts = field(default_factory=Counts)
    _readers: dict[str, Reader] = field(default_factory=dict)
    _pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self._pace = Pace(self.stack.sandbox, self.stack.faults.number("llm:slow", 1.0))

    @property
    def loaded(self) -> Collection[str]:
        """Names of the models that have read the handbook."""
        return self._readers.keys()

    def model(self, name: str, *, embeds: bool) -> Model:
        """A model as it is listed."""
        return listed(name, embeds=embeds)

    async def load(self, model: Model) -> float:
        """Let a model read the handbook; the seconds that it took."""
        start = time.perf_counter()
        if model.name not in self._readers:
            self._readers[model.name] = Reader()
        return time.perf_counter() - start

    async def unload(self, model: Model) -> None:
        """Let a model go."""
        self._readers.pop(model.name, None)

    async def answer(self, asked: Asked) -> Planned:
        """Plan an answer."""
        said = asked.instead
        if said is None:
            said = self._readers[asked.model.name].answer(asked.prompt, asked.context)
        said, reason = asked.within(said)
        drawn = self._pace.generation(f"{asked.context}\n{asked.prompt}", len(said))
        slower = self.stack.faults.number("llm:update-slower", 1.0) if asked.model.newer else 1.0
        if asked.model.name != self.stack.model:
            slower *= self.stack.faults.number("llm:others-slower", 1.0)
        at = [moment * slower for moment in drawn]
        figures = Figures(
            tokens=len(said),
            prompt_tokens=len(words(asked.context)) + len(words(asked.prompt)),
            reason=reason,
            load_s=asked.load_s,
            prompt_s=max(0.0, asked.arrived + at[0] - asyncio.get_running_loop().time()),
            eval_s=at[-1] - at[0],
            ids=[crc32(token.encode()) % _VOCABULARY for token in said],
        )
        self._count(figures, at[-1])
        return Planned(said, at, asked.arrived, figures)

    def _count(self, figures: Figures, seconds: float) -> None:
        self.counts.answers += 1
        self.counts.prompt_tokens += figures.prompt_tokens
        self.counts.tokens += figures.tokens
        self.counts.seconds += seconds

    async def metrics(self) -> str:
        """Prometheus text, with the metric names of llama.cpp's server."""
        figures = {
            "prompt_tokens_total": self.counts.prompt_tokens,
            "tokens_predicted_total": self.counts.tokens,
            "tokens_predicted_seconds_total": self.counts.seconds,
            "n_decode_total": self.counts.answers,
        }
        lines = [f"# TYPE llamacpp:{name} counter\nllamacpp:{name} {value}" for name, value in figures.items()]
        return "\n".join(lines) + "\n"
