"""What a load run came to: its calls, its workers, how it ended, and whether it measured its target."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_llmops.judge.estimate import statistic
from pytest_llmops.load.aspects import REFUSED, failed_pct, quicker_pct, recovery_s, refused_pct, waited
from pytest_llmops.load.plan import LoadPlan
from pytest_llmops.load.recording import Recording, read_lines
from pytest_llmops.load.soundness import doubts
from pytest_llmops.load.workers import Worker, workers_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from pytest_llmops.load.joining import Course

DONE = "done"
INTERRUPTED = "interrupted"
"""How a run ended that sent all it was to send, and one at Ctrl-C. Others: ``stopped: WHY``, ``broken off: WHY``."""


@dataclass(frozen=True)
class LoadResult:
    """What a load run came to.

    Attributes:
        plan: what was to be sent.
        recording: what became of it.
        started: when the first call was due, wall clock.
        ended: `DONE`, or why it ended before, in words.
        workers: the generating processes.
        file: where the reports are kept; None where they are not.
        beside: figures of the deployment over the same time, by name, where any were asked for.
    """

    plan: LoadPlan = field(repr=False)
    recording: Recording = field(repr=False)
    started: float
    ended: str
    workers: tuple[Worker, ...] = ()
    file: Path | None = None
    beside: Mapping[str, Course] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """Whether everything was sent that was to be."""
        return self.ended == DONE

    @property
    def voids(self) -> list[str]:
        """Why it says nothing of its target, a sentence each; empty where it does."""
        return doubts(self.plan, self.recording, self.workers)

    def times(self, part: str = "response") -> NDArray[np.float64]:
        """Seconds of every successful call: ``response service ttft ttfo tpot delay``."""
        return self.recording.times(part)

    def value(self, which: str, part: str = "response") -> float:
        """A statistic of a part, in seconds: exact from every call, to 0.1 % of very many.

        Args:
            which: ``typical mean p50 p90 p95 p99``.
            part: as of :meth:`times`.

        Raises:
            ValueError: there is none, for no call has such a part; or nobody knows such a statistic.
        """
        return statistic([float(value) for value in self.times(part)], which)

    @property
    def refused_pct(self) -> float:
        """Calls that were answered 429, in % of all; NaN where there was none."""
        refused = sum(self.recording.failures.get(kind, 0) for kind in REFUSED)
        return 100 * refused / self.calls if self.calls else float("nan")

    def refused_in(self, stage: int) -> float:
        """Calls due in one stage, from 0 on, that were answered 429, in % of these.

        Raises:
            Vacuous: none was due.
        """
        return refused_pct(self, stage)

    def failed_in(self, stage: int) -> float:
        """Calls due in one stage, from 0 on, that failed in whatever way, refused ones too, in % of these.

        Raises:
            Vacuous: none was due.
        """
        return failed_pct(self, stage)

    def waited(self, alone: LoadResult) -> int:
        """How many streamed answers began later than they would have without others, by half an answer and more.

        Args:
            alone: the same questions, one after the other.

        Raises:
            Vacuous: none of either was streamed and answered.
        """
        return waited(self.recording.calls, alone.recording.calls)

    def recovery_s(self) -> float:
        """Seconds from the end of the spike until calls are as quick again as before it; see ``load/aspects.py``.

        Raises:
            Vacuous: there is no spike; too few calls were due before it or after it; or most of those before failed.
        """
        return recovery_s(self)

    def quicker_than(self, before: LoadResult) -> float:
        """By how many % its calls are quicker than those before, on the mean, beyond doubt; 0 where they may not be.

        Raises:
            Vacuous: too few calls were answered.
        """
        return quicker_pct(before, self)

    @property
    def calls(self) -> int:
        """Calls that are over, failed ones too."""
        return self.recording.count

    @property
    def error_rate(self) -> float:
        """Failed calls as a share of all; NaN where there was none."""
        return self.recording.error_rate

    @property
    def offered(self) -> float:
        """Calls a second that were due, by the plan's own end or by that of the run; 0 of a closed loop."""
        due = sum(worker.due for worker in self.workers)
        sent_s = min(self.plan.lasts_s, self.lasted_s) or 1.0
        return (self.plan.rate if self.whole else due / sent_s) if self.plan.open else 0.0

    @property
    def rate(self) -> float:
        """Calls a second that were answered well, until the last answer came: what the target carried."""
        span_s = max(self.lasted_s, self.plan.lasts_s if self.whole else 0.0)
        return self.recording.succeeded / span_s if span_s else 0.0

    @property
    def sent(self) -> float:
        """Share of the calls that were due which were sent."""
        due = sum(worker.due for worker in self.workers)
        return sum(worker.begun for worker in self.workers) / due if due else 0.0

    @property
    def lasted_s(self) -> float:
        """Seconds from the start to the end of the last call that is over."""
        if not self.recording.raw:
            return max((batch.wall_s for batch in self.recording.batches), default=0.0)
        calls = self.recording.calls
        return float(np.max(calls["started"] + calls["service_s"]) - self.started) if len(calls) else 0.0

    def goodput(self, limits: Mapping[str, float]) -> float:
        """Share of all calls that succeeded within every limit.

        Args:
            limits: seconds by part (``response``, ``ttft``, …); a call that has no such part is judged by the others.

        Raises:
            ValueError: there are too many calls to tell which of them kept several limits.
        """
        if not self.recording.raw:
            return self._least_goodput(limits)
        calls = self.recording.calls
        good = calls["kind"] == 0
        for part, limit in limits.items():
            values = calls["delay_s"] + calls["service_s"] if part == "response" else calls[f"{part}_s"]
            good &= ~((values + calls["delay_s"] if part in {"ttft", "ttfo"} else values) > limit)
        return float(good.mean()) if len(calls) else float("nan")

    def _least_goodput(self, limits: Mapping[str, float]) -> float:
        if len(limits) > 1:
            raise ValueError(f"of {self.calls} calls only counts are kept; ask for one limit at a time")
        good = self.recording.succeeded
        for part, limit in limits.items():
            good -= int((self.times(part) > limit).sum())
        return good / self.calls if self.calls else float("nan")

    def of(self, request: str) -> NDArray[Any]:
        """The calls (``recording.RECORD``) of one request of the mix, by its name.

        Raises:
            KeyError: the plan has none of that name.
        """
        names = [one.name for one in self.plan.requests]
        if request not in names:
            raise KeyError(request)
        calls = self.recording.calls
        return np.asarray(calls[calls["request"] == names.index(request)])


def result_of(
    plan: LoadPlan, lines: Sequence[str | bytes], started: float, ended: str, file: Path | None = None
) -> LoadResult:
    """The result of these reports.

    Args:
        plan: what was to be sent.
        lines: of all workers, as they came.
        started: when the run began, wall clock, for one that nobody reported of.
        ended: how it ended.
        file: where the lines are kept.
    """
    recording = Recording(read_lines(lines))
    began = min((batch.began for batch in recording.batches if batch.began), default=started)
    over = not ended.startswith("broken off")
    return LoadResult(plan, recording, began, ended, tuple(workers_of(recording, plan.generators, over=over)), file)


def read_result(file: Path) -> LoadResult:
    """The result that was kept in a file: plan and end in its first and last line, reports between."""
    head, *lines = file.read_bytes().splitlines()
    first = json.loads(head)
    last = json.loads(lines[-1]) if lines and lines[-1].startswith(b'{"ended"') else {"ended": "broken off"}
    return result_of(LoadPlan.model_validate(first["plan"]), lines, float(first["started"]), str(last["ended"]), file)
