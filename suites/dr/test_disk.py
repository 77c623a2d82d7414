"""A disk that is nearly full: the machine's own figure says so, and says when there is room again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_llmops.control.change import Change
    from pytest_llmops.plugin.drilling import Drill


@pytest.mark.generic
@pytest.mark.procedure(fault="disk:unseen")
@pytest.mark.procedure(fault="disk:kept")
@pytest.mark.needs("machine")
def test_a_disk_that_is_nearly_full_is_noticed(drill: Drill, change: Change) -> None:
    """Each disk with ballast is filled as far as its table says: a limit of its figure is broken until that is gone."""
    for name, figure in change.ballast().items():
        _nearly_full(name, figure, drill, change)


def _nearly_full(name: str, figure: str, drill: Drill, change: Change) -> None:
    drill(
        f"{name}-nearly-full",
        "machine",
        lambda: change.fill(name),
        figure=figure,
        recovery=lambda: change.clear(name),
        within_s=change.deadline_s(name),
    )
