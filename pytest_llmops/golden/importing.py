"""Golden data of other tools as golden cases: the format by its keys, each case checked, what is left out said."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError
from pytest_llmops.golden.importers.answered import Answered
from pytest_llmops.golden.importers.faithfulness import Faithfulness
from pytest_llmops.golden.importers.promptfoo import Promptfoo
from pytest_llmops.golden.importers.record import slug
from pytest_llmops.golden.importers.synthetic import Synthetic
from pytest_llmops.golden.reading import case_of
from pytest_llmops.golden.rows import rows

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmops.golden.importers.record import Answers, Importer, Made
    from pytest_llmops.golden.rows import Row

IMPORTERS: dict[str, Importer] = {
    "promptfoo": Promptfoo(),
    "faithfulness": Faithfulness(),
    "synthetic": Synthetic(),
    "answered": Answered(),
}
"""Formats by name; the first whose keys a record has is its own."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a file.

    Attributes:
        format: that it was read by.
        cases: as they are written into a golden file.
        left_out: what is not in them, and how often.
    """

    format: str
    cases: tuple[dict[str, Any], ...]
    left_out: Mapping[str, int]

    @property
    def lines(self) -> str:
        """The cases as lines of JSON."""
        return "".join(f"{json.dumps(case, ensure_ascii=False)}\n" for case in self.cases)


def imported(path: Path, form: str | None, answers: Answers, taken: set[str]) -> Imported:
    """The cases of one file, which is not changed.

    An expectation that nothing can judge is left out, so that what is written can be read.

    Args:
        path: lines of JSON, CSV or YAML.
        form: its format by name; None: by the keys of its first record.
        answers: what a known right answer becomes.
        taken: ids that are given already; those of this file are added.

    Raises:
        ConfigError: no format fits, or a record is not of it; names the line.
    """
    records = rows(path, ("tests",))
    name = form or _format_of(records[0], path)
    cases, left_out = [], Counter[str]()
    for row in records:
        made = _made(row, path, name, answers)
        left_out.update(made.left_out)
        if made.case is None:
            continue
        case = _without_nothing(made.case)
        case = {"id": _id(case, taken, f"{path}:{row.line}"), **case}
        case_of(case, f"{path}:{row.line}", path.parent)
        cases.append(case)
    return Imported(name, tuple(cases), left_out)


def _format_of(row: Row, path: Path) -> str:
    known = row.table.keys() if isinstance(row.table, dict) else set()
    for name, importer in IMPORTERS.items():
        if importer.keys <= known:
            return name
    formats = "; ".join(f"{name}: {', '.join(sorted(one.keys))}" for name, one in IMPORTERS.items())
    raise ConfigError(f"{path}:{row.line}: no format is known by the keys {', '.join(known) or 'none'}. {formats}.")


def _made(row: Row, path: Path, name: str, answers: Answers) -> Made:
    importer = IMPORTERS[name]
    lacking = sorted(importer.keys - row.table.keys()) if isinstance(row.table, dict) else sorted(importer.keys)
    if lacking:
        raise ConfigError(
            f"{path}:{row.line}: a record of the format {name} has {', '.join(lacking)}, and this has not."
        )
    try:
        return importer.made(row.table, answers)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}:{row.line}: no record of the format {name}: {error}.") from None


def _without_nothing(case: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in case.items() if value not in ([], "")}


def _id(case: dict[str, Any], taken: set[str], where: str) -> str:
    """The record's own, else one made of its question; numbered where several ask the same."""
    own = case.get("id")
    if own is not None:
        if own in taken:
            raise ConfigError(f"{where}: the id {own!r} is taken by an earlier record.")
        taken.add(own)
        return str(own)
    name = slug(case["prompt"])
    found = (
        name if name not in taken else next(n for k in range(2, len(taken) + 3) if (n := f"{name}-{k}") not in taken)
    )
    taken.add(found)
    return found
