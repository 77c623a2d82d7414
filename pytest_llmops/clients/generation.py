"""What a model server lists and generates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import Unsupported, excerpt
from pytest_llmops.samples import Prompt, Stream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REPEATED = 5
"""Signs or words that are all the same, from which on they are no answer."""

SHOWN = 40
"""Signs of an answer that stand in a sentence about it."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a server lists.

    Attributes:
        name: as it is asked for.
        digest: what tells two builds apart; empty where the server does not say.
        size: bytes on disk, 0 where unknown.
        quantisation: for example ``Q4_K_M``; empty where unknown.
        traits: what the server says of it for people: ``41.2 M parameters``, ``82 MB``.
        server: who serves it, in the server's word (``llamacpp``, ``vllm``); empty where it does not say.
    """

    name: str
    digest: str = ""
    size: int = 0
    quantisation: str = ""
    traits: tuple[str, ...] = ()
    server: str = ""

    @property
    def gigabytes(self) -> float:
        """Its size on disk."""
        return self.size / 1e9

    @property
    def identity(self) -> str:
        """What a baseline knows it by: two models are one where this is the same."""
        digest = self.digest.removeprefix("sha256:")[:12]
        if self.traits:
            return f"{bare(self.name)} ({', '.join((*self.traits, *((digest,) if digest else ())))})"
        return f"{bare(self.name)}@{digest}" if digest else bare(self.name)


def table(models: Iterable[Model]) -> str:
    """Models with their builds and sizes, as a table of Markdown for people."""
    rows = (
        f"| {one.name} | {one.digest or '-'} | {one.gigabytes:.2f} | {one.quantisation or '-'} |\n" for one in models
    )
    return "".join(["| model | digest | GB | quantisation |\n|---|---|---:|---|\n", *rows])


@dataclass(frozen=True, slots=True)
class Counts:
    """What a server says of one generation; None where it does not say.

    Attributes:
        tokens_out: generated tokens.
        tokens_in: prompt tokens.
        generating_s: time that it spent on the generated tokens.
        load_s: time that it spent loading the model.
        reasoning: of the generated tokens those of reasoning, which hosted models count and do not show.
    """

    tokens_out: int | None = None
    tokens_in: int | None = None
    generating_s: float | None = None
    load_s: float | None = None
    reasoning: int = 0


@dataclass(frozen=True, slots=True)
class Generation:
    """A generated text.

    Attributes:
        text: the answer, without the reasoning channel.
        model: which model was asked.
        stream: token times, the server's count of generated tokens, and what loading the model took.
        tokens_in: prompt tokens by the server's count.
        generating_s: time that the server spent on the generated tokens, where it says.
        reasoned: whether there was reasoning, streamed or only counted.
    """

    text: str
    model: str
    stream: Stream = Stream()
    tokens_in: int | None = None
    generating_s: float | None = None
    reasoned: bool = False

    @property
    def tokens_out(self) -> int | None:
        """Generated tokens by the server's count."""
        return self.stream.tokens_out

    @property
    def silent(self) -> bool:
        """Whether nothing was said: no text but blanks, and no reasoning that used the length up before it."""
        return not self.text.strip() and not self.reasoned

    @property
    def implausible(self) -> str:
        """Why it can be no answer to anything, in words; empty where it may be one. Reasoning alone may.

        A model whose weights or whose GPU are broken repeats one sign or one word until it is stopped.
        """
        said = self.text.split()
        if not said:
            return "nothing" if self.silent else ""
        shown = excerpt(self.text.strip(), SHOWN)
        if not any(letter.isalnum() for letter in self.text):
            return f"no word: {shown!r}"
        if len(set("".join(said))) == 1 and len("".join(said)) >= REPEATED:
            return f"one sign again and again: {shown!r}"
        if len(set(said)) == 1 and len(said) >= REPEATED:
            return f"one word again and again: {shown!r}"
        return ""

    @property
    def failure(self) -> str:
        """Why a timed call with this outcome is no success; empty if it is one. Reasoning alone is one."""
        return "" if self.text or self.stream.token_times_s or self.tokens_out else "empty"

    @property
    def rate(self) -> tuple[float, str]:
        """Generated tokens a second, and whose figure that is.

        Raises:
            Unsupported: the server counts no tokens, fewer than two, or fewer than it streamed pieces.
        """
        if self._servers_rate:
            return self._servers_rate, "the server's own figure"
        if self.stream.tpot_s:
            return 1 / self.stream.tpot_s, "from the stream: tokens after the first, by the time that they took"
        counted = "no count of tokens" if self.tokens_out is None else f"a count of {self.tokens_out} tokens"
        counted += f" in {len(self.stream.token_times_s)} pieces" if self.stream.miscounted else ""
        raise Unsupported(f"{self.model} answered with {counted}; that says nothing of tokens a second.")

    @property
    def tokens_per_second(self) -> float | None:
        """The rate of generation alone; None where nobody tells."""
        return self._servers_rate or (1 / self.stream.tpot_s if self.stream.tpot_s else None)

    @property
    def _servers_rate(self) -> float | None:
        counted = self.tokens_out or 0
        return counted / self.generating_s if self.generating_s and counted > 1 else None


class Embedding(list[float]):
    """The vector of a text.

    Attributes:
        stream: no tokens; what loading the model took, where the server says.
    """

    def __init__(self, values: Iterable[float], load_s: float | None = None) -> None:
        super().__init__(values)
        self.stream = Stream(load_s=load_s)


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
    counts: Counts | None = None


def text_of(prompt: Prompt | str) -> str:
    """What is sent."""
    return prompt.text if isinstance(prompt, Prompt) else prompt


def bare(name: str) -> str:
    """A model's name without ``:latest``, which Ollama adds of its own accord."""
    return name.removesuffix(":latest")


def identity_of(model: str, facts: Mapping[str, str]) -> str:
    """What a baseline knows a model by, from what preflight found; of a model that it did not look for, the name."""
    for of in ("", "embedding_"):
        if model and bare(facts.get(f"{of}model", "")) == bare(model):
            return facts[f"{of}identity"]
    return bare(model)
