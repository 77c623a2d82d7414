"""``run.json``: the whole outcome of a run, versioned, for machines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_llmops.report.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.target.secrets import Redactor

RUN_JSON = "run.json"
SCHEMA = 1
"""Raised when a reader of an older file would misread a newer one. The fields are described in docs/run-json.md."""


def write(folder: Path, result: dict[str, Any], redactor: Redactor) -> Path:
    """Write the run's outcome, in one step, without any secret.

    Args:
        folder: the reports' folder; made if absent.
        result: everything but the schema's number.
        redactor: knows the target's secrets.

    Returns:
        The file.
    """
    clean = redactor.inside({"schema": SCHEMA, **result})
    return write_whole(folder, RUN_JSON, json.dumps(clean, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
