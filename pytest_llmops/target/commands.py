"""Commands of the application: what is run, in what environment, and which exit statuses are good."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.table import JmesPath, Table


class Report(Table):
    """Where a command that tells of the application's state says what, in its JSON."""

    status: JmesPath = Field(description="JMESPath of its word for the state of the whole.")
    healthy: list[str] = Field(["healthy"], min_length=1, description="Words that are good.")
    alerts: JmesPath = Field(description="JMESPath of the list of alerts that are active.")
    counted: JmesPath | None = Field(
        None, description="JMESPath of how many requests it has seen: where that is 0, it tells of nothing."
    )


class Command(Table):
    """One command of the application."""

    argv: list[str] = Field(min_length=1, description="The words, e.g. ['python', 'manage.py', 'check']; no shell.")
    deadline: Seconds = Field(60.0, gt=0, description="After which it is killed with all that it started.")
    output: Literal["json", "text"] = Field(
        "text", description="json: an output without a whole JSON document in it, noise around it or not, is a failure."
    )
    exit: list[int] = Field([0], description="Exit statuses that are good.")
    env: list[str] = Field([], description="Variables with secrets of this target that it is to have all the same.")
    report: Report | None = Field(None, description="Where its JSON says how the application is.")
    optional: bool = Field(False, description="true: a deployment whose program is not there does without it.")
    unable: str = Field("", description="Why it cannot work as the runbook has it; it is not run, and this is said.")
