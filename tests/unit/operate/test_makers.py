"""Every table that a journal may hold has a driver, and says in words what is acted on."""

from __future__ import annotations

from importlib.util import find_spec
from pkgutil import resolve_name
from string import Formatter
from typing import TYPE_CHECKING, get_args

import pytest

from pytest_llmops.operate.makers import DRIVERS
from pytest_llmops.target.control import Control, Driven
from pytest_llmops.target.settings import Valued

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

TABLES: tuple[type[Driven], ...] = (*get_args(get_args(Control)[0]), *get_args(get_args(Valued)[0]))


def name(table: type[Driven]) -> str:
    field: FieldInfo = table.model_fields["driver"]
    return str(get_args(field.annotation)[0])


@pytest.mark.parametrize("table", TABLES, ids=name)
def test_each_has_a_driver_in_one_room(table: type[Driven]) -> None:
    """Above by its line in the makers, or below in a module of its name."""
    above = name(table) in DRIVERS
    assert above != (find_spec(f"pytest_llmops.control.{name(table)}") is not None)
    if above:
        assert {"status", "act", "by_hand"} <= {*dir(resolve_name(f"pytest_llmops.operate.{DRIVERS[name(table)]}"))}


def test_each_driver_has_a_table() -> None:
    assert {*DRIVERS} <= {name(table) for table in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=name)
def test_each_says_what_is_acted_on_by_its_own_fields(table: type[Driven]) -> None:
    own = table.what is not Driven.what
    assert own or {field for _, field, _, _ in Formatter().parse(table.said) if field} <= {*table.model_fields}
