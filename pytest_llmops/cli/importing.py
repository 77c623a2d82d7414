"""``llmops baseline import``: what pytest-benchmark measured elsewhere, as candidates."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.options import config_option, meant, reports_option, target_option
from pytest_llmops.errors import BaselineError

if TYPE_CHECKING:
    from collections.abc import Sequence


def _pairs(_context: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    """``BENCHMARK=METRIC``, each; a benchmark's own name may hold a ``=``."""
    from pytest_llmops.samples import split_statistic

    found: dict[str, str] = {}
    for word in given:
        benchmark, _, metric = word.rpartition("=")
        if not benchmark or not metric:
            raise click.BadParameter(f"{word!r} is not BENCHMARK=METRIC, such as test_query=query_latency.")
        bare, statistic = split_statistic(metric)
        if bare != metric:
            raise click.BadParameter(f"{metric} is the {statistic} of a metric; give the metric: {benchmark}={bare}.")
        if found.setdefault(benchmark, metric) != metric:
            raise click.BadParameter(f"{benchmark} is to be {found[benchmark]} and {metric}; give it once.")
    return found


@click.command("import")
@config_option
@target_option
@reports_option
@click.option(
    "--metric",
    "metrics",
    metavar="BENCHMARK=METRIC",
    multiple=True,
    callback=_pairs,
    help="What a benchmark is called here; may be given again. Others keep their names.",
)
@click.argument("files", metavar="FILE...", type=click.Path(path_type=Path), nargs=-1, required=True)
def import_(
    config: Path | None, target: str | None, reports: Path | None, metrics: dict[str, str], files: Sequence[Path]
) -> None:
    """Make stock pytest-benchmark files candidates, which accept then makes baselines.

    FILE is what pytest --benchmark-json=FILE writes, or --benchmark-autosave with --benchmark-save-data. It is not
    changed. It tells no model and no workload: whoever accepts it vouches for those.
    """
    from pytest_llmops.cli.runs import pasted
    from pytest_llmops.judge.stock import Stock, unknown
    from pytest_llmops.measure.candidate import write_new

    found = meant(config, target)
    stocks = [Stock(path) for path in files]
    if problems := unknown(metrics, stocks):
        raise BaselineError("\n".join(problems))
    kind = "sandbox" if found.table.environment == "sandbox" else ""
    runs = [stock.run(found.name, kind, metrics) for stock in stocks]
    moments = [run.recorded for run in runs]
    for run in runs:
        if moments.count(run.recorded) > 1:
            raise BaselineError(f"{run.path} was recorded at the same moment as another that is given: import one.")
    places = [write_new(reports or found.root / "reports", run) for run in runs]
    for place, run, stock in zip(places, runs, stocks, strict=True):
        named = ", ".join(f"{one.metric.name} ({len(one.metric.series.values)} values)" for one in run.recordings)
        click.echo(f"imported: {stock.path} as {place}: {named}")
        for sentence in stock.left_out:
            click.echo(f"left out: {sentence}")
    untold = list(dict.fromkeys(key for run in runs for key in run.untold))
    these, it = ("these files", "them") if len(files) > 1 else ("this file", "it")
    click.echo(f"not told by {these}: {', '.join(untold)}. Whoever accepts")
    click.echo(f"{it} says that they are those of the runs that will be compared with {it}:")
    to = f" --target {shlex.quote(found.name)}" if target else ""
    click.echo(f'  llmops baseline accept{to} --reason "…" {" ".join(map(pasted, places))}')
