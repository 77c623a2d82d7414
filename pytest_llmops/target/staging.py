"""What has to be so on staging before a deploy."""

from __future__ import annotations

from pydantic import Field

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.environments import Environment
from pytest_llmops.target.paths import Below
from pytest_llmops.target.table import Table


class Staging(Table):
    """Where the outcome of the last run against staging lies, and what is about to be deployed."""

    result: Below | None = Field(None, description="The run.json of staging, relative to llmops.toml.")
    commit: Below | None = Field(
        None, description="A file with the commit that is deployed; without it the one that is checked out."
    )
    environment: Environment = Field("staging", description="What the target of that run must have been.")
    plan: Below | None = Field(
        None,
        description="The plan.json (--llmops-plan) of all that has to be checked there; where it is not there, all "
        "that is planned of the ready suites for this target.",
    )
    max_age: Seconds = Field(7 * 86400.0, gt=0, description="How old that run may be.")
