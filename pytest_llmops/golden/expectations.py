"""What may be expected of an answer: the tables of ``expect`` in a golden file."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from pytest_llmops.detect.grounding import LEAST
from pytest_llmops.detect.language import LANGUAGES, code_of
from pytest_llmops.golden.json_schema import JsonSchema, read_schema
from pytest_llmops.golden.shorthand import Short
from pytest_llmops.target.table import Regex, Table

_OBJECT_OR_PATH = WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "string"}]})
_TABLE_OR_TRUE = WithJsonSchema({"anyOf": [{"type": "object"}, {"const": True}]})
LANGUAGE = "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"


class Exact(Table):
    """The whole answer is one of these, but for blanks around it and how many stand between words."""

    any_of: list[str] = Field(min_length=1)
    ignore_case: bool = False

    @model_validator(mode="after")
    def _are_texts(self) -> Self:
        if not all(text.strip() for text in self.any_of):
            raise ValueError("an empty answer is never as expected; take the empty text out")
        return self


class _Parts(Table):
    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not any(getattr(self, name) for name in ("all_of", "any_of", "none_of") if name in type(self).model_fields):
            raise ValueError("nothing is asked for; give all_of, any_of or none_of")
        return self


class Texts(_Parts):
    """Texts that stand in the answer, or must not."""

    all_of: list[str] = Field([], description="Each of them.")
    any_of: list[str] = Field([], description="One of them at least.")
    none_of: list[str] = Field([], description="None of them.")
    ignore_case: bool = False

    @model_validator(mode="after")
    def _are_texts(self) -> Self:
        if not all(text.strip() for text in (*self.all_of, *self.any_of, *self.none_of)):
            raise ValueError("an empty text stands in every answer; take it out")
        return self


class Patterns(_Parts):
    """Regular expressions (Python's) that are found in the answer, or must not be."""

    all_of: list[Regex] = Field([], description="Each of them.")
    any_of: list[Regex] = Field([], description="One of them at least.")
    none_of: list[Regex] = Field([], description="None of them.")

    @model_validator(mode="after")
    def _say_something(self) -> Self:
        for pattern in (*self.all_of, *self.any_of, *self.none_of):
            if re.search(pattern, ""):
                raise ValueError(f"{pattern!r} is found in every answer, even in an empty one")
        return self


class Number(Table):
    """The number that the answer gives."""

    value: float = Field(allow_inf_nan=False)
    tolerance: float = Field(0.0, ge=0, allow_inf_nan=False, description="It may be off by so much, in its unit.")
    relative: float = Field(0.0, ge=0, lt=1, description="Or by such a share of the value: 0.01 is one per cent.")
    unit: list[str] = Field([], description="Ways of writing its unit, e.g. ['km', 'kilometres']; '$' stands before.")
    decimal: Literal[".", ","] = Field(".", description="What stands before the decimals in the answer.")
    among: bool = Field(False, description="true: the answer may give others in that unit beside it.")

    @model_validator(mode="after")
    def _units_are_words(self) -> Self:
        if wrong := [one for one in self.unit if not one or one != one.strip()]:
            raise ValueError(f"unit: {wrong[0]!r} is none; write it without blanks around, or leave unit out")
        return self


class Figures(Table):
    """Every figure of the answer is one of the facts."""

    facts: list[str] = Field(min_length=1, description="Texts that hold every figure that the answer may give.")
    required: list[str] = Field([], description="Facts that the answer has to give, each with a figure in it.")

    @model_validator(mode="after")
    def _are_texts(self) -> Self:
        if not all(text.strip() for text in (*self.facts, *self.required)):
            raise ValueError("an empty text holds no figure; take it out")
        return self


class Sources(_Parts):
    """Documents that the answer names, by the words that the system names them by."""

    all_of: list[str] = Field([], description="Each of them.")
    any_of: list[str] = Field([], description="One of them at least.")


class Grounded(Table):
    """Every figure and name of the answer, and enough of each sentence, stand in the texts of its sources."""

    words: float = Field(LEAST, ge=0, le=1, description="Share of a sentence's words that stands there at least.")


def _as_grounded(value: Any) -> Any:
    if value is False:
        raise ValueError("false expects nothing; leave it out")
    return {} if value is True else value


class Expectations(Table):
    """What is expected of the answer to one case: all of it must hold."""

    exact: Annotated[Exact | None, Short("any_of")] = None
    contains: Annotated[Texts | None, Short("all_of")] = None
    regex: Annotated[Patterns | None, Short("all_of")] = None
    number: Annotated[Number | None, Short("value", listed=False)] = None
    numbers: Annotated[Figures | None, Short("facts")] = None
    json_schema: Annotated[JsonSchema | None, BeforeValidator(read_schema), _OBJECT_OR_PATH] = Field(
        None, alias="schema", description="The answer is JSON of this schema: a table, or the path of a file."
    )
    language: str | None = Field(None, pattern=LANGUAGE, description="Of the answer, e.g. 'fr'.")
    refusal: bool | None = Field(None, description="true: it is refused or blocked; false: it is answered.")
    sources: Annotated[Sources | None, Short("all_of")] = None
    grounded: Annotated[Grounded | None, BeforeValidator(_as_grounded), _TABLE_OR_TRUE] = Field(
        None, description="true, or a table: the answer rests on the texts of its sources."
    )

    @field_validator("language")
    @classmethod
    def _is_told_apart(cls, value: str | None) -> str | None:
        if value is not None and code_of(value) not in LANGUAGES:
            raise ValueError(f"{value!r} is no language that is told apart; known: {', '.join(LANGUAGES)}")
        return value

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if not self.given:
            raise ValueError(f"nothing is expected, so no answer could be wrong; give one of {', '.join(KINDS)}")
        return self

    @property
    def given(self) -> dict[str, Any]:
        """Kind to what is expected of that kind, as in the file's order of kinds."""
        found = ((field.alias or name, getattr(self, name)) for name, field in type(self).model_fields.items())
        return {kind: one for kind, one in found if one is not None}


KINDS = tuple(field.alias or name for name, field in Expectations.model_fields.items())
"""All kinds of expectation, by the words of the file."""
