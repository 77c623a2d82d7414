"""The calls of a load run as samples, which all else of the house judges."""

from __future__ import annotations

from math import isnan
from typing import TYPE_CHECKING

from pytest_llmops.samples import Sample, Stream

if TYPE_CHECKING:
    from pytest_llmops.load.result import LoadResult


def samples_of(result: LoadResult) -> list[Sample]:
    """Every call, in the order in which they were due: its duration, TTFT and TTFO from then on.

    Of very many calls, which are only counted, a sample for each of their times, ascending, and then the failures.
    """
    recording, ids = result.recording, [[one.id for one in request.prompts] for request in result.plan.requests]
    if not recording.raw:
        well = [Sample("", result.started, float(value)) for value in recording.times("response")]
        failed = (kind for kind, count in recording.failures.items() for _ in range(count))
        return [*well, *(Sample("", result.started, 0.0, error=kind) for kind in failed)]
    found = []
    for call in recording.calls.tolist():
        _, request, prompt, kind, _, tokens, started, delay_s, service_s, ttft_s, ttfo_s, tpot_s = call
        error = recording.kinds[kind - 1] if kind else None
        stream = Stream() if isnan(ttft_s) else _stream(delay_s, ttft_s, ttfo_s, tpot_s, tokens)
        found.append(Sample(ids[request][prompt], started - delay_s, delay_s + service_s, stream, error))
    return found


def _stream(delay_s: float, ttft_s: float, ttfo_s: float, tpot_s: float, tokens: int) -> Stream:
    """Timings that tell the same TTFT, TTFO and TPOT."""
    first, last = delay_s + ttft_s, delay_s + ttft_s + (0.0 if isnan(tpot_s) else tpot_s * (tokens - 1))
    return Stream(
        token_times_s=(first,) if isnan(tpot_s) else (first, last),
        tokens_out=None if isnan(tpot_s) or tokens < 0 else tokens,
        first_answer_s=None if isnan(ttfo_s) else delay_s + ttfo_s,
        reasoned=isnan(ttfo_s) or ttfo_s > ttft_s,
    )
