"""Which recorded run is meant: an accepted one by its number or name, a candidate, the newest of either."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_llmops.errors import BaselineError, did_you_mean
from pytest_llmops.judge.benchmark_json import load
from pytest_llmops.judge.shipped import store_of
from pytest_llmops.measure.candidate import FOLDER, newest_of

if TYPE_CHECKING:
    from pytest_llmops.judge.recording import BaselineRun
    from pytest_llmops.target.load import Target

RECORD = "Record one: pytest -m daily --llmops-baseline record"


def accepted(target: Target, word: str | None) -> BaselineRun:
    """The accepted run of that number, or whose file's name begins so; the newest without a word.

    Args:
        target: the deployment.
        word: ``2``, ``0002``, ``0002_2026``, a file's name, or the path of any recorded run.

    Raises:
        BaselineError: none is meant, or several are.
    """
    if word is not None and ("/" in word or Path(word).is_file()):
        return load(Path(word))
    runs = store_of(target).runs(target.name)
    if not runs:
        raise BaselineError(f"{target.name} has no baseline to show.")
    if word is None:
        return runs[-1]
    meant = [run for run in runs if word.isdigit() and number(run).isdigit() and int(number(run)) == int(word)]
    meant = meant or [run for run in runs if name(run).startswith(word)]
    if not meant:
        known = [number(run) for run in runs]
        near = did_you_mean(word, [*known, *map(name, runs)])
        raise BaselineError(f"{target.name} has no accepted run {word!r}.{near} Runs: {', '.join(known)}.")
    if len(meant) > 1:
        shown = ", ".join(map(name, meant))
        raise BaselineError(f"{len(meant)} accepted runs begin with {word!r}: {shown}; give more of the name.")
    return meant[0]


def candidate(target: Target, reports: Path | None, given: Path | None) -> Path:
    """A candidate's file: by path, by name where candidates are written, or the newest.

    Raises:
        BaselineError: there is none.
    """
    folder = (reports or target.root / "reports") / FOLDER
    if given is not None:
        within = folder / given
        return within if within.is_file() and not given.is_file() else given
    found = newest_of(folder, target.name)
    if found is None:
        raise BaselineError(f"there is no candidate of {target.name} in {folder}. {RECORD}")
    return found


def pasted(path: Path | None) -> str:
    """A file as a command may name it: from here where that is shorter, and quoted where it must be."""
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path and path.is_relative_to(here) else path))


def name(run: BaselineRun) -> str:
    """Its file's name."""
    return run.path.name if run.path else ""


def number(run: BaselineRun) -> str:
    """What a person calls an accepted run by: ``0002`` of ``0002_20260303T093000Z.json``."""
    return name(run).partition("_")[0].removesuffix(".json")


def recorded(run: BaselineRun) -> str:
    """When a run was measured, and how long ago that is."""
    return f"recorded {run.recorded:%Y-%m-%d %H:%M}, {age(run.recorded)} ago"


def age(moment: datetime) -> str:
    """How long ago a moment is, in the one unit that matters: ``5 min``, ``3 h``, ``12 days``."""
    minutes = max(0, int((datetime.now(UTC) - moment).total_seconds() // 60))
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // 1440} days"
