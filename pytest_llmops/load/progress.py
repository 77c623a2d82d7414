"""A line now and then about a load run that goes on: what is sent, how long it takes, what fails, how long it lasts."""

from __future__ import annotations

import json
import time
from collections import deque
from typing import TYPE_CHECKING

import numpy as np

from pytest_llmops.load.recording import Batch, times_of
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from pytest_llmops.load.plan import LoadPlan

SAY_EVERY_S = 5.0


class Progress:
    """What is known of a run from its reports so far.

    Args:
        plan: what is sent.

    Attributes:
        over: workers that have made their last report.
        ended: why one of them ended before its time, in words; empty while none has.
    """

    def __init__(self, plan: LoadPlan) -> None:
        self.plan = plan
        self.over = 0
        self.ended = ""
        self._spoken_at = time.monotonic()
        self._recent: deque[Batch] = deque()
        self._newest: dict[int, Batch] = {}

    def after(self, line: str) -> str:
        """Take a report; the line that is to be said now, mostly none."""
        batch = Batch.read(json.loads(line))
        self._recent.append(batch)
        self._newest[batch.worker] = batch
        self.over += batch.last
        self.ended = self.ended or batch.ended
        if time.monotonic() - self._spoken_at < SAY_EVERY_S:
            return ""
        self._spoken_at = time.monotonic()
        said = self._said()
        self._recent.clear()
        return said

    def _said(self) -> str:
        """Of the calls since the last line."""
        newest = self._newest.values()
        took_s, begun = max(batch.wall_s for batch in newest), sum(batch.begun for batch in newest)
        waiting = sum(batch.in_flight for batch in newest)
        count, failed = sum(batch.count for batch in self._recent), sum(map(_failed, self._recent))
        words = [f"{begun / max(took_s, 1e-9):.3g} calls/s sent" + self._of_offered(took_s), _p95(self._recent)]
        words += [f"{failed} of {count} failed", f"{waiting} waiting", self._left(took_s, begun)]
        return f"{self.plan.name}: {', '.join(word for word in words if word)}"

    def _of_offered(self, took_s: float) -> str:
        return f" of {self.plan.rate:.3g} offered" if self.plan.open and took_s < self.plan.lasts_s else ""

    def _left(self, took_s: float, begun: int) -> str:
        if self.plan.lasts_s:
            left_s = self.plan.lasts_s - took_s
            return f"{spoken(left_s)} left" if left_s > 0 else "waiting for the last answers"
        return f"{begun} of {self.plan.offered:.0f} calls"


def _failed(batch: Batch) -> int:
    return int((batch.calls["kind"] > 0).sum()) + sum(batch.failed.values())


def _p95(batches: deque[Batch]) -> str:
    times = [times_of(batch.calls[batch.calls["kind"] == 0], "response") for batch in batches]
    times += [batch.histograms["response"].values() for batch in batches if "response" in batch.histograms]
    together = np.concatenate(times) if times else np.empty(0)
    return f"p95 {spoken(float(np.percentile(together, 95)))}" if len(together) else ""
