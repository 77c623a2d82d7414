"""Whether a load run measured its target, or its own generator: pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.load.plan import LoadPlan
    from pytest_llmops.load.recording import Recording
    from pytest_llmops.load.workers import Worker

DELAY_S = 0.010
"""Median by which calls may begin later than they were due: above it the generator is what is waited for."""

SENT = 0.95
"""Share of the calls that were due which must have been sent."""

CPU = 0.80
"""Share of a core that a generating process may take: one that takes more is late again and again."""


def doubts(plan: LoadPlan, recording: Recording, workers: Sequence[Worker]) -> list[str]:
    """Why the run says nothing of its target, a sentence each; empty where it is sound.

    That the target answered late or not at all is none of them: that is the result.

    Args:
        plan: what was to be sent.
        recording: what was.
        workers: who sent it.
    """
    return [one for one in (_lost(workers), _late(plan, recording), _sent(plan, workers), _busy(workers)) if one]


def _lost(workers: Sequence[Worker]) -> str:
    lost = [worker for worker in workers if worker.lost]
    if not lost:
        return ""
    named = ", ".join(f"{worker} ({worker.lost})" for worker in lost)
    kept = sum(worker.calls for worker in lost)
    lacking = f"{len(lost)} of {len(workers)} generating processes were lost: {named}"
    return f"{lacking}; what they had reported is kept ({kept} calls)"


def _late(plan: LoadPlan, recording: Recording) -> str:
    delays = recording.times("delay")
    if not plan.open or not len(delays):
        return ""
    middle = float(np.median(delays))
    if middle <= DELAY_S:
        return ""
    return (
        f"calls began {spoken(middle)} later than they were due (median; {spoken(DELAY_S)} are allowed): the generator "
        f"was waited for; give it more processes, or a lower rate"
    )


def _sent(plan: LoadPlan, workers: Sequence[Worker]) -> str:
    """Whether calls were due and not sent, in workers that were there until the end."""
    due, sent = sum(worker.due for worker in workers), sum(worker.begun for worker in workers)
    if not plan.open or not due or sent >= SENT * due or any(worker.lost for worker in workers):
        return ""
    return (
        f"the generator sent {sent} of the {due} calls that were due ({100 * sent / due:.0f} %; {100 * SENT:.0f} % are "
        f"needed); give it more processes, or a lower rate"
    )


def _busy(workers: Sequence[Worker]) -> str:
    busy = [worker for worker in workers if worker.cpu > CPU]
    if not busy:
        return ""
    named = ", ".join(f"{worker} {100 * worker.cpu:.0f} %" for worker in busy)
    return (
        f"a generating process took more than {100 * CPU:.0f} % of a core ({named}): its times are its own; give it "
        f"more processes, or a lower rate"
    )
