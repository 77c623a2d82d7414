"""The test that a fixture was made for, and the run that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.plugin.ours import CHECK

if TYPE_CHECKING:
    import pytest

    from pytest_llmops.plugin.checks import Check
    from pytest_llmops.plugin.run import Run


@dataclass(frozen=True, slots=True)
class ThisTest:
    """One test of a run.

    Attributes:
        run: this process's part of the run.
        item: the test.
        check: what is known of it.
    """

    run: Run
    item: pytest.Item
    check: Check

    @classmethod
    def asking(cls, run: Run, request: pytest.FixtureRequest) -> ThisTest:
        """The one that asks for a fixture of a test."""
        return cls(run, request.node, request.node.stash[CHECK])
