"""Metrics with an accepted baseline that a run should have measured and did not: renamed, deleted, skipped, or gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pytest_llmops.samples import PARTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_llmops.judge.recording import BaselineRun

PASSED, GONE = "passed without measuring it", "is no longer there"
"""What a new name explains."""


@dataclass(frozen=True)
class Asked:
    """What a run was asked for, and what it measured.

    Attributes:
        collected: keys of all checks that were found, selected or not.
        selected: keys of those that were to run on this target.
        passed: keys of those that passed: one that failed says itself why a metric is not there.
        measured: names of the metrics that the run yielded.
        promised: names of the measurements that a check would have made which did not pass, and was not skipped.
        new: names of the metrics that have no baseline, with the check of each.
        reaches: whether the run would have collected and selected a check of that key, were it there.
        unmade: why checks that were asked for were not made, in words: skipped, or left out on this target.
        by_marker: whether a marker selected: of a check that is gone only its neighbours tell whether it was meant.
    """

    collected: frozenset[str]
    selected: frozenset[str]
    passed: frozenset[str]
    measured: frozenset[str]
    promised: frozenset[str]
    new: Mapping[str, str]
    reaches: Callable[[str], bool]
    unmade: Mapping[str, str] = field(default_factory=dict)
    by_marker: bool = False


@dataclass(frozen=True, slots=True)
class Missing:
    """A metric that has a baseline and was not measured.

    Attributes:
        metric: its name.
        check: key of the check that measured it for the baseline.
        reason: in words, with its likely new name.
    """

    metric: str
    check: str
    reason: str


def missing(runs: Sequence[BaselineRun], asked: Asked) -> list[Missing]:
    """What the accepted runs lead one to expect of this run, and is not there; by check, as in the baseline.

    What a newer accepted run of the same check, or of the same file, no longer has is not expected: accepting says so.

    Args:
        runs: accepted, newest last.
        asked: of this run.
    """
    last = {one.check: run for run in runs for one in run.recordings}
    found = []
    for check, run in last.items():
        why = _why(check, run, runs, asked)
        gone = [one.metric.name for one in run.recordings if one.check == check]
        found += [_missing(name, check, why, asked) for name in gone if why and not _measured(name, asked)]
    return found


def _why(check: str, run: BaselineRun, runs: Sequence[BaselineRun], asked: Asked) -> str:
    """What became of a check, in words; empty where it says so itself, or was not meant to be part of this run."""
    if check in asked.passed:
        return PASSED
    if check in asked.unmade:
        return "" if _ended(check, run, runs, asked) else asked.unmade[check]
    return GONE if check not in asked.collected and _expected(check, run, runs, asked) else ""


def _measured(name: str, asked: Asked) -> bool:
    return name in asked.measured or name.removesuffix(_ending(name)) in asked.promised


def _expected(check: str, run: BaselineRun, runs: Sequence[BaselineRun], asked: Asked) -> bool:
    """Whether a check that is gone was meant to be part of this run."""
    if not asked.reaches(check):
        return False
    beside = _beside(check, asked.collected)
    now, then = beside & asked.selected, beside & _checks(run)
    if asked.by_marker and (not now or then - asked.selected):
        return False
    return not _ended(check, run, runs, asked)


def _ended(check: str, run: BaselineRun, runs: Sequence[BaselineRun], asked: Asked) -> bool:
    """Whether a newer accepted run, of the checks beside it, does without a check."""
    beside = _beside(check, asked.collected - {check})
    now, then = beside & asked.selected, beside & _checks(run)
    newer = runs[runs.index(run) + 1 :]
    return any(_checks(other) & now and (then <= _checks(other) or _replaces(other, run)) for other in newer)


def _replaces(newer: BaselineRun, run: BaselineRun) -> bool:
    return newer.accepted is not None and newer.accepted.replaces >= run.number


def _checks(run: BaselineRun) -> frozenset[str]:
    return frozenset(one.check for one in run.recordings)


def _beside(check: str, collected: frozenset[str]) -> frozenset[str]:
    """The nearest checks that are still there: those of its file, else of its folder, else all."""
    file = check.partition("::")[0]
    folder = file.rpartition("/")[0]
    of_file = frozenset(other for other in collected if other.partition("::")[0] == file)
    of_folder = frozenset(other for other in collected if other.partition("::")[0].rpartition("/")[0] == folder)
    return of_file or of_folder or collected


def _missing(name: str, check: str, why: str, asked: Asked) -> Missing:
    near = _renamed(name, check, asked) if why in {PASSED, GONE} else ""
    perhaps = f"renamed to {near!r}? Then" if near else "if that is meant,"
    return Missing(name, check, f"{name} has a baseline, but {check} {why}; {perhaps} accept a new baseline")


def _renamed(name: str, check: str, asked: Asked) -> str:
    """The likely new name: the nearest of the new metrics of the same kind, else the only one of the same place."""
    alike = [new for new in asked.new if _ending(new) == _ending(name)]
    near = get_close_matches(name, alike, n=1, cutoff=0.6)
    for place in ({check}, _beside(check, asked.collected)):
        here = [new for new in alike if asked.new[new] in place]
        near = near or (here if len(here) == 1 else [])
    return near[0] if near else ""


def _ending(name: str) -> str:
    return next((ending for ending in PARTS if ending and name.endswith(ending)), "")
