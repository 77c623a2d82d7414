"""What a CI, whose jobs begin with nothing but a checkout and a cache, does not do of a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError

if TYPE_CHECKING:
    from pytest_llmops.report.schedules.plan import Plan


def notes(plan: Plan) -> list[str]:
    """For the comment at a file's beginning: what does not last beyond a job, and what to do."""
    found = []
    if not plan.kept:
        found.append(
            f"The state folder {plan.state!r} is not cached, for it is none of its own within the repository: let "
            "[state] dir name one, such as '.llmops'."
        )
    if plan.forgets(plan.folder):
        found.append(
            f"The history {plan.history!r} is not cached, so it begins anew in each job: let [history] url name a file "
            "in the state folder, or a PostgreSQL database."
        )
    if plan.textfile.startswith("/"):
        found.append(
            f"The textfile {plan.textfile!r} is of use on a runner of your own that has its folder: on others each run "
            "says that it was not written."
        )
    return found


def check(plan: Plan, name: str) -> None:
    """See whether a run that begins late, or waited for another, can know its day: cron knows no first Monday.

    Args:
        plan: what is to be run.
        name: the CI's.

    Raises:
        ConfigError: a suite has several times on such a day.
    """
    for suite in plan.suites:
        minutes, hours = suite.times.values(0), suite.times.values(1)
        if suite.times.week and len(minutes) * len(hours) > 1:
            raise ConfigError(
                f"[targets.{plan.target}.schedule] {suite.name} is planned more than once on the {suite.which} of the "
                f"month, and a run that {name} begins late does not know for which time, so for which day: plan one, "
                f"such as '{suite.which.replace('|', ',')} {hours[0]:02}:{minutes[0]:02}'."
            )
