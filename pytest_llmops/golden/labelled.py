"""Golden cases that name the sources of a right answer, as queries that a search has to find these documents for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError
from pytest_llmops.golden.expectations import KINDS
from pytest_llmops.golden.reading import read
from pytest_llmops.target.retrieval import Labelled

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pytest_llmops.golden.evaluators import Answer
    from pytest_llmops.golden.expectations import Sources


def _elsewhere(expected: Any, answer: Answer) -> str:  # noqa: ARG001 (what every evaluator takes)
    """What else a case expects is held against answers, not against what is found."""
    return ""


def labelled(root: Path, patterns: Iterable[str], where: str) -> list[Labelled]:
    """The queries of golden files: their cases that expect ``sources``.

    Args:
        root: where the files lie.
        patterns: globs below it.
        where: the table that names them, for messages.

    Raises:
        ConfigError: a pattern fits no file, a file does not hold, or none of its cases names sources.
    """
    paths: dict[Path, None] = {}
    for pattern in patterns:
        fitting = sorted(path for path in root.glob(pattern) if path.is_file())
        if not fitting:
            raise ConfigError(f"{where} files: {pattern!r} fits no file in {root}.")
        paths |= dict.fromkeys(fitting)
    golden = read(paths, dict.fromkeys(KINDS, _elsewhere))
    found = [
        Labelled(id=case.id, text=case.prompt, expect=_expected(case.expect.sources))
        for case in golden
        if case.expect.sources
    ]
    if not found:
        raise ConfigError(
            f"{where} files: none of {len(golden)} cases expects sources, so no search could miss one; write for "
            f'example "expect": {{"sources": "returns.md"}}.'
        )
    return found


def _expected(sources: Sources) -> list[str | list[str]]:
    """Each of ``all_of``, and one of ``any_of``."""
    return [*sources.all_of, *([list(sources.any_of)] if sources.any_of else [])]
