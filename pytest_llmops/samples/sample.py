"""A sample: what one request did, and when."""

from __future__ import annotations

from dataclasses import dataclass

COLD_S = 0.5
"""A call whose server spent this long on loading the model is cold. Of a model in memory Ollama says up to 0.1 s."""


@dataclass(frozen=True, slots=True)
class Stream:
    """The raw timings of one streamed answer; TTFT and TPOT are computed from them.

    Attributes:
        token_times_s: seconds from the start of the call to each chunk that carried a generated text, reasoning
            channel included. A blank is a token; an empty role frame is none.
        tokens_out: generated tokens by the server's own count (``usage`` or ``eval_count``), None if it gave none.
        first_answer_s: seconds to the first chunk with text of the answer itself (TTFO); None where none came.
        reasoned: whether a reasoning channel was streamed (``reasoning_content``, ``reasoning``, ``thinking``).
        hidden: tokens of ``tokens_out`` that were not streamed: reasoning that the server counts and keeps.
        load_s: seconds that the server spent loading the model before it read the prompt (Ollama's
            ``load_duration``); None where it does not say. An answer that was not streamed has it too.
    """

    token_times_s: tuple[float, ...] = ()
    tokens_out: int | None = None
    first_answer_s: float | None = None
    reasoned: bool = False
    hidden: int = 0
    load_s: float | None = None

    @property
    def ttft_s(self) -> float | None:
        """Time to the first generated token, of reasoning or answer, in seconds."""
        return self.token_times_s[0] if self.token_times_s else None

    @property
    def tokens_streamed(self) -> int | None:
        """Streamed tokens by the server's count; None without a count."""
        return None if self.tokens_out is None else self.tokens_out - self.hidden

    @property
    def miscounted(self) -> bool:
        """Whether the count is below the number of chunks, each of which carried at least one token.

        Then it is no count of what was streamed: some servers leave reasoning out of it, some gateways cut the text
        anew. Which of the two is not to be seen, so nothing is computed from it.
        """
        return self.tokens_streamed is not None and self.tokens_streamed < len(self.token_times_s)

    @property
    def at_once(self) -> bool:
        """Whether several tokens came, and all at one moment: held back on their way, so none has a time of its own."""
        several = max(self.tokens_streamed or 0, len(self.token_times_s)) > 1
        return several and bool(self.token_times_s) and self.token_times_s[-1] == self.token_times_s[0]

    @property
    def tpot_s(self) -> float | None:
        """Mean time per output token after the first, in seconds; None without a server's count of at least two.

        Tokens are the server's, however many come in a chunk. Of a first chunk with several of them only one is taken
        for the first: which share the others had in the wait for it cannot be seen. None also where all came at once.
        """
        counted = self.tokens_streamed
        if counted is None or counted < 2 or not self.token_times_s or self.at_once or self.miscounted:
            return None
        return (self.token_times_s[-1] - self.token_times_s[0]) / (counted - 1)


@dataclass(frozen=True, slots=True)
class Sample:
    """One timed call.

    Attributes:
        prompt: id of the prompt that was sent.
        started: wall clock at the start, seconds since the epoch, for joins with other systems' records.
        duration_s: monotonic seconds from start to the end of the answer, or to the failure.
        stream: timings of the streamed answer; without token times for one that was not streamed.
        error: None for a success, else the kind of failure (``timeout``, ``http-500``, …).
        computing_s: of the duration, seconds in which our own thread computed.
        waiting_s: and seconds in which it waited for a CPU; 0 where the system does not tell.
    """

    prompt: str
    started: float
    duration_s: float
    stream: Stream = Stream()
    error: str | None = None
    computing_s: float = 0.0
    waiting_s: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether the call succeeded."""
        return self.error is None

    @property
    def cold(self) -> bool:
        """Whether the server loaded the model for this call, so that its times are no others' equals."""
        return (self.stream.load_s or 0.0) >= COLD_S
