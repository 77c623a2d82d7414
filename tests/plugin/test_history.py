"""Runs and the history of their project: each is kept, says what was last good, and never depends on it."""

import json
import re
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from pytest_llmops.state.history.migrations import SCHEMA

TESTS = """
    import os

    VALUE = int(os.environ.get("VALUE", 1))

    def test_size(record):
        record("size", VALUE)

    def test_sentence(llmops_target):
        assert VALUE < 5, "it is too much"

    def test_other(record):
        record("other", 3)
"""
FILE = """
[targets.here]
[targets.here.components.redis]
url = "redis://127.0.0.1:9"
[targets.here.thresholds.size]
warning = "> 5"
"""
MOMENT = r"\d{4}-\d\d-\d\d \d\d:\d\d"


@pytest.fixture
def here(project):
    project.write("llmops.toml", FILE)
    project.write("test_it.py", TESTS)
    return project


def asked(project, statement):
    connection = sqlite3.connect(project.path / ".llmops" / "history.db")
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("words", [(), ("-n", "2")], ids=["serial", "parallel"])
def test_what_is_red_says_when_it_was_last_well(here, words):
    good = here.run(*words)
    assert good.status == 0, good.out
    assert [check["last_passed"] for check in good.checks.values()] == [None] * 3
    red = here.run(*words, "--llmops-gate", environ={"VALUE": "9"})
    assert red.status == 1
    when = good.whole["started"]
    size, sentence = red.checks["test_size"], red.checks["test_sentence"]
    assert size["metrics"][0]["last_good"] == {"value": 1.0, "started": when}
    assert (size["last_passed"], sentence["last_passed"]) == (when, when)
    said = rf"size is 9; that is a warning \(> 5\); last good: 1 on {MOMENT}"
    assert re.fullmatch(said, size["reason"].splitlines()[0])
    assert len(re.findall(said, red.out)) >= 2  # at the test, and in the summary
    assert len(re.findall(rf"^ *last passed on {MOMENT}$", red.out, re.MULTILINE)) == 2
    summary = (here.reports / "summary.md").read_text()
    assert re.search(rf"last good: 1 on {MOMENT}", summary)
    assert re.search(rf"it is too much; last passed on {MOMENT}", summary)
    assert red.checks["test_other"]["metrics"][0]["last_good"] is None
    assert asked(here, "SELECT exit_status FROM llmops_runs ORDER BY number") == [(0,), (1,)]
    assert asked(here, "SELECT id FROM llmops_runs ORDER BY number DESC LIMIT 1") == [(red.whole["id"],)]


def test_allure_tells_it_too(here):
    here.run()
    here.run("--alluredir=allure", environ={"VALUE": "9"}, allure=True)
    found = [json.loads(file.read_text()) for file in (here.path / "allure").glob("*-result.json")]
    told = {one["fullName"].rpartition("#")[2]: one["statusDetails"] for one in found if one["status"] == "failed"}
    assert re.search(rf"last good: 1 on {MOMENT}", told["test_size"]["message"])
    assert re.search(rf"last passed on {MOMENT}", told["test_sentence"]["trace"])


def test_a_history_that_is_damaged_is_said_and_changes_nothing(here):
    folder = here.path / ".llmops"
    folder.mkdir()
    (folder / "history.db").write_text("no database at all" * 99)
    for words in ((), ("-n", "2")):
        red = here.run(*words, environ={"VALUE": "9"})
        assert red.status == 1
        assert red.checks["test_size"]["reason"].splitlines()[0] == "size is 9; that is a warning (> 5)"
        lines = [line for line in red.lines if line.startswith("llmops: ") and "history" in line]
        (file,) = (folder / "unwritten").iterdir()
        said = (
            f"llmops: not in the history: {folder / 'history.db'} is no database that can be read (file is not a "
            "database). It was left as it is; move it away, or name another with [history] url. "
            f"The run is kept as {file}, and the next one that can write imports it."
        )
        assert lines == [said]
        file.unlink()
    (folder / "history.db").unlink()


def test_what_cannot_be_read_and_can_be_written_is_said_once(here):
    here.run()
    connection = sqlite3.connect(here.path / ".llmops" / "history.db")
    connection.execute("DELETE FROM llmops_schema WHERE version > 1")
    connection.execute("DROP TABLE llmops_sign_offs")
    connection.execute("ALTER TABLE llmops_runs DROP COLUMN left_changed")
    connection.execute('ALTER TABLE llmops_runs DROP COLUMN "commit"')
    connection.commit()
    connection.close()
    red = here.run("-n", "2", environ={"VALUE": "9"})
    assert red.status == 1
    said = (
        f"llmops: last good values are not told: {here.path}/.llmops/history.db has the history's schema 1, "
        f"and this version reads {SCHEMA}; the next run that can write to it brings it up to date."
    )
    assert [line for line in red.lines if "last good" in line] == [said]
    assert asked(here, "SELECT count(*) FROM llmops_runs") == [(2,)]


def test_a_run_that_was_put_aside_is_in_the_history_after_the_next(here):
    file = here.path / ".llmops" / "history.db"
    file.mkdir(parents=True)
    first = here.run()
    assert first.status == 0
    file.rmdir()
    second = here.run()
    assert "llmops: 1 earlier run imported into the history" in second.lines
    assert asked(here, "SELECT id FROM llmops_runs ORDER BY started") == [(first.whole["id"],), (second.whole["id"],)]


def test_runs_at_once_are_all_kept(here):
    with ThreadPoolExecutor() as pool:
        command = here.command("-q", "--llmops-report")
        started = [
            pool.submit(subprocess.run, [*command, f"r{number}"], cwd=here.path, env=here.environ(),
                        capture_output=True, text=True, check=False)
            for number in range(3)
        ]  # fmt: skip
        done = [one.result() for one in started]
    assert [one.returncode for one in done] == [0, 0, 0]
    assert not [one.stdout for one in done if "history" in one.stdout or "locked" in one.stdout]
    assert asked(here, "SELECT count(*), count(DISTINCT id) FROM llmops_runs") == [(3, 3)]


def test_nothing_is_kept_of_what_was_no_run(here):
    here.write("test_stranger.py", "def test_it(): pass\n")
    here.run("--llmops-plan")
    here.run("--collect-only")
    here.run("test_stranger.py")
    here.run("--llmops-target", "nowhere")
    assert not (here.path / ".llmops").exists()


def test_no_secret_reaches_the_history(here):
    more = '\nauth = { bearer = "REDIS_KEY" }\n'
    here.write("llmops.toml", FILE.replace('9"\n', f'9"{more}') + '\n[history]\npassword_env = "HISTORY_KEY"\n')
    here.write(
        "test_it.py",
        "import os\ndef test_it(llmops_target):\n    assert 0, os.environ['REDIS_KEY'] + os.environ['HISTORY_KEY']\n",
    )
    red = here.run(environ={"REDIS_KEY": "s3cret-redis", "HISTORY_KEY": "s3cret-history"})
    assert red.status == 1
    assert "s3cret" not in red.out
    (reason,) = asked(here, "SELECT reason FROM llmops_checks")[0]
    assert reason.splitlines()[0] == "AssertionError: [redacted][redacted]"
    assert b"s3cret" not in (here.path / ".llmops" / "history.db").read_bytes()
