"""A stranger's machine: servers that are not ours, and a person who checks them from an empty folder."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium")
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]


class Person:
    """Somebody at a shell, in a folder of their own.

    Attributes:
        within_s: for a command.
    """

    within_s = 240

    def __init__(self, folder):
        self.folder = folder
        self.file = folder / "llmops.toml"
        self.environ = {}

    def types(self, *words):
        """Run a command; its status and what it prints."""
        prefixes = ("PYTEST_", "LLMOPS_", "COV_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
        done = subprocess.run(
            [str(word) for word in words],
            cwd=self.folder,
            env={**inherited, "COLUMNS": "320", **self.environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.within_s,
            check=False,
        )
        for secret in self.environ.values():
            assert secret not in done.stdout
        return SimpleNamespace(status=done.returncode, out=done.stdout, lines=done.stdout.splitlines())

    def llmops(self, *words):
        return self.types(Path(sys.executable).with_name("llmops"), *words)

    def daily(self, *words):
        """Run ``pytest -m daily``; also what ``run.json`` says, its checks and metrics by name."""
        report = self.folder / "reports" / "run.json"
        report.unlink(missing_ok=True)
        run = self.types(sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-m", "daily", *words)
        assert report.exists(), run.out
        text = report.read_text()
        for secret in self.environ.values():
            assert secret not in text
        run.whole = json.loads(text)
        run.checks = {check["test"].rpartition("::")[2]: check for check in run.whole["checks"]}
        run.metrics = {one["name"]: one for check in run.whole["checks"] for one in check["metrics"]}
        run.summary = run.lines[next(i for i, line in enumerate(run.lines) if " llmops: " in line) :]
        run.unreachable = [line for line in run.lines if line.startswith("UNREACHABLE  ")]
        return run

    def accepts(self):
        """Make the newest candidate the baseline."""
        accepted = self.llmops("baseline", "accept", "--reason", "as it was on the first day")
        assert accepted.status == 0, accepted.out

    def adds(self, text):
        """Put a table at the end of the file."""
        self.file.write_text(f"{self.file.read_text()}\n{text}\n")

    def edits(self, pattern, text):
        """Put a text in the place of the one that a pattern finds in the file."""
        written, count = re.subn(pattern, text, self.file.read_text(), flags=re.MULTILINE)
        assert count == 1, self.file.read_text()
        self.file.write_text(written)


@pytest.fixture
def person(tmp_path):
    folder = tmp_path / "ops"
    folder.mkdir()
    return Person(folder)


@pytest.fixture(scope="module")
def chromium():
    """A browser for the tests of a file."""
    if CHROMIUM is None:
        pytest.skip("not installed: chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def start():
    """Starts a script of this folder; its first line is the address, and it ends with its standard input."""
    started = []

    def start(script, *words):
        command = [sys.executable, HERE / script, *map(str, words)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        started.append(process)
        url = process.stdout.readline().strip()
        assert url, f"{script} did not start"
        return SimpleNamespace(url=url, kill=process.kill, told=process.stdin)

    yield start
    for process in reversed(started):
        process.stdin.close()
        process.stdout.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """Makes a model of random weights with so many layers, once."""
    if find_spec("xllamacpp") is None:
        pytest.skip("xllamacpp is not installed")
    folder = tmp_path_factory.mktemp("weights")

    def weights(layers):
        path = folder / f"{layers}.gguf"
        if not path.exists():
            made = ["pytest_llmops.sandbox.tiny_model", path, "--layers", layers, "--embd", 512, "--name", "tiny"]
            subprocess.run([sys.executable, "-m", *map(str, made)], check=True, capture_output=True)
        return path

    return weights


@pytest.fixture
def llama_cpp(start, weights):
    """Starts llama.cpp's server: ``llama_cpp(layers=8, key=None)``."""

    def llama_cpp(*, layers=8, key=None):
        return start("llama_cpp_server.py", weights(layers), *(("--key", key) if key else ()))

    return llama_cpp
