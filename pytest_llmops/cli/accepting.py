"""``llmops baseline accept``: the one act that changes what is compared with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.options import config_option, meant, reports_option, target_option
from pytest_llmops.errors import BaselineError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.judge.recording import BaselineRun
    from pytest_llmops.target.load import Target

APART = "nothing was accepted, for these runs disagree:"
NEW_NORMAL = "If this is the new normal: --replace. The older runs stay on disk, and are no longer compared."
FAILED = "nothing was accepted, for too many calls failed:"
ANEW = "Mend what made them fail, and record anew."
EVEN_SO = (
    "If so many always fail: --force, and let --reason say why. Whatever is compared with this run stays inconclusive."
)
BOTH = (
    "If both are normal: --force, and let --reason say why. They are compared with together, which makes every verdict "
    "less sharp."
)


@click.command()
@config_option
@target_option
@reports_option
@click.option("--reason", required=True, help="Why these runs are the new normal.")
@click.option("--by", help="Who says so (default: git's user, else the login).")
@click.option("--replace", is_flag=True, help="This is the new normal: runs accepted before are no longer compared.")
@click.option(
    "--force", is_flag=True, help="Accept runs that disagree, or of which many calls failed; the reason says why."
)
@click.argument("candidates", type=click.Path(path_type=Path), nargs=-1)
def accept(
    config: Path | None,
    target: str | None,
    reports: Path | None,
    reason: str,
    by: str | None,
    candidates: Sequence[Path],
    *,
    replace: bool,
    force: bool,
) -> None:
    """Make candidates, the newest by default, baselines: all of them, or none.

    A candidate is a file that a run with --llmops-baseline record wrote, here or anywhere else: the artifact of a CI
    job is given by its path.
    """
    from pytest_llmops.cli import runs
    from pytest_llmops.cli.comparison import compare
    from pytest_llmops.judge.benchmark_json import load
    from pytest_llmops.judge.shipped import own_store_of
    from pytest_llmops.state.checkout import commit_of, who

    found = meant(config, target)
    chosen = [runs.candidate(found, reports, given) for given in candidates or (None,)]
    loaded = [load(path) for path in chosen]
    strangers = sorted({run.target for run in loaded} - {found.name})
    if strangers:
        raise BaselineError(
            f"these candidates are of target {', '.join(strangers)}, not of {found.name}; give --target."
        )
    by = by or who()
    compare(found, loaded[-1])
    store = own_store_of(found)
    apart = _apart(found, loaded, replace=replace)
    if apart and not force:
        cures = [NEW_NORMAL] if not replace and store.runs(found.name) else []
        raise BaselineError("\n".join([APART, *(f"  {sentence}" for sentence in apart), *cures, BOTH]))
    failed = _failed(found, loaded)
    if failed and not force:
        raise BaselineError("\n".join([FAILED, *(f"  {sentence}" for sentence in failed), ANEW, EVEN_SO]))
    commit = commit_of(found.root)
    written = store.accept_all(
        chosen, reason=reason, by=by, commit=commit, replace=replace, forced=bool(apart or failed)
    )
    for path, new in zip(chosen, written, strict=True):
        click.echo(f"accepted: {path} as {new}")
    for sentence in (*apart, *failed):
        click.echo(f"forced: {sentence}")


def _apart(target: Target, candidates: Sequence[BaselineRun], *, replace: bool) -> list[str]:
    """Where these candidates disagree, among themselves or with the runs that they join, which ``replace`` leaves out.

    Metrics that thresholds alone judge are compared with nothing.
    """
    from pytest_llmops.judge.agreement import companies, disagreements
    from pytest_llmops.judge.shipped import own_store_of
    from pytest_llmops.judge.thresholds import fits

    rule = target.table.baseline
    joined = companies(None if replace else own_store_of(target), candidates)
    compared = [one for one in joined if not any(fits(pattern, one.metric) for pattern in rule.recorded)]
    return [str(one) for one in disagreements(compared, rule.tau0, rule.floor)]


def _failed(target: Target, candidates: Sequence[BaselineRun]) -> list[str]:
    """Of which measurements so many calls failed that nothing could be judged against them, but by thresholds."""
    from pytest_llmops.cli.runs import name
    from pytest_llmops.judge.lost_calls import lost_calls
    from pytest_llmops.judge.thresholds import fits
    from pytest_llmops.judge.verdict import SURVIVORSHIP

    alone = target.table.baseline.recorded
    return [
        f"{one.metric.name}: {one.metric.series.failures} of {one.metric.series.calls} calls failed in {name(run)}; "
        f"above {SURVIVORSHIP:.0%} those that are left would flatter (survivorship)"
        for run in candidates
        for one in lost_calls(run)
        if not any(fits(pattern, one.metric.name) for pattern in alone)
    ]
