"""Whole runs are where ``.ci/run`` searches for them: there each worker collects two folders, and not all tests."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SEARCHED = re.compile(r"^WHOLE_RUNS=\((.+)\)$", re.MULTILINE)
MARKED = re.compile(r"\bmark\.(acceptance|quiet)\b")


def test_no_test_is_marked_where_no_run_comes_to_it():
    (words,) = SEARCHED.findall((ROOT / ".ci" / "run").read_text())
    folders = [ROOT / word for word in words.split()]
    marked = [file for file in (ROOT / "tests").rglob("*.py") if MARKED.search(file.read_text())]
    assert {folder for folder in folders if any(file.is_relative_to(folder) for file in marked)} == set(folders)
    assert [file for file in marked if not any(map(file.is_relative_to, folders))] == []
