"""Cold calls: too many of them, and what was measured is a model that comes and goes."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.samples import Sample

SHARE = 0.05
"""Of a measurement's calls: with more cold ones the others say nothing of a usual day."""

AT_LEAST = 2
"""A single cold call is somebody else's model that needed the room once, however few the calls are."""


def reloaded(name: str, runs: Sequence[Sequence[Sample]]) -> str:
    """Why a measurement is void because its model did not stay in memory; empty where it did.

    Args:
        name: of the measurement.
        runs: the calls of each run, warm-up apart: there a model may well be loaded.
    """
    calls = [sample for run in runs for sample in run]
    cold = [sample.stream.load_s or 0.0 for sample in calls if sample.cold]
    if len(cold) < AT_LEAST or len(cold) <= SHARE * len(calls):
        return ""
    return (
        f"{name}: the model was loaded anew in {len(cold)} of {len(calls)} calls, for {spoken(median(cold))} each: it "
        f"does not stay in memory. Let the server keep it longer (Ollama: keep_alive), or give it more room."
    )
