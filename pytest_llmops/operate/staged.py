"""What the last run against staging came to, and whether it speaks for what is about to be deployed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError, Unsupported
from pytest_llmops.measure.candidate import commit_of
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pytest_llmops.target.staging import Staging

GOOD = frozenset({"passed", "skipped", "waived"})
SHORT = 12
"""Characters of a commit that are shown."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A run against staging.

    Attributes:
        target: that it was made on.
        commit: that it was made of; empty where it does not say.
        checks: how many came to an end.
        wrong: why it does not speak for the deploy, a sentence each; empty: it does.
    """

    target: str
    commit: str
    checks: int
    wrong: tuple[str, ...]


def staged(root: Path, staging: Staging, now: float | None = None) -> Staged:
    """Read staging's ``run.json``, and hold it against the commit that is deployed.

    Args:
        root: from which the paths resolve.
        staging: where they lie.
        now: seconds since the epoch; the clock by default.

    Raises:
        Unsupported: the target does not say where that run lies.
        LlmopsError: it is not there, or is no ``run.json``; the commit cannot be told.
    """
    if staging.result is None:
        raise Unsupported(
            "no result of staging is named; give the path of its run.json: [targets.NAME.staging] result = …"
        )
    run = _read(root / staging.result, staging.result)
    deployed = _commit(root, staging)
    passed = [check for check in run["checks"] if check.get("outcome") == "passed"]
    failed = [str(check.get("test")) for check in run["checks"] if check.get("outcome") not in GOOD]
    age_s = (time.time() if now is None else now) - run["started"]
    wrong = []
    if run.get("commit") != deployed:
        wrong.append(f"staging ran {_short(run.get('commit'))}, and {_short(deployed)} is deployed")
    if failed:
        wrong.append(f"on staging failed: {', '.join(failed)}")
    if not passed:
        wrong.append("on staging no check passed")
    if left := run["not_made"]:
        wrong.append(f"on staging {left} checks were not made")
    if age_s > staging.max_age:
        wrong.append(f"the run on staging is {spoken(age_s)} old, more than {spoken(staging.max_age)}")
    return Staged(str(run.get("target", "")), str(run.get("commit", "")), len(run["checks"]), tuple(wrong))


def _read(path: Path, shown: str) -> dict[str, Any]:
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        return {**run, **_sound(run)}
    except FileNotFoundError:
        raise LlmopsError(f"{shown} is not there: no run against staging is known.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LlmopsError(f"{shown} is no run.json: {type(error).__name__}: {error}.") from None


def _sound(run: Mapping[str, Any]) -> dict[str, Any]:
    """What is read of a run.

    Raises:
        KeyError, TypeError, ValueError: it is no run.
    """
    checks, left = list(run["checks"]), run.get("not_made", {})
    for one in (*checks, left):
        if not isinstance(one, dict):
            raise TypeError(f"{one!r} is no object")
    return {"checks": checks, "not_made": int(left.get("checks", 0)), "started": float(run["started"])}


def _commit(root: Path, staging: Staging) -> str:
    if staging.commit is None:
        found = commit_of(root)
    else:
        file = root / staging.commit
        found = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    if not found:
        where = staging.commit or "the checkout"
        raise LlmopsError(f"which commit is deployed is not known: {where} does not tell.")
    return found


def _short(commit: object) -> str:
    return str(commit)[:SHORT] if commit else "no commit that it names"
