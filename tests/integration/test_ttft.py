"""TTFT and TPOT as our clients measure them, against the clock of the sandbox that writes the stream."""

import importlib.util
import sys
from pathlib import Path
from statistics import median

import pytest

from ..conftest import SEED, WHOLE

pytestmark = [pytest.mark.acceptance, pytest.mark.quiet]

DIALECTS = [("ollama", "completions"), ("ollama", "chat"), ("openai", "chat"), ("openai", "completions")]

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "ttft.py"
CALLS = 40
WITHIN_S = 0.01
"""Much less than an answer takes; how late it really is, `benchmarks/ttft.py` prints."""


@pytest.fixture(scope="module")
def benchmark_of_ttft():
    spec = importlib.util.spec_from_file_location("benchmark_of_ttft", BENCHMARK)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # its dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.mark.parametrize(("component", "endpoint"), DIALECTS if WHOLE else DIALECTS[SEED % 2 :: 2])
def test_the_first_token_is_seen_when_it_is_written(benchmark_of_ttft, component, endpoint):
    with benchmark_of_ttft.stack(endpoint) as running:
        seen = benchmark_of_ttft.by_our_client(running, component, CALLS)
        blocks = benchmark_of_ttft.in_blocks(running, component, 10)
    assert len(seen) == CALLS
    assert median(one.true_ttft_s for one in seen) > 0.05
    assert median(abs(one.late_s) for one in seen) <= WITHIN_S
    assert median(abs(one.tpot_off_s) for one in seen) <= WITHIN_S / 4
    assert median(one.late_s for one in blocks) > 2 * WITHIN_S
