"""Workloads: prompts with ids, so that runs can be paired prompt by prompt."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

from pytest_llmops.errors import Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt.

    Attributes:
        id: stable name; the same id in two runs pairs their samples.
        text: what is sent.
        expect: words that a right answer contains; empty where nothing is known.
    """

    id: str
    text: str
    expect: str = ""


@dataclass(frozen=True, slots=True)
class Workload:
    """An ordered set of prompts."""

    prompts: tuple[Prompt, ...]

    def __post_init__(self) -> None:
        if not self.prompts:
            raise ValueError("a workload needs at least one prompt")

    def __iter__(self) -> Iterator[Prompt]:
        return iter(self.prompts)

    def __len__(self) -> int:
        return len(self.prompts)

    def __getitem__(self, index: int) -> Prompt:
        return self.prompts[index]

    def rounds(self) -> Iterator[Prompt]:
        """The prompts again and again, in order, without end."""
        return cycle(self.prompts)

    @property
    def known(self) -> tuple[Prompt, ...]:
        """The prompts whose right answer is known.

        Raises:
            Unsupported: there are none, so none could be wrong.
        """
        known = tuple(prompt for prompt in self.prompts if prompt.expect)
        if not known:
            raise Unsupported("no prompt of the target says what it expects; give prompts an expect.")
        return known

    @property
    def digest(self) -> str:
        """12 hex digits that change when an id or a text does: part of a baseline's fingerprint."""
        text = "\n".join(f"{prompt.id}\t{prompt.text}" for prompt in self.prompts)
        return hashlib.sha256(text.encode()).hexdigest()[:12]
