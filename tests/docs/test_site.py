"""The site is built without a complaint, loads nothing from elsewhere, and says what the code has."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import verdict_pictures
from pytest_llmops.plugin.markers import SUITES
from pytest_llmops.target import profiles

ROOT = Path(__file__).parents[2]
ELSEWHERE = re.compile(r"""(?:<(?:script|img|iframe|source)[^>]+src|<link[^>]+href)=["']?(https?:)?//""")
TROUBLE = ROOT / "docs" / "troubleshooting.md"


def built(folder, *more):
    """Not ``--quiet``: then warnings are not counted, and nothing is strict."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder), *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    ended = built(folder)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return folder


@pytest.mark.acceptance
def test_nothing_is_loaded_from_elsewhere(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 50
    assert [str(page.relative_to(site)) for page in pages if ELSEWHERE.search(page.read_text("utf-8"))] == []
    assert "@import" not in (site / "site.css").read_text()


@pytest.mark.acceptance
def test_what_is_generated_is_there(site):
    for name in profiles.names():
        assert f'profile = "{name}"' in (site / "profiles" / f"{name}.html").read_text("utf-8")
    assert "--llmops-against NAME" in (site / "reference" / "options.html").read_text("utf-8")
    assert all(f"<code>{suite}</code>" in (site / "reference" / "markers.html").read_text("utf-8") for suite in SUITES)
    assert 'id="measure"' in (site / "reference" / "fixtures.html").read_text("utf-8")
    assert 'id="llmops-baseline-accept"' in (site / "reference" / "commands.html").read_text("utf-8")
    assert "Times slower than the baseline that fails." in (site / "reference" / "keys.html").read_text("utf-8")


@pytest.mark.acceptance
def test_a_link_that_leads_nowhere_is_seen(tmp_path):
    config = tmp_path / "mkdocs.yml"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("[there](nowhere.md)\n")
    config.write_text("site_name: x\n")
    ended = built(tmp_path / "site", "--config-file", str(config))
    assert ended.returncode == 1
    assert "nowhere.md" in ended.stdout + ended.stderr


def test_the_pictures_are_those_of_the_rule():
    kept = {file.name: file.read_text("utf-8") for file in (ROOT / "docs" / "pictures").glob("*.svg")}
    assert kept == {name: text + "\n" for name, text in verdict_pictures.pictures().items()}, (
        "python benchmarks/verdict_pictures.py draws them again"
    )


def texts():
    """All that the package says: constants, and those of f-strings with their holes left out."""
    for file in (ROOT / "pytest_llmops").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_the_words_of_troubleshooting_are_ours():
    rows = re.findall(r"^\| [`*]([^`*]+)[`*] \|", TROUBLE.read_text("utf-8"), re.MULTILINE)
    assert len(rows) > 18
    said = "\n".join(texts())
    assert [row for row in rows if row not in said and row != "left out"] == []
