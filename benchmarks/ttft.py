"""How late our clients see a stream: TTFT and TPOT against the clock of the sandbox that writes it.

    python benchmarks/ttft.py [calls]

One streamed call at a time, on each route of both APIs. The sandbox notes when a request came and when it had written
each token, on the clock that all processes of the machine share. Below each route stands what a reader of blocks of
1 KiB would have measured of the same stream: many small tokens fill a block late.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from statistics import median, quantiles

import httpx

from pytest_llmops.clients.client import connect
from pytest_llmops.control.embedded import Sandbox, placed
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import Budget, TargetTable

ROUTES = (("ollama", "completions"), ("ollama", "chat"), ("openai", "chat"), ("openai", "completions"))
QUESTIONS = (
    "How many days is the refund window?",
    "What does express delivery cost?",
    "When is the support desk open?",
    "Who pays for return shipping?",
    "How long must a password be?",
)
TOKENS = 16
TOKEN_S = 0.015
BLOCK = 1024


@dataclass(frozen=True)
class Seen:
    """One stream: what was measured of it, and what was true. Seconds."""

    ttft_s: float
    true_ttft_s: float
    tpot_s: float = 0.0
    true_tpot_s: float = 0.0

    @property
    def late_s(self) -> float:
        return self.ttft_s - self.true_ttft_s

    @property
    def tpot_off_s(self) -> float:
        return self.tpot_s - self.true_tpot_s


class Stack:
    """A model server that runs, and what it noted of its streams."""

    def __init__(self, folder: Path, endpoint: str) -> None:
        llm = {"model": "harbour-small", "max_tokens": TOKENS, "endpoint": endpoint}
        table = {
            "environment": "sandbox",
            "components": {"ollama": llm, "openai": llm},
            "sandbox": {"token_s": TOKEN_S},
        }
        target = Target("bench", TargetTable.model_validate(table), folder, folder / "llmops.toml", environ={})
        self.sandbox = Sandbox(target)
        self.target = placed(target, self.sandbox.facts)
        self.notes = Path(self.sandbox.facts["directory"], "tokens.jsonl")
        self.ledger = Ledger(folder / "ledger", Budget(requests=100_000, tokens=10_000_000, seconds=100_000))

    def truth(self) -> tuple[float, float]:
        """TTFT and TPOT of the newest stream."""
        noted = json.loads(self.notes.read_text().splitlines()[-1])
        written = noted["written"]
        return written[0] - noted["arrived"], (written[-1] - written[0]) / (len(written) - 1)


@contextmanager
def stack(endpoint: str):
    with tempfile.TemporaryDirectory() as place:
        running = Stack(Path(place), endpoint)
        try:
            yield running
        finally:
            running.sandbox.stop()


def by_our_client(running: Stack, component: str, calls: int) -> list[Seen]:
    """Streams as the clients of the suites see them."""
    client = connect(running.target, component, running.ledger)
    seen = []
    for number, question in zip(range(calls + 3), cycle(QUESTIONS), strict=False):
        stream = client.generate(question).stream
        first_s, token_s = running.truth()
        if number >= 3:  # the first connections are made, the rest is timed
            seen.append(Seen(stream.ttft_s, first_s, stream.tpot_s, token_s))
    client.close()
    return seen


def in_blocks(running: Stack, component: str, calls: int) -> list[Seen]:
    """The negative control: the same streams, read in blocks."""
    client = connect(running.target, component, running.ledger)
    url, path = client.http.url, client.generate_path
    seen = []
    with httpx.Client(trust_env=False, timeout=30) as http:
        for number, question in zip(range(calls + 3), cycle(QUESTIONS), strict=False):
            body = client._body(question, "harbour-small", TOKENS, stream=True)  # noqa: SLF001
            start = time.perf_counter()
            with http.stream("POST", f"{url}{path}", json=body) as response:
                moments = [time.perf_counter() - start for _ in response.iter_bytes(BLOCK)]
            if number >= 3:
                seen.append(Seen(moments[0], running.truth()[0]))
    client.close()
    return seen


def spread(values: list[float]) -> str:
    """Median and the middle 90 %, in milliseconds."""
    cuts = quantiles(values, n=20)
    return f"{1000 * median(values):+8.2f} ms   ({1000 * cuts[0]:+.2f} to {1000 * cuts[-1]:+.2f})"


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    print(f"Measured less true, of {calls} streams each: median (the middle 90 %)")
    for component, endpoint in ROUTES:
        with stack(endpoint) as running:
            ours, blocks = by_our_client(running, component, calls), in_blocks(running, component, calls)
        name = f"{component}, {endpoint}"
        print(f"{name:<22} TTFT {spread([one.late_s for one in ours])}")
        print(f"{'':<22} TPOT {spread([one.tpot_off_s for one in ours])}")
        print(f"{'  blocks of 1 KiB':<22} TTFT {spread([one.late_s for one in blocks])}")


if __name__ == "__main__":
    main()
