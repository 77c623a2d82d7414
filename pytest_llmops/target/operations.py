"""Operations: what a runbook has done to a system, step by step, as data."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.table import Table

Doing = Literal[
    "stop", "start", "restart", "roll", "kill", "pause", "resume", "set", "run", "check", "wait", "begin", "finish"
]
Condition = Literal["up", "healthy", "away"]

NEEDS: dict[str, tuple[str, ...]] = {"wait": ("lasts",), "begin": ("on", "work", "remains")}
"""What a kind of step has to say beside ``do``; most name what they are done to."""

ONLY: dict[str, tuple[str, ...]] = {
    "to": ("set", "check"),
    "printed_by": ("set", "check"),
    "state": ("check",),
    "route": ("check",),
    "within": ("check", "finish"),
    "remains": ("run", "begin"),
    "lasts": ("wait",),
    "work": ("begin",),
    "refused": ("begin",),
}
"""The kinds of steps that read a key."""


class Step(Table):
    """One step of an operation."""

    do: Doing = Field(
        description="An act on a component, set a setting, run a command, check, wait, begin work of a service, or see "
        "what was begun to its end."
    )
    on: str = Field("", description="The component, the setting, or the command of app_command.")
    name: str = Field("", description="What people call it; else 'stop api'.")
    to: str | None = Field(None, description="set: the new value; check of a setting: the value that it is to have.")
    printed_by: str | None = Field(None, description="The same, as the command of that name prints it.")
    state: Condition = Field(
        "up",
        description="check of a component: up (it passes its preflight), healthy (its health route says so, too), "
        "away (it cannot be reached).",
    )
    route: str = Field("", description="check of a service: this route of it is answered with a status 2xx.")
    within: Seconds = Field(60.0, gt=0, description="check, finish: how long it may take until it is so.")
    remains: str = Field("", description="run, begin: what it leaves behind that nothing takes back; a sentence's end.")
    lasts: Seconds = Field(0.0, ge=0, description="wait: how long.")
    work: str = Field(
        "", description="begin: which of its workflows, over the first file that its route files names; routes.start."
    )
    refused: bool = Field(False, description="begin: it is to be turned away.")

    @property
    def said(self) -> str:
        """What people call it."""
        return self.name or self.does

    @property
    def does(self) -> str:
        """What it does to what: ``stop api``."""
        return " ".join(filter(None, (self.do, self.on)))

    @model_validator(mode="after")
    def _says_what_it_needs(self) -> Self:
        for key in NEEDS.get(self.do, ("on",)):
            if not getattr(self, key):
                raise ValueError(f"a step that does {self.do!r} needs {key}")
        for key, kinds in ONLY.items():
            if key in self.model_fields_set and self.do not in kinds:
                raise ValueError(
                    f"{key} says nothing of a step that does {self.do!r}; it goes with {' or '.join(kinds)}"
                )
        if self.route and "state" in self.model_fields_set:
            raise ValueError("a check looks at a state or at a route; have a step for each")
        if self.to is not None and self.printed_by is not None:
            raise ValueError("a value is given by one of to and printed_by")
        if self.do == "set" and self.to is None and self.printed_by is None:
            raise ValueError("set needs a value: to, or printed_by")
        return self


class Operation(Table):
    """What is done, in order; a step that fails ends it, and what was done is taken back."""

    about: str = Field(min_length=1, description="What it is for, in one sentence.")
    lasting: bool = Field(
        False, description="true: once every step has held, what was done stays. Otherwise it is a rehearsal."
    )
    steps: list[Step] = Field(min_length=1)
