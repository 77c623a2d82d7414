"""One golden case, and a set of them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field, field_validator

from pytest_llmops.golden.expectations import LANGUAGE, Expectations
from pytest_llmops.target.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


class Case(Table):
    """A question, and what is expected of its answer."""

    id: str = Field(min_length=1, description="Stable name, unique in the set: by it runs are compared.")
    prompt: str = Field(min_length=1, description="What is asked.")
    expect: Expectations = Field(description="What must hold of the answer.")
    tags: list[str] = Field([], description="What the case is about; pass rates are told for each.")
    language: str | None = Field(None, pattern=LANGUAGE, description="Of the question, e.g. 'en'.")
    context: list[str] = Field([], description="Texts that the answer has to rest on.")
    model: str = Field("", description="Which model of a model server is asked; the target's own by default.")
    reference: str = Field("", description="A right answer, for people, and for a judge.")
    rubric: str = Field("", description="What a judge model is asked of the answer, where the target names one.")
    origin: str = Field("", description="Where the case comes from, e.g. 'annotation'; cases are counted by it.")

    @field_validator("id")
    @classmethod
    def _is_a_name(cls, value: str) -> str:
        if value != value.strip() or not value.isprintable():
            raise ValueError(f"{value!r} has blanks at its ends, or characters that cannot be printed")
        return value

    @field_validator("prompt")
    @classmethod
    def _is_no_blank(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("the question is blank")
        return value

    @field_validator("tags")
    @classmethod
    def _differ(cls, value: list[str]) -> list[str]:
        twice = sorted({tag for tag in value if value.count(tag) > 1})
        if twice or not all(tag.strip() for tag in value):
            raise ValueError(f"{twice[0]!r} is there twice" if twice else "one of them is blank")
        return value

    @property
    def digest(self) -> str:
        """12 hex digits that change when what is asked or expected does: then it is another case."""
        asked = self.model_dump(mode="json", include={"prompt", "context", "expect", "rubric"}, exclude_defaults=True)
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class GoldenSet:
    """Cases of one or several files.

    Attributes:
        cases: in the files' order, ids unique.
        places: of each case by its id: file and line.
    """

    cases: tuple[Case, ...]
    places: Mapping[str, tuple[Path, int]]

    def __iter__(self) -> Iterator[Case]:
        return iter(self.cases)

    def __len__(self) -> int:
        return len(self.cases)
