"""Whether logs are rotated and kept as they should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.target.log_sources import Source

LATE_S = 86400.0
"""A log begins with the first thing that happens, which may be so long after the installation."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """Logrotate's configuration of some logs.

    Attributes:
        entry: the configuration, as it is.
        trial: what a debug run says.
        asked: directives that must stand in it.
        written: files that it must rotate, relative to the root of the logs.
    """

    entry: str
    trial: str
    asked: tuple[str, ...]
    written: tuple[str, ...] = ()

    @property
    def lacking(self) -> list[str]:
        """Directives that do not hold for what is written, however they are spaced; comments do not count.

        Of several blocks each that takes a written file needs all of them, for what stands in another is not its own;
        where none takes one, the entry as a whole.
        """
        common, files = set(self._outside.splitlines()), self.written
        its = [common.union(lines) for lines, patterns in self._blocks if any(_taken(file, patterns) for file in files)]
        held = its or [set(self._lines)]
        return [one for one in self.asked if any(" ".join(one.split()) not in lines for lines in held)]

    @property
    def patterns(self) -> list[str]:
        """The files that it is of, as it names them: the paths that stand before a pair of braces."""
        return _named(self._outside)

    @property
    def left_out(self) -> list[str]:
        """Files that it must rotate and that none of its patterns fits at its end: the root may lie elsewhere there."""
        return [file for file in self.written if not _taken(file, self.patterns)]

    @property
    def _outside(self) -> str:
        """What stands in no pair of braces."""
        return re.sub(r"\{[^}]*\}", "\n", "\n".join(self._lines))

    @property
    def _blocks(self) -> list[tuple[list[str], list[str]]]:
        """The lines within each pair of braces, and the files that stand before it."""
        found = re.findall(r"([^{}]*)\{([^}]*)\}", "\n".join(self._lines))
        return [([line.strip() for line in within.splitlines()], _named(before)) for before, within in found]

    @property
    def _lines(self) -> list[str]:
        return [" ".join(line.partition("#")[0].split()) for line in self.entry.splitlines()]

    @property
    def complaints(self) -> list[str]:
        """Lines of the debug run that tell of an error."""
        return [line.strip() for line in self.trial.splitlines() if re.search(r"(?i)\berror\b[:\s]", line)]


def _named(text: str) -> list[str]:
    """The paths that stand in lines of their own, quoted or not."""
    heads = [line for line in text.splitlines() if line.startswith(("/", '"/'))]
    return [quoted or word for head in heads for quoted, word in re.findall(r'"([^"]*)"|(\S+)', head)]


def _taken(file: str, patterns: Sequence[str]) -> bool:
    return any(_fits(file, pattern) for pattern in patterns)


def _fits(file: str, pattern: str) -> bool:
    """Whether the last parts of a pattern fit the whole of a file's name, part by part."""
    parts, wanted = PurePosixPath(file).parts, PurePosixPath(pattern).parts
    ends = wanted[-len(parts) :]
    return len(ends) == len(parts) and all(fnmatchcase(*pair) for pair in zip(parts, ends, strict=True))


def unkept(
    name: str,
    source: Source,
    reach_s: float,
    installed_s: float | None,
    ages: Sequence[tuple[str, float]],
    rotated: int,
) -> tuple[str, ...]:
    """What of a log's retention is not as its table asks, in sentences.

    A quiet log begins with the first thing that goes wrong, whenever that is: it must reach back only once its rotation
    has dropped something.

    Args:
        name: the log's.
        source: its table.
        reach_s: age of its oldest entry.
        installed_s: age of the installation, further than which nothing reaches; None where it is not known.
        ages: each file's name, and how long ago it was last written.
        rotated: how many of the files were rotated away.
    """
    wrong = []
    if source.keep and rotated >= (source.backups or 0):
        due_s = source.keep if installed_s is None else min(source.keep, max(0.0, installed_s - LATE_S))
        if reach_s < due_s:
            young = "" if installed_s is None else f"; the installation is {spoken(installed_s)} old"
            wrong.append(
                f"{name} reaches back {spoken(reach_s)}, and must reach back {spoken(source.keep)} or to the "
                f"installation{young}"
            )
    if source.drop:
        old = [(file, age_s) for file, age_s in ages if age_s > source.drop]
        wrong += [f"{file} is {spoken(age_s)} old, and must go after {spoken(source.drop)}" for file, age_s in old]
    return tuple(wrong)


def unrotated(source: Source, spans: Sequence[tuple[str, float]]) -> tuple[str, ...]:
    """The files that go on for longer than the log's table allows, in sentences.

    Args:
        source: its table.
        spans: each file's name, and the time between its first entry and its last.
    """
    return tuple(
        f"{file} goes on for {spoken(span_s)}, and another must be begun within {spoken(source.span)}"
        for file, span_s in spans
        if source.span and span_s > source.span
    )
