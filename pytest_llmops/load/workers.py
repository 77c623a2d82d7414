"""The generating processes of a load run: what each was to send, what it sent, and whether it was lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.load.recording import Sent

if TYPE_CHECKING:
    from pytest_llmops.load.recording import Batch, Recording


@dataclass
class Worker(Sent):
    """One generating process, by its last report.

    Attributes:
        calls: those that were over, and are kept.
        cpu: share of a core that it took while it sent.
        lost: why there is no last report of it; empty where there is.
    """

    calls: int = 0
    cpu: float = 0.0
    lost: str = ""

    def __str__(self) -> str:
        return f"worker {self.worker + 1}" + (f" on {self.host}" if self.host else "")


def workers_of(recording: Recording, expected: int, *, over: bool) -> list[Worker]:
    """Each generating process, as its reports tell.

    Args:
        recording: all reports.
        expected: how many processes there were to be.
        over: whether the run came to its own end, or to one that was asked for: then a process without a last report
            is lost. Of a run that was broken off nobody had the time for one.
    """
    by_number: dict[int, list[Batch]] = {number: [] for number in range(expected)}
    for batch in recording.batches:
        by_number.setdefault(batch.worker, []).append(batch)
    return [_worker(number, batches, over=over) for number, batches in sorted(by_number.items())]


def _worker(number: int, batches: list[Batch], *, over: bool) -> Worker:
    if not batches:
        return Worker(number, lost="it never reported")
    newest = max(batches, key=lambda one: (one.last, one.at))
    sending = [one for one in batches if one.cpu_s and not one.last] or [newest]
    measured = max(sending, key=lambda one: one.at)
    return Worker(
        worker=number,
        pid=newest.pid,
        host=newest.host,
        due=newest.due,
        begun=newest.begun,
        calls=sum(one.count for one in batches),
        cpu=measured.cpu_s / measured.wall_s if measured.wall_s else 0.0,
        lost="" if newest.last or not over else "it reported no more",
    )
