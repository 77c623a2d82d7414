"""Before maintenance: no new work is taken on, and what is under way comes to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record
    from pytest_llmops.report.documents import Documents


@pytest.mark.procedure("document-enhancer.pre-maintenance.drain", fault="maintenance:unread")
@pytest.mark.procedure("document-enhancer.pre-maintenance.drain", fault="start:drained")
def test_new_work_is_refused(operation: Callable[[str], Operated], record: Record, documents: Documents) -> None:
    """Work is refused while the flag is set, and what was begun before is processed; without it work is taken on."""
    done = operation("drain")
    documents.write("drain.md", done.document())
    over = done["finish api"]
    record("drain_time", over.took_s, "s", of=over.seen)
