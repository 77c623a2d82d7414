"""The params of a parametrized test, as pytest names them, read out of source."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Param:
    """One set of values.

    Attributes:
        id: its part of the test's name.
        marks: what ``pytest.param`` puts on the test.
    """

    id: str
    marks: tuple[ast.expr, ...] = ()


def decorators(expressions: Sequence[ast.expr], names: Mapping[str, ast.expr]) -> list[ast.expr]:
    """Marks, with names looked up and lists laid flat."""
    found: list[ast.expr] = []
    for expression in expressions:
        meant = meaning(expression, names)
        found += decorators(meant.elts, names) if isinstance(meant, ast.List | ast.Tuple) else [meant]
    return found


def meaning(expression: ast.expr, names: Mapping[str, ast.expr]) -> ast.expr:
    """What a name stands for in its module; anything else is itself."""
    seen: set[str] = set()
    while isinstance(expression, ast.Name) and expression.id in names and expression.id not in seen:
        seen.add(expression.id)
        expression = names[expression.id]
    return expression


def texts(expressions: Iterable[ast.expr]) -> list[str]:
    """Those that are plain text."""
    return [one.value for one in expressions if isinstance(one, ast.Constant) and isinstance(one.value, str)]


def params_of(mark: ast.expr, names: Mapping[str, ast.expr]) -> list[Param]:
    """The params of one ``parametrize``."""
    assert isinstance(mark, ast.Call)
    given = {keyword.arg: keyword.value for keyword in mark.keywords}
    given |= dict(zip(("argnames", "argvalues"), mark.args, strict=False))
    arguments = _arguments(meaning(given["argnames"], names))
    values = meaning(given["argvalues"], names)
    ids = meaning(given["ids"], names) if "ids" in given else None
    named = texts(ids.elts) if isinstance(ids, ast.List | ast.Tuple) else []
    elements = values.elts if isinstance(values, ast.List | ast.Tuple | ast.Set) else []
    made = [_param(element, number, arguments, names) for number, element in enumerate(elements)]
    return [Param(named[number], one.marks) if number < len(named) else one for number, one in enumerate(made)]


def _arguments(argnames: ast.expr) -> list[str]:
    if isinstance(argnames, ast.List | ast.Tuple):
        return texts(argnames.elts)
    return [name.strip() for word in texts([argnames]) for name in word.split(",")]


def _param(element: ast.expr, number: int, arguments: Sequence[str], names: Mapping[str, ast.expr]) -> Param:
    meant, own = meaning(element, names), ""
    marks: tuple[ast.expr, ...] = ()
    values = [meant]
    if isinstance(meant, ast.Call) and isinstance(meant.func, ast.Attribute) and meant.func.attr == "param":
        keywords = {keyword.arg: keyword.value for keyword in meant.keywords}
        marks = tuple(decorators([keywords["marks"]], names)) if "marks" in keywords else ()
        own = next(iter(texts([keywords["id"]])), "") if "id" in keywords else ""
        values = meant.args
    elif len(arguments) > 1 and isinstance(meant, ast.List | ast.Tuple):
        values = meant.elts
    words = [_word(value, f"{name}{number}", names) for name, value in zip(arguments, values, strict=False)]
    return Param(own or "-".join(words), marks)


def _word(value: ast.expr, otherwise: str, names: Mapping[str, ast.expr]) -> str:
    """How pytest calls a value: by itself where it is text or a number, else by its argument and place."""
    try:
        known = ast.literal_eval(meaning(value, names))
    except ValueError:
        return otherwise
    return str(known) if isinstance(known, str | int | float | bool | None) else otherwise
