"""The golden set of a target: the cases of its files, and those that stand in its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError, Unsupported
from pytest_llmops.golden.expectations import KINDS
from pytest_llmops.golden.reading import InPlace, read

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.golden.case import GoldenSet
    from pytest_llmops.target.load import Target


def table_of(target: Target) -> str:
    """The place of a target's table, for messages."""
    return f"{target.where[:-1]}.golden]"


def files_of(target: Target) -> list[Path]:
    """The files that a target's patterns fit, each once.

    Raises:
        ConfigError: a pattern fits none.
    """
    paths: dict[Path, None] = {}
    for pattern in target.table.golden.files:
        fitting = sorted(path for path in target.root.glob(pattern) if path.is_file())
        if not fitting:
            raise ConfigError(f"{table_of(target)} files: {pattern!r} fits no file in {target.root}.")
        paths |= dict.fromkeys(fitting)
    return list(paths)


def in_place(target: Target) -> InPlace | None:
    """The cases that stand in a target's table; None where none does."""
    cases = target.table.golden.cases
    return InPlace(cases, f"{table_of(target)} cases", target.root) if cases else None


def golden_of(target: Target) -> GoldenSet:
    """All cases of a target.

    Raises:
        Unsupported: it has none; says what to write.
        ConfigError: a sentence for each thing that is wrong with them, or with what the table says of them.
    """
    table = target.table.golden
    if not table.files and not table.cases:
        raise Unsupported(
            f"target {target.name} has no golden dataset, so nobody can say whether its answers are right; "
            f'write one, and name it in {table_of(target)}: files = ["golden/*.jsonl"].'
        )
    found = read(files_of(target), beside=in_place(target))
    if strange := next((kind for kind in table.rates if kind not in KINDS), ""):
        raise ConfigError(f"{table_of(target)} rates: {strange!r} is no kind of expectation; {', '.join(KINDS)} are.")
    return found
