"""``llmops report``: the Allure report of a run, with the trends of the runs before it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmops.cli.options import config_option, meant, project
from pytest_llmops.errors import LlmopsError

if TYPE_CHECKING:
    from pytest_llmops.target.load import Target

FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command()
@click.argument("results", type=FOLDER, required=False)
@config_option
@click.option("--output", type=FOLDER, help="Where to write it (default: allure-report beside the results).")
def report(results: Path | None, config: Path | None, output: Path | None) -> None:
    """Render Allure results with the Allure command line, 3 or 2: reports/allure-results, or RESULTS.

    The runbook's human steps go among them, with what was signed off until now. Trends go on from report to report of
    one target. Without an Allure command line it says how to get one, and fails.
    """
    said, lacking = rendered(results, config, output)
    click.echo("\n".join(said))
    if lacking:
        click.echo(f"without human steps: {lacking}", err=True)


def rendered(results: Path | None, config: Path | None, output: Path | None = None) -> tuple[list[str], str]:
    """Render results.

    Args:
        results: their folder; None: that among the reports.
        config: the ``llmops.toml``; None: the one that is found.
        output: where to; None: beside the results.

    Returns:
        What is to be said of it, line by line, and why the human steps are not among them, where that is so.

    Raises:
        LlmopsError: there is nothing to render, or nothing to do it with, or it failed.
    """
    from pytest_llmops.report.allure_command import HISTORY_3, found, render, settings
    from pytest_llmops.report.allure_files import categories, environment, run_of
    from pytest_llmops.report.paths import seen_from_here
    from pytest_llmops.report.run_json import read
    from pytest_llmops.state.folder import file_name, state_folder
    from pytest_llmops.state.new_folder import new_folder
    from pytest_llmops.target.moments import moment
    from pytest_llmops.target.names import variables

    root = project(config)
    folder = results or root.root / "reports" / "allure-results"
    if not any(folder.glob("*-result.json")):
        raise LlmopsError(
            f"{seen_from_here(folder)} has no Allure results. Run a suite first (pytest -m daily); "
            "it writes them where allure-pytest is installed and not switched off."
        )
    file = _of_the_same_run(folder, root.root / "reports")
    outcome = read(file)
    of = run_of(folder)
    if of and outcome.get("id") != of:
        raise LlmopsError(
            f"{seen_from_here(folder)} is of the run {of}, and {seen_from_here(file)} of another: "
            "give the results of that one, or run the suite again."
        )
    try:
        target = meant(config, outcome["target"])
        shown, name = environment(outcome), f"{outcome['target']}, {moment(float(outcome['started']))}"
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise LlmopsError(f"{file} is no outcome of a run ({type(error).__name__}: {error}).") from None
    secret = variables(target.table, target.config)
    environ = {name: value for name, value in os.environ.items() if name not in secret}
    allure = found(list(dict.fromkeys([root.root, Path.cwd()])), environ)
    written = (output or folder.with_name("allure-report")).absolute()
    try:
        steps, lacking = _human_steps(target, outcome, folder)
        state = state_folder(target.state_folder) / "allure" / file_name(target.name)
        new_folder(state.parent, 0o700)
        new_folder(state, 0o700)
        rules = settings(written, (state / HISTORY_3).absolute(), name, categories(), shown)
        page = render(allure, folder.absolute(), written, state.absolute(), rules, environ)
    except OSError as error:
        where = seen_from_here(Path(error.filename or written))
        raise LlmopsError(f"{where} cannot be written: {error.strerror or error}.") from None
    said = [
        f"written: {seen_from_here(page)} (Allure {allure.version}; {steps} human steps)",
        f"to read it: {allure.path} open {seen_from_here(written)}",
    ]
    return said, lacking


def _of_the_same_run(results: Path, reports: Path) -> Path:
    """The outcome beside the results; where they lie elsewhere (``--alluredir``), that among the reports."""
    from pytest_llmops.report.run_json import RUN_JSON

    beside, usual = results.parent / RUN_JSON, reports / RUN_JSON
    return usual if usual.is_file() and not beside.is_file() else beside


def _human_steps(target: Target, outcome: dict[str, Any], folder: Path) -> tuple[int, str]:
    """How many were written among the results, and why none could be, where that is so."""
    from pytest_llmops.cli.memory import opened
    from pytest_llmops.report.allure_manual import manual_items, write
    from pytest_llmops.report.procedure_states import states

    try:
        known = states(target, opened(target), whole=False)
    except LlmopsError as error:
        return 0, str(error)
    suites = {check["suite"] for check in outcome["checks"]}
    return write(folder, manual_items(known, target.name, suites, float(outcome["started"]))), ""
