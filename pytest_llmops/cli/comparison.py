"""A candidate beside the accepted runs: a table, and what it means."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.text import Text

from pytest_llmops.cli import meaning
from pytest_llmops.cli.columns import say, show, table
from pytest_llmops.cli.judged import judge
from pytest_llmops.cli.runs import number, pasted, recorded
from pytest_llmops.judge.baselines import KEPT
from pytest_llmops.judge.likeness import standing_runs
from pytest_llmops.judge.shipped import own_store_of, store_of
from pytest_llmops.judge.thresholds import said
from pytest_llmops.report.metric import so_many
from pytest_llmops.report.terminal import COLORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmops.cli.judged import Judged
    from pytest_llmops.judge.recording import BaselineRun
    from pytest_llmops.target.load import Target

ONE_RUN = "A candidate holds one run; a regression fails a test only when a second run confirms it."
MISSING, NEW = "bold red", "bold cyan"
NUMBERS = ("now", "baseline", "times slower", "calls", "failed")


def compare(target: Target, run: BaselineRun, *, advise: bool = False) -> None:
    """Print which run this is, what it is compared with, a verdict on each of its metrics, and what that means.

    Args:
        target: whose baselines it is compared with.
        run: the candidate.
        advise: whether to say what to do about it.
    """
    store = store_of(target)
    accepted = store.runs(target.name)
    own = store.directory == own_store_of(target).directory  # what is shipped tells not which checks a project has
    itself = [number(other) for other in accepted if other.recorded == run.recorded]
    already = f"; accepted already as {itself[0]}, so it is compared with itself too" if itself else ""
    say(f"candidate: {run.path}: {recorded(run)}, {run.host_class}{already}")
    if accepted:
        runs = so_many(len(accepted), "accepted run")
        newest = number(accepted[-1])
        say(f"baseline: {runs} in {store.directory / target.name}, the newest {newest}: {recorded(accepted[-1])}")
    judged = judge(target, run)
    filled = table("metric", *NUMBERS, "verdict", folds=["metric"], numbers=NUMBERS)
    for one in judged:
        filled.add_row(*_row(one))
    show(filled, "The candidate holds no metric.")
    states = {state for state, _ in meaning.changes(judged)}
    sentences = [*_sentences(judged), *(_presence(target, run, accepted) if own else ())]
    if "regression" in states:
        sentences.append((ONE_RUN, ""))
    if sentences:
        click.echo()
    for sentence, style in sentences:
        say(sentence, style)
    if advise and "improvement" in states:
        click.echo("To make the faster the new normal, which the next run is held against:")
        click.echo(f'  llmops baseline accept --replace --reason "…" {pasted(run.path)}')


def _sentences(judged: Sequence[Judged]) -> Iterator[tuple[str, str]]:
    """What matters of what was judged, and why the rest was not, each with its style."""
    yield from ((sentence, COLORS[state]) for state, sentence in meaning.changes(judged))
    yield from ((sentence, "") for sentence in meaning.unlike(judged))


def _presence(target: Target, run: BaselineRun, accepted: Sequence[BaselineRun]) -> Iterator[tuple[str, str]]:
    """Metrics that only one side has, loudly: nothing of theirs was compared."""
    if not accepted:
        return
    before = standing_runs(accepted, run)[-KEPT:]
    for name in meaning.gone(target, run, before):
        having = [number(one) for one in before if one.find(name)]
        last = f"{having[-1]} has it" if len(having) == 1 else f"{having[0]} to {having[-1]} have it"
        yield f"MISSING {name}: {last}, the candidate has not. Was its test renamed, left out, or failed?", MISSING
    for name in meaning.new(run, accepted):
        yield f"NEW {name}: no accepted run has it; it is compared from the next run on that is accepted.", NEW


def _row(one: Judged) -> tuple[str | Text, ...]:
    unit, verdict, state = one.recording.metric.unit, one.verdict, one.state
    return (
        one.name,
        said(one.now, unit),
        "" if one.then is None else said(one.then, unit),
        "" if verdict.ratio is None or one.differs else f"{verdict.ratio:.2f} ({verdict.low:.2f}-{verdict.high:.2f})",
        str(len(one.series.values)),
        str(one.series.failures),
        Text("inconclusive, suspect" if state == "suspect" else state, COLORS[state]),
    )
