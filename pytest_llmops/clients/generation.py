"""What a model server lists and generates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pytest_llmops.samples import Prompt, Stream


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a server lists.

    Attributes:
        name: as it is asked for.
        digest: what tells two builds apart; empty where the server does not say.
        size: bytes on disk, 0 where unknown.
        quantisation: for example ``Q4_K_M``; empty where unknown.
    """

    name: str
    digest: str = ""
    size: int = 0
    quantisation: str = ""


@dataclass(frozen=True, slots=True)
class Generation:
    """A generated text.

    Attributes:
        text: the answer, without the reasoning channel.
        model: which model was asked.
        stream: token times, and the server's count of generated tokens.
        tokens_in: prompt tokens by the server's count.
        first_answer_s: time to the first token of the answer itself; later than TTFT for reasoning models.
        load_s: time that the server spent loading the model, where it says.
        generating_s: time that the server spent on the generated tokens, where it says.
    """

    text: str
    model: str
    stream: Stream = Stream()
    tokens_in: int | None = None
    first_answer_s: float | None = None
    load_s: float | None = None
    generating_s: float | None = None

    @property
    def tokens_out(self) -> int | None:
        """Generated tokens by the server's count."""
        return self.stream.tokens_out

    @property
    def failure(self) -> str:
        """Why a timed call with this outcome is no success; empty if it is one. Reasoning alone is one."""
        return "" if self.text or self.stream.token_times_s or self.tokens_out else "empty"

    @property
    def tokens_per_second(self) -> float | None:
        """The server's own rate of generation; None where it gives no counts."""
        if not self.generating_s or not self.tokens_out:
            return None
        return self.tokens_out / self.generating_s


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event of a streamed answer.

    Attributes:
        moment: seconds since the call's start.
        content: text of the answer; empty for a role frame.
        thought: text of the reasoning channel.
        counts: the server's own figures, where this event carries them.
    """

    moment: float
    content: str
    thought: str
    counts: dict[str, Any] | None = None


def text_of(prompt: Prompt | str) -> str:
    """What is sent."""
    return prompt.text if isinstance(prompt, Prompt) else prompt
