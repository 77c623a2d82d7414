"""``llmops detectors``: how often each detector is right, counted here and now on its held-out cases."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pytest_llmops.detect.figures import Figures, Rate


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def detectors(*, as_json: bool) -> None:
    """Show precision and recall of each detector on its held-out cases, with 95 % intervals.

    Nothing is called: the cases come with the package. Exits with 1 where a lower limit is below .90,
    or a detector cannot be counted because a package of an extra is not installed.
    """
    from pytest_llmops.detect.cases import read
    from pytest_llmops.detect.figures import figures
    from pytest_llmops.detect.registry import DETECTORS
    from pytest_llmops.errors import NotInstalled

    found: dict[str, Figures] = {}
    lacking: dict[str, str] = {}
    for name, detector in DETECTORS.items():
        try:
            found[name] = figures(detector, read(name, "held_out"))
        except NotInstalled as error:
            lacking[name] = str(error)
    if as_json:
        uncounted = [{"detector": name, "lacking": why, "good": False} for name, why in lacking.items()]
        click.echo(json.dumps([*(_plain(name, one) for name, one in found.items()), *uncounted], indent=1))
    else:
        _show(found)
        for name, why in lacking.items():
            click.echo(f"not counted: {name}: {why}")
    if lacking or not all(one.good for one in found.values()):
        raise SystemExit(1)


def _plain(name: str, one: Figures) -> dict[str, Any]:
    counts = {"found": one.found, "missed": one.missed, "mistaken": one.mistaken, "passed": one.passed}
    return {
        "detector": name,
        **counts,
        "precision": _rate(one.precision),
        "recall": _rate(one.recall),
        "good": one.good,
    }


def _rate(rate: Rate) -> dict[str, float | None]:
    return {"value": rate.value, "low": rate.low, "high": rate.high}


def _show(found: dict[str, Figures]) -> None:
    from pytest_llmops.cli import columns
    from pytest_llmops.detect.figures import WANTED

    headings = ("detector", "there", "missed", "not there", "mistaken", "precision", "recall", "")
    filled = columns.table(*headings, folds=("precision", "recall"), numbers=headings[1:5])
    for name, one in found.items():
        there, absent = one.found + one.missed, one.mistaken + one.passed
        counts = (str(count) for count in (there, one.missed, absent, one.mistaken))
        filled.add_row(name, *counts, _said(one.precision), _said(one.recall), "" if one.good else "too low")
    columns.show(filled, "")
    columns.say(
        f"Held-out cases, with 95 % intervals by Wilson; wanted: lower limits of at least {WANTED:.2f}. The labels are "
        "the project's own: see docs/detectors.md."
    )


def _said(rate: Rate) -> str:
    return "-" if rate.value is None else f"{rate.value:.3f} ({rate.low:.3f} to {rate.high:.3f})"
