"""Which tests bind which procedures, read out of their source: nothing is imported, and pytest is not asked."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from pytest_llmops.procedures.params import decorators, params_of, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


COMPARING = frozenset({"measure", "load_run"})
"""Fixtures that time calls, and compare them with a baseline, or with another deployment."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One ``procedure`` marker of one test; a test has several where each system's step shows by a fault of its own.

    Attributes:
        test: the check's key.
        procedures: ids, of any system; none where a generic test carries out no step and only names its fault.
        fault: of the sandbox, that turns the test red where it carries out these; several at once are separated by
            commas; None where the marker names none.
        generic: whether the test runs on any target whose components it needs.
        asks: the names of its arguments, and what it needs.
    """

    test: str
    procedures: tuple[str, ...]
    fault: str | None
    generic: bool = False
    asks: frozenset[str] = frozenset()

    @property
    def timed(self) -> bool:
        """Whether what it times can be compared with another deployment."""
        return not self.asks.isdisjoint(COMPARING)

    @property
    def recalled(self) -> bool:
        """Whether it compares a search with its accepted canary: an embedded target has one that is shipped."""
        return "retrieval" in self.asks

    def of(self, procedures: tuple[str, ...]) -> Binding:
        """The same for these procedures alone."""
        return replace(self, procedures=procedures)


def bindings(folder: Path) -> Iterator[Binding]:
    """All tests below a folder that have a ``procedure`` marker: on the function, its class, its module, its params."""
    for file in sorted(folder.rglob("test_*.py")):
        source = file.read_text(encoding="utf-8")
        if "procedure" in source:
            module = ast.parse(source)
            names = _assigned(module.body)
            yield from _of_body(module.body, file.relative_to(folder).as_posix(), names, ())


def _assigned(body: Sequence[ast.stmt]) -> dict[str, ast.expr]:
    """What the plain names of a module or class stand for."""
    found: dict[str, ast.expr] = {}
    for statement in body:
        if isinstance(statement, ast.Assign):
            found |= {target.id: statement.value for target in statement.targets if isinstance(target, ast.Name)}
        elif isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            found[statement.target.id] = statement.value
    return found


def _of_body(
    body: Sequence[ast.stmt], path: str, names: Mapping[str, ast.expr], outer: tuple[ast.expr, ...]
) -> Iterator[Binding]:
    own = _assigned(body)
    marks = (*decorators([own["pytestmark"]] if "pytestmark" in own else [], names), *outer)
    for statement in body:
        if isinstance(statement, ast.ClassDef) and statement.name.startswith("Test"):
            of_class = (*decorators(statement.decorator_list, names), *marks)
            yield from _of_body(statement.body, f"{path}::{statement.name}", {**names, **own}, of_class)
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) and statement.name.startswith("test"):
            yield from _of_test(statement, path, names, marks)


def _of_test(
    test: ast.FunctionDef | ast.AsyncFunctionDef, path: str, names: Mapping[str, ast.expr], outer: Sequence[ast.expr]
) -> Iterator[Binding]:
    marks = [*decorators(test.decorator_list, names), *outer]
    # The decorator next to the function is applied first, so its params come first in the key.
    sets = [
        params_of(mark, names) for mark in reversed(decorators(test.decorator_list, names)) if _is(mark, "parametrize")
    ]
    sets += [params_of(mark, names) for mark in outer if _is(mark, "parametrize")]
    asks = frozenset(argument.arg for argument in test.args.args)
    for chosen in product(*sets):
        params = f"[{'-'.join(param.id for param in chosen)}]" if chosen else ""
        every = [*(mark for param in chosen for mark in param.marks), *marks]
        yield from _bound(f"{path}::{test.name}{params}", every, asks)


def _bound(key: str, marks: Sequence[ast.expr], asks: frozenset[str]) -> Iterator[Binding]:
    generic = any(isinstance(mark, ast.Attribute) and mark.attr == "generic" for mark in marks)
    needs = [word for mark in marks if isinstance(mark, ast.Call) and _is(mark, "needs") for word in texts(mark.args)]
    for mark in marks:
        if isinstance(mark, ast.Call) and _is(mark, "procedure"):
            ids = tuple(dict.fromkeys(texts(mark.args)))
            faults = texts(keyword.value for keyword in mark.keywords if keyword.arg == "fault")
            if ids or faults:
                yield Binding(key, ids, faults[0] if faults else None, generic, asks | set(needs))


def _is(mark: ast.expr, name: str) -> bool:
    return isinstance(mark, ast.Call) and isinstance(mark.func, ast.Attribute) and mark.func.attr == name
