"""What a figure of streams cannot say by itself: answers that never began, counts that are none."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.measure.results import Result

if TYPE_CHECKING:
    from pytest_llmops.measure.results import Measurement
    from pytest_llmops.samples import Stream


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
    why = next(filter(None, map(_why_no_tpot, streams)), "")
    if why and all(result.name != tpot for result in measurement.results):
        measurement.results.append(Result(tpot, "s", None, reason=f"{tpot} is not known: {why}"))
        measurement.notes.append("not judged")


def _why_no_tpot(stream: Stream) -> str:
    """Why an answer of several tokens has none; empty where it has one, or is no such answer."""
    if stream.miscounted:
        return (
            f"the server counts {stream.tokens_streamed} tokens where it streamed {len(stream.token_times_s)} pieces, "
            "so it counts something else"
        )
    return "all tokens of an answer came at once, so something on their way holds them back" if stream.at_once else ""
