"""What failed in a week, by the application's own triage, beside the week before: groups, kinds, what comes back."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, Vacuous

if TYPE_CHECKING:
    from collections.abc import Mapping

FEWEST_TO_GROUP = 2
"""Failures of a week that could make a group; a single one is none."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A group of failures that are alike.

    Attributes:
        kind: of its failures.
        question: the one that stands for them; by both it is known again.
        size: how many they are.
    """

    kind: str
    question: str
    size: int = field(compare=False)

    def __str__(self) -> str:
        return f"{self.kind}: {self.question!r} ({self.size})"


@dataclass(frozen=True, slots=True)
class FailureReport:
    """One week's report.

    Attributes:
        week: by ISO 8601, ``2026-W49``.
        responses: answers that were looked at.
        failures: those of them that failed.
        kinds: kind of failure to how many there were.
        clusters: the groups.
        questions: those of the worst failures, where the application keeps them.
    """

    week: str
    responses: int
    failures: int
    kinds: Mapping[str, int]
    clusters: tuple[Cluster, ...]
    questions: frozenset[str]

    @property
    def shares(self) -> dict[str, float]:
        """Kind of failure to its share of all failures, in %."""
        return {kind: 100 * count / self.failures for kind, count in self.kinds.items() if self.failures}

    def require_answers(self) -> None:
        """Go on only where an answer was looked at.

        Raises:
            Vacuous: none was, so that no failure could be found.
        """
        if not self.responses:
            raise Vacuous(
                f"the triage of {self.week} looked at no answer: there is no trace of its days. The application writes "
                "traces to its own folder only without Langfuse."
            )


def read(component: str, week: str, found: Any) -> FailureReport:
    """A report out of its JSON.

    Args:
        component: who printed it, for errors.
        week: that it is of.
        found: ``total_responses total_failures by_category clusters top_failures``.

    Raises:
        CallFailed: something is lacking, or its numbers disagree (kind ``bad-answer``).
    """
    try:
        kinds = {str(kind): int(told["count"]) for kind, told in found["by_category"].items()}
        clusters = tuple(
            Cluster(str(one["category"]), str(one["representative_query"]), int(one["size"]))
            for one in found["clusters"]
        )
        asked = frozenset(str(one["query"]) for one in found["top_failures"] if one["query"])
        made = FailureReport(week, int(found["total_responses"]), int(found["total_failures"]), kinds, clusters, asked)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else f"is not as it should be: {error}"
        raise CallFailed(component, "bad-answer", f"{component}: the triage report of {week} {what}.") from None
    if sum(kinds.values()) != made.failures or made.failures > made.responses:
        said = (
            f"says {made.failures} failures of {made.responses} answers, and by category they are {sum(kinds.values())}"
        )
        raise CallFailed(component, "bad-answer", f"{component}: the triage report of {week} {said}.")
    return made


@dataclass(frozen=True, slots=True)
class Weeks:
    """A week's report beside that of the week before.

    Attributes:
        now: of this week.
        before: of the one before.
    """

    now: FailureReport
    before: FailureReport

    @property
    def new_clusters(self) -> list[Cluster]:
        """The groups that the week before did not have.

        Raises:
            Vacuous: neither report has a group, though there are failures: nothing makes any, so none could be new.
        """
        failures = max(self.now.failures, self.before.failures)
        if failures >= FEWEST_TO_GROUP and not self.now.clusters and not self.before.clusters:
            raise Vacuous(
                f"the triage reports of {self.before.week} and {self.now.week} hold up to {failures} failures and no "
                "cluster: nothing groups them, so that none could be new."
            )
        return [one for one in self.now.clusters if one not in self.before.clusters]

    @property
    def recurring(self) -> list[str]:
        """What failed in both weeks: groups, questions of the worst failures, and kinds."""
        clusters = [f"cluster {one}" for one in self.now.clusters if one in self.before.clusters]
        questions = [f"question {one!r}" for one in sorted(self.now.questions & self.before.questions)]
        kinds = [
            f"{kind}: {self.before.kinds[kind]}, now {count}"
            for kind, count in self.now.kinds.items()
            if count and self.before.kinds.get(kind)
        ]
        return [*clusters, *questions, *kinds]

    @property
    def changes(self) -> dict[str, float]:
        """By how many points the share of each kind of failure is another than the week before; the largest first.

        Raises:
            Vacuous: one of the weeks has no failure, so that it has no shares.
        """
        for one in (self.before, self.now):
            if not one.failures:
                raise Vacuous(f"the triage of {one.week} found no failure, so there are no shares to compare.")
        before, now = self.before.shares, self.now.shares
        moved = {kind: now.get(kind, 0.0) - before.get(kind, 0.0) for kind in {**before, **now}}
        return dict(sorted(moved.items(), key=lambda one: -abs(one[1])))

    def document(self) -> str:
        """A page of Markdown: each kind of failure in both weeks, the groups, what comes back."""
        kinds = dict.fromkeys([*self.now.kinds, *self.before.kinds])
        rows = [f"| {kind} | {self.before.kinds.get(kind, 0)} | {self.now.kinds.get(kind, 0)} |" for kind in kinds]
        rows.append(f"| all | {self.before.failures} | {self.now.failures} |")
        rows.append(f"| answers | {self.before.responses} | {self.now.responses} |")
        head = [
            f"# Failures of {self.now.week}",
            "",
            f"| kind | {self.before.week} | {self.now.week} |",
            "|---|---|---|",
        ]
        known = [f"- {'known' if one in self.before.clusters else 'new'}: {one}" for one in self.now.clusters]
        groups = known or ["No failures are grouped."]
        again = [f"- {one}" for one in self.recurring] or ["Nothing."]
        return "\n".join([*head, *rows, "", "## Clusters", "", *groups, "", "## In both weeks", "", *again, ""])
