"""The weekly flywheel of an application: failures become tasks for people, and their answers golden cases."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import CallFailed, Vacuous
from pytest_llmops.operate.annotations import Queue, Scratch
from pytest_llmops.operate.failure_reports import FailureReport, Weeks, read
from pytest_llmops.target.durations import WEEK_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_llmops.clients.app_command import AppCommands


NOT_SCORED = ("insufficient_data", "skipped")
"""What an evaluation says that has evaluated nothing."""

COVERED = re.compile(r"\s*(?P<category>\w+): (?P<count>\d+) \((?P<mark>covered|GAP)\)\s*")


class Flywheel:
    """The flywheel of a target, by its commands.

    Args:
        commands: the application's.
        now: seconds since the epoch.
    """

    def __init__(self, commands: AppCommands, now: Callable[[], float]) -> None:
        self._commands = commands
        self._now = now

    def __repr__(self) -> str:
        return f"Flywheel({self.week})"

    @property
    def week(self) -> str:
        """The week by ISO 8601, in UTC: its year is not always that of the calendar."""
        return _week(self._now())

    def rehearsed(self) -> FailureReport:
        """What the first phase finds now, in a folder of its own that goes again: a report, and tasks.

        Raises:
            CallFailed: the phase failed, or did not write a report of this week, or tasks are lacking.
            Vacuous: it had no answer to look at.
        """
        name, week = "triage_rehearsal", self.week
        found = self._commands.json(name)
        files, tasks = self._all(name, found, "files", "tasks")
        if files != [f"triage-{week}.json"]:
            raise self._bad(name, f"it wrote {', '.join(files) or 'no report'}, and not triage-{week}.json")
        report = read(self._commands.component, week, found["report"])
        report.require_answers()
        worst = {one["trace_id"] for one in found["report"]["top_failures"]}
        if lacking := worst - set(tasks):
            raise self._bad(
                name, f"{len(lacking)} of {len(worst)} failures became no task: {', '.join(sorted(lacking))}"
            )
        return report

    def report(self) -> FailureReport:
        """This week's report, as the flywheel has left it.

        Raises:
            CallFailed: there is none (kind ``absent``), or it cannot be read.
        """
        return self._report(self._reports(), self.week)

    def weeks(self) -> Weeks:
        """This week's report, and that of the week before.

        Raises:
            CallFailed: as :meth:`report`.
            Vacuous: the week before has none, or one of them looked at no answer.
        """
        found, before = self._reports(), _week(self._now() - WEEK_S)
        now = self._report(found, self.week)
        if before not in found:
            raise Vacuous(f"there is no triage report of {before}, so {now.week} cannot be compared with it.")
        both = Weeks(now, self._report(found, before))
        for one in (both.before, both.now):
            one.require_answers()
        return both

    def queue(self) -> Queue:
        """The answers that wait for a person.

        Raises:
            CallFailed: the command failed, or says something else.
        """
        found = self._commands.json("annotations")
        pending, completed, task, oldest_s = self._all("annotations", found, "pending", "completed", "next", "oldest_s")
        return Queue(pending, completed, str((task or {}).get("trace_id", "")), float(oldest_s))

    def scratch(self) -> Scratch:
        """What stands in the scratch copy.

        Raises:
            CallFailed: the command failed, or there is no such copy (kind ``absent``).
        """
        name = "flywheel_scratch_holds"
        found = self._commands.json(name)
        state, submitted, grown, exported, unreadable, unusable = self._all(
            name, found, "scratch", "submitted", "grown", "exported", "unreadable", "unusable"
        )
        if state != "copied":
            component = self._commands.component
            raise CallFailed(
                component, "absent", f"{component}: {name}: there is no scratch copy of the golden dataset."
            )
        return Scratch(submitted, grown, exported, tuple(unreadable), unusable)

    def scores(self) -> dict[str, float]:
        """The quality scores of the application's own evaluation of its traces, now; its report goes again.

        Raises:
            CallFailed: the evaluation failed, or gave no score.
            Vacuous: it evaluated nothing, and says why.
        """
        found = self._commands.json("quality_eval")
        status, sample = self._all("quality_eval", found, "status", "sample_size")
        if status in NOT_SCORED:
            said = str(found.get("message", "")) or f"of {sample} traces"
            raise Vacuous(
                f"the application's evaluation says {status} ({said}), so no score is compared: local traces hold no "
                "question."
            )
        scores = {name: score for name, score in (found.get("scores") or {}).items() if score is not None}
        if status != "completed" or not scores:
            raise self._bad("quality_eval", f"it ended as {status!r} with {len(scores)} scores of {sample} traces")
        return scores

    def golden_cases(self) -> dict[str, int]:
        """Source to how many cases of the golden dataset come from it, by its own account.

        Raises:
            CallFailed: the command failed, or its numbers disagree.
            Vacuous: it counts nothing.
        """
        found = self._commands.json("golden_stats")
        version, total, sources, entries = self._all(
            "golden_stats", found, "version", "total_examples", "by_source", "history_entries"
        )
        if sum(sources.values()) != total:
            raise self._bad("golden_stats", f"it counts {total} cases, and by source {sum(sources.values())}")
        if not total and not entries:
            raise Vacuous(
                f"golden_stats counts no case of version {version}: metadata.json, from which it counts, is not there."
            )
        return dict(sources)

    def coverage(self) -> dict[str, int]:
        """Kind of failure to how many golden cases there are of it.

        Raises:
            CallFailed: the command failed, or printed no such lines, or its words disagree with its numbers.
        """
        found = [one for line in self._commands.lines("golden_coverage") if (one := COVERED.fullmatch(line))]
        if not found:
            raise self._bad("golden_coverage", "it names no kind of failure")
        counted = {one["category"]: int(one["count"]) for one in found}
        wrong = [one[0].strip() for one in found if (one["mark"] == "covered") != bool(counted[one["category"]])]
        if wrong:
            raise self._bad("golden_coverage", f"its words disagree with its numbers: {', '.join(wrong)}")
        return counted

    def _reports(self) -> dict[str, Any]:
        found = self._commands.json("triage_reports")
        if not isinstance(found, dict):
            raise self._bad("triage_reports", "it does not print the report of each week")
        return found

    def _report(self, found: dict[str, Any], week: str) -> FailureReport:
        if week not in found:
            newest = f"the newest is of {max(found)}" if found else "there is none at all"
            component = self._commands.component
            raise CallFailed(
                component, "absent", f"{component}: triage-{week}.json is not among the triage reports; {newest}."
            )
        return read(self._commands.component, week, found[week])

    def _all(self, name: str, found: Any, *keys: str) -> list[Any]:
        lacking = [key for key in keys if not isinstance(found, dict) or key not in found]
        if lacking:
            raise self._bad(name, f"its JSON lacks {', '.join(lacking)}")
        return [found[key] for key in keys]

    def _bad(self, name: str, what: str) -> CallFailed:
        component = self._commands.component
        return CallFailed(component, "bad-answer", f"{component}: {name}: {what}.")


def _week(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%G-W%V")
