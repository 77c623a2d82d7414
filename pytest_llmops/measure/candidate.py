"""A candidate baseline: what ``--llmops-baseline record`` leaves for ``llmops baseline accept``."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.judge.benchmark_json import write_candidate
from pytest_llmops.judge.recording import BaselineRun, Recording
from pytest_llmops.samples import Metric, Series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.target.load import Target

FOLDER = "candidates"


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
    """Write this run's recordings as a candidate.

    Args:
        reports: the reports' folder.
        target: the deployment that was measured.
        plain: recordings as plain JSON.

    Returns:
        The file; None where nothing was measured.

    Raises:
        BaselineError: no measured call succeeded.
    """
    if not plain:
        return None
    recordings = tuple(from_json(one) for one in plain)
    now = datetime.now(UTC)
    run = BaselineRun(
        target=target.name,
        recorded=now,
        host_class=str(recordings[0].fingerprint["host_class"]),
        cpu=cpu_model(),
        python_version=platform.python_version(),
        commit=commit_of(target.root),
        recordings=recordings,
    )
    path = reports / FOLDER / f"{target.name.replace(':', '-')}-{now:%Y%m%dT%H%M%S}.json"
    write_candidate(path, run)
    return path


def commit_of(folder: Path) -> str:
    """The commit that is checked out there; empty outside a git checkout."""
    try:
        found = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), "rev-parse", "HEAD"],  # noqa: S607 (whichever git the user has)
            capture_output=True,
            text=True,
            check=False,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def cpu_model() -> str:
    """The CPU's name, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
