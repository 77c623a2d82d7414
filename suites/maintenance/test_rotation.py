"""Log rotation: whoever writes a log goes on in a new file, and what stood in the old one is kept, line by line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.log_handover import Handed
    from pytest_llmops.clients.logs import Logs
    from pytest_llmops.operate.operated import Operated
    from pytest_llmops.plugin.recording import Record


def judge(handed: Handed, record: Record, how: str) -> None:
    """The log goes on, and none of its lines is lost."""
    record(f"log_handover[{how}]", handed.took_s, "s", of=f"{handed.file}, before that {handed.rotated or 'nowhere'}")
    assert not handed.wrong, f"logs: {'; '.join(handed.wrong)}"
    record(f"lost_lines[{how}]", len(handed.lost), "lines")


@pytest.mark.procedure(
    "document-enhancer.logrotate.postrotate-signal",
    "document-enhancer.weekly-maintenance.log-rotation",
    fault="log:deaf",
)
@pytest.mark.procedure(
    "document-enhancer.logrotate.postrotate-signal",
    "document-enhancer.weekly-maintenance.log-rotation",
    fault="log:unhandled",
)
@pytest.mark.procedure("document-enhancer.weekly-maintenance.log-rotation", fault="rotate_logs:nothing")
def test_writer_goes_on_after_a_forced_rotation(
    logs: Logs, operation: Callable[[str], Operated], record: Record
) -> None:
    """The process that writes the log lives, and writes into the new file from then on."""
    with logs.handover("app") as handover:
        operation("rotate-logs")
        judge(handover.over(), record, "forced")


@pytest.mark.procedure("document-enhancer.log-rotate-manual.rotate", fault="rotate_by_hand:as-written")
@pytest.mark.procedure("document-enhancer.log-rotate-manual.rotate", fault="rotate_by_hand:plain")
def test_log_is_rotated_by_hand(logs: Logs, operation: Callable[[str], Operated], record: Record) -> None:
    """The old part is compressed and holds every line that is not in the new file, in which the writer goes on."""
    with logs.handover("app") as handover:
        operation("rotate-logs-by-hand")
        handed = handover.over()
    judge(handed, record, "by-hand")
    assert handed.compressed, f"logs: {handed.rotated} is not compressed"
