"""The wheel: what it carries, and that its suites run from an empty folder as they do from a clone."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from filelock import FileLock

from ..conftest import in_turn

pytestmark = pytest.mark.acceptance

ROOT = Path(__file__).parents[2]
FOLDERS = {"suites": "pytest_llmops/suites", "baselines/sandbox": "pytest_llmops/baselines/sandbox"}
"""Folders of the clone that the wheel carries within the package."""


def _run(*words, cwd, **environ):
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LLMOPS_"))}
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**ours, "COLUMNS": "120", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """A folder that all workers of this run have in common: who holds a lock in it makes what is missing."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "wheel"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def built(shared):
    """The wheel and the sdist, built from the files that git knows."""
    source, out = shared / "source", shared / "dist"
    with FileLock(shared / "dist.lock"):
        if not any(out.glob("*.whl")):
            known = subprocess.run(
                ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
            )
            for name in known.stdout.decode().split():
                if (ROOT / name).is_file():
                    (source / name).parent.mkdir(parents=True, exist_ok=True)
                    (source / name).write_bytes((ROOT / name).read_bytes())
            done = _run(sys.executable, "-m", "build", "--outdir", out, cwd=source)
            assert done.returncode == 0, done.stdout
    return next(out.glob("*.whl")), next(out.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def python(built, shared):
    """The interpreter of an environment that holds the wheel and nothing of the clone."""
    folder, installed = shared / ".venv", shared / "installed"
    with FileLock(shared / "venv.lock"):
        if not installed.exists():
            assert _run(sys.executable, "-m", "venv", "--clear", folder, cwd=shared).returncode == 0
            install = ("-m", "pip", "install", "-q", "--no-compile", f"{built[0]}[sandbox]")  # most of it is never run
            done = _run(folder / "bin/python", *install, cwd=shared)
            assert done.returncode == 0, done.stdout
            installed.touch()
    return folder / "bin/python"


def _files(folder):
    found = (ROOT / folder).rglob("*")
    return {
        str(path.relative_to(ROOT / folder)) for path in found if path.is_file() and "__pycache__" not in path.parts
    }


def test_both_pass_the_index_check(built):
    done = _run(sys.executable, "-m", "twine", "check", "--strict", *built, cwd=ROOT)
    assert (done.returncode, done.stdout.count("PASSED")) == (0, 2), done.stdout


def test_the_wheel_carries_all_that_runs(built):
    with zipfile.ZipFile(built[0]) as wheel:
        held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = {f"pytest_llmops/{name}" for name in _files("pytest_llmops")}
    wanted |= {f"{place}/{name}" for folder, place in FOLDERS.items() for name in _files(folder)}
    assert held == wanted


def test_the_sdist_carries_what_builds_and_tests_it(built):
    with tarfile.open(built[1]) as sdist:
        held = {name.partition("/")[2] for name in sdist.getnames()}
    folders = ["pytest_llmops", "suites", "baselines/sandbox", "tests", "benchmarks", "docs"]
    wanted = {f"{folder}/{name}" for folder in folders for name in _files(folder)}
    assert wanted | {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "ARCHITECTURE.md"} <= held


@in_turn(0, of=2)
def test_the_suites_run_from_an_empty_folder_with_the_keys_of_the_clone(python, tmp_path):
    done = _run(
        python, "-m", "pytest", "--pyargs", "pytest_llmops.suites", "-m", "daily", "--llmops-gate", cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout
    assert "<h1>All well" in (tmp_path / "reports" / "board.html").read_text()
    whole = json.loads((tmp_path / "reports" / "run.json").read_text())
    listed = _run(sys.executable, "-m", "pytest", "-m", "daily", "--collect-only", "-q", cwd=ROOT).stdout.splitlines()
    keys = {line.removeprefix("suites/") for line in listed if "::" in line}
    assert {check["test"] for check in whole["checks"]} == keys
    timed = {m["name"]: m["state"] for check in whole["checks"] for m in check["metrics"] if m["baseline"] is not None}
    assert len(timed) >= 7
    assert set(timed.values()) <= {"ok", "inconclusive"}


@in_turn(1, of=2)
def test_the_suites_run_beside_a_file_and_its_own_environment(python, tmp_path):
    file = tmp_path / "llmops.toml"
    file.write_text('[targets.mine]\nprofile = "openai-compatible"\nenvironment = "sandbox"\n')
    done = _run(python, "-m", "pytest", "-m", "daily", "-k", "models", "-v", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    whole = json.loads((tmp_path / "reports" / "run.json").read_text())
    assert whole["target"] == "mine"
    assert {check["test"].partition("::")[0] for check in whole["checks"]} == {"daily/test_models.py"}
