"""What a CI, whose jobs begin with nothing but a checkout and a cache, does not do of a schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_llmops.report.schedules.plan import Plan


def notes(plan: Plan) -> list[str]:
    """For the comment at a file's beginning: what does not go from job to job, and what to do."""
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
    return found
