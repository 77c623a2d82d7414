"""Whole runs of the suites, as a person starts them: another pytest, and what it says and writes."""

import json
import os
import re
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).parents[2]
TOLD = re.compile(r"export (\w+)=(\S+)")
UNUSED = ("hypothesispytest", "anyio", "locust", "benchmark", "faker", "allure_pytest")
"""Installed plugins that would only cost time here; .ci/run types the README's command as well, with all of them."""


def pytest_collection_modifyitems(items):
    """What is short and of a great number comes last, so that no long run is begun when all others are over."""
    items.sort(key=lambda item: item.path.name == "test_operations.py")


def _environ(**more):
    """This process's environment without what would steer the inner run."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LLMOPS_", "GITHUB_"))}
    return {**ours, "COLUMNS": "120", **more}


@pytest.fixture
def suite(tmp_path):
    """A function that runs pytest at the root of the clone: its status, its output, its ``run.json`` by check."""
    runs = []

    def run(*words, environ=None, within_s=600):
        reports = tmp_path / f"reports-{len(runs)}"
        spared = [f"-pno:{name}" for name in ("cacheprovider", *UNUSED)]
        command = [sys.executable, "-m", "pytest", *spared, f"--llmops-report={reports}", *words]
        process = subprocess.run(
            command,
            cwd=ROOT,
            env=_environ(**(environ or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=within_s,
            check=False,
        )
        runs.append(process)
        path = reports / "run.json"
        whole = json.loads(path.read_text()) if path.exists() else {"checks": []}
        checks = {check["test"]: check for check in whole["checks"]}
        return SimpleNamespace(
            status=process.returncode, out=process.stdout, checks=checks, whole=whole, reports=reports
        )

    return run


GENERATING = {"/api/generate", "/v1/chat/completions"}


@contextmanager
def started(folder, *words):
    """A sandbox that was started apart, by ``llmops sandbox --write``: the file, the keys, what it was asked.

    Args:
        folder: for its file, and a folder of its own.
        *words: more of that command.
    """
    file, home = folder / "llmops.toml", folder / "stack"
    home.mkdir()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("llmops"), "sandbox", "--write", file, *words],
        stdout=subprocess.PIPE,
        text=True,
        env=_environ(TMPDIR=str(home)),
    )
    keys = {}
    for line in process.stdout:
        keys.update(TOLD.findall(line))
        if line.startswith("Ready in "):
            break

    def logged():
        (log,) = home.rglob("access.jsonl")
        return [json.loads(line) for line in log.read_text().splitlines()]

    def asked(purpose):
        return sorted(f"{line['method']} {line['path']}" for line in logged() if line["purpose"] == purpose)

    def generated():
        return sum(line["component"] == "llm" and line["path"] in GENERATING for line in logged())

    try:
        yield SimpleNamespace(file=file, home=home, keys=keys, logged=logged, asked=asked, generated=generated)
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()
    assert list(home.iterdir()) == []


@pytest.fixture
def stack(request, tmp_path):
    """A sandbox of the test's own, started apart; a parameter is more words for its command."""
    with started(tmp_path, *getattr(request, "param", ())) as one:
        yield one
