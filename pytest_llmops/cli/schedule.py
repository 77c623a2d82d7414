"""``llmops schedule``: what is planned, or the files by which a scheduler runs it."""

from __future__ import annotations

import datetime as dt
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.options import config_option, meant, target_option
from pytest_llmops.errors import ConfigError, did_you_mean

if TYPE_CHECKING:
    from pytest_llmops.report.schedules import Plan
    from pytest_llmops.target.load import Target


@click.command()
@config_option
@target_option
@click.option("--format", "kind", help="crontab, systemd, github, gitlab, kubernetes or shell; else what is planned.")
@click.option("--write", type=click.Path(path_type=Path), help="A folder for the files; else they are printed.")
@click.option("--env-file", type=click.Path(path_type=Path), help="Sets the variables with the target's secrets.")
@click.option("--user", help="Who runs it: for /etc/cron.d, and services of the system's systemd.")
@click.option("--image", help="The container that runs it: of kubernetes, of gitlab.")
def schedule(
    config: Path | None,
    target: str | None,
    kind: str | None,
    write: Path | None,
    env_file: Path | None,
    user: str | None,
    image: str | None,
) -> None:
    """Show when each suite of [targets.NAME.schedule] runs, or write that for a scheduler (docs/schedule.md)."""
    from pytest_llmops.report.schedules import FORMATS, files, planned

    if kind is not None and kind not in FORMATS:
        near = did_you_mean(kind, FORMATS)
        raise click.UsageError(f"There is no format {kind!r}.{near} Formats: {', '.join(FORMATS)}.")
    if kind is None and write is not None:
        raise click.UsageError(f"--write needs a format: --format {'|'.join(FORMATS)}.")
    _check(kind, env_file=env_file, user=user, image=image)
    found = meant(config, target)
    plan = planned(found, _llmops(), env_file=env_file, user=user, image=image)
    if kind is None:
        _show(found, plan)
        return
    made = files(plan, kind)
    if write is None:
        click.echo(
            made.popitem()[1] if len(made) == 1 else "\n".join(f"# {name}\n{made[name]}" for name in made), nl=False
        )
        return
    _write(write, made, plan)


def _check(kind: str | None, **given: object) -> None:
    """What a format makes nothing of is not let pass."""
    taken = {
        "crontab": {"env_file", "user"},
        "systemd": {"env_file", "user"},
        "shell": {"env_file"},
        "gitlab": {"image"},
        "kubernetes": {"image"},
    }
    for name, value in given.items():
        if value is not None and name not in taken.get(kind or "", set()):
            word = f"--{name.replace('_', '-')}"
            with_it = ", ".join(one for one, known in taken.items() if name in known)
            raise click.UsageError(f"{word} says nothing to {kind or 'what is planned'}; it goes with {with_it}.")


def _llmops() -> Path:
    """This command, absolute, so that it is found by who has another PATH.

    Raises:
        ConfigError: it is nowhere.
    """
    beside = Path(sys.executable).absolute().with_name("llmops")
    found = beside if beside.exists() else shutil.which("llmops")
    if found is None:
        raise ConfigError(f"No command llmops is beside {sys.executable} or on the path: install the package.")
    return Path(found).absolute()


def _show(target: Target, plan: Plan) -> None:
    from pytest_llmops.cli import columns
    from pytest_llmops.operate.planned_run import due
    from pytest_llmops.state.scheduled import Scheduled

    filled = columns.table("suite", "at", "next", "last begun", "", folds=("at", "next", "last begun"))
    scheduled = Scheduled(target.state_folder, target.name)
    for suite in plan.suites:
        zone = suite.times.zone
        try:
            at, since = scheduled.begun(suite.name), scheduled.since(suite.name)
        except OSError as error:
            raise ConfigError(f"When {suite.name} last began cannot be read: {error}.") from error
        state = due(target, suite.name, since, dt.datetime.now(dt.UTC))
        last = "" if at is None else f"{dt.datetime.fromtimestamp(at, zone).astimezone(zone):%Y-%m-%d %H:%M}"
        word = "due" if state.now else ""
        after = f"{state.next.astimezone(zone):%a %Y-%m-%d %H:%M %Z}"
        filled.add_row(suite.name, suite.said.partition(": ")[2], after, last, word)
    columns.show(filled, "")


def _write(folder: Path, made: dict[str, str], plan: Plan) -> None:
    """Each file; what is somebody else's is never replaced, and then none is written.

    Raises:
        ConfigError: a file is not ours, or the folder cannot be written.
    """
    from pytest_llmops.report.schedules.plan import MARK

    mine = f"{MARK}{plan.target}. Change "
    if not folder.is_dir():
        raise ConfigError(f"--write {folder}: there is no such folder; make it first.")
    try:
        for name in made:
            if not _ours(folder / name, mine):
                raise ConfigError(f"{folder / name} exists, and is not of target {plan.target}; nothing was written.")
        for name, text in made.items():
            part = folder / f".{name}.part"
            part.write_text(text, encoding="utf-8")
            part.chmod(0o755 if text.startswith("#!") else 0o644)
            part.replace(folder / name)
            click.echo(f"written: {folder / name}")
        kind = {Path(name).suffix for name in made}
        for path in sorted(folder.glob(f"llmops-{plan.slug}*")):
            if path.name not in made and path.suffix in kind and _ours(path, mine):
                click.echo(f"not planned any more, remove it: {path}")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--write {folder}: {error}.") from error


def _ours(path: Path, mine: str) -> bool:
    """Whether a file may be replaced: there is none, or an earlier one of the same target."""
    if path.is_symlink():
        return False
    if not path.exists():
        return True
    return any(line.startswith(mine) for line in path.read_text(encoding="utf-8").splitlines()[:2])
