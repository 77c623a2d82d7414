"""``llmops golden``: do golden datasets hold, what do they cover, and those of other tools as new ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pytest_llmops.cli.golden_files import chosen
from pytest_llmops.cli.options import config_option, target_option
from pytest_llmops.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.golden.coverage import Coverage
    from pytest_llmops.golden.importers.record import Answers

FORMATS = ("promptfoo", "faithfulness", "synthetic", "answered")
files_argument = click.argument("files", metavar="[FILE...]", type=click.Path(path_type=Path), nargs=-1)


@click.group()
def golden() -> None:
    """Check, count and import golden datasets: questions whose right answers are known. Nothing is called."""


@golden.command()
@config_option
@target_option
@files_argument
def check(config: Path | None, target: str | None, files: Sequence[Path]) -> None:
    """Read golden files, by default those of the target, and say all that is wrong with them.

    Of the target also its waivers: a waived case that is none, and those that no longer count.
    """
    from pytest_llmops.cli.golden_files import waived
    from pytest_llmops.golden.coverage import alike
    from pytest_llmops.golden.reading import read

    picked = chosen(config, target, files)
    found = read(picked.paths, beside=picked.beside)
    for path in dict.fromkeys(path for path, _ in found.places.values()):
        count = sum(place == path for place, _ in found.places.values())
        click.echo(f"{path}: {count} case{'s' * (count > 1)}")
    for ids in alike(found):
        click.echo(f"the same is asked by {' and '.join(ids)}")
    for sentence in waived(picked, found):
        click.echo(sentence)
    click.echo(f"{len(found)} case{'s hold' if len(found) > 1 else ' holds'}")


@golden.command()
@config_option
@target_option
@click.option("--tag", "tags", multiple=True, help="A tag that must have cases; may be given again.")
@click.option("--language", "languages", multiple=True, help="A language of questions that must have cases.")
@click.option("--kind", "kinds", multiple=True, help="A kind of expectation that must have cases.")
@click.option("--fewest", type=click.IntRange(1), help="Cases that each of them must have (default: 1).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@files_argument
def stats(
    config: Path | None, target: str | None, files: Sequence[Path], *, fewest: int | None, as_json: bool, **wanted: Any
) -> None:
    """Count cases by tag, language, kind of expectation, origin and file, and name the gaps.

    What must have cases is said here, and for the target's own files in its [golden] table. Exits with 1 where
    something has too few.
    """
    from pytest_llmops.golden.coverage import Wanted, coverage
    from pytest_llmops.golden.reading import read

    picked = chosen(config, target, files)
    table = picked.table
    asked = Wanted(
        **{key: tuple(dict.fromkeys((*getattr(table, key), *given))) for key, given in wanted.items()},
        fewest=fewest or table.fewest,
    )
    found = coverage(read(picked.paths, beside=picked.beside), asked)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=1, ensure_ascii=False))
    else:
        _show(found)
    if found.gaps:
        raise SystemExit(1)


@golden.command()
def schema() -> None:
    """Print the JSON Schema of a case: a line of a .jsonl, an entry of a .yaml."""
    from pytest_llmops.golden.case import Case

    click.echo(json.dumps(Case.model_json_schema(by_alias=True), indent=2))


@golden.command("import")
@click.option("--output", type=click.Path(path_type=Path), required=True, help="The golden file to write, .jsonl; new.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="What FILE is; by its keys otherwise.")
@click.option(
    "--answers",
    type=click.Choice(["reference", "exact", "contains"]),
    default="reference",
    show_default=True,
    help="What a known right answer becomes: a text beside, all of the answer, or a part of it.",
)
@click.argument("files", metavar="FILE...", type=click.Path(path_type=Path), nargs=-1, required=True)
def import_(output: Path, form: str | None, answers: Answers, files: Sequence[Path]) -> None:
    """Make golden cases of promptfoo's tests, and of the datasets of enterprise-pipeline.

    FILE is not changed, and none that exists is written over. What a case cannot say is left out by name.
    """
    from pytest_llmops.cli.new_file import may_write, write
    from pytest_llmops.golden.importing import imported

    if output.suffix != ".jsonl":
        raise ConfigError(f"--output {output}: what is written is a case a line, so its name ends in .jsonl.")
    may_write(output, "--output")
    taken: set[str] = set()
    made = [imported(path, form, answers, taken) for path in files]
    if not any(one.cases for one in made):
        left = "; ".join(f"{what} ({count})" for one in made for what, count in one.left_out.items())
        raise ConfigError(f"no record is a golden case, so nothing was written: {left}.")
    write(output, "".join(one.lines for one in made), "--output")
    for path, one in zip(files, made, strict=True):
        count = len(one.cases)
        click.echo(f"imported: {path} ({one.format}) into {output}: {count} case{'s' * (count != 1)}")
        for what, times in one.left_out.items():
            click.echo(f"left out: {what} ({times})")


def _show(found: Coverage) -> None:
    from pytest_llmops.cli import columns

    filled = columns.table("", "", "cases", folds=("",), numbers=("cases",))
    for heading, counts in _sections(found).items():
        for at, (name, count) in enumerate(counts.items()):
            filled.add_row("" if at else heading, name, str(count))
    columns.show(filled, "")
    columns.say(f"{found.cases} cases in {len(found.files)} file{'s' * (len(found.files) > 1)}")
    for gap in found.gaps:
        columns.say(f"gap: {gap}", "red")


def _sections(found: Coverage) -> Mapping[str, Mapping[str, int]]:
    return {
        "tag": found.tags,
        "language": found.languages,
        "expectation": found.kinds,
        "origin": found.origins,
        "file": found.files,
    }
