"""A crontab: each line looks, at the minutes of its suite, whether that is due."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.times import runs

if TYPE_CHECKING:
    import datetime as dt

    from pytest_llmops.report.schedules.plan import Plan, Suite

WHY = (
    "Each line looks in every hour, at the minutes of its suite, whether that is due, and says nothing if not. So what",
    "was missed while this machine was off is caught up, the first Monday of a month is met, and times are of the zone",
    "that is named, which not every cron knows of. What is printed, cron mails: nothing where a suite is green.",
)


def files(plan: Plan) -> dict[str, str]:
    """One file, fit for ``crontab -`` and, with a user, for ``/etc/cron.d``."""
    notes = [*WHY]
    if plan.variables and plan.env_file is None:
        notes.append(f"Cron hands over no variables of yours; this needs {', '.join(plan.variables)}: --env-file PATH.")
    body = "".join(f"# {suite.said}\n{line(plan, suite)}\n" for suite in plan.suites)
    return {f"llmops-{plan.slug}": plan.header(*notes) + body}


def line(plan: Plan, suite: Suite) -> str:
    """The entry of a suite.

    Raises:
        ConfigError: a path holds a line break, which no entry can.
    """
    command = shlex.join(plan.words(suite, "--if-due", "--quiet"))
    if plan.env_file:
        command = f"set -a; . {shlex.quote(str(plan.env_file))}; set +a; {command}"
    if "\n" in command:
        raise ConfigError(f"A line of a crontab cannot hold a path with a line break: {command!r}.")
    command = command.replace("%", r"\%")  # which otherwise ends the command: crontab(5)
    return " ".join(filter(None, (f"{minutes(suite, plan.now)} * * * *", plan.user, command)))


def minutes(suite: Suite, now: dt.datetime) -> str:
    """Cron's first field: when to look.

    Args:
        suite: that is looked at.
        now: with this machine's time zone; from it a zone may be half an hour off.
    """
    here, there = now.utcoffset(), now.astimezone(suite.times.zone).utcoffset()
    apart = int((here - there).total_seconds() // 60) % 60 if here is not None and there is not None else 0
    if not apart:
        return suite.times.fields[0]
    return runs(sorted((minute + apart) % 60 for minute in suite.times.values(0)))
