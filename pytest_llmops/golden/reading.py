"""From files to a golden set: each case checked, and all that is wrong said at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pytest_llmops.errors import ConfigError
from pytest_llmops.golden.case import Case, GoldenSet
from pytest_llmops.golden.evaluators import EVALUATORS
from pytest_llmops.golden.rows import Row, rows
from pytest_llmops.target.problems import sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_llmops.golden.evaluators import Evaluator

SAID = 30
"""Sentences of problems that are told at once; of the others their number is."""


@dataclass(frozen=True, slots=True)
class InPlace:
    """Cases that stand in no file of their own.

    Attributes:
        tables: each as in a golden file.
        where: the place that they stand in, for messages.
        folder: from which a schema's file is named.
    """

    tables: Sequence[Mapping[str, object]]
    where: str
    folder: Path


def read(
    paths: Iterable[Path], evaluators: Mapping[str, Evaluator] = EVALUATORS, beside: InPlace | None = None
) -> GoldenSet:
    """The cases of several files as one set. Nothing is ever written.

    Args:
        paths: files of lines of JSON, CSV or YAML.
        evaluators: what answers can be held against, by kind.
        beside: further cases, which come first.

    Raises:
        ConfigError: a sentence for each problem: file, line, key, what was found, the nearest right word.
    """
    cases: list[Case] = []
    places: dict[str, tuple[Path, int]] = {}
    problems: list[str] = []
    listed = [(Path(beside.where), beside.folder, _rows(beside))] if beside else []
    for path in paths:
        try:
            listed.append((path, path.parent, rows(path, ("cases",))))
        except ConfigError as error:
            problems.append(str(error))
    for path, folder, found in listed:
        for row in found:
            wrong, case = _case(row, path, folder, evaluators)
            problems += wrong
            if case is None:
                continue
            if case.id in places:
                there, line = places[case.id]
                problems.append(f"{path}:{row.line}: the id {case.id!r} is taken by the case at {there}:{line}.")
                continue
            places[case.id] = (path, row.line)
            cases.append(case)
    if problems:
        raise ConfigError("\n".join(_first(problems)))
    if not cases:
        raise ConfigError("no golden file is named, so there is no case.")
    return GoldenSet(tuple(cases), places)


def case_of(table: object, where: str, folder: Path) -> Case:
    """One case from a table.

    Args:
        table: as in a golden file.
        where: the place that was read, for messages.
        folder: from which a schema's file is named.

    Raises:
        ConfigError: says what is wrong with it.
    """
    try:
        return Case.model_validate(table, context={"folder": folder})
    except ValidationError as error:
        raise ConfigError("\n".join(sentences(error, Case, where))) from None


def _rows(beside: InPlace) -> list[Row]:
    return [Row(number, table) for number, table in enumerate(beside.tables, 1)]


def _case(row: Row, path: Path, folder: Path, evaluators: Mapping[str, Evaluator]) -> tuple[list[str], Case | None]:
    where = f"{path}:{row.line}"
    if not isinstance(row.table, dict):
        return [f"{where}: a case is a table with id, prompt and expect, and this is none."], None
    try:
        case = case_of(row.table, where, folder)
    except ConfigError as error:
        return str(error).split("\n"), None
    strange = [kind for kind in case.expect.given if kind not in evaluators]
    return list(_unjudged(where, strange, evaluators)), case


def _unjudged(where: str, kinds: Iterable[str], evaluators: Mapping[str, Evaluator]) -> Iterator[str]:
    """An expectation that nothing holds an answer against would be a check that cannot fail."""
    for kind in kinds:
        yield (
            f"{where}: [expect] {kind}: nothing here holds an answer against it, so it could not fail; "
            f"take it out. Judged are {', '.join(sorted(evaluators))}."
        )


def _first(problems: list[str]) -> list[str]:
    more = len(problems) - SAID
    return problems[:SAID] + ([f"and {more} more problems."] if more > 0 else [])
