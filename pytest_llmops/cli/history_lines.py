"""A line of ``llmops history``: of a run, a check, a value."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pytest_llmops.report.metric import number, sentences, so_many, times, worded
from pytest_llmops.report.outcomes import plural, word_of
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.moments import moment

ORDER = ("failed", "error", "waived", "passed", "skipped")


def of_run(run: dict[str, Any]) -> tuple[str, ...]:
    """When, where, what came of it, what it exited with, how long it took and how many calls it made."""
    words: Counter[str] = Counter()
    for kind in sorted(run["kinds"], key=lambda one: (_place(one["outcome"]), word_of(one))):
        words[word_of(kind)] += kind["count"]
    said = [", ".join(f"{count} {plural(word, count)}" for word, count in words.items()) or "none"]
    if left := run["left_changed"]:
        said.append(f"target left changed: {so_many(left, 'component')}")
    target = f"{run['target']} against {run['against']}" if run["against"] else run["target"]
    took, calls = spoken(run["duration_s"]), str(run["requests"])
    return moment(run["started"]), target, "\n".join(said), str(run["exit_status"]), took, calls


def _place(outcome: str) -> int:
    """What a newer version may have called an outcome stands last."""
    return ORDER.index(outcome) if outcome in ORDER else len(ORDER)


def of_check(check: dict[str, Any]) -> tuple[str, ...]:
    """When, where, what came of it, which it is and, of one that is not green, why."""
    why = sentences(check["reason"])[:1] if check["outcome"] != "passed" else []
    return moment(check["started"]), check["target"], check["outcome"], "\n".join([check["test"], *why])


def of_metric(row: dict[str, Any]) -> tuple[str, ...]:
    """When, its name, its value, how many times worse it was, what was said of it, and where."""
    import json

    metric = {**row, "threshold": json.loads(row["threshold"]) if row["threshold"] else None}
    verdict = worded(metric)
    return moment(row["started"]), row["name"], number(metric, "value"), times(metric), verdict, row["target"]
