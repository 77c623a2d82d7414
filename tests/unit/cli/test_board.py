"""llmops board: the page once more from a run.json, and what is no run's."""

import json
import re
import shutil

import pytest

from ...recorded import path, recorded


@pytest.fixture
def reports(tmp_path):
    folder = tmp_path / "reports"
    folder.mkdir()
    shutil.copy(path("regression"), folder / "run.json")
    return folder


def test_the_newest_run_is_meant_and_the_page_lies_beside_it(llmops, reports):
    assert llmops("board") == (0, "written: reports/board.html\n")
    assert "<h1>6 checks failed</h1>" in (reports / "board.html").read_text()


def test_any_run_can_be_shown_and_its_page_put_anywhere(llmops, tmp_path):
    status, said = llmops("board", path("down"), "--output", "pages/down.html")
    assert (status, said) == (0, "written: pages/down.html\n")
    assert "Ollama unreachable" in (tmp_path / "pages" / "down.html").read_text()


def test_a_page_that_cannot_be_written_is_said(llmops, reports):
    status, said = llmops("board", "--output", "reports/run.json/board.html")
    assert (status, said) == (1, "Error: reports/run.json/board.html cannot be written: File exists.\n")


def test_a_target_that_the_file_does_not_have_has_a_board_without_history(llmops, file, reports):
    (reports / "run.json").write_text(json.dumps({**recorded("healthy"), "target": "stagin"}))
    status, said = llmops("board", "--config", file)
    assert (status, said.splitlines()[0]) == (0, "written: reports/board.html")
    assert re.search("without history: .*Did you mean 'staging'", said)
    assert "Did you mean &#39;staging&#39;" in (reports / "board.html").read_text()


def test_a_file_of_an_older_version_has_a_board(llmops, reports):
    later = {"against", "twin", "incident", "missing", "left_changed", "vacuous", "creeps"}
    old = {key: value for key, value in recorded("down").items() if key not in later}
    (reports / "run.json").write_text(json.dumps(old))
    assert llmops("board")[0] == 0


GIVE = "Give the run.json of a run."
NEITHER = f"is no outcome of a run: it has no schema or no checks. {GIVE}"
TORN = "is no outcome of a run that can be shown ({}). Give a run.json as a run wrote it."


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read: No such file or directory. Each run of pytest with checks writes one."),
        ("{]", f"is no JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1)). {GIVE}"),
        ("[1]", NEITHER),
        ('{"benchmarks": []}', NEITHER),
        (
            '{"schema": 2, "checks": [], "version": "9.1"}',
            "has the schema 2, and this version reads 1: use pytest-llmops 9.1 or newer.",
        ),
        ('{"schema": 1, "checks": []}', TORN.format("KeyError: 'target'")),
        ('{"schema": 1, "checks": 7, "target": "sandbox"}', TORN.format("TypeError: 'int' object is not iterable")),
    ],
    ids=["none", "no JSON", "a list", "a benchmark", "newer", "empty", "torn"],
)
def test_what_is_no_run_is_said_and_no_page_is_made(llmops, reports, text, said):
    file = reports / "run.json"
    file.unlink() if text is None else file.write_text(text)
    assert llmops("board") == (1, f"Error: {reports.parent}/reports/run.json {said}\n")
    assert not (reports / "board.html").exists()
