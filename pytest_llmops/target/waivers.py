"""What is known to be red, until a day: by whom and why."""

from __future__ import annotations

import datetime as dt

from pydantic import Field

from pytest_llmops.target.table import Table


class Waived(Table):
    """Who answers for something red, why, and how long."""

    reason: str = Field(min_length=1)
    owner: str = Field(min_length=1)
    until: dt.date = Field(description="First day on which the waiver no longer counts.")

    def counts(self, today: dt.date) -> bool:
        """Whether it still does."""
        return today < self.until

    @property
    def said(self) -> str:
        """It, as a sentence without its full stop."""
        return f"waived until {self.until} by {self.owner}: {self.reason}"


class Waiver(Waived):
    """A check that is known to be red, until a day."""

    check: str = Field(description="The check's key, e.g. 'daily/test_cache.py::test_hit_rate'.")


class CaseWaiver(Waived):
    """A golden case that is known to fail, until a day."""

    case: str = Field(description="The case's id.")
