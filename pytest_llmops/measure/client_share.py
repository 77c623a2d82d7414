"""How much of the measured time was our own: a client that is waited for measures itself.

What counts is the time in which the thread that makes a call waits for a CPU, and what it computes beyond the price of
a call. That price (0.1 ms for Redis to 1.5 ms over HTTP) is in every run alike and in the baseline too, and on loopback
it is most of a call of one millisecond: it says nothing against the measurement. ``benchmarks/client_share.py`` prints
the shares; on two CPUs they were, by this rule:

    call                               beside 0    4    16 busy processes
    a streamed answer, 140 ms               2 %  31 %  71 %
    a question to the API, 240 ms           1 %  12 %  28 %
    a vector search, 2.5 ms                30 %  84 %  94 %
    a call that computes for 20 ms         91 %  98 %  99 %
"""

from __future__ import annotations

import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.samples import Sample

LIMIT = 0.80
"""Share of a run's measured time above which the client was the bottleneck (k6 and inference-perf void at the same)."""

PRICE_S = 0.002
"""What a call may compute for nothing: more than one over HTTP needs on a machine of today."""

SCHEDSTAT = Path("/proc/thread-self/schedstat")
"""Linux: nanoseconds on a CPU, nanoseconds waiting for one, times that it got one; of the thread that reads it."""


class OwnTime:
    """The time of the thread that makes it: what it computes, and what it waits for a CPU, from now on."""

    def __init__(self) -> None:
        self._waited = _waited_s()
        self._computed = time.thread_time()

    def taken(self) -> tuple[float, float]:
        """Seconds of computing and of waiting since it was made; the latter 0 where the system does not tell."""
        return time.thread_time() - self._computed, _waited_s() - self._waited


def share(sample: Sample, *, waits: bool = True) -> float:
    """Which share of a call was our own, from 0 to 1; on request without the waits for a CPU."""
    own_s = max(0.0, sample.computing_s - PRICE_S) + (sample.waiting_s if waits else 0.0)
    return min(1.0, own_s / sample.duration_s) if sample.duration_s else 0.0


def bottleneck(name: str, runs: Sequence[Sequence[Sample]], *, well: bool = False) -> str:
    """Why a measurement is void because our own client was the bottleneck of a whole run; empty where it was not.

    It was, if more than the limit of the run's time was its own, and of most of its calls too: a hiccup that stretches
    a few short calls hardly moves what is compared.

    Args:
        name: of the measurement.
        runs: the calls of each run, warm-up apart.
        well: whether its times were judged, and well. Then waits do not count: they only add to a time, and what is
            fast enough with them is fast enough. What the client computes counts all the same: the baseline has it
            too, and a server that has become slower hides behind it.
    """
    for run in runs:
        shares = [share(sample, waits=not well) for sample in run]
        wall_s = sum(sample.duration_s for sample in run)
        own_s = sum(part * sample.duration_s for part, sample in zip(shares, run, strict=True))
        if not wall_s or own_s / wall_s <= LIMIT or median(shares) <= LIMIT:
            continue
        waits = sum(sample.waiting_s for sample in run) > sum(sample.computing_s for sample in run)
        advice = "Run it on a less busy machine." if waits else "Let the timed call compute less."
        return (
            f"{name}: our own client was busy or waiting for a CPU in {own_s / wall_s:.0%} of the measured time "
            f"(limit {LIMIT:.0%}): this measures the client. {advice}"
        ).replace("%", " %")
    return ""


def _waited_s() -> float:
    try:
        _, waited_ns, _ = map(int, SCHEDSTAT.read_bytes().split())
    except (OSError, ValueError):  # another system, or a kernel that keeps no such account
        return 0.0
    return waited_ns / 1e9
