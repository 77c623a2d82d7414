"""A PostgreSQL database: what it takes to reach it."""

import sys

import pytest

from pytest_llmops.errors import NotInstalled
from pytest_llmops.operate.postgresql_place import Place


def test_without_its_package_a_database_is_not_asked(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    place = Place("main", "postgresql://127.0.0.1:1/app", None, {}, deadline_s=1)
    with pytest.raises(NotInstalled) as caught, place.connected():
        pass
    assert str(caught.value) == "databases.main: PostgreSQL takes psycopg: pip install 'pytest-llmops[postgresql]'."
