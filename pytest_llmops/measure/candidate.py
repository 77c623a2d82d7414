"""A run's measurements as pytest-benchmark files: of every run, and as a candidate for a baseline."""

from __future__ import annotations

import platform
import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import BaselineError
from pytest_llmops.judge.benchmark_json import as_text, load, write_candidate
from pytest_llmops.judge.recording import BaselineRun, Recording
from pytest_llmops.judge.thresholds import fits
from pytest_llmops.samples import Metric, Series
from pytest_llmops.state.checkout import commit_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.target.load import Target

FOLDER = "candidates"
"""Below the reports' folder: what ``--llmops-baseline record`` leaves for ``llmops baseline accept``."""

BENCHMARKS = "benchmark.json"
"""In the reports' folder: what every run that measured something leaves for ``pytest-benchmark compare``."""


def as_json(recording: Recording) -> dict[str, Any]:
    """A recording as plain JSON, as it travels from a worker."""
    return asdict(recording)


def from_json(plain: dict[str, Any]) -> Recording:
    """The recording again."""
    metric = plain["metric"]
    series = Series(tuple(metric["series"]["values"]), tuple(metric["series"]["prompts"]), metric["series"]["failures"])
    return Recording(
        plain["check"], Metric(metric["name"], metric["unit"], series), plain["fingerprint"], plain["beside"]
    )


def write_run(reports: Path, target: Target, plain: Sequence[dict[str, Any]]) -> Path | None:
    """Write this run's recordings as a candidate, but for the metrics that thresholds alone judge.

    Args:
        reports: the reports' folder.
        target: the deployment that was measured.
        plain: recordings as plain JSON.

    Returns:
        The file; None where nothing was measured that can be compared.

    Raises:
        BaselineError: no measured call succeeded.
    """
    alone = target.table.baseline.recorded
    recordings = [one for one in map(from_json, plain) if not any(fits(pattern, one.metric.name) for pattern in alone)]
    if not recordings:
        return None
    return write_new(reports, _run(target, recordings))


def write_benchmarks(folder: Path, target: Target, plain: Sequence[dict[str, Any]]) -> Path | None:
    """Write what this run timed as one stock pytest-benchmark file: an entry per metric, of its successes.

    The same from one process and from workers. Failed calls are counted in ``extra_info``. A file of an earlier run is
    removed where there is nothing to write: it would pass for this one's.

    Args:
        folder: the reports' folder.
        target: the deployment that was measured.
        plain: recordings as plain JSON, in any order.

    Returns:
        The file; None where no call succeeded.
    """
    path = folder / BENCHMARKS
    recordings = sorted((one for one in map(from_json, plain) if one.metric.series.values), key=lambda one: one.check)
    if not recordings:
        path.unlink(missing_ok=True)
        return None
    write_candidate(path, _run(target, recordings))
    return path


def write_new(reports: Path, run: BaselineRun) -> Path:
    """Write a run as a candidate of its own: one that lies there with other content stays, and this one is numbered.

    Args:
        reports: the reports' folder.
        run: of any target; it tells when it was measured.

    Returns:
        The file: ``TARGET-TIME.json``, else ``TARGET-TIME-2.json``, and so on.

    Raises:
        BaselineError: no metric has a value, or the folder cannot be written to.
    """
    text = as_text(run)
    first = reports / FOLDER / f"{_prefix(run.target)}{run.recorded.astimezone(UTC):%Y%m%dT%H%M%S}.json"
    path, number = first, 1
    try:
        first.parent.mkdir(parents=True, exist_ok=True)
        while not (_write_first(path, run) or path.read_bytes() == text.encode()):
            number += 1
            path = first.with_name(f"{first.stem}-{number}.json")
    except OSError as error:
        raise BaselineError(f"no candidate was written: {first.parent} cannot be written to ({error})") from error
    return path


def newest_of(folder: Path, target: str) -> Path | None:
    """The newest candidate of a target, the last one written of those of one second; None without any.

    Args:
        folder: where candidates lie.
        target: its name; ``a:b`` and ``a-b`` begin their files' names alike.

    Raises:
        BaselineError: a file that looks newer is damaged.
    """
    named = re.compile(re.escape(_prefix(target)) + r"(\d{8}T\d{6})(?:-(\d+))?\.json")
    found = [
        (match[1], int(match[2] or 1), path) for path in folder.glob("*.json") if (match := named.fullmatch(path.name))
    ]
    return next((path for _, _, path in sorted(found, reverse=True) if load(path).target == target), None)


def _prefix(target: str) -> str:
    """How its candidates' names begin; a colon is refused by some file systems and stores of artifacts."""
    return f"{target.replace(':', '-')}-"


def _write_first(path: Path, run: BaselineRun) -> bool:
    """Whether there was no such file; then it is written, whatever other processes write in this second."""
    try:
        path.open("x").close()
    except FileExistsError:
        return False
    try:
        write_candidate(path, run)
    except BaseException:
        path.unlink()
        raise
    return True


def _run(target: Target, recordings: Sequence[Recording]) -> BaselineRun:
    return BaselineRun(
        target=target.name,
        recorded=datetime.now(UTC),
        host_class=str(recordings[0].fingerprint["host_class"]),
        cpu=cpu_model(),
        python_version=platform.python_version(),
        commit=commit_of(target.root),
        recordings=tuple(recordings),
    )


def cpu_model() -> str:
    """The CPU's name, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
