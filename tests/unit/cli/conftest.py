from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from pytest_llmops.cli import commands
from pytest_llmops.judge import BaselineRun, Recording, write_candidate
from pytest_llmops.samples import Metric, Series

MONDAY = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
FILE = """
default_target = "staging"
[targets.staging.components.redis]
url = "redis://cache.example"
[targets.staging-eu.components.redis]
url = "redis://cache.eu.example"
"""


@pytest.fixture
def llmops(tmp_path, monkeypatch):
    """Runs ``llmops`` in an empty directory; gives exit status and all that was printed."""
    monkeypatch.chdir(tmp_path)
    for name in ("LLMOPS_CONFIG", "LLMOPS_TARGET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "200")

    def llmops(*words):
        found = CliRunner().invoke(commands, [str(word) for word in words], prog_name="llmops")
        if found.exception is not None and not isinstance(found.exception, SystemExit):
            raise found.exception
        return found.exit_code, found.output

    return llmops


@pytest.fixture
def file(tmp_path):
    """A file with two targets."""
    path = tmp_path / "llmops.toml"
    path.write_text(FILE)
    return path


@pytest.fixture
def record(tmp_path):
    """Leaves a candidate, as a run does: of one latency, or of several metrics."""

    def record(value, *, target="staging", day=0, model="m1", calls=30, failures=0):
        moment = MONDAY + timedelta(days=day)
        fingerprint = {"target": target, "model": model, "workload": "0a1b2c3d4e5f"}
        recordings = []
        for name, level in (value if isinstance(value, dict) else {"latency": value}).items():
            values = tuple(level * (1 + (0, 2, -1, 1, -2, 3, 0, -3, 1, -1)[step % 10] / 100) for step in range(calls))
            prompts = tuple("abcdefghij"[step % 10] for step in range(calls))
            metric = Metric(name, "s", Series(values, prompts, failures))
            recordings.append(Recording("daily/test_latency.py::test_x", metric, fingerprint))
        run = BaselineRun(target, moment, "ci-large", "EPYC", "3.12.4", "0123abcd", tuple(recordings))
        path = tmp_path / "reports" / "candidates" / f"{target}-{moment:%Y%m%dT%H%M%S}.json"
        write_candidate(path, run)
        return path

    return record
