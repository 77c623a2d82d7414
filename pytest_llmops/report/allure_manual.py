"""The runbook's human steps as Allure's results: manual, done by whoever signed them off, or waiting for a person."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from pytest_llmops.report.allure_files import MARK
from pytest_llmops.report.whole_file import write_whole
from pytest_llmops.target.moments import moment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

    from pytest_llmops.report.procedure_states import ProcedureState

LONGEST = 90
"""Characters of a name; the whole sentence is its description."""


def manual_items(
    states: Iterable[ProcedureState], target: str, suites: Collection[str], at: float
) -> list[dict[str, Any]]:
    """One result for each human step of the suites.

    Args:
        states: the procedures of the target's system.
        target: its name.
        suites: those that the run carried out; a step that is in none of them is left out.
        at: when the run began, in seconds since the epoch.

    Returns:
        Results as Allure reads them. ``passed`` where the step is signed off in time, ``skipped`` where it waits.
    """
    human = [one for one in states if not one.procedure.automatable and set(one.procedure.suite) & set(suites)]
    return [_item(one, target, at) for one in human]


def _item(state: ProcedureState, target: str, at: float) -> dict[str, Any]:
    step, signed = state.procedure, state.signed
    waits = state.overdue or signed is None
    ours = f"signed off {moment(signed.at)} by {signed.by}: {signed.note}" if signed else "never signed off"
    said = f"{ours}; due again" if signed and waits else ours
    sign = f"llmops sign-off {step.id} --target {target} --by NAME --note TEXT"
    identity = _digest(step.id)
    ms = int((signed.at if signed else at) * 1000)
    labels = [("epic", step.system), ("feature", "human steps"), ("story", step.section), ("suite", "human steps")]
    labels += [("severity", "normal"), ("ALLURE_MANUAL", "true"), ("tag", "manual"), ("tag", step.cadence)]
    return {
        "uuid": _digest(f"{step.id} {target}"),
        "name": _short(step.check),
        "fullName": step.id,
        "testCaseId": identity,
        "historyId": _digest(f"{step.id} {target}"),
        "description": f"{step.check}\n\nA step for a person ({step.id}, {step.cadence}). When done:\n\n    {sign}",
        "status": "skipped" if waits else "passed",
        "statusDetails": {"message": said, "trace": f"{said}\n  try: {sign}\n{MARK}human step"}
        if waits
        else {"message": said},
        "parameters": [{"name": "target", "value": target}],
        "labels": [{"name": kind, "value": text} for kind, text in labels if text],
        "titlePath": ["human steps"],
        "start": ms,
        "stop": ms,
    }


def _short(sentence: str) -> str:
    first = sentence.partition(". ")[0].rstrip(".")
    return first if len(first) <= LONGEST else f"{first[:LONGEST].rpartition(' ')[0]} …"


def _digest(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def write(folder: Path, items: Iterable[dict[str, Any]]) -> int:
    """Write them beside the run's results, each over its earlier self.

    Returns:
        How many.

    Raises:
        OSError: one cannot be written.
    """
    count = 0
    for count, item in enumerate(items, 1):  # noqa: B007
        write_whole(folder, f"{item['uuid']}-result.json", json.dumps(item, indent=1, ensure_ascii=False))
    return count
