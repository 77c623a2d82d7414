"""Whether logs are rotated and kept as they should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
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
    """

    entry: str
    trial: str
    asked: tuple[str, ...]

    @property
    def lacking(self) -> list[str]:
        """Directives that do not stand in it, however they are spaced; comments do not count."""
        lines = [" ".join(line.partition("#")[0].split()) for line in self.entry.splitlines()]
        return [directive for directive in self.asked if " ".join(directive.split()) not in lines]

    @property
    def complaints(self) -> list[str]:
        """Lines of the debug run that tell of an error."""
        return [line.strip() for line in self.trial.splitlines() if re.search(r"(?i)\berror\b[:\s]", line)]


def unkept(
    name: str, source: Source, reach_s: float, installed_s: float | None, ages: Sequence[tuple[str, float]]
) -> tuple[str, ...]:
    """What of a log's retention is not as its table asks, in sentences.

    Args:
        name: the log's.
        source: its table.
        reach_s: age of its oldest entry.
        installed_s: age of the installation, further than which nothing reaches; None where it is not known.
        ages: each file's name, and how long ago it was last written.
    """
    wrong = []
    if source.keep:
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
