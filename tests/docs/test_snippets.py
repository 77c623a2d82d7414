"""Every code block of README.md and the docs works: it is read, parsed or collected by what reads it in earnest."""

import ast
import builtins
import json
import re
import subprocess
import sys
import tomllib
from doctest import DocTestParser, DocTestRunner
from textwrap import indent

import pytest
import yaml

import pytest_llmops
from pytest_llmops.golden.reading import read
from pytest_llmops.target.load import load
from pytest_llmops.target.models import Config
from pytest_llmops.target.profiles import merged

from .commands import complaint
from .snippets import INLINE, ROOT, Snippet, of, snippets_in
from .typed import annotated

PRINTED = {
    "==== llmops: sandbox ====": "the end of a run; its figures are a machine's",
    "metric             now": "the end of a run; its figures are a machine's",
    "detector       there": "by llmops detectors, whose own tests hold the figures",
    "UNDO FAILED:": "of a recovery that fails",
    "golden/finance.jsonl:12:": "of a file with mistakes",
    "incident     P1": "the end of a run while something is wrong",
    "WARNING      not told:": "of a channel that is away",
    "rollback: step 5": "of an operation that fails",
    "FROM python": "a Dockerfile: nothing here builds images",
    "query_latency is 14 % longer": "what a run prints of a creep",
}
"""What cannot be run, by words of its first line, and why: what a program prints, and what another program reads."""

FRAME = """
profile = "rag"
components.ollama.url = "http://127.0.0.1:11434"
components.api.url = "http://127.0.0.1:8000"
components.qdrant.url = "http://127.0.0.1:6333"
components.redis.url = "redis://127.0.0.1:6379"
components.files.sets = { logs = { paths = ["a"] }, audit = { paths = ["b"] }, log_backups = { paths = ["c"] } }
"""
"""What surrounds a fragment of a target: a profile, addresses, sets of files that it may name."""

PROFILES = {"docs/incidents.md": "aegis-rag"}
"""Pages whose fragments name what one system's profile has: its severities."""

PRESUPPOSED = {"answer", "case", "earlier_runs", "table", "runs", "paths", "named"}
"""Names that a fragment of Python takes from around it, and that are no fixtures."""


def ids(snippets):
    return {"argvalues": snippets, "ids": str}


def loaded(text, folder, profile="rag"):
    """The targets of a fragment of llmops.toml, each within the frame; keys outside of a table are those of the API."""
    raw = tomllib.loads(text)
    if not raw.keys() & Config.model_fields.keys():
        raw = {"targets": {"staging": {"components": {"api": raw}}}}
    frame = {"targets": {name: tomllib.loads(FRAME) | {"profile": profile} for name in raw.get("targets", ["staging"])}}
    file = folder / "llmops.toml"
    given = merged(frame, raw)
    file.write_text("\n".join(f"{inline(key)} = {inline(value)}" for key, value in given.items()))
    return [load(file, name, folder, {}) for name in given["targets"]]


def inline(value):
    """A value as TOML on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{inline(key)} = {inline(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool | int | float) else value.isoformat()


@pytest.mark.parametrize("snippet", **ids(of("toml")))
def test_settings_are_read(snippet, tmp_path):
    assert loaded(snippet.text, tmp_path, PROFILES.get(snippet.page, "rag"))


def test_a_wrong_key_is_seen(tmp_path):
    with pytest.raises(Exception, match=r"unknown key 'urll'. Did you mean 'url'"):
        loaded('[targets.staging.components.api]\nurll = "http://x"', tmp_path)


@pytest.mark.parametrize("snippet", **ids(of("shell")))
def test_commands_parse(snippet, pytestconfig, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert complaint(snippet.text, pytestconfig) == ""


def test_commands_in_sentences_parse(pytestconfig, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = {str(snippet): complaint(snippet.text, pytestconfig, mentioned=True) for snippet in INLINE}
    assert {place: wrong for place, wrong in said.items() if wrong} == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pytest -m daily --llmops-gaet", "--llmops-gaet"),
        ("pytest -m dayly", "dayly"),
        ("pytest --llmops-baseline keep", "keep"),
        ("pytest --llmops-target sandbox:aegis", "sandbox:aegis"),
        ("pytest --llmops-sandbox-fault llm:slwo=2", "llm:slwo"),
        ("llmops baseline acept", "acept"),
        ("llmops history --metrics x", "--metrics"),
        ("pip install 'pytest-llmops[kuber]'", "kuber"),
        ("python benchmarks/no.py", "benchmarks/no.py"),
        ("curl x", "curl"),
    ],
)
def test_a_wrong_command_is_seen(text, said, pytestconfig, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert said in complaint(text, pytestconfig)


def test_scripts_parse(tmp_path):
    for snippet in of("script"):
        ended = subprocess.run(["sh", "-n"], input=snippet.text, text=True, capture_output=True, check=False)
        assert ended.returncode == 0, f"{snippet}: {ended.stderr}"


@pytest.mark.parametrize("snippet", **ids(of("doctest")))
def test_sessions_print_what_they_say(snippet):
    said = []
    test = DocTestParser().get_doctest(snippet.text, {}, str(snippet), snippet.page, snippet.line - 1)
    assert DocTestRunner().run(test, out=said.append).failed == 0, "".join(said)


@pytest.mark.parametrize("snippet", **ids(of("yaml", "json", "csv")))
def test_data_is_read(snippet, tmp_path):
    if snippet.kind == "yaml" and isinstance(yaml.safe_load(snippet.text), dict):
        return  # a file of another program, which test_ci_recipes and test_textfile look at
    file = tmp_path / f"cases.{'jsonl' if snippet.kind == 'json' else snippet.kind}"
    file.write_text(snippet.text)
    assert read([file]).cases


def test_what_cannot_be_run_is_listed():
    unlisted = [str(found) for found in of("printed") if not any(words in found.first for words in PRINTED)]
    gone = [words for words in PRINTED if not any(words in found.first for found in of("printed"))]
    assert (unlisted, gone) == ([], [])


CHECK = """
import pytest

