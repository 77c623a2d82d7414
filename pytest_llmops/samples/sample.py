"""A sample: what one request did, and when."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stream:
    """The raw timings of one streamed answer; TTFT and TPOT are computed from them.

    Attributes:
        token_times_s: seconds from the start of the call to each chunk that carried a non-empty generated text,
            reasoning channel included. An empty role frame is not a token.
        tokens_out: generated tokens by the server's own count (``usage`` or ``eval_count``), None if it gave none.
    """

    token_times_s: tuple[float, ...] = ()
    tokens_out: int | None = None

    @property
    def ttft_s(self) -> float | None:
        """Time to the first generated token, in seconds."""
        return self.token_times_s[0] if self.token_times_s else None

    @property
    def tpot_s(self) -> float | None:
        """Mean time per output token after the first, in seconds; None without a server's count of at least two."""
        if self.tokens_out is None or self.tokens_out < 2 or len(self.token_times_s) < 2:
            return None
        return (self.token_times_s[-1] - self.token_times_s[0]) / (self.tokens_out - 1)


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed call.

    Attributes:
        prompt: id of the prompt that was sent.
        started: wall clock at the start, seconds since the epoch, for joins with other systems' records.
        duration_s: monotonic seconds from start to the end of the answer, or to the failure.
        stream: timings of the streamed answer; empty for one that was not streamed.
        error: None for a success, else the kind of failure (``timeout``, ``http-500``, …).
    """

    prompt: str
    started: float
    duration_s: float
    stream: Stream = Stream()
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.error is None
