"""Commands of the application: what is run, in what environment, and which exit statuses are good."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.table import Table


class Command(Table):
    """One command of the application."""

    argv: list[str] = Field(min_length=1, description="The words, e.g. ['python', 'manage.py', 'check']; no shell.")
    deadline: Seconds = Field(60.0, gt=0, description="After which it is killed with all that it started.")
    output: Literal["json", "text"] = Field(
        "text", description="json: an output without a whole JSON document in it, noise around it or not, is a failure."
    )
    exit: list[int] = Field([0], description="Exit statuses that are good.")
    env: list[str] = Field([], description="Variables with secrets of this target that it is to have all the same.")
    unable: str = Field("", description="Why it cannot work as the runbook has it; it is not run, and this is said.")
