"""A candidate beside the accepted runs, judged as its own run judged it, but for the second run that confirms."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import click
from rich.text import Text

from pytest_llmops.cli.columns import show, table
from pytest_llmops.cli.runs import number, recorded
from pytest_llmops.judge.estimate import statistic
from pytest_llmops.judge.looks import Done, Looks, Rule
from pytest_llmops.judge.shipped import store_of
from pytest_llmops.judge.thresholds import said
from pytest_llmops.report.terminal import COLORS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_llmops.judge.baselines import Match
    from pytest_llmops.judge.recording import BaselineRun, Recording
    from pytest_llmops.judge.verdict import Verdict
    from pytest_llmops.target.load import Target

NUMBERS = ("now", "baseline", "times slower", "calls", "failed")


def compare(target: Target, run: BaselineRun) -> None:
    """Print which run this is, what it is compared with, and a verdict on each of its metrics."""
    store = store_of(target)
    accepted = store.runs(target.name)
    itself = [number(other) for other in accepted if other.recorded == run.recorded]
    already = f"; accepted already as {itself[0]}, so it is compared with itself too" if itself else ""
    click.echo(f"candidate: {run.path}: {recorded(run)}, {run.host_class}{already}")
    if accepted:
        runs = f"{len(accepted)} accepted run{'s' if len(accepted) > 1 else ''}"
        newest = number(accepted[-1])
        click.echo(
            f"baseline: {runs} in {store.directory / target.name}, the newest {newest}: {recorded(accepted[-1])}"
        )
    matches = {one.metric.name: store.find(target.name, one.metric.name, one.fingerprint) for one in run.recordings}
    verdicts = _verdicts(target, run, matches)
    filled = table("metric", *NUMBERS, "verdict", folds=["metric"], numbers=NUMBERS)
    for one in run.recordings:
        filled.add_row(*_row(one, matches[one.metric.name], verdicts[one.metric.name]))
    show(filled, "The candidate holds no metric.")
    for name, match in matches.items():
        if match.differs or verdicts[name].state == "inconclusive":
            click.echo(f"{name}: {match.differs or verdicts[name].reason}")
    if any(verdict.state == "regression" for verdict in verdicts.values()):
        click.echo("A candidate holds one run; a regression fails a test only when a second run confirms it.")


def _verdicts(target: Target, run: BaselineRun, matches: Mapping[str, Match]) -> dict[str, Verdict]:
    """By metric. Those of one measurement are judged together: its failed calls speak for all of them."""
    rule = target.table.baseline
    verdicts: dict[str, Verdict] = {}
    for _, measurement in groupby(sorted(run.recordings, key=_whole), _whole):
        metrics = [one.metric for one in measurement]
        baselines = {metric.name: matches[metric.name].series for metric in metrics}
        step = Looks(baselines, Rule(rule.threshold, rule.floor, rule.tau0)).after([metrics], 0, 0)
        assert isinstance(step, Done)  # no call is affordable
        verdicts |= step.verdicts
    return verdicts


def _whole(one: Recording) -> str:
    """The measurement that a metric belongs to; sorting by it leaves the whole call first."""
    return one.metric.name.removesuffix(".ttft").removesuffix(".tpot")


def _row(one: Recording, match: Match, verdict: Verdict) -> tuple[str | Text, ...]:
    series, unit = one.metric.series, one.metric.unit
    before = [value for then in match.series for value in then.values]
    state = "not-comparable" if match.differs else "suspect" if verdict.suspect else verdict.state
    return (
        one.metric.name,
        said(statistic(series.values, "typical"), unit),
        said(statistic(before, "typical"), unit) if before else "",
        "" if verdict.ratio is None else f"{verdict.ratio:.2f} ({verdict.low:.2f}-{verdict.high:.2f})",
        str(len(series.values)),
        str(series.failures),
        Text("inconclusive, suspect" if state == "suspect" else state, COLORS[state]),
    )
