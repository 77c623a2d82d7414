"""``llmops recover``: brings back what a change left behind whose process was killed, or whose undo failed."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pytest_llmops.cli.options import config_option
from pytest_llmops.errors import JournalError, LlmopsError, Occupied, did_you_mean

if TYPE_CHECKING:
    from pytest_llmops.control.recovery import Recovery
    from pytest_llmops.target.load import Target

NOTHING = "nothing is open: all changes were taken back"
NEVER = "nothing is open: no run has changed anything here"


@click.command()
@config_option
@click.option("--target", help="Only this one; otherwise all that were left changed.")
@click.option("--plan", is_flag=True, help="Only show what is open and how it would be taken back.")
@click.option("--settled", is_flag=True, help="With --target: what could not be brought back is to stay as it is now.")
def recover(config: Path | None, target: str | None, plan: bool, settled: bool) -> None:
    """Bring back what a killed run, or a failed undo, left changed. Needs no key: it changes nothing else.

    What such a run left on this machine, scratch folders and files that are not whole, is removed; and the database
    that it restored a dump into.

    Exits 0 when nothing is left open, 1 otherwise.
    """
    from pytest_llmops.control.recovery import recoveries
    from pytest_llmops.state.journal import FOLDER
    from pytest_llmops.target.load import built_in_names, find, state_path

    if settled and (target is None or plan):
        raise click.UsageError("--settled is for one target, whose changes are taken back: --target NAME, no --plan.")
    file = find(config, Path.cwd())
    state = state_path(file, Path.cwd())
    if file is None and not state.is_dir():
        raise click.ClickException(
            f"There is no llmops.toml in {Path.cwd()}, and no {state.name}: nobody knows of any change here. "
            f"Run it in the project's folder, or name the file: --config PATH."
        )
    found = recoveries(state)
    meant = [one for one in found if target in {None, one.target}]
    targets = [*_targets(file), *built_in_names()]
    if target is not None and not meant and target not in targets:
        opened = [one.target for one in found]
        near = dict.fromkeys([*opened, *targets])
        raise click.ClickException(
            f"No change of {target!r} is open, and no target is called so.{did_you_mean(target, near)} "
            f"Open: {', '.join(opened) or 'none'}."
        )
    _tidy(state, plan=plan)
    tidy = _tidy_elsewhere(state, plan=plan)
    if not (state / FOLDER).is_dir():
        if tidy:
            _say(NEVER)
        sys.exit(0 if tidy else 1)
    done = [(_show(one) if plan else _recover(one, file, settled=settled)) for one in meant]
    if tidy and all(state is None for state in done):
        _say(NOTHING if meant == found else f"{NOTHING}, of {target}")
    sys.exit(0 if tidy and False not in done else 1)


def _tidy(state: Path, *, plan: bool) -> None:
    """Remove what processes left on this machine that were killed: it is of use to nobody, and may hold secrets."""
    from pytest_llmops.state.scratch import left_behind, remove

    for path in left_behind(state):
        if plan:
            _say(f"left by a process that was killed: {path}")
            continue
        try:
            remove(path)
            _say(f"removed, for a process that was killed left it: {path}")
        except OSError as error:
            _red(f"{path}: {error.strerror or error}; a process that was killed left it, remove it by hand.")


def _tidy_elsewhere(state: Path, *, plan: bool) -> bool:
    """Remove what such processes left on other servers, a copy of somebody's data; whether nothing of it is left."""
    from pytest_llmops.operate.postgresql_scratch import remove, said
    from pytest_llmops.state.noted import left_elsewhere

    left = False
    for note in left_elsewhere(state):
        try:
            what = said(note)
            if plan:
                _say(f"left by a process that was killed: {what}")
                left = True
                continue
            remove(note, os.environ)
            _say(f"removed, for a process that was killed left it: {what}")
        except LlmopsError as error:
            _red(f"{error} A process that was killed left it; llmops recover tries again as long as {note} is there.")
            left = True
    return not left


def _targets(file: Path | None) -> list[str]:
    """The targets of the file, also where no table of it holds."""
    import tomllib

    named = tomllib.loads(file.read_text(encoding="utf-8")).get("targets", {}) if file else {}
    return list(named) if isinstance(named, dict) else []


def _show(one: Recovery) -> bool | None:
    """What is open, and how it would be taken back; None where nothing is."""
    from pytest_llmops.report.left_changed import entries, who

    try:
        if not one.story.open:
            return None
        _say(f"{one.target}: changed by {who(one.story)}")
        for entry in entries(one.story):
            _say(f"  {entry['act']} {entry['component']} ({entry['what']}): back to {entry['state']}")
            if entry["why"]:
                _say(f"    {entry['why']}")
            for command in entry["by_hand"]:
                _say(f"    by hand: {command}")
        one.check_free()
    except Occupied as error:
        _say(f"  still running: {error}")
    except JournalError as error:
        _red(f"Error: {error}")
    return False


def _recover(one: Recovery, file: Path | None, *, settled: bool) -> bool | None:
    """Whether all that was open is taken back; None where nothing was."""
    from pytest_llmops.operate.makers import MAKERS
    from pytest_llmops.report.left_changed import entries, lines, who

    try:
        opened = bool(one.story.open)
        if opened:
            _say(f"{one.target}: changed by {who(one.story)}")
        left = one.settle() if settled else []
        for component in left:
            _say(f"  {component} stays as it is now, as settled by hand")
        declared = _declared(file, one)
        done = one.carry_out(lambda line: _say(f"  {line}"), _Clean(declared, one), MAKERS, declared)
    except Occupied as error:
        _red(f"{error} It is still running, and takes its changes back itself.")
        return False
    except JournalError as error:  # the others are none the worse for it
        _red(f"Error: {error}")
        return False
    if not done:
        for line in lines(one.target, entries(one.story), "llmops recover, again"):
            _red(line)
        return False
    if not opened:
        return None
    but = f", but for {', '.join(left)}" if left else ""
    _say(f"{one.target} is as it was{but}")
    return True


def _declared(file: Path | None, recovery: Recovery) -> Target:
    """The target as the file has it by now; an empty one where that does not hold: all is undone without it, too."""
    from pytest_llmops.target.load import Target, load
    from pytest_llmops.target.models import TargetTable

    try:
        return load(file, recovery.target, Path.cwd())
    except LlmopsError:
        return Target(recovery.target, TargetTable(), Path.cwd())


class _Clean:
    """Takes a target's secrets out of text: those of its journal's tables, and what the file tells of by now.

    Args:
        declared: the target as the file has it by now; it knows the tokens that logging in brings, too.
        recovery: of the target.
    """

    def __init__(self, declared: Target, recovery: Recovery) -> None:
        from pytest_llmops.control.undoing import secrets_of_journal
        from pytest_llmops.target.secrets import Redactor

        self._redactor = Redactor((), declared.tokens.values)
        with suppress(LlmopsError):
            self._redactor = declared.redactor()
        with suppress(ValueError):  # a table of another version, which nobody can act by either
            self._redactor.add(secrets_of_journal(recovery.journal, os.environ))

    def __call__(self, text: str) -> str:
        """The text without them."""
        return self._redactor.clean(text)


def _say(line: str) -> None:
    with suppress(OSError):  # nobody listens any more (a closed terminal, "| head"): that stops no undo
        click.echo(line)


def _red(line: str) -> None:
    with suppress(OSError):
        click.secho(line, fg="red", bold=True, err=True)
