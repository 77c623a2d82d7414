"""The golden dataset of a target: its files, what it must cover, which of its cases are known to fail."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from pytest_llmops.target.paths import Below
from pytest_llmops.target.table import Table
from pytest_llmops.target.waivers import CaseWaiver


class Golden(Table):
    """Questions whose right answers are known, ``[targets.NAME.golden]`` (docs, 'golden')."""

    files: list[Below] = Field([], description="Globs beside llmops.toml, e.g. 'golden/*.jsonl'; .csv, .yaml too.")
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
