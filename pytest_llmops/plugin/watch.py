"""Watches the collection for tests of ours; a run without any pays for no more than this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_llmops.plugin.ours import is_ours, run_of

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_pycollect_makeitem(collector: pytest.Collector) -> Generator[None, Any, Any]:
    """Refuse a procedure that is in no catalogue."""
    made = yield
    for item in made if isinstance(made, list) else [made]:
        if isinstance(item, pytest.Item) and is_ours(item):
            from pytest_llmops.plugin.selection import know_procedures

            know_procedures(item, collector)
    return made


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None, object, object]:
    """Mark tests of ours, let others select, then leave out what does not apply."""
    ours = [item for item in items if is_ours(item)]
    if not ours:
        return (yield)
    from pytest_llmops.plugin.selection import Selection

    run = run_of(config)
    run.engage()
    selection = Selection(run)
    for item in ours:
        selection.mark(item)
    result = yield
    selection.settle(config, items)
    return result
