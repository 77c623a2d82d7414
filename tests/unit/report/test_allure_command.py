"""Finding and calling the Allure command line; here a script plays it."""

import json
from types import MappingProxyType

import pytest

from pytest_llmops.errors import LlmopsError
from pytest_llmops.report.allure_command import HISTORY_2, Allure, found, render, settings, version_of

USUAL = MappingProxyType({"PATH": "/usr/bin:/bin"})


def script(place, text):
    file = place / "node_modules" / ".bin" / "allure"
    file.parent.mkdir(parents=True)
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    ("said", "version"),
    [("3.18.0\n", "3.18.0"), ("2.46.0", "2.46.0"), ("\n3.4\n\n", "3.4"), ("4.0.0", ""), ("Usage: 3.1", ""), ("", "")],
)
def test_the_version(said, version):
    assert version_of(said) == version


def test_of_several_the_newest_is_taken(tmp_path):
    old, new = script(tmp_path / "a", "echo 2.46.0"), script(tmp_path / "b", "echo 3.18.0")
    assert found([tmp_path / "a", tmp_path / "b"], USUAL) == Allure(str(new), "3.18.0")
    assert found([tmp_path / "a"], USUAL) == Allure(str(old), "2.46.0")


def test_on_path(tmp_path):
    file = script(tmp_path, "echo 3.1.0")
    assert found([], {"PATH": f"{file.parent}:/usr/bin:/bin"}).path == str(file)


def test_without_any_it_is_said_how_to_get_one(tmp_path):
    with pytest.raises(LlmopsError, match="npm install allure, in this folder"):
        found([tmp_path], USUAL)


def test_another_program_of_that_name_is_named(tmp_path):
    script(tmp_path, "echo no java >&2; exit 1")
    with pytest.raises(LlmopsError, match=r"says no version of Allure 2 or 3 \(no java\)"):
        found([tmp_path], USUAL)


def test_allure_2_gets_the_history_of_the_report_before(tmp_path):
    results, output, state = (tmp_path / name for name in ("results", "report", "state"))
    results.mkdir(), state.mkdir()
    # appends a line to the history that it was given
    text = """mkdir -p "$4/history"; cat "$5/history/h" > "$4/history/h" 2>/dev/null
echo run >> "$4/history/h"; echo x > "$4/index.html\""""
    allure = Allure(str(script(tmp_path, text)), "2.46.0")
    for _ in range(3):
        assert render(allure, results, output, state, {}, USUAL) == output / "index.html"
    assert (state / HISTORY_2 / "h").read_text() == "run\n" * 3


def test_allure_3_is_told_by_a_file_where_its_history_lies(tmp_path):
    allure = Allure(str(script(tmp_path, 'mkdir -p "$5"; cp "$3" "$5/index.html"')), "3.18.0")
    config = settings(tmp_path / "report", tmp_path / "history.jsonl", "n", [], {"target": "t"})
    page = render(allure, tmp_path, tmp_path / "report", tmp_path / "state", config, USUAL)
    assert json.loads(page.read_text())["historyPath"] == str(tmp_path / "history.jsonl")


def test_what_counts_readers_is_taken_out_of_the_page(tmp_path):
    counting = '<script async src="https://www.googletagmanager.com/gtag/js?id=G"></script>\n<script>gtag()</script>'
    page = f"<body><script>ours()</script>{counting}<script>data()</script>"
    text = f"""mkdir -p "$5"; echo '{page}' > "$5/index.html\""""
    allure, output = Allure(str(script(tmp_path, text)), "3.18.0"), tmp_path / "report"
    for _ in range(2):
        page = render(allure, tmp_path, output, tmp_path / "state", {}, USUAL)
        assert page.read_text() == "<body><script>ours()</script><script>data()</script>\n"
        assert not (output / "old").exists()
        (output / "old").touch()  # goes with the report that it lies in


def test_a_report_behind_a_link_is_written_over_and_the_link_stays(tmp_path):
    results, state, real, output = (tmp_path / name for name in ("results", "state", "kept/report", "report"))
    results.mkdir(), state.mkdir(), real.mkdir(parents=True), output.symlink_to(real)
    allure = Allure(str(script(tmp_path, 'mkdir -p "$5"; echo x > "$5/index.html"')), "3.18.0")
    for _ in range(2):
        render(allure, results, output, state, {}, USUAL)
    assert output.is_symlink()
    assert (real / "index.html").read_text() == "x\n"
    assert [one.name for one in real.parent.iterdir()] == ["report"]


def test_what_is_no_report_is_not_written_over(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(LlmopsError, match="holds something that llmops report did not write: give another --output"):
        render(Allure("true", "3.18.0"), tmp_path, tmp_path, tmp_path / "state", {}, USUAL)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("text", "said"), [("echo broken; exit 3", r"ended with 3: broken"), ("true", "wrote no .*it said nothing")]
)
def test_one_that_fails_is_quoted(tmp_path, text, said):
    with pytest.raises(LlmopsError, match=said):
        render(Allure(str(script(tmp_path, text)), "2.46.0"), tmp_path, tmp_path / "report", tmp_path, {}, USUAL)
