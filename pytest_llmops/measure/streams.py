"""What a figure of streams cannot say by itself: answers that never began, counts that are none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.measure.results import Result

if TYPE_CHECKING:
    from pytest_llmops.measure.results import Measurement


def qualify(measurement: Measurement) -> None:
    """Say of TTFO which answers it lacks, and of TPOT why it is not there though the server counts tokens."""
    streams = [sample.stream for sample in measurement.samples if sample.ok and not sample.cold]
    ttfo, tpot = f"{measurement.name}.ttfo", f"{measurement.name}.tpot"
    silent = sum(stream.reasoned and stream.first_answer_s is None for stream in streams)
    if silent:
        said = f"{silent} of {len(streams)} calls ended before the answer began"
        measurement.results = [
            replace(one, reason=f"{one.reason}; {said}") if one.name == ttfo else one for one in measurement.results
        ]
    odd = next((stream for stream in streams if stream.miscounted), None)
    if odd is not None and all(result.name != tpot for result in measurement.results):
        reason = (
            f"{tpot} is not known: the server counts {odd.tokens_streamed} tokens where it streamed "
            f"{len(odd.token_times_s)} pieces, so it counts something else"
        )
        measurement.results.append(Result(tpot, "s", None, reason=reason))
        measurement.notes.append("not judged")
