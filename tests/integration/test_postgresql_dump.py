"""A dump of a real PostgreSQL, restored into an empty database of another server."""

import json
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from pytest_llmops.cli.recover import recover
from pytest_llmops.errors import CallFailed, ConfigError, Vacuous
from pytest_llmops.operate.postgresql_restore import Rows, differing, proven
from pytest_llmops.operate.postgresql_scratch import remove
from pytest_llmops.state.noted import left_elsewhere, noted
from pytest_llmops.target.load import load

sys.path.insert(0, str(Path(__file__).parent))
from private_postgresql import PASSWORD, Cluster, installed

pytestmark = pytest.mark.skipif(installed() is None, reason="not installed: postgresql, or not root")

FILE = """
[targets.here.components.files]
[targets.here.databases.orders]
url = "{url}"
password_env = "SOURCE"
scratch = "{scratch}"
scratch_password_env = "SCRATCH"
"""
FILL = """
CREATE SCHEMA shop;
CREATE TABLE shop.orders (id serial PRIMARY KEY, at timestamptz DEFAULT now(), price numeric, note text, more jsonb);
INSERT INTO shop.orders (price, note, more)
SELECT n / 7.0, repeat('é', n % 50), jsonb_build_object('n', n) FROM generate_series(1, 5000) n;
CREATE TABLE plain (f double precision, b bytea);
INSERT INTO plain SELECT random(), decode(md5(n::text), 'hex') FROM generate_series(1, 300) n;
CREATE TABLE empty (a int);
"""


@pytest.fixture(scope="module")
def clusters():
    made = [Cluster(), Cluster()]
    yield made
    for one in made:
        one.end()


@pytest.fixture
def target(clusters, tmp_path, request):
    name = request.node.name

    def target(scratch=1, environ=None):
        urls = {"url": clusters[0].url(name), "scratch": clusters[scratch].url("postgres")}
        (tmp_path / "llmops.toml").write_text(FILE.format(**urls))
        secrets = {"SOURCE": PASSWORD, "SCRATCH": PASSWORD} if environ is None else environ
        return load(tmp_path / "llmops.toml", None, tmp_path, secrets)

    return target


def fill(cluster, name):
    with psycopg.connect(cluster.url(name, password=True), autocommit=True) as connection:
        connection.execute(FILL)


def databases(cluster):
    with psycopg.connect(cluster.url("postgres", password=True)) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()}


def shim(folder, monkeypatch, program, script):
    """A program in the place of PostgreSQL's."""
    path = folder / "bin" / program
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{path.parent}:/usr/bin:/bin")


def test_every_table_comes_back(clusters, target, tmp_path, request):
    found = target()
    fill(clusters[0], request.node.name)
    before = databases(clusters[1])
    restored = proven(found, "orders", tmp_path / "d")
    assert restored.wrong == ()
    assert {name: rows.count for name, rows in restored.tables.items()} == {
        "public.empty": 0,
        "public.plain": 300,
        "shop.orders": 5000,
    }
    assert databases(clusters[1]) == before
    assert (tmp_path / "d").stat().st_mode & 0o777 == 0o600
    assert restored.bytes == (tmp_path / "d").stat().st_size > 1000


def test_the_same_server_is_refused(clusters, target, tmp_path, request):
    found = target(scratch=0)
    fill(clusters[0], request.node.name)
    before = databases(clusters[0])
    with pytest.raises(ConfigError) as caught:
        proven(found, "orders", tmp_path / "d")
    assert str(caught.value) == (
        "databases.orders: scratch is the server whose database is dumped; name one that may break."
    )
    assert databases(clusters[0]) == before


def test_a_database_without_a_table_says_nothing(target, tmp_path):
    with pytest.raises(Vacuous, match=r"^databases.orders: there is no table in it, so a dump of it says nothing\.$"):
        proven(target(), "orders", tmp_path / "d")


def test_a_wrong_password_is_not_shown(target, tmp_path):
    found = target(environ={"SOURCE": "wrong-as-can-be", "SCRATCH": PASSWORD})
    with pytest.raises(CallFailed) as caught:
        proven(found, "orders", tmp_path / "d")
    assert caught.value.kind == "connection"
    assert "wrong-as-can-be" not in str(caught.value)
    assert "password authentication failed" in str(caught.value)


def test_a_dump_that_cannot_be_restored(clusters, target, tmp_path, request, monkeypatch):
    """As a server that was broken: what pg_dump writes is damaged before it is restored."""
    found = target()
    fill(clusters[0], request.node.name)
    cut = 'for word; do case $word in --file=*) truncate -s -100 "${word#--file=}";; esac; done'
    shim(tmp_path, monkeypatch, "pg_dump", f'/usr/bin/pg_dump "$@" || exit\n{cut}')
    before = databases(clusters[1])
    with pytest.raises(CallFailed, match=r"^databases.orders: pg_restore ended with 1: "):
        proven(found, "orders", tmp_path / "d")
    assert databases(clusters[1]) == before


OWN = """
def test_the_orders_can_be_restored(postgresql_dump, record):
    restored = postgresql_dump("orders")
    record("dumped_rows", sum(rows.count for rows in restored.tables.values()), "rows")
    assert not restored.wrong

def test_the_stock_can_be_restored(postgresql_dump):
    assert not postgresql_dump("order").wrong
"""


