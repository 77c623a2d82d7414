"""``llmops doctor``: can a daily run start against this target, and what would it come to?"""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.control.embedded import lacking
from pytest_llmops.doctor.baselines import baselines_of
from pytest_llmops.doctor.components import Examination
from pytest_llmops.doctor.cost import cost_findings, daily_cost, embedded_pace
from pytest_llmops.doctor.findings import Finding, Pace
from pytest_llmops.doctor.plan import suite_reports, suites_plan
from pytest_llmops.doctor.settings import missing_secrets, threshold_findings
from pytest_llmops.state.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_llmops.doctor.findings import ComponentReport
    from pytest_llmops.target.load import Target

SCHEMA = 1
"""Raised when a reader of an older report would misread a newer one. The fields are described in docs/doctor.md."""

DAILY = "daily"


def diagnosis(
    target: Target,
    fingerprint: Callable[[Target, Mapping[str, str], Mapping[str, Mapping[str, str]]], Mapping[str, str | int]],
    tell: Callable[[str], None],
) -> dict[str, Any]:
    """Everything that the doctor finds, as plain JSON without any secret.

    Args:
        target: the deployment.
        fingerprint: target, timed metric and facts of the components to what comparable baselines are like.
        tell: told what is being done.

    Raises:
        LlmopsError: the suites or the baselines cannot be read.
    """
    pace = embedded_pace(target) if target.table.embedded else Pace()
    missing = missing_secrets(target)
    reports = [] if target.table.embedded else _asked(target, pace, tell)
    tell("the suites")
    plan = suites_plan(target)
    daily = [check for check in plan["checks"] if DAILY in check["suites"]]
    cost = daily_cost(daily, plan["preflight_calls"], pace)
    there = {report.component for report in reports if report.ok}
    absent = {report.component for report in reports} - there
    facts = {report.component: report.facts for report in reports if not report.kind}
    findings = [
        *_of_secrets(missing),
        *(finding for report in reports for finding in report.findings),
        *_of_sandbox(target),
        *_of_channels(target),
        *_of_daily(daily),
        *cost_findings(target, cost),
        *threshold_findings(target, plan["checks"]),
    ]
    found = {
        "schema": SCHEMA,
        "target": target.name,
        "profile": target.table.profile,
        "environment": target.table.environment,
        "file": str(target.file) if target.file else None,
        "embedded": target.table.embedded,
        "can_run": not any(finding.severity == "problem" for finding in findings),
        "findings": [asdict(finding) for finding in findings],
        "notes": list(target.notes),
        "missing_secrets": missing,
        "components": [report.as_json() for report in reports],
        "suites": suite_reports(plan, absent),
        "daily": cost,
        "budget": target.table.budget.model_dump(mode="json"),
        "baselines": baselines_of(target, daily, lambda one: fingerprint(target, one, facts)),
    }
    cleaned: dict[str, Any] = target.redactor().inside(found)
    return cleaned


def _asked(target: Target, pace: Pace, tell: Callable[[str], None]) -> Sequence[ComponentReport]:
    with tempfile.TemporaryDirectory(prefix="llmops-doctor-") as folder:
        examination = Examination(target, Ledger(Path(folder) / "ledger", target.table.budget), pace)
        try:
            for name in target.table.components.configured():
                tell(name)
                examination.examine(name)
        finally:
            examination.close()
    return examination.reports


def _of_secrets(missing: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    if missing:
        names = [one["variable"] for one in missing]
        yield Finding(
            "problem",
            f"{'a key is' if len(names) == 1 else f'{len(names)} keys are'} not set: {', '.join(names)}",
            "\n".join(f"export {name}=…" for name in names),
        )


def _of_sandbox(target: Target) -> Iterator[Finding]:
    if target.table.embedded and (absent := lacking()):
        what = f"the embedded sandbox needs {', '.join(absent)}"
        yield Finding("problem", what, "Run pip install 'pytest-llmops[sandbox]'.")


def _of_channels(target: Target) -> Iterator[Finding]:
    if target.table.notify.all_channels and find_spec("apprise") is None:
        advice = "Run pip install 'pytest-llmops[notify]'; until then no channel is told of anything."
        yield Finding("warning", "notifications need apprise", advice)


def _of_daily(daily: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    if not daily:
        advice = "Give a component of the profile its url: the daily checks need at least a model server or an api."
        yield Finding("problem", "not one daily check applies to this target", advice)
