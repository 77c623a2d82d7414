from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from pytest_llmops.judge import BaselineRun, Recording, Store, write_candidate
from pytest_llmops.measure import client_share, collecting, sampling
from pytest_llmops.measure.bench import Bench
from pytest_llmops.measure.measuring import measure
from pytest_llmops.samples import Metric, Prompt, Series, Stream, Workload
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

WORKLOAD = Workload(tuple(Prompt(f"p{number}", f"question {number}") for number in range(5)))
MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def workload():
    return WORKLOAD


@pytest.fixture
def bench(tmp_path):
    """A bench whose target has these settings and whose baselines are empty."""

    def bench(**settings):
        table = TargetTable.model_validate({"environment": "staging", **settings})
        return Bench(
            target=Target("staging", table, tmp_path, tmp_path / "llmops.toml"),
            ledger=Ledger(tmp_path / "ledger", table.budget),
            store=Store(tmp_path / "baselines"),
            check="daily/test_latency.py::test_x",
            model=lambda: "sha256:ab12",
        )

    return bench


@pytest.fixture
def accepted(tmp_path):
    """Accepts baseline runs of one metric, made like this bench's own."""

    def accepted(bench, metric, *runs, **unlike):
        for number, values in enumerate(runs):
            prompts = tuple(WORKLOAD[index % 5].id for index in range(len(values)))
            fingerprint = {**bench.fingerprint(WORKLOAD), **unlike}
            recording = Recording(bench.check, Metric(metric, "s", Series(tuple(values), prompts)), fingerprint)
            run = BaselineRun("staging", MONDAY + timedelta(days=number), "x", "cpu", "3.12", "", (recording,))
            write_candidate(tmp_path / "candidate.json", run)
            bench.store.accept(tmp_path / "candidate.json", reason="normal", by="ada")

    return accepted


@pytest.fixture
def take(workload):
    """Measures a call by the name of ``x``."""

    def take(bench, call, **changes):
        return measure("x", call, workload, replace(bench, **changes))

    return take


@pytest.fixture
def passing(clock, monkeypatch, tmp_path):
    """The clock by which measurements go, moved by what calls take of it: no wait for a CPU is part of that."""
    monkeypatch.setattr(client_share, "SCHEDSTAT", tmp_path / "no-account")
    return clock(sampling, collecting)


@pytest.fixture
def streaming():
    """A call whose stream has the first token after ``ttft_s``, with a spread of a few per cent, in no real time."""

    def streaming(ttft_s, ledger=None):
        number = iter(range(10_000))

        def call(prompt):
            if ledger is not None:
                ledger.charge("ollama", requests=1)
            return SimpleNamespace(stream=Stream((ttft_s * (1 + 0.02 * (next(number) % 3 - 1)), ttft_s * 2), 5))

        return call

    return streaming
