"""The source of a test, and of the functions beside it: what it calls, by name."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest


def function_of(item: pytest.Item) -> tuple[ast.FunctionDef | None, Mapping[str, ast.FunctionDef]]:
    """A test's own function, and the others of its file by name; None where there is no source."""
    code = getattr(getattr(item, "function", None), "__code__", None)
    found = _functions(code.co_filename) if code else {}
    test = next((f for f in found.values() if code and _first_line(f) == code.co_firstlineno), None)
    return test, {name: f for name, f in found.items() if f is not test}


def methods_of(item: pytest.Item, fixture: str) -> set[str]:
    """The methods of a fixture that a test calls, by its source; those that another function calls for it not."""
    test, _ = function_of(item)
    calls = (node.func for node in ast.walk(test) if isinstance(node, ast.Call)) if test else ()
    return {one.attr for one in calls if isinstance(one, ast.Attribute) and root(one.value) == fixture}


@cache
def _functions(file: str) -> dict[str, ast.FunctionDef]:
    """The functions and methods of a file, by name."""
    try:
        tree = ast.parse(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError, SyntaxError):  # made on the fly, or gone since
        return {}
    return {
        f"{node.name}" if node in tree.body else f"{node.name}:{node.lineno}": node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }


def _first_line(function: ast.FunctionDef) -> int:
    return min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])


def root(node: ast.AST) -> str:
    """The name that ``a``, ``a.b`` and ``a.b.c`` start with."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def arguments(node: ast.Call) -> Iterator[ast.AST]:
    """What a call is given, by place and by name."""
    yield from node.args
    yield from (word.value for word in node.keywords)


def number(found: Any) -> float:
    """A value as a number; 0 where it is none."""
    return float(found) if isinstance(found, int | float) else 0.0


def constant(node: ast.AST | None) -> Any:
    """The value of a constant; empty where the source says none."""
    return node.value if isinstance(node, ast.Constant) else ""
