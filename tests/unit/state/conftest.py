"""Histories of projects, asked past us, and many processes that are let loose on them."""

import importlib.util
import json
import os
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import settings

from pytest_llmops.state.history.place import place_of
from pytest_llmops.target.load import load

settings.register_profile("seeded", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("seeded")

NOBODY = 65534
MANY = Path(__file__).with_name("many_processes.py")


@pytest.fixture(scope="session")
def a_run():
    """Makes a run as in run.json: two checks with a metric each."""
    spec = importlib.util.spec_from_file_location("many_processes", MANY)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.a_run


@pytest.fixture
def closed_to_us():
    """Meanwhile a folder may not be looked into; root is somebody else meanwhile."""

    @contextmanager
    def closed_to_us(folder):
        root, mode = os.geteuid() == 0, folder.stat().st_mode
        folder.chmod(0o700 if root else 0)
        os.seteuid(NOBODY) if root else None
        try:
            yield
        finally:
            os.seteuid(0) if root else None
            folder.chmod(mode)

    return closed_to_us


@pytest.fixture
def place(tmp_path):
    """The history of a project without a file, or with the text of one."""

    def place(text="", environ=None):
        file = tmp_path / "llmops.toml"
        file.write_text(f"[targets.here]\nenvironment = 'sandbox'\n{text}")
        return place_of(load(file, "here", tmp_path, environ or {}))

    return place


@pytest.fixture
def rows():
    """What an SQLite history holds, asked past us."""

    def rows(place, statement):
        connection = sqlite3.connect(place.file)
        try:
            return connection.execute(statement).fetchall()
        finally:
            connection.close()

    return rows


@pytest.fixture
def many():
    """Lets many processes loose on a history at once; gives what each had to say."""

    def many(what, folder, processes, runs=0):
        command = [sys.executable, "-W", "error", str(MANY), what, str(folder), str(processes), str(runs)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout)

    return many
