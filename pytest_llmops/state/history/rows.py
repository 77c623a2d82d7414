"""From a run's outcome, as it stands in ``run.json``, to rows."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from pytest_llmops import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

Row = dict[str, Any]

CARRIED_OUT, ATTEMPTED, LEFT = 2, 1, 0
"""What a check's outcome says of its procedures: they were carried out, it came to no verdict, it was left out."""

WEIGHTS = {"passed": CARRIED_OUT, "failed": CARRIED_OUT, "waived": CARRIED_OUT, "error": ATTEMPTED}

BAD_STATES = {"regression", "void"}


def run_row(result: Mapping[str, Any]) -> Row:
    """The run itself; a result of an older version may lack what came later."""
    spent = result["spent"]
    return {
        "id": _text(result["id"]),
        **{key: _text(result[key]) for key in ("target", "profile", "environment")},
        "against": None if result["against"] is None else _text(result["against"]),
        "started": _finite(result["started"]),
        "duration_s": _finite(result["duration_s"]),
        "exit_status": _integer(result["exit_status"], 31),
        "requests": _integer(spent["requests"]),
        "tokens": _integer(spent["tokens"]),
        "seconds": _finite(spent["seconds"]),
        "version": _text(result.get("version", __version__)),
        "left_changed": len({one["component"] for one in result.get("left_changed", ())}),
        "commit": _text(result.get("commit", "")),
    }


def check_rows(result: Mapping[str, Any], run: int) -> list[Row]:
    """A row for each check."""
    words = ("test", "suite", "section", "outcome", "category", "severity", "reason")
    return [
        {
            **_shared(result, run),
            **{key: _text(check[key]) for key in words},
            "duration_s": _finite(check["duration_s"]),
        }
        for check in result["checks"]
    ]


def metric_rows(result: Mapping[str, Any], run: int) -> list[Row]:
    """A row for each metric of each check."""
    return [
        {**_shared(result, run), **_metric(metric), "test": _text(check["test"]), "good": int(good(check, metric))}
        for check in result["checks"]
        for metric in check["metrics"]
    ]


def carried_rows(result: Mapping[str, Any], run: int) -> list[Row]:
    """A row for each procedure that a check binds for the target's profile."""
    return [
        {
            **_shared(result, run),
            "procedure": _text(procedure),
            "test": _text(check["test"]),
            "outcome": _text(check["outcome"]),
            "weight": WEIGHTS.get(check["outcome"], LEFT),
        }
        for check in result["checks"]
        for procedure in dict.fromkeys(check["procedures"])
    ]


def good(check: Mapping[str, Any], metric: Mapping[str, Any]) -> bool:
    """Whether a value is one to be compared with later: its check passed, and nothing was held against it."""
    passed = check["outcome"] == "passed" and _number(metric["value"]) is not None
    return passed and not held_against(metric["state"], metric["threshold"])


def held_against(state: str, limits: Mapping[str, Any] | None) -> bool:
    """Whether a value is itself a regression, void, or broke a limit, whatever else its check looked at."""
    return state in BAD_STATES or bool((limits or {}).get("broken"))


def _shared(result: Mapping[str, Any], run: int) -> Row:
    return {"run": run, "target": _text(result["target"]), "started": _finite(result["started"])}


def _metric(metric: Mapping[str, Any]) -> Row:
    limits = metric["threshold"]
    return {
        **{key: _text(metric[key]) for key in ("name", "unit", "state")},
        **{key: _number(metric[key]) for key in ("value", "baseline", "ratio", "low", "high")},
        "n": _integer(metric["n"]),
        "suspect": int(bool(metric["suspect"])),
        "threshold": None if limits is None else _text(json.dumps(limits, ensure_ascii=False)),
    }


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no moment and no duration")
    return number


def _integer(value: Any, bits: int = 63) -> int:
    number = int(value)
    if abs(number) >= 2**bits:
        raise ValueError(f"{number} is no number that a run can have")
    return number


def _text(value: Any) -> str:
    """What every database takes: no NUL, no half of a character."""
    return str(value).replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
