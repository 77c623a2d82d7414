"""The questions of a target's workload."""

from __future__ import annotations

from pydantic import Field

from pytest_llmops.target.table import Table


class PromptText(Table):
    """One prompt of the target's workload."""

    id: str = Field(description="Stable name: the same id in two runs pairs their samples.")
    text: str = Field(description="What is sent.")
    expect: str = Field("", description="Words that a right answer contains.")
