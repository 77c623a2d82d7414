"""Caches of the application's own files are emptied where room or memory is short."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.machine import Machine
    from pytest_llmops.control.change import Change
    from pytest_llmops.operate.cleanup import CleanUp
    from pytest_llmops.operate.recovery import Recovered
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.needs("files")
@pytest.mark.parametrize(
    ("name", "component"),
    [
        pytest.param(
            "all-responses",
            "api",
            marks=pytest.mark.procedure("document-enhancer.disk-full.clean-cache", fault="responses:linked"),
        ),
        pytest.param(
            "temporary",
            "ui",
            marks=pytest.mark.procedure("agent-aiops.resource-failure.clear-temp-and-cache", fault="temporary:linked"),
        ),
    ],
)
def test_cache_is_emptied(
    name: str,
    component: str,
    cleanup: Callable[[str], CleanUp],
    change: Change,
    recovered: Callable[[str, Callable[[], object]], Recovered],
    machine: Machine,
    documents: Documents,
    record: Record,
) -> None:
    """Nothing is left of the cache, the service works without it, and what it takes to fill it again is recorded."""
    cache = cleanup(name)
    gone = cache.plan(some=True)
    assert gone.going, f"{name}: there is nothing that could go, so no room is won: look elsewhere"
    used = machine.figure("memory")
    record(f"without_cache_time[{name}]", recovered(component, lambda: cache.set_aside(change)).took_s, "s")
    stuck = cache.plan().stuck
    assert not stuck, f"{name}: cannot go: {'; '.join(f'{file} is {why}' for file, why in stuck.items())}"
    cache.finish()
    documents.write(f"cleanup-{name}-done.md", gone.document(done=True))
    record(f"space_freed[{name}]", gone.megabytes, "MB", of=gone.said)
    if gone.worth is not None:
        record(f"tokens_to_fill[{name}]", gone.worth, "tokens")
    record(f"memory_before[{name}]", used, "%")
    record(f"memory_after[{name}]", machine.figure("memory"), "%")
