"""The baseline store: accepted runs on disk, and which of them a measurement may be compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from dataclasses import replace as replaced
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge.benchmark_json import load, write_candidate
from pytest_llmops.judge.json_file import json_files
from pytest_llmops.judge.likeness import differences, standing, taken_as_like
from pytest_llmops.judge.recording import Acceptance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pytest_llmops.judge.recording import BaselineRun, Recording
    from pytest_llmops.samples import Series

KEPT = 5
"""Newest like runs that a measurement is compared with."""


@dataclass(frozen=True, slots=True)
class Match:
    """The accepted runs that a metric may be compared with.

    Attributes:
        series: of the newest like runs, newest last; empty where none is alike.
        differs: what is not alike, as a sentence; empty where some run is alike, or the metric is unknown.
        known: whether any accepted run has the metric.
        newest: when the newest of these runs was measured; None without one.
        taken: what some of these runs' files did not tell, and the accepter took as like, as a sentence; else empty.
    """

    series: list[Series]
    differs: str
    known: bool
    newest: datetime | None = None
    taken: str = ""


class Store:
    """Accepted runs below one directory, ``<target>/NNNN_<time>.json``. Only ``accept`` writes."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def runs(self, target: str) -> list[BaselineRun]:
        """All accepted runs of a target, newest last.

        Raises:
            BaselineError: a file is damaged or not ours, or they cannot be looked into; none is ever skipped.
        """
        return [self._accepted(path) for path in json_files(self._folder(target))]

    def accept(self, candidate: Path, *, reason: str, by: str, commit: str = "") -> Path:
        """Make one candidate a baseline; see ``accept_all``."""
        return self.accept_all([candidate], reason=reason, by=by, commit=commit)[0]

    def accept_all(
        self,
        candidates: Sequence[Path],
        *,
        reason: str,
        by: str,
        commit: str = "",
        replace: bool = False,
        forced: bool = False,
    ) -> list[Path]:
        """Make candidates of one target baselines, all of them or none, and return the new files.

        Existing files are left alone. With ``replace`` this is the new normal: runs that were accepted before are no
        longer compared, and one of them may be accepted again, corrected. ``forced`` is kept in the file: these runs
        disagree with those that they join, or too many of their calls failed.

        Raises:
            BaselineError: no reason or no name given, or a candidate is damaged, not ours, or accepted already.
        """
        if not reason.strip():
            raise BaselineError("a baseline is accepted with a reason: say why this run is the new normal")
        if not by.strip():
            raise BaselineError("a baseline is accepted by someone: say who")
        runs = [_candidate(path) for path in candidates]
        paths, folder = self._next(runs, replace=replace), self._folder(runs[0].target)
        replaces = max((run.number for run in self.runs(runs[0].target)), default=0) if replace else 0
        now, written = datetime.now(UTC), []
        try:
            for run, path in zip(runs, paths, strict=True):
                source = run.path.name if run.path else ""
                accepted = Acceptance(reason.strip(), by.strip(), now, commit, source, replaces, forced)
                write_candidate(path, replaced(run, accepted=accepted))
                written.append(path)
        except BaseException as error:
            for path in written:
                path.unlink()
            if isinstance(error, OSError):
                raise BaselineError(f"nothing was accepted: {folder} cannot be written to ({error})") from error
            raise
        return paths

    def find(self, target: str, metric: str, fingerprint: Mapping[str, str | int], kept: int = KEPT) -> Match:
        """The newest accepted runs, ``kept`` at most, that are like ``fingerprint`` in every key that it has.

        Keys left out are not compared: side by side, and around a model update, target and model are what is compared.

        Raises:
            BaselineError: as ``runs``.
        """
        found = self._with(target, metric)
        alike = standing(found, fingerprint)[-kept:]
        if not alike:
            return Match([], differences(found[-1][1].fingerprint, fingerprint) if found else "", known=bool(found))
        series = [one.metric.series for _, one in alike]
        return Match(series, "", known=True, newest=alike[-1][0].recorded, taken=taken_as_like(alike))

    def like(
        self, target: str, metric: str, fingerprint: Mapping[str, str | int]
    ) -> list[tuple[BaselineRun, Recording]]:
        """The runs that ``find`` finds, newest last, each with its recording of the metric.

        Raises:
            BaselineError: as ``runs``.
        """
        return standing(self._with(target, metric), fingerprint)[-KEPT:]

    def _with(self, target: str, metric: str) -> list[tuple[BaselineRun, Recording]]:
        return [(run, one) for run in self.runs(target) if (one := run.find(metric)) is not None]

    def _accepted(self, path: Path) -> BaselineRun:
        run = load(path)
        if run.accepted is None:
            raise BaselineError(
                f"{path} was never accepted. Move it out of the baselines and accept it with llmops baseline accept."
            )
        return run

    def _next(self, runs: Sequence[BaselineRun], *, replace: bool) -> list[Path]:
        """The files that these runs will be; each must be new, but for one that replaces what was wrong of it."""
        folder = self._folder(runs[0].target)
        there = json_files(folder)
        numbers = [int(found[1]) for path in there if (found := re.match(r"(\d+)_", path.name))]
        paths: list[Path] = []
        for place, run in enumerate(runs, max(numbers, default=0) + 1):
            stamp = run.recorded.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
            for known in () if replace else there:
                if known.name.endswith(f"_{stamp}.json") and load(known).recorded == run.recorded:
                    raise BaselineError(
                        f"this run was accepted before, as {known}; twice the same one would pass for two that agree. "
                        "If this one is corrected: --replace."
                    )
            if any(other.recorded == run.recorded for other in runs[: len(paths)]):
                raise BaselineError(
                    f"{run.path} is given twice, or recorded at the same moment as another that is given; "
                    "twice the same one would pass for two that agree."
                )
            paths.append(folder / f"{place:04d}_{stamp}.json")
        return paths

    def _folder(self, target: str) -> Path:
        if not re.fullmatch(r"[\w:@+-][\w.:@+-]*", target):
            raise BaselineError(f"target {target!r} cannot name a folder of baselines")
        return self.directory / target


def _candidate(path: Path) -> BaselineRun:
    run = load(path)
    if run.accepted is not None:
        raise BaselineError(
            f"{path} is a baseline already, accepted by {run.accepted.by} on {run.accepted.at:%Y-%m-%d}. "
            "Name a candidate, as --llmops-baseline record writes it."
        )
    return run
