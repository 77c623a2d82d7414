"""A script that runs what is due, for whatever scheduler there is that can call one."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmops.report.schedules.plan import Plan

NEEDS = (
    "It has to be called at least once an hour, as often as its most frequent suite: it runs what is due, one by one."
)


def files(plan: Plan) -> dict[str, str]:
    """One script; its exit status is that of the last suite which was not green."""
    notes = [NEEDS, *(suite.said for suite in plan.suites)]
    if plan.variables and plan.env_file is None:
        notes.append(f"It needs in its environment: {', '.join(plan.variables)}.")
    lines = ["set -u"]
    if plan.env_file:
        lines.append(f"set -a; . {shlex.quote(str(plan.env_file))}; set +a")
    lines.append("status=0")
    lines += [f"{shlex.join(plan.words(suite, '--if-due'))} || status=$?" for suite in plan.suites]
    lines.append('exit "$status"')
    header = plan.header(*notes)
    return {f"llmops-{plan.slug}.sh": f"#!/bin/sh\n{header}" + "\n".join(lines) + "\n"}
