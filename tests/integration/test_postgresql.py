"""The history in a real PostgreSQL: many writers, a password that is never shown, and a server that is away."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from pytest_llmops.errors import HistoryError
from pytest_llmops.state.history.connecting import write
from pytest_llmops.state.history.migrations import KEYS, SCHEMA, STEPS
from pytest_llmops.state.history.place import place_of
from pytest_llmops.state.history.signing import SignOff, done_on, sign
from pytest_llmops.state.history.writing import keep
from pytest_llmops.target.load import load

sys.path.insert(0, str(Path(__file__).parent))
from private_postgresql import PASSWORD, USER, Cluster, installed

pytestmark = pytest.mark.skipif(installed() is None, reason="not installed: postgresql, or not root")

MANY = Path(__file__).parents[1] / "unit" / "state" / "many_processes.py"
COUNTS = "SELECT (SELECT count(*) FROM llmops_runs), (SELECT count(DISTINCT id) FROM llmops_runs), " + ", ".join(
    f"(SELECT count(*) FROM llmops_{table})" for table in ("checks", "metrics", "carried")
)
NAME = "voyageur.morning-health.service-status"
FILE = """
[targets.sandbox]
system = "voyageur"
components.redis.url = "redis://127.0.0.1:9"
[targets.sandbox.thresholds.size]
warning = "> 5"
[history]
url = "{url}"
"""


@pytest.fixture(scope="module")
def cluster():
    made = Cluster()
    yield made
    made.end()


@pytest.fixture
def project(cluster, tmp_path, request, monkeypatch):
    """A folder whose history is a database of its own; the password is in the environment."""
    monkeypatch.setenv("HISTORY_PASSWORD", PASSWORD)
    url = cluster.url(re.sub(r"\W", "_", request.node.name))
    (tmp_path / "llmops.toml").write_text(FILE.format(url=url) + 'password_env = "HISTORY_PASSWORD"\n')
    return tmp_path


def place(project):
    return place_of(load(project / "llmops.toml", "sandbox", project))


def asked(cluster, database, statement):
    where = f"host=127.0.0.1 port={cluster.port} user={USER} password='{PASSWORD}' dbname={database}"
    with psycopg.connect(where) as connection:
        return connection.execute(statement).fetchall()


def many(what, project, processes, runs=0):
    command = [sys.executable, "-W", "error", str(MANY), what, str(project), str(processes), str(runs)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


def test_twenty_writers_lose_nothing(project, cluster):
    assert many("keep", project, 20, 3) == [[]] * 20  # of which each finds no table yet
    assert asked(cluster, "test_twenty_writers_lose_nothing", COUNTS) == [(60, 60, 120, 120, 120)]


@pytest.mark.parametrize("schema", [1, 2])
def test_an_old_schema_is_brought_up_by_one_of_many(project, cluster, schema):
    database = f"test_an_old_schema_is_brought_up_by_one_of_many_{schema}_"
    where = f"host=127.0.0.1 port={cluster.port} user={USER} password='{PASSWORD}' dbname={database}"
    with psycopg.connect(where) as connection:
        connection.execute("CREATE TABLE llmops_schema (version INTEGER PRIMARY KEY, since DOUBLE PRECISION)")
        for version, statements in enumerate(STEPS[:schema], 1):
            for statement in statements:
                connection.execute(statement.format(key=KEYS["postgresql"]))
            connection.execute("INSERT INTO llmops_schema VALUES (%s, 0)", [version])
        connection.execute(
            "INSERT INTO llmops_runs VALUES (DEFAULT, 'a', 'x', '', '', NULL, 9e9, 1, 0, 1, 1, 1, '0.1')"
        )
    with pytest.raises(HistoryError, match=f"schema {schema}, and this version reads {SCHEMA}"):
        done_on(place(project), "here")
    assert many("keep", project, 8, 1) == [[]] * 8
    versions = [(version,) for version in range(1, SCHEMA + 1)]
    assert asked(cluster, database, "SELECT version FROM llmops_schema ORDER BY version") == versions
    assert asked(cluster, database, "SELECT left_changed, count(*) FROM llmops_runs GROUP BY 1") == [(0, 9)]
    sign(place(project), SignOff(NAME, "here", "Ana", "done", 1.0))
    done = done_on(place(project), "here")
    assert (done.last[NAME].outcome, done.signed[NAME].by) == ("passed", "Ana")


def test_whole_runs_at_once_the_commands_and_the_last_good_value(project, cluster):
    (project / "test_it.py").write_text(
        "import os\ndef test_size(record):\n    record('size', int(os.environ['VALUE']))\n"
        f"import pytest\n@pytest.mark.procedure('{NAME}')\ndef test_it(llmops_target): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-pno:cacheprovider", "-pno:hypothesispytest", "-pno:locust"]

    def environ(value):
        ours = {key: text for key, text in os.environ.items() if not key.startswith(("PYTEST_", "LLMOPS_"))}
        return {**ours, "VALUE": str(value), "COLUMNS": "120"}

    runs = [
        subprocess.Popen([*command, "--llmops-report", f"r{number}"], cwd=project, env=environ(1), text=True,
                         stdout=subprocess.PIPE)
        for number in range(2)
    ]  # fmt: skip
    said = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    assert "history" not in "".join(said)
    red = subprocess.run(command, cwd=project, env=environ(9), text=True, capture_output=True, check=False)
    assert "size is 9; that is a warning (> 5); last good: 1 on 2" in red.stdout
    assert "3 runs since" in (project / "reports" / "board.html").read_text()
    llmops = Path(sys.executable).with_name("llmops")

    def answered(*words):
        done = subprocess.run([llmops, *words], cwd=project, env=environ(1), capture_output=True, text=True, check=True)
        return json.loads(done.stdout)

    assert [run["exit_status"] for run in answered("history", "--json")] == [1, 0, 0]
    assert [row["value"] for row in answered("history", "--metric", "size", "--json")] == [9, 1, 1]
    assert len(answered("history", "--procedure", NAME, "--check", "*it", "--json")) == 3
    state = next(one for one in answered("procedures", "--json") if one["id"] == NAME)
    assert (state["last"]["outcome"], state["last"]["test"]) == ("passed", "test_it.py::test_it")


def test_a_wrong_password_is_never_shown(cluster, tmp_path):
    url = cluster.url("wrong").replace(f"{USER}@", f"{USER}:not-the-password@")
    (tmp_path / "llmops.toml").write_text(FILE.format(url=url))
    target = load(tmp_path / "llmops.toml", "sandbox", tmp_path)
    assert target.notes == ("llmops.toml: [history] url holds a password; name it in password_env instead",)
    here = place_of(target)
    with pytest.raises(HistoryError) as caught:
        keep(here, {**RUN})
    assert str(caught.value) == (
        f"postgresql://127.0.0.1:{cluster.port}/wrong: connection failed: connection to server at "
        f'"127.0.0.1", port {cluster.port} failed: FATAL:  password authentication failed for user "postgres". '
        "Look whether the database answers there and lets this user in, or name another with [history] url."
    )
    assert "not-the-password" not in repr(here)
    assert target.redactor().clean("not-the-password") == "[redacted]"


RUN = {
    "id": "one", "target": "sandbox", "profile": "", "environment": "", "against": None, "started": 1e9,
    "duration_s": 1, "exit_status": 0, "spent": {"requests": 0, "tokens": 0, "seconds": 0}, "checks": [],
}  # fmt: skip


def test_a_server_that_is_away_and_comes_back(project, cluster, monkeypatch):
    database = "test_a_server_that_is_away_and_comes_back"
    here = place(project)
    write(here, lambda _: None)
    cluster.stop()
    try:
        ((said,),) = many("keep", project, 1, 1)
    finally:
        cluster.start()
    assert said.startswith(
        f"not in the history: postgresql://127.0.0.1:{cluster.port}/{database}: connection failed: "
        f'connection to server at "127.0.0.1", port {cluster.port} failed: Connection refused. '
    )
    assert many("keep", project, 1, 2)[0] == []  # the same name as the one that waits, and another
    assert asked(cluster, database, COUNTS) == [(2, 2, 4, 4, 4)]
    assert list((project / ".llmops" / "unwritten").iterdir()) == []
