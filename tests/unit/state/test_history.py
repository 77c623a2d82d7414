"""The history in SQLite: whole runs, once each, whoever else is writing; and what is said where that cannot be."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import Engine, event

from pytest_llmops.errors import HistoryError
from pytest_llmops.state.history.connecting import read, write
from pytest_llmops.state.history.groups import newest_of_each
from pytest_llmops.state.history.last_good import LastGood, last_good
from pytest_llmops.state.history.migrations import SCHEMA
from pytest_llmops.state.history.place import place_of
from pytest_llmops.state.history.signing import SignOff, done_on, sign, signed_on
from pytest_llmops.state.history.tables import CARRIED, CHECKS, METADATA, METRICS
from pytest_llmops.state.history.unwritten import import_all, kept_or_put_aside, put_aside
from pytest_llmops.state.history.writing import FORGOTTEN_AT_ONCE, add, keep
from pytest_llmops.target.load import load

COUNTS = "SELECT (SELECT count(*) FROM llmops_runs), (SELECT count(DISTINCT id) FROM llmops_runs), " + ", ".join(
    f"(SELECT count(*) FROM llmops_{table})" for table in ("checks", "metrics", "carried")
)
NAME = "voyageur.morning-health.service-status"
DAY_S = 86400.0
OLD = (1, 2)
"""Schemas of earlier versions, of which a dump lies beside."""


def test_a_run_is_kept_once_however_often_it_comes(place, a_run, rows):
    here = place()
    assert keep(here, a_run("one"))
    assert not keep(here, a_run("one"))
    assert keep(here, a_run("two"))
    assert rows(here, COUNTS) == [(2, 2, 4, 4, 4)]


def test_git_leaves_the_folder_alone(place, a_run):
    here = place()
    keep(here, a_run("one"))
    assert sorted(path.name for path in here.folder.iterdir()) == [".gitignore", "history.db"]
    assert (here.folder / ".gitignore").read_text().splitlines()[-1] == "*"


def test_what_is_made_there_is_for_its_owner_alone(place, a_run):
    here = place()
    file = put_aside(here, a_run("aside"))
    keep(here, a_run("one"))
    modes = {path.name: path.stat().st_mode & 0o777 for path in (here.file, file.parent, file)}
    assert modes == {"history.db": 0o600, "unwritten": 0o700, file.name: 0o600}
    here.file.chmod(0o640)
    keep(here, a_run("two"))
    assert here.file.stat().st_mode & 0o777 == 0o640


def test_a_database_elsewhere_is_relative_to_the_file(place, a_run, tmp_path):
    here = place("[history]\nurl = 'sqlite:///kept/runs.db'\n")
    keep(here, a_run("one"))
    assert here.file == tmp_path / "kept" / "runs.db"
    assert [path.name for path in here.file.parent.iterdir()] == ["runs.db"]
    assert place("[state]\ndir = 'elsewhere'\n").file == tmp_path / "elsewhere" / "history.db"


def test_twenty_processes_lose_nothing_and_say_nothing(place, rows, many, tmp_path):
    here = place()
    (tmp_path / "llmops.toml").unlink()
    assert many("keep", tmp_path, 20, 3) == [[]] * 20
    assert rows(here, COUNTS) == [(60, 60, 120, 120, 120)]


@pytest.fixture
def no_answer_to_the_first_commit():
    """The first transaction is committed, and whoever waits for the answer is told that others hold the database."""
    lost = []

    def commit(connection):
        if not lost:
            lost.append(connection)
            connection.connection.dbapi_connection.execute("COMMIT")
            error = sqlite3.OperationalError("no answer")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error

    event.listen(Engine, "commit", commit)
    yield lost
    event.remove(Engine, "commit", commit)


def test_what_was_committed_without_an_answer_is_kept_once(place, a_run, rows, no_answer_to_the_first_commit):
    lost = no_answer_to_the_first_commit
    sign(place(), SignOff(NAME, "here", "Ana", "done", 1.0))
    assert len(lost) == 1
    lost.clear()
    keep(place(), a_run("one"))
    assert len(lost) == 1
    assert rows(place(), "SELECT signed_by FROM llmops_sign_offs") == [("Ana",)]
    assert rows(place(), COUNTS) == [(1, 1, 2, 2, 2)]


def test_how_much_of_the_target_a_run_left_changed_is_kept(place, a_run, rows):
    left = [{"component": name} for name in ("redis", "ollama", "redis")]
    keep(place(), a_run("left", left_changed=left))
    keep(place(), a_run("damaged", left_changed=[{"component": ""}]))
    keep(place(), a_run("well", left_changed=[]))
    keep(place(), a_run("put aside by an older version"))
    found = rows(place(), "SELECT left_changed FROM llmops_runs ORDER BY number")
    assert found == [(2,), (1,), (0,), (0,)]


def test_what_is_no_text_and_no_number_is_kept_as_far_as_it_goes(place, a_run, rows):
    run = a_run("one")
    run["checks"][0]["reason"] = "NUL \x00, half a character \ud800"
    run["checks"][0]["metrics"][0]["value"] = float("nan")
    keep(place(), run)
    assert rows(place(), "SELECT reason FROM llmops_checks WHERE reason != ''") == [("NUL \ufffd, half a character ?",)]
    assert rows(place(), "SELECT value, good FROM llmops_metrics ORDER BY name") == [(None, 0), (0.1, 1)]


def test_old_runs_go_and_sign_offs_stay(place, a_run, rows):
    here = place("[history]\nkeep = '10 d'\n")
    old, now = time.time() - 11 * DAY_S, time.time()
    sign(here, SignOff(NAME, "here", "Ana", "done", old))
    for name, started, target in (("old", old, "here"), ("other", old, "there"), ("young", now - 9 * DAY_S, "here")):
        keep(place("[history]\nkeep = '400 d'\n"), a_run(name, started=started, target=target))
    keep(here, a_run("now"))
    assert rows(here, "SELECT id FROM llmops_runs ORDER BY id") == [("now",), ("other",), ("young",)]
    assert rows(here, COUNTS) == [(3, 3, 6, 6, 6)]
    assert done_on(here, "here").signed[NAME].note == "done"


def test_every_sign_off_of_a_target_is_known_the_oldest_first(place):
    here = place()
    assert signed_on(here, "here") == {}
    for at, target in ((3.0, "here"), (1.0, "here"), (2.0, "there")):
        sign(here, SignOff(NAME, target, "Ana", "", at))
    assert signed_on(here, "here") == {NAME: [1.0, 3.0]}


def test_the_end_of_a_run_never_forgets_very_many_at_once(place, a_run, rows):
    old = time.time() - 500 * DAY_S
    lasting = place("[history]\nkeep = '1000 d'\n")
    before = [a_run(f"old {number}", started=old + number, checks=[]) for number in range(150)]
    write(lasting, lambda connection: [add(connection, run) for run in before])
    keep(place(), a_run("now"))
    assert rows(place(), "SELECT count(*) FROM llmops_runs") == [(151 - FORGOTTEN_AT_ONCE,)]
    keep(place(), a_run("then"))
    assert rows(place(), "SELECT id FROM llmops_runs ORDER BY id") == [("now",), ("then",)]


def test_what_was_last_good(place, a_run):
    here = place()
    assert last_good(here, "here", "daily/test_it.py::test_one", ["speed_one"]) == LastGood()
    for day, (value, outcome, state) in enumerate(
        [(0.1, "passed", "ok"), (0.2, "passed", "regression"), (0.3, "failed", "ok"), (0.4, "passed", "void")]
    ):
        run = a_run(f"run {day}", started=1e9 + day)
        run["checks"][0]["outcome"] = outcome
        run["checks"][0]["metrics"][0] |= {"value": value, "state": state}
        keep(place("[history]\nkeep = '99999 d'\n"), run)
    found = last_good(here, "here", "daily/test_it.py::test_one", ["speed_one", "unknown"])
    assert found == LastGood(1e9 + 3, {"speed_one": (0.1, 1e9)})
    assert last_good(here, "there", "daily/test_it.py::test_one", ["speed_one"]) == LastGood()


@pytest.mark.parametrize("schema", OLD)
def test_an_old_database_is_brought_up_with_all_that_it_holds(place, rows, many, a_run, tmp_path, schema):
    here = place()
    started = _old(here, schema)
    with pytest.raises(HistoryError) as caught:
        done_on(here, "here")
    assert str(caught.value) == (
        f"{here.file} has the history's schema {schema}, and this version reads {SCHEMA}; "
        "the next run that can write to it brings it up to date."
    )
    (tmp_path / "llmops.toml").unlink()
    assert many("keep", tmp_path, 8, 1) == [[]] * 8  # all of them find the old schema
    assert rows(here, "SELECT version FROM llmops_schema ORDER BY version") == [(n,) for n in range(1, SCHEMA + 1)]
    assert rows(here, "SELECT count(*) FROM llmops_runs WHERE length(id) = 8") == [(8,)]
    found = last_good(here, "here", "daily/test_latency.py::test_generation_latency", ["generation_latency"])
    assert found == LastGood(started, {"generation_latency": (0.08, started)})
    assert rows(here, "SELECT DISTINCT left_changed FROM llmops_runs") == [(0,)]
    sign(here, SignOff(NAME, "here", "Ana", "done", 1.0))
    signed = [("Ana", "done")] if schema < 2 else [("Ana", "done"), ("Ana", "read")]
    assert rows(here, "SELECT signed_by, note FROM llmops_sign_offs ORDER BY note") == signed


@pytest.mark.parametrize("schema", OLD)
def test_a_database_that_was_brought_up_is_as_one_that_is_new(place, schema):
    here = place()
    _old(here, schema)
    write(here, lambda connection: None)
    assert write(here, _shape) == sorted(
        (table.name, sorted(column.name for column in table.columns), sorted(index.name for index in table.indexes))
        for table in METADATA.tables.values()
    )


def _shape(connection):
    from sqlalchemy import inspect

    looked = inspect(connection)
    names = [name for name in looked.get_table_names() if name != "llmops_schema"]
    return sorted(
        (
            name,
            sorted(column["name"] for column in looked.get_columns(name)),
            sorted(index["name"] for index in looked.get_indexes(name) if not index["unique"]),
        )
        for name in names
    )


def _old(place, schema):
    """Leave what an earlier version would have; gives the start of its green run, young enough to be kept."""
    place.folder.mkdir()
    started = round(time.time() - 3 * DAY_S)
    dump = Path(__file__).with_name(f"history_schema_{schema}.sql").read_text()
    connection = sqlite3.connect(place.file)
    connection.executescript(dump.replace("1790000000.0", f"{started}.0"))
    connection.commit()
    connection.close()
    return started


def test_a_newer_schema_is_left_alone(place, a_run):
    here = place()
    keep(here, a_run("one"))
    connection = sqlite3.connect(here.file)
    connection.execute("INSERT INTO llmops_schema VALUES (99, 0)")
    connection.commit()
    connection.close()
    before = here.file.read_bytes()
    said = (
        f"{here.file} has the history's schema 99, and this version knows {SCHEMA}. It was left as it is; "
        "run pip install -U pytest-llmops, or name another with [history] url."
    )
    for act in (lambda: keep(here, a_run("two")), lambda: done_on(here, "here")):
        with pytest.raises(HistoryError) as caught:
            act()
        assert str(caught.value) == said
    assert here.file.read_bytes() == before


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be looked at" * 20, b"SQLite format 3\x00" * 99]
)
def test_a_broken_file_is_never_overwritten(place, a_run, content):
    here = place()
    here.folder.mkdir()
    here.file.write_bytes(content)
    for act in (lambda: keep(here, a_run("one")), lambda: done_on(here, "here")):
        with pytest.raises(HistoryError) as caught:
            act()
        assert str(caught.value) == (
            f"{here.file} is no database that can be read (file is not a database). It was left as it is; "
            "move it away, or name another with [history] url."
        )
    assert here.file.read_bytes() == content


def test_a_run_that_cannot_be_written_is_put_aside_and_imported_once(place, a_run, rows, many, tmp_path):
    here = place()
    here.file.mkdir(parents=True)  # nothing can be written there
    (said,) = kept_or_put_aside(here, a_run("one", started=7.5))
    file = here.folder / "unwritten" / "7-one.json"
    assert said == (
        f"not in the history: {here.file}: unable to open database file. Make its folder writable, or name another "
        f"place with [history] url. The run is kept as {file}, and the next one that can write imports it."
    )
    assert file.exists()
    here.file.rmdir()
    assert kept_or_put_aside(place("[history]\nkeep = '99999 d'\n"), a_run("two")) == [
        "1 earlier run imported into the history"
    ]
    assert not file.exists()
    assert rows(here, COUNTS) == [(2, 2, 4, 4, 4)]


def test_two_that_import_at_once_import_once(place, a_run, rows, many, tmp_path):
    here = place()
    for number in range(10):
        put_aside(here, a_run(f"run {number}"))
    (tmp_path / "llmops.toml").unlink()
    said = [line for lines in many("import", tmp_path, 4) for line in lines]
    assert sum(int(line.split()[0]) for line in said) == 10
    assert rows(here, COUNTS) == [(10, 10, 20, 20, 20)]
    assert list((here.folder / "unwritten").iterdir()) == []


def test_a_broken_file_that_waits_stops_no_other(place, a_run, rows):
    here = place()
    put_aside(here, a_run("good", started=9.0e9))
    broken = here.folder / "unwritten" / "1-bad.json"
    broken.write_text('{"id": "half')
    strange = here.folder / "unwritten" / "2-bad.json"
    strange.write_text('{"id": "x", "spent": 3}')
    why = "JSONDecodeError: Unterminated string starting at: line 1 column 8 (char 7)"
    left = "it was left there. Look at it, or delete it."
    assert import_all(here) == [
        "1 earlier run imported into the history",
        f"{broken} is no run that can be read ({why}); {left}",
        f"{strange} is no run that can be read (KeyError: 'target'); {left}",
    ]
    assert broken.exists()
    assert rows(here, COUNTS) == [(1, 1, 2, 2, 2)]


def test_where_nothing_at_all_can_be_written_that_is_said(place, a_run):
    here = place()
    here.folder.write_text("a file")
    (said,) = kept_or_put_aside(here, a_run("one"))
    assert said == (
        f"not in the history: {here.file}: File exists. Make its folder writable, or name another place with "
        f"[history] url. Nor could it be put aside in {here.folder}/unwritten (File exists): "
        "this run is in the reports alone."
    )


NOBODY = """
import os, sys
from pathlib import Path
from pytest_llmops.state.history.place import place_of
from pytest_llmops.state.history.signing import done_on
from pytest_llmops.state.history.unwritten import kept_or_put_aside
from pytest_llmops.target.load import load
root = Path(sys.argv[1])
run = {"id": "two", "target": "here", "profile": "", "environment": "", "against": None, "started": 1, "duration_s": 1,
       "exit_status": 0, "spent": {"requests": 0, "tokens": 0, "seconds": 0}, "checks": []}
