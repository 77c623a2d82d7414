"""The project's history, opened for a command: what waits to be imported goes in first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pytest_llmops.state.history.place import Place
    from pytest_llmops.target.load import Target


def opened(target: Target) -> Place:
    """Where the history lies; brought to the newest schema, runs that were put aside imported.

    Raises:
        HistoryError: it cannot be read.
    """
    from pytest_llmops.state.history.connecting import brought_up
    from pytest_llmops.state.history.place import place_of
    from pytest_llmops.state.history.unwritten import import_all

    place = place_of(target)
    for line in import_all(place):
        click.echo(line, err=True)
    brought_up(place)
    return place
