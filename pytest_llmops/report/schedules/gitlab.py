"""Jobs of GitLab CI, and the pipeline schedules that start them, which GitLab keeps outside of its files."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from pytest_llmops.report.schedules import ci
from pytest_llmops.report.schedules.yaml_text import dumped

if TYPE_CHECKING:
    from pytest_llmops.report.schedules.plan import Plan, Suite

IMAGE = "python:3.12"


def files(plan: Plan) -> dict[str, str]:
    """One file, to be included by ``.gitlab-ci.yml``.

    Raises:
        ConfigError: a run that begins late could not know its day.
    """
    ci.check(plan, "GitLab")
    notes = [f"include it in .gitlab-ci.yml (include: [{{ local: {_name(plan)} }}]), and make its schedules once:"]
    notes += [_schedule(plan, suite) for suite in plan.suites]
    if plan.variables:
        notes.append(f"Masked variables of the project: {', '.join(plan.variables)}.")
    if plan.allure and plan.image is None:
        notes.append(f"Allure needs Node.js 20, which {IMAGE} has not: no report, until --image names one with both.")
    notes += ci.notes(plan)
    common = f".llmops-{plan.slug}"
    cache = {"cache": {"key": f"llmops-{plan.slug}", "paths": [plan.kept], "when": "always"}} if plan.kept else {}
    jobs: dict[str, Any] = {
        common: {
            "image": plan.image or IMAGE,
            "resource_group": f"llmops-{plan.slug}",  # one at a time on a target
            "timeout": "2h",
            **cache,
            "before_script": [f"python -m pip install '{plan.package}'"],
            **({"after_script": _report(plan)} if plan.allure and plan.image else {}),
            "artifacts": {
                "when": "always",
                "paths": [plan.reports],
                "reports": {"junit": f"{plan.reports}junit.xml"},
            },
        }
    }
    for suite in plan.suites:
        jobs[f"llmops-{plan.slug}-{suite.name}"] = {
            "extends": common,
            "rules": [
                {
                    "if": f'$CI_PIPELINE_SOURCE == "schedule" && $LLMOPS_TARGET == "{plan.target}" '
                    f'&& $LLMOPS_SUITE == "{suite.name}"'
                }
            ],
            "script": _script(plan, suite),
        }
    return {_name(plan): plan.header(*notes) + dumped(jobs)}


def _name(plan: Plan) -> str:
    return f"llmops-{plan.slug}.gitlab-ci.yml"


def _there(plan: Plan) -> list[str]:
    return [] if plan.folder == "." else [f"cd {shlex.quote(plan.folder)}"]


def _report(plan: Plan) -> list[str]:
    """What renders the Allure report, whatever the verdict; how it ends is none."""
    made = "test -d reports/allure-results || exit 0"  # nothing was run
    return [*_there(plan), made, "npm install --global allure", shlex.join(plan.report_words)]


def _script(plan: Plan, suite: Suite) -> list[str]:
    found = _there(plan)
    if suite.times.week:  # cron knows no first Monday: of the days on which it may fall, all but one come to nothing
        said = shlex.quote(f"not the {suite.which} of the month")
        day = f"TZ={suite.zone or 'UTC'} {suite.weekday_command}"
        found.append(f"case $({day}) in {suite.iso_weekdays}) ;; *) echo {said}; exit 0 ;; esac")
    return [*found, shlex.join(plan.pytest_words(suite))]


def _schedule(plan: Plan, suite: Suite) -> str:
    """The command that makes a suite's schedule, of GitLab's own command line."""
    words = ["glab", "schedule", "create", "--ref", "main", "--description", f"llmops {plan.target} {suite.name}"]
    words += ["--cron", suite.times.cron, "--cronTimeZone", suite.zone or "UTC"]
    words += ["--variable", f"LLMOPS_TARGET:{plan.target}", "--variable", f"LLMOPS_SUITE:{suite.name}"]
    return shlex.join(words)
