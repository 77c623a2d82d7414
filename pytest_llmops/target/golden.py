"""The golden dataset of a target: its cases, how they are asked, what it must cover, which are known to fail."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, model_validator

from pytest_llmops.target.paths import Below
from pytest_llmops.target.table import Regex, Table
from pytest_llmops.target.waivers import CaseWaiver


class Consistent(Table):
    """What answers that say the same have to agree in: cases of one tag, such as one text at several lengths."""

    tag: str = Field(description="Of the cases whose answers are held beside each other.")
    figures: list[str] = Field([], description="Facts that each of the answers has to give, each with a figure in it.")
    terms: dict[str, list[Regex]] = Field(
        {},
        description="Name to the ways of saying it, each an expression of whole words, such as 'acheter|achat': each "
        "answer has one of them, and all have the same.",
    )

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.figures and not self.terms:
            raise ValueError("nothing is asked for; give figures or terms")
        if short := next((name for name, ways in self.terms.items() if len(ways) < 2), ""):
            raise ValueError(f"terms.{short} has one way of saying it, and needs two: else nothing could differ")
        return self


class Judge(Table):
    """A model that says of open-ended answers whether they will do, ``[targets.NAME.golden.judge]``."""

    component: str = Field("judge", description="Who judges: components.judge, or a model server of the target.")
    repeats: int = Field(3, ge=2, le=20, description="How often it is asked about the same answer.")
    max_tokens: int = Field(96, gt=0, description="Length of a verdict.")
    gates: bool = Field(False, description="true: a share that is surely below golden.pass_rate fails the test.")


class Golden(Table):
    """Questions whose right answers are known, ``[targets.NAME.golden]`` (docs, 'golden')."""

    files: list[Below] = Field([], description="Globs beside llmops.toml, e.g. 'golden/*.jsonl'; .csv, .yaml too.")
    cases: list[dict[str, Any]] = Field([], description="Further cases, each a table as in a golden file.")
    repeats: int = Field(3, ge=1, le=100, description="How often each case is asked.")
    pass_rate: float = Field(0.9, gt=0, le=1, description="Share of answers that has to pass.")
    rates: dict[str, float] = Field(
        {}, description="Other shares, by kind of expectation: numbers = 1.0 wants every figure to be right."
    )
    at_least: int | None = Field(
        None, ge=1, description="A case passes where so many of its repeats do, and the share is that of cases."
    )
    max_tokens: int = Field(256, gt=0, description="Length of an answer, where a model server is asked.")
    consistent: dict[str, Consistent] = Field({}, description="Answers that have to agree, by what they are of.")
    judge: Judge | None = Field(None, description="Who judges cases with a rubric; without it nobody does.")
    tags: list[str] = Field([], description="Tags that must have cases.")
    languages: list[str] = Field([], description="Languages of questions that must have cases, e.g. 'fr'.")
    kinds: list[str] = Field([], description="Kinds of expectation that must have cases, e.g. 'number'.")
    fewest: int = Field(1, ge=1, description="Cases that each of them must have.")
    waivers: list[CaseWaiver] = Field([], description="Cases that are known to fail, until a day.")

    @model_validator(mode="after")
    def _waived_once(self) -> Self:
        ids = [one.case for one in self.waivers]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"waivers: the case {twice[0]!r} is waived twice; once is enough")
        return self

    @model_validator(mode="after")
    def _can_pass(self) -> Self:
        if self.at_least is not None and self.at_least > self.repeats:
            raise ValueError(
                f"at_least = {self.at_least} passes cannot be of {self.repeats} repeats; raise repeats, or lower it"
            )
        if wrong := next((name for name, rate in self.rates.items() if not 0 < rate <= 1), ""):
            raise ValueError(f"rates.{wrong} is {self.rates[wrong]:g}; a pass rate is above 0, and 1 at most")
        return self
