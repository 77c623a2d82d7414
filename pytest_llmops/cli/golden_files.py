"""Which golden files a command means, and what the target that has them says of their cases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmops.cli.options import meant
from pytest_llmops.errors import ConfigError, did_you_mean
from pytest_llmops.report.paths import seen_from_here

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmops.golden.case import GoldenSet
    from pytest_llmops.golden.reading import InPlace
    from pytest_llmops.target.golden import Golden


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is read.

    Attributes:
        paths: the files.
        table: what the target says of them; without one where files are named on the command line.
        where: the table's place, for messages.
        beside: cases that stand in the table itself.
    """

    paths: tuple[Path, ...]
    table: Golden
    where: str
    beside: InPlace | None = None


def chosen(config: Path | None, target: str | None, files: Sequence[Path]) -> Chosen:
    """The named files, else those of the target.

    Raises:
        ConfigError: the target names none, or a pattern of it fits no file.
    """
    from pytest_llmops.golden.of_target import files_of, in_place, table_of
    from pytest_llmops.target.golden import Golden

    if files:
        return Chosen(tuple(dict.fromkeys(files)), Golden(), "")
    found = meant(config, target)
    table, where = found.table.golden, table_of(found)
    if not table.files and not table.cases:
        raise ConfigError(f'{where} names no files; add files = ["golden/*.jsonl"], or name files here.')
    paths = tuple(Path(seen_from_here(path)) for path in files_of(found))
    return Chosen(paths, table, where, in_place(found))


def waived(picked: Chosen, golden: GoldenSet) -> Iterator[str]:
    """What is to be said of the waivers of cases, each.

    Raises:
        ConfigError: one is of no case; says the nearest.
    """
    import datetime as dt

    today = dt.datetime.now().astimezone().date()
    known = [case.id for case in golden]
    for waiver in picked.table.waivers:
        if waiver.case not in known:
            near = did_you_mean(waiver.case, known)
            raise ConfigError(f"{picked.where} waivers: {waiver.case!r} is no case of the golden files.{near}")
        counts = "" if waiver.counts(today) else " (it counts no more: the case is judged)"
        yield f"{waiver.case} is {waiver.said}{counts}"
