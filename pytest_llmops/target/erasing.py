"""How a person's data are deleted from a target, and where it is looked for what is left."""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import Field, model_validator

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.table import JmesPath, Table

Kept = Literal["logs", "traces", "feedback", "backups"]
"""Stores of personal data that are files, or that a command prints."""


class Place(Table):
    """Where a store of personal data is read: its files, or a command that prints what is in it of late."""

    files: list[str] = Field([], description="Globs below the erasure's root; those of them that were written since.")
    command: str = Field("", description="A command of app_command that prints what the store has of the last hour.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if bool(self.files) == bool(self.command):
            raise ValueError("write either files or command: one place is looked at")
        return self


class Erasure(Table):
    """How the deletion of a person's data ends, and where it is looked whether anything of the person is left."""

    within: Seconds = Field(60.0, gt=0, description="From the request on, until nothing of the person is left.")
    every: Seconds = Field(1.0, gt=0, description="How often it is looked meanwhile.")
    done: list[str] = Field(["completed"], min_length=1, description="States of a deletion that has ended well.")
    failed: list[str] = Field(["failed", "partial"], description="States of one that has ended otherwise.")
    steps: JmesPath | None = Field(
        None, description="Of the route deletion: JMESPath to a table of its steps, each with a status."
    )
    good: list[str] = Field(["success", "skipped"], min_length=1, description="What the status of a step may be.")
    purges: str = Field(
        "",
        description="Of a system that deletes nobody's data: the command of app_command that looks for what would, a "
        "line each. It has to find nothing.",
    )
    root: str = Field(".", description="Below which the files of places lie; relative to llmops.toml.")
    places: dict[Kept, Place] = Field({}, description="Where logs, traces, feedback and backups are read.")
    point: dict[str, Any] = Field(
        {},
        description="Payload of the point that stands for a person's document, where no route ingests one: a template "
        "with {user}, {document} and {text}.",
    )
    keeps: dict[str, str] = Field(
        {},
        description="Stores from which nothing of a person is ever deleted, by contract, and how that is known: its "
        "receipt is unsupported.",
    )