def test_a_test_of_ones_own_restores_what_the_target_declares(clusters, person, request):
    name = request.node.name
    fill(clusters[0], name)
    person.file.write_text(FILE.format(url=clusters[0].url(name), scratch=clusters[1].url("postgres")))
    (person.folder / "test_own.py").write_text(OWN)
    person.environ = {"SOURCE": PASSWORD, "SCRATCH": PASSWORD}
    run = person.types(sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
    assert "dumped_rows 5300 rows" in run.out
    checks = json.loads((person.folder / "reports" / "run.json").read_text())["checks"]
    restored, lacking = sorted(checks, key=lambda check: check["test"])
    assert restored["outcome"] == "passed"
    assert lacking["category"] == "unsupported"
    said = "databases: target here has no database 'order'. Did you mean 'orders'? It has: orders."
    assert said in lacking["reason"]


KILLED = """
import os
from pathlib import Path
from pytest_llmops.operate.postgresql_restore import proven
from pytest_llmops.target.load import load

here = Path.cwd()
proven(load(here / "llmops.toml", None, here, os.environ), "orders", here / "d")
"""


def test_who_is_killed_leaves_a_database_that_recover_deletes(clusters, target, tmp_path, request, monkeypatch):
    target()
    fill(clusters[0], request.node.name)
    before = databases(clusters[1])
    shim(tmp_path, monkeypatch, "pg_restore", "kill -9 $PPID")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    for name in ("SOURCE", "SCRATCH"):
        monkeypatch.setenv(name, PASSWORD)
    assert subprocess.run([sys.executable, "-c", KILLED], check=False).returncode == -signal.SIGKILL
    (left,) = databases(clusters[1]) - before
    (note,) = (tmp_path / ".llmops" / "elsewhere").iterdir()
    assert note.name.startswith(left)
    assert note.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in note.read_text()
    what = f"the database {left} at 127.0.0.1:{clusters[1].port}"

    planned = CliRunner().invoke(recover, ["--plan"])
    assert planned.exit_code == 1
    assert f"left by a process that was killed: {what}" in planned.output.splitlines()

    monkeypatch.setenv("SCRATCH", "wrong-as-can-be")
    refused = CliRunner().invoke(recover, [])
    assert refused.exit_code == 1
    assert "password authentication failed" in refused.output
    assert f"llmops recover tries again as long as {note} is there." in refused.output
    assert databases(clusters[1]) - before == {left}

    monkeypatch.setenv("SCRATCH", PASSWORD)
    done = CliRunner().invoke(recover, [])
    assert done.exit_code == 0
    assert f"removed, for a process that was killed left it: {what}" in done.output.splitlines()
    assert databases(clusters[1]) == before
    assert list(note.parent.iterdir()) == []


def test_what_cannot_be_deleted_is_left_to_recover(clusters, target, tmp_path, request, monkeypatch):
    """The scratch server goes away while a dump is restored, and comes back later."""
    found = target()
    fill(clusters[0], request.node.name)
    before = databases(clusters[1])
    data = clusters[1].data
    shim(tmp_path, monkeypatch, "pg_restore", f"kill -QUIT $(head -1 {data}/postmaster.pid)")
    try:
        with pytest.raises(CallFailed, match=r"databases.orders: llmops_scratch_\w+ at \S+ cannot be deleted: "):
            proven(found, "orders", tmp_path / "d")
    finally:
        clusters[1].start()
    assert len(databases(clusters[1]) - before) == 1
    assert left_elsewhere(found.state_folder) == []  # we are there still
    (note,) = (found.state_folder / "elsewhere").iterdir()
    remove(note, {"SCRATCH": PASSWORD})
    assert databases(clusters[1]) == before
    assert not note.exists()


def test_who_may_make_no_database_is_told_so(clusters, target, tmp_path, request):
    found = target()
    fill(clusters[0], request.node.name)
    with psycopg.connect(clusters[1].url("postgres", password=True), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE poor LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("GRANT EXECUTE ON FUNCTION pg_control_system() TO poor")
    table = found.table.databases["orders"]
    poor = table.model_copy(update={"scratch": table.scratch.replace("postgres@", "poor@")})
    found = replace(found, table=found.table.model_copy(update={"databases": {"orders": poor}}))
    with pytest.raises(CallFailed, match=r"^databases.orders: no database can be made at \S+: permission denied"):
        proven(found, "orders", tmp_path / "d")
    assert list((found.state_folder / "elsewhere").iterdir()) == []


def test_a_database_that_is_being_made_as_its_maker_dies_does_not_come_later(clusters, tmp_path):
    """Its maker is ended first: a server carries out what it was asked for, though nobody waits for it any more."""
    name = "llmops_scratch_" + "0" * 32
    with psycopg.connect(clusters[1].url("postgres", password=True), autocommit=True) as connection:
        connection.execute(f"SET application_name = '{name}'")
        how = {"database": name, "of": "orders", "url": clusters[1].url("postgres"), "password_env": "SCRATCH"}
        with noted(tmp_path, name, how) as note:
            remove(note, {"SCRATCH": PASSWORD})
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")


def test_what_is_not_as_it_was_is_told():
    before = {"a": Rows(3, "7"), "b": Rows(3, "7"), "c": Rows(3, "7"), "d": Rows(0, "0")}
    after = {"a": Rows(3, "7"), "b": Rows(2, "5"), "c": Rows(3, "8")}
    assert differing("orders", before, after) == [
        "orders: table d is not there once it is restored",
        "orders: table b had 3 rows, and has 2 once it is restored",
        "orders: table c has other values in its 3 rows once it is restored",
    ]
