"""``run.json``: the whole outcome of a run, versioned, for machines."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError
from pytest_llmops.report.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_llmops.target.secrets import Redactor

RUN_JSON = "run.json"
SCHEMA = 1
"""Raised when a reader of an older file would misread a newer one. The fields are described in docs/run-json.md."""

ADDED: dict[str, Any] = {
    "against": None, "twin": None, "incident": None, "missing": [], "left_changed": [], "vacuous": [],
    "creeps": [],
}  # fmt: skip
"""Keys that came later, and what they are in a file of a version that did not write them."""


def read(path: Path) -> dict[str, Any]:
    """A run as it was written.

    Args:
        path: of its ``run.json``.

    Raises:
        LlmopsError: it is not there, is none, or is of a newer schema; says what to do.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise LlmopsError(
            f"{path} cannot be read: {error.strerror}. Each run of pytest with checks writes one."
        ) from None
    except ValueError as error:
        raise LlmopsError(f"{path} is no JSON ({error}). Give the {RUN_JSON} of a run.") from None
    schema = found.get("schema") if isinstance(found, dict) else None
    if not isinstance(schema, int) or "checks" not in found:
        raise LlmopsError(
            f"{path} is no outcome of a run: it has no schema or no checks. Give the {RUN_JSON} of a run."
        )
    if schema > SCHEMA:
        raise LlmopsError(
            f"{path} has the schema {schema}, and this version reads {SCHEMA}: "
            f"use pytest-llmops {found.get('version', '')} or newer."
        )
    return {**ADDED, **found}


def write(folder: Path, result: dict[str, Any], redactor: Redactor) -> Path:
    """Write the run's outcome, in one step, without any secret; null stands for a number that JSON has not, as NaN.

    Args:
        folder: the reports' folder; made if absent.
        result: everything but the schema's number.
        redactor: knows the target's secrets.

    Returns:
        The file.
    """
    clean = _finite(redactor.inside({"schema": SCHEMA, **result}))
    return write_whole(folder, RUN_JSON, json.dumps(clean, indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    """Plain JSON with null for all that JSON has no number for."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
