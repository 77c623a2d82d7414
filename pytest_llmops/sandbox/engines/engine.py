"""What every engine is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Collection

    from pytest_llmops.sandbox.models import Model


@dataclass(frozen=True, slots=True)
class Asked:
    """One call for an answer.

    Attributes:
        model: who is to answer; it is loaded.
        prompt: what is asked.
        context: further text given beside the prompt (earlier messages of a chat).
        limit: tokens of the answer at most; None where the call sets no limit.
        arrived: when the request came, on the loop's clock; after a fault's own loading, when that was over.
        load_s: what loading the model took.
        instead: tokens that a fault puts in the place of the engine's own; None for its own.
        left: says whether the client has given up.
    """

    model: Model
    prompt: str
    context: str
    limit: int | None
    arrived: float
    load_s: float
    instead: list[str] | None
    left: Callable[[], Awaitable[bool]]

    def within(self, tokens: list[str]) -> tuple[list[str], str]:
        """The tokens within the limit, and why the answer ends there: ``stop`` or ``length``."""
        return tokens[: self.limit], "length" if self.limit is not None and len(tokens) > self.limit else "stop"


@dataclass(frozen=True, slots=True)
class Figures:
    """What the server says of an answer when it is over.

    Attributes:
        tokens: how many were generated.
        prompt_tokens: how many were read.
        reason: why it ended: ``stop`` or ``length``.
        load_s: what loading the model took.
        prompt_s: what reading the prompt took.
        eval_s: what generating the tokens took.
        ids: the tokens by number.
    """

    tokens: int
    prompt_tokens: int
    reason: str
    load_s: float
    prompt_s: float
    eval_s: float
    ids: list[int]


class Answer(Protocol):
    """One answer on its way; it is taken either in pieces or whole, and once."""

    @property
    def figures(self) -> Figures:
        """The server's own figures, known when the answer is over."""

    def pieces(self) -> AsyncGenerator[str, None]:
        """Each token when it comes.

        Raises:
            Cut: the answer broke off.
        """

    async def whole(self) -> str:
        """All of it when it is over.

        Raises:
            Cut: a fault cuts the connection before.
            Refusal: the answer broke off.
        """


class Engine(Protocol):
    """What generates: the synthetic engine, or llama.cpp."""

    @property
    def loaded(self) -> Collection[str]:
        """Names of the models that are ready to answer."""

    def model(self, name: str, *, embeds: bool) -> Model:
        """A model as it is listed."""

    async def load(self, model: Model) -> float:
        """Have a model ready; the seconds that it took.

        Raises:
            Refusal: it cannot be loaded.
        """

    async def unload(self, model: Model) -> None:
        """Let a model go."""

    async def answer(self, asked: Asked) -> Answer:
        """Begin an answer.

        Raises:
            Refusal: the engine does not take the call.
        """

    async def metrics(self) -> str:
        """Prometheus text, with the metric names of llama.cpp's server."""
