"""Which of a server's models generates, and which embeds: by what it says of them, else by their names."""

from __future__ import annotations

from dataclasses import dataclass

from pytest_llmops.errors import first_of
from pytest_llmops.probe.proposal import Entry
from pytest_llmops.probe.words import words

EMBEDS = {
    "embed", "embedding", "embeddings", "bge", "e5", "gte", "minilm", "mpnet", "sbert", "bert", "colbert",
    "jina", "nomic", "instructor",
}  # fmt: skip
"""Words of an embedding model's name or family."""

NEITHER = {
    "rerank", "reranker", "whisper", "tts", "dall", "dalle", "sora", "moderation", "transcribe",
    "transcription", "audio", "realtime", "image", "images", "clip", "diffusion", "flux", "sdxl", "ocr",
    "guard",
}  # fmt: skip
"""Words of models that write no text."""

SHOWN = 8
"""So many names stand in a comment."""


@dataclass(frozen=True, slots=True)
class Models:
    """A server's models, each in one place, as listed.

    Attributes:
        generating: those that write text.
        embedding: those that embed.
        others: neither, by their names.
    """

    generating: tuple[str, ...] = ()
    embedding: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.generating) + len(self.embedding) + len(self.others)

    @property
    def says(self) -> str:
        """The list in a few words, for a person."""
        if not self.count:
            return "no models"
        timed = self.generating[0] if self.generating else "none that generates"
        return f"{timed} (of {self.count} models)" if self.count > 1 else timed

    def entries(self) -> list[Entry]:
        """The lines of the component's table."""
        found = []
        if self.generating:
            rest = f"; also listed: {first_of(self.generating[1:], SHOWN)}" if self.generating[1:] else ""
            found.append(Entry("model", self.generating[0], f"the one that is timed{rest}"))
            found.append(Entry("models", list(self.generating[:2]), "must all be there, and generate", on=False))
        if self.embedding:
            rest = f"; also listed: {first_of(self.embedding[1:], SHOWN)}" if self.embedding[1:] else ""
            found.append(Entry("embedding_model", self.embedding[0], f"by its name{rest}"))
        return found

    def missing(self, how: str) -> list[str]:
        """What a person has to hear of a server without a model that generates; empty where it has one."""
        if self.generating:
            return []
        named = f"lists {first_of(self.embedding + self.others, SHOWN)} and none that generates" if self.count else ""
        return [f"{named or 'lists no models'}: {how}"]


def sorted_out(names: list[tuple[str, str]]) -> Models:
    """Models by what they do.

    Args:
        names: name and family of each; the family is empty where the server does not say.
    """
    kinds = [(name, _kind(name, family)) for name, family in dict(names).items()]
    chosen = {kind: tuple(name for name, one in kinds if one == kind) for kind in ("generates", "embeds", "neither")}
    return Models(chosen["generates"], chosen["embeds"], chosen["neither"])


def _kind(name: str, family: str) -> str:
    parts = {*words(name), *words(family)} | set(name.lower().replace("/", "-").split("-"))
    if parts & NEITHER:
        return "neither"
    return "embeds" if parts & EMBEDS else "generates"
