"""Files below a folder in which others come and go."""

import os

import pytest

from pytest_llmops.clients import below
from pytest_llmops.errors import CallFailed


@pytest.fixture
def leaving(monkeypatch, tmp_path):
    """A folder whose inner one goes, each time that it is about to be looked into, so many times."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/one.log").write_text("well")
    scandir = os.scandir

    def leaving(times):
        left = [None] * times

        def gone(path):
            if str(path).endswith("/a") and left:
                left.pop()
                raise FileNotFoundError(2, "No such file or directory", str(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", gone)
        return tmp_path

    return leaving


def test_a_folder_that_goes_while_it_is_looked_into_is_no_failure(leaving):
    root = leaving(2)
    assert below.found("files", root, ["**/*.log"]) == [root / "a/one.log"]


def test_folders_that_never_stay_are_one(leaving):
    with pytest.raises(CallFailed, match="a cannot be read: No such file"):
        below.found("files", leaving(1000), ["**/*.log"])
