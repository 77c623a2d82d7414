"""A file in one step: whole, or as it was."""

import os
import stat

import pytest

from pytest_llmops.state.whole import USUAL, put


def test_it_is_its_owners_alone_unless_it_is_said_otherwise(tmp_path):
    before = os.umask(0o022)
    try:
        own, usual = put(tmp_path / "own", "a\ud800", lasting=True), put(tmp_path / "usual", "b", USUAL)
    finally:
        os.umask(before)
    assert (own.read_text(), stat.S_IMODE(own.stat().st_mode)) == ("a\\ud800", 0o600)
    assert stat.S_IMODE(usual.stat().st_mode) == 0o644


def test_what_another_process_has_half_written_is_left_alone(tmp_path):
    (tmp_path / ".run.json.part").write_text("half")
    put(tmp_path / "run.json", "whole")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        ".run.json.part": "half",
        "run.json": "whole",
    }


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    (tmp_path / "taken").mkdir()
    with pytest.raises(IsADirectoryError):
        put(tmp_path / "taken", "whole")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
