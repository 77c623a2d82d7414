"""A dump of a real PostgreSQL, restored into an empty database of another server."""

import sys
from pathlib import Path

import psycopg
import pytest

from pytest_llmops.errors import CallFailed, ConfigError, Vacuous
from pytest_llmops.operate.postgresql_restore import Rows, differing, proven
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
    real = Path("/usr/bin/pg_dump")
    shim = tmp_path / "bin/pg_dump"
    shim.parent.mkdir()
    shim.write_text(
        f'#!/bin/sh\n{real} "$@" || exit\nfor word; do case $word in --file=*) file=${{word#--file=}};; esac; done\n'
        'truncate -s -100 "$file"\n'
    )
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", f"{shim.parent}:/usr/bin:/bin")
    before = databases(clusters[1])
    with pytest.raises(CallFailed, match=r"^databases.orders: pg_restore ended with 1: "):
        proven(found, "orders", tmp_path / "d")
    assert databases(clusters[1]) == before


def test_what_is_not_as_it_was_is_told():
    before = {"a": Rows(3, "7"), "b": Rows(3, "7"), "c": Rows(3, "7"), "d": Rows(0, "0")}
    after = {"a": Rows(3, "7"), "b": Rows(2, "5"), "c": Rows(3, "8")}
    assert differing("orders", before, after) == [
        "orders: table d is not there once it is restored",
        "orders: table b had 3 rows, and has 2 once it is restored",
        "orders: table c has other values in its 3 rows once it is restored",
    ]
