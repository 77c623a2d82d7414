"""Facts of a run: found out once, by whichever process is first, and never read half."""

import json
import subprocess
import sys

import pytest

from pytest_llmops.state.run_directory import RunDirectory

ASK = """
import os, sys, time
from pathlib import Path
from pytest_llmops.state.run_directory import RunDirectory

def find_out():
    with (Path(sys.argv[1]) / "calls").open("a") as calls:
        calls.write("x")
    time.sleep(0.1)
    return {"found by": os.getpid(), "text": "é" * 20_000}

print(RunDirectory(Path(sys.argv[1])).once("fact", find_out)["found by"])
"""


def test_eight_processes_find_a_fact_out_once(tmp_path):
    started = [
        subprocess.Popen([sys.executable, "-c", ASK, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    said = [process.communicate(timeout=240)[0].strip() for process in started]
    assert (tmp_path / "calls").read_text() == "x"
    assert len(set(said)) == 1
    assert int(said[0]) in {process.pid for process in started}


def test_what_raised_is_not_kept(tmp_path):
    directory = RunDirectory(tmp_path / "run")

    def refuse():
        raise OSError("not now")

    with pytest.raises(OSError, match="not now"):
        directory.once("fact", refuse)
    assert directory.known("") == {}
    assert directory.once("fact", lambda: {"n": 1}) == {"n": 1}
    assert directory.once("fact", refuse) == {"n": 1}


def test_a_fact_is_written_in_one_step_and_leaves_no_part(tmp_path):
    directory = RunDirectory(tmp_path)
    directory.write("fact", {"n": 1})
    directory.write("fact", {"n": 2})
    assert [file.name for file in tmp_path.iterdir()] == ["fact.json"]
    assert json.loads((tmp_path / "fact.json").read_text()) == {"n": 2}


def test_facts_are_known_by_the_start_of_their_names(tmp_path):
    directory = RunDirectory(tmp_path)
    for name in ("preflight-redis", "preflight-api", "sandbox"):
        directory.once(name, lambda name=name: {"of": name})
    assert directory.known("preflight-") == {"api": {"of": "preflight-api"}, "redis": {"of": "preflight-redis"}}
    assert list(directory.known("preflight-")) == ["api", "redis"]


def test_the_directory_is_named(tmp_path):
    assert repr(RunDirectory(tmp_path)) == f"RunDirectory('{tmp_path}')"
