"""What the last run against staging came to, and whether it speaks for what is about to be deployed."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError, Unsupported
from pytest_llmops.state.checkout import commit_of
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from pytest_llmops.target.staging import Staging

GOOD = frozenset({"passed", "skipped", "waived"})
NAMED = frozenset({"vacuous", "unsupported"})
"""Why a check may be skipped there: the system has nothing to check, on staging as here."""

SHORT = 12
"""Characters of a commit that are shown."""

MOST = 5
"""Names that are shown of many."""


@dataclass(frozen=True, slots=True)
class Staged:
    """A run against staging.

    Attributes:
        target: that it was made on, and
        environment: which kind of target that is.
        commit: that it was made of; empty where it does not say.
        checks: how many came to an end.
        wrong: why it does not speak for the deploy, a sentence each; empty: it does.
    """

    target: str
    environment: str
    commit: str
    checks: int
    wrong: tuple[str, ...]


def staged(
    root: Path, staging: Staging, profile: str, planned: Callable[[], list[str]], now: float | None = None
) -> Staged:
    """Read staging's ``run.json``, and hold it against the commit that is deployed and all that has to be checked.

    Args:
        root: from which the paths resolve.
        staging: where they lie.
        profile: of the system that is deployed.
        planned: keys of the checks that the run must hold, where no plan lies there.
        now: seconds since the epoch; the clock by default.

    Raises:
        Unsupported: the target does not say where that run lies.
        LlmopsError: it, or its plan, is not there, or is none; the commit cannot be told.
    """
    if staging.result is None:
        raise Unsupported(
            "no result of staging is named; give the path of its run.json: [targets.NAME.staging] result = …"
        )
    run = _read(root / staging.result, staging.result, "run", _sound)
    own = staging.plan is None or not (root / staging.plan).exists()
    due = planned() if own else _read(root / str(staging.plan), str(staging.plan), "plan", _planned)["due"]
    deployed = _commit(root, staging)
    age_s = (time.time() if now is None else now) - run["started"]
    wrong = [*_of_another(run, staging, profile)]
    if run.get("commit") != deployed:
        wrong.append(f"staging ran {_short(run.get('commit'))}, and {_short(deployed)} is deployed")
    wrong += _unwell(run["checks"], due)
    if left := run["not_made"]:
        wrong.append(f"on staging {left} checks were not made")
    if run["missing"]:
        wrong.append(f"on staging metrics that have a baseline were not measured: {_some(run['missing'])}")
    if run["exit_status"] and not wrong:
        wrong.append(f"the run on staging ended with exit status {run['exit_status']}")
    if age_s > staging.max_age:
        wrong.append(f"the run on staging is {spoken(age_s)} old, more than {spoken(staging.max_age)}")
    return Staged(
        str(run.get("target", "")),
        str(run.get("environment", "")),
        str(run.get("commit", "")),
        len(run["checks"]),
        tuple(wrong),
    )


def _of_another(run: Mapping[str, Any], staging: Staging, profile: str) -> Iterator[str]:
    """That the run was made on another kind of target, or of another system."""
    target = run.get("target") or "a target without a name"
    for word, wanted in {"environment": staging.environment, "profile": profile}.items():
        if run.get(word) != wanted:
            yield f"the run was on {target}, whose {word} is {run.get(word)}, not {wanted}"


def _unwell(checks: Sequence[Mapping[str, Any]], due: Sequence[str]) -> Iterator[str]:
    """What of the checks failed, was left out or says nothing."""
    outcomes = {str(check.get("test")): str(check.get("outcome")) for check in checks}
    failed = [test for test, outcome in outcomes.items() if outcome not in GOOD]
    unsaid = [
        f"{check.get('test')} ({check.get('category') or 'no reason'})"
        for check in checks
        if check.get("outcome") == "skipped" and check.get("category") not in NAMED
    ]
    left_out = [test for test in due if test not in outcomes]
    if failed:
        yield f"on staging failed: {_some(failed)}"
    if "passed" not in outcomes.values():
        yield "on staging no check passed"
    if unsaid:
        yield f"on staging were skipped: {_some(unsaid)}"
    if left_out:
        yield f"the run on staging left out {len(left_out)} of {len(due)} checks: {_some(left_out)}"


def _some(names: Sequence[str]) -> str:
    rest = [f"{len(names) - MOST} more"] if len(names) > MOST else []
    return ", ".join([*names[:MOST], *rest])


def _read(path: Path, shown: str, kind: str, sound: Callable[[Mapping[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return {**found, **sound(found)}
    except FileNotFoundError:
        raise LlmopsError(f"{shown} is not there: no {kind} against staging is known.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LlmopsError(f"{shown} is no {kind}.json: {type(error).__name__}: {error}.") from None


def _planned(plan: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of the checks of a plan.

    Raises:
        KeyError, TypeError: it is no plan.
    """
    return {"due": [str(check["test"]) for check in plan["checks"]]}


def _sound(run: Mapping[str, Any]) -> dict[str, Any]:
    """What is read of a run.

    Raises:
        KeyError, TypeError, ValueError: it is no run.
    """
    checks, left, missing = list(run["checks"]), run.get("not_made", {}), list(run.get("missing", ()))
    for one in (*checks, left, *missing):
        if not isinstance(one, dict):
            raise TypeError(f"{one!r} is no object")
    return {
        "checks": checks,
        "not_made": int(left.get("checks", 0)),
        "missing": [str(one.get("metric") or one.get("reason")) for one in missing],
        "started": float(run["started"]),
        "exit_status": int(run["exit_status"]),
    }


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
