"""A workflow of GitHub Actions: one job for each suite."""

from __future__ import annotations

import shlex
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError
from pytest_llmops.report.schedules import ci
from pytest_llmops.report.schedules.yaml_text import dumped

if TYPE_CHECKING:
    from pytest_llmops.report.schedules.plan import Plan, Suite

MINUTES = 5
"""GitHub starts no workflow more often."""

ALLURE = "npm install --global allure"
"""A folder's own package.json would have npm install all that it names."""

TODAY = "steps.day.outputs.runs == 'true'"


def files(plan: Plan) -> dict[str, str]:
    """One workflow, for ``.github/workflows``.

    Raises:
        ConfigError: a suite is planned more often than GitHub runs it, or two, or its days, cannot be told apart.
    """
    _check(plan)
    notes = [suite.said for suite in plan.suites]
    notes += ["Times without a zone are UTC."] if not all(suite.zone for suite in plan.suites) else []
    notes += ci.notes(plan)
    crons = [{"cron": suite.times.cron, **({"timezone": suite.zone} if suite.zone else {})} for suite in plan.suites]
    workflow = {
        "name": f"llmops {plan.target}",
        "on": {
            "schedule": [one for place, one in enumerate(crons) if one not in crons[:place]],
            "workflow_dispatch": {
                "inputs": {
                    "suite": {
                        "description": "Which suite to run now",
                        "type": "choice",
                        "required": True,
                        "options": [suite.name for suite in plan.suites],
                    }
                }
            },
        },
        "permissions": {"contents": "read"},
        "jobs": {suite.name: _job(plan, suite) for suite in plan.suites},
    }
    return {f"llmops-{plan.slug}.yml": plan.header(*notes) + dumped(workflow).replace("'on':", "on:", 1)}


def _job(plan: Plan, suite: Suite) -> dict[str, Any]:
    env = {"env": {one: f"${{{{ secrets.{one} }}}}" for one in plan.variables}} if plan.variables else {}
    restored, saved = _memory(plan, suite)
    steps: list[dict[str, Any]] = [
        {"uses": "actions/checkout@v4"},
        {"uses": "actions/setup-python@v5", "with": {"python-version": "3.12"}},
        *restored,
        {"run": f"python -m pip install '{plan.package}'"},
        {"run": shlex.join(plan.pytest_words(suite)), **env},
        *(_report(plan, env) if plan.allure else []),
        *saved,
        {
            "uses": "actions/upload-artifact@v4",
            "if": "always()",
            "with": {"name": f"llmops-{plan.slug}-{suite.name}", "path": plan.reports},
        },
    ]
    if suite.times.week:
        for step in steps:
            step["if"] = f"{step['if']} && {TODAY}" if "if" in step else TODAY
        steps.insert(0, _day(suite))
    return {
        "if": f"github.event.schedule == '{suite.times.cron}' || inputs.suite == '{suite.name}'",
        "runs-on": "ubuntu-latest",
        "timeout-minutes": 120,
        # One at a time on a target: the others wait, and none that waits is dropped
        "concurrency": {"group": f"llmops-{plan.slug}", "cancel-in-progress": False, "queue": "max"},
        **({} if plan.folder == "." else {"defaults": {"run": {"working-directory": plan.folder}}}),
        "steps": steps,
    }


def _memory(plan: Plan, suite: Suite) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The steps that bring the state folder of the run before, and keep it for the next, under a name of its own."""
    if not plan.kept:
        return [], []
    group = f"llmops-{plan.slug}."  # no name of another target begins so
    own = {"path": plan.kept, "key": f"{group}{suite.name}.${{{{ github.run_id }}}}.${{{{ github.run_attempt }}}}"}
    return (
        [{"uses": "actions/cache/restore@v4", "with": {**own, "restore-keys": group}}],
        [{"uses": "actions/cache/save@v4", "if": "always()", "with": own}],
    )


def _report(plan: Plan, env: dict[str, Any]) -> list[dict[str, Any]]:
    """The steps that render the Allure report, whatever the verdict; that they fail is none."""
    beside = {"if": "always()", "continue-on-error": True}
    return [{**beside, "run": ALLURE}, {**beside, "run": shlex.join(plan.report_words), **env}]


def _day(suite: Suite) -> dict[str, Any]:
    """Cron knows no first Monday: of the days on which it may fall, all but one come to nothing."""
    return {
        "name": f"Is it the {suite.which} of the month",
        "id": "day",
        "working-directory": "/",
        "env": {"TZ": suite.zone or "UTC", "BY_HAND": "${{ github.event_name == 'workflow_dispatch' }}"},
        "run": f'case "$BY_HAND $({suite.weekday_command})" in\n'
        f"  true* | {' | '.join(f'*{day}' for day in suite.iso_weekdays.split('|'))}) "
        'echo "runs=true" >>"$GITHUB_OUTPUT" ;;\n'
        "esac\n",
    }


def _check(plan: Plan) -> None:
    ci.check(plan, "GitHub")
    for suite in plan.suites:
        minutes = suite.times.values(0)
        if any(later - earlier < MINUTES for earlier, later in pairwise([*minutes, minutes[0] + 60])):
            raise ConfigError(
                f"[targets.{plan.target}.schedule] {suite.name} is planned at minutes {suite.times.fields[0]}, and "
                f"GitHub starts a workflow every {MINUTES} minutes at most: write for example '*/5 * * * *'."
            )
    for one, other in combinations(plan.suites, 2):
        if one.times.cron == other.times.cron and one.zone != other.zone:
            raise ConfigError(
                f"[targets.{plan.target}.schedule] {one.name} and {other.name} are planned by the same cron "
                f"{one.times.cron!r} in different zones, and GitHub tells a run nothing but that: move one by a minute."
            )