@pytest.hookimpl(tryfirst=True)  # before what needs a key is deselected
def pytest_collection_modifyitems(items):
    lacking = [
        f"{item.nodeid}: fixture {name!r} does not exist"
        for item in items
        for name in item._fixtureinfo.names_closure
        if name != "request" and name not in item._fixtureinfo.name2fixturedefs
    ]
    if lacking:
        raise pytest.UsageError("; ".join(lacking))
"""


def collected(folder, snippets):
    """What pytest says of a folder with a module for each of them, and how many tests it found."""
    (folder / "conftest.py").write_text(CHECK)
    (folder / "llmops.toml").write_text('default_target = "sandbox"\n')
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --strict-markers --import-mode=importlib\n")
    for snippet in snippets:
        name = re.sub(r"\W", "_", str(snippet))
        (folder / f"test_{name}.py").write_text(module(snippet))
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *unused(), str(folder)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def unused():
    return [word for name in ("hypothesispytest", "anyio", "locust", "faker") for word in ("-p", f"no:{name}")]


def module(snippet):
    """The snippet as a module: lines of a test's body get a head, decorators alone a test, names of ours an import."""
    text = snippet.text.strip("\n")
    if text.splitlines()[-1].startswith("@"):
        text += "\ndef test_decorated(): pass"
    tree = ast.parse(text, str(snippet))
    if any(isinstance(part, ast.FunctionDef) for part in tree.body):
        return f"import pytest\n\n{text}\n"
    imports = [part for part in tree.body if isinstance(part, ast.ImportFrom)]
    bound = {alias.name for part in imports for alias in part.names}
    bound |= {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    free = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - bound - set(dir(builtins))
    ours = sorted(free & set(pytest_llmops.__all__))
    heads = [*map(ast.unparse, imports), *(f"from pytest_llmops import {name}" for name in ours)]
    given = ", ".join(sorted(free - set(ours) - PRESUPPOSED))
    return "\n".join([*heads, f"def test_fragment({given}):", indent(text, "    "), ""])


def test_tests_are_collected(tmp_path):
    ended = collected(tmp_path, of("python"))
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.acceptance
def test_a_fixture_that_does_not_exist_is_seen(tmp_path):
    ended = collected(tmp_path, [Snippet("docs/x.md", 1, "python", "def test_x(no_such, api): pass")])
    assert "fixture 'no_such' does not exist" in ended.stdout + ended.stderr


def test_blocks_are_found():
    page = "Text\n\n    pytest -m daily\n    llmops board\n\n    [targets.x]\n    a = 1\n\n```yaml\na: 1\n```\n"
    assert [(found.line, found.kind) for found in snippets_in("x.md", page)] == [
        (3, "shell"),
        (6, "toml"),
        (10, "yaml"),
    ]


LAX = """
[[tool.mypy.overrides]]
module = {names}
disallow_untyped_defs = false
disallow_incomplete_defs = false
check_untyped_defs = true
disallow_untyped_calls = false
disallow_untyped_decorators = false
warn_unused_ignores = false
disable_error_code = ["name-defined", "func-returns-value"]
"""
"""Snippets need not be typed; names that a fragment presupposes are not there. No other section spoils the cache."""


def misused(folder, texts):
    """What mypy says of modules with these texts, by the project's own settings and with its cache."""
    config = folder / "pyproject.toml"
    files = []
    for name, text in texts.items():
        files.append(folder / f"typed_{re.sub(r'[^a-z0-9]', '_', name.lower())}.py")
        files[-1].write_text(annotated(text))
    lax = LAX.replace("{names}", json.dumps([file.stem for file in files]))
    config.write_text((ROOT / "pyproject.toml").read_text("utf-8") + lax)
    command = [sys.executable, "-m", "mypy", "--config-file", str(config), "--no-error-summary", *map(str, files)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return ended.stdout + ended.stderr


@pytest.mark.acceptance
def test_what_tests_call_exists(tmp_path):
    texts = {str(snippet): module(snippet) for snippet in of("python")}
    wrong = "def test_x(api): assert api.health().wel"
    said = misused(tmp_path, texts | {"wrong": wrong}).splitlines()
    ours = [line for line in said if "typed_" in line]
    assert [line.partition("typed_")[2] for line in ours] == [
        'wrong.py:4: error: "HealthReport" has no attribute "wel"  [attr-defined]'
    ], "\n".join(said)