kept_or_put_aside(place_of(load(None, "sandbox", root / "imports all that it takes")), run)
os.setuid(65534)
place = place_of(load(None, "sandbox", root))
print(done_on(place, "here").last["voyageur.morning-health.service-status"].outcome)
print(*kept_or_put_aside(place, run))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_in_a_folder_of_others_it_is_read_and_not_written(a_run):
    with TemporaryDirectory() as folder:  # pytest's own lies where nobody else can look
        Path(folder).chmod(0o755)
        here = place_of(load(None, "sandbox", Path(folder)))
        keep(here, a_run("one"))
        closed = subprocess.run([sys.executable, "-c", NOBODY, folder], capture_output=True, text=True, check=False)
        here.file.chmod(0o644)
        done = subprocess.run([sys.executable, "-c", NOBODY, folder], capture_output=True, text=True, check=False)
    assert closed.stderr.splitlines()[-1].partition(": ")[2] == (
        f"{here.file}: unable to open database file. Have its owner let you read it (chmod), or name another place "
        "with [history] url."
    )
    assert done.returncode == 0, done.stderr
    outcome, said = done.stdout.splitlines()
    assert outcome == "passed"
    assert said == (
        f"not in the history: {here.file}: attempt to write a readonly database. Make its folder writable, or name "
        f"another place with [history] url. Nor could it be put aside in {here.folder}/unwritten (Permission denied): "
        "this run is in the reports alone."
    )


def test_where_nothing_was_kept_yet_there_is_nothing_to_read(place):
    assert read(place(), lambda connection: 1 / 0, "nothing") == "nothing"
    assert not place().folder.exists()


@pytest.mark.parametrize(
    ("table", "keys", "target", "walked"),
    [
        (CHECKS, ("test", "outcome"), None, "llmops_checks_newest ((target,test,outcome)>(?,?,?))"),
        (METRICS, ("name", "good"), None, "llmops_metrics_newest ((target,name,good)>(?,?,?))"),
        (
            CARRIED,
            ("procedure", "test", "weight"),
            "here",
            "llmops_carried_newest (target=? AND (procedure,test,weight)>(?,?,?))",
        ),
    ],
)
def test_the_newest_of_each_is_found_by_steps_along_an_index(place, table, keys, target, walked):
    here = place()
    write(here, lambda _: None)

    def plan(connection):
        asked = newest_of_each(table, keys, target).compile(connection, compile_kwargs={"literal_binds": True})
        return [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}")]

    steps = read(here, plan, [])
    assert f"SEARCH next_one USING COVERING INDEX {walked}" in steps
