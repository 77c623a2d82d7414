"""Where the fixture ``history`` reads: the project's history, or that of an embedded target, which is made up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.state.history.place import Place, place_of

if TYPE_CHECKING:
    from pytest_llmops.plugin.run import Run

PAST = "past"
"""The fact that an embedded target's past is laid, and the file in the run directory where it is."""


def place_for(run: Run) -> Place:
    """The project's own history; of an embedded target that has a past, one of the run directory.

    The user's history is never written to by it.
    """
    table = run.declared.table
    if not (run.own.embedded and table.sandbox.past):
        return place_of(run.declared)
    folder = run.directory.path
    place = Place(url="", file=folder / f"{PAST}.db", folder=folder, keep_s=float("inf"))
    run.directory.once(PAST, lambda: {"runs": _laid(run, place)})
    return place


def _laid(run: Run, place: Place) -> int:
    from pytest_llmops.state.history.past import lay
    from pytest_llmops.target.faults import each
    from pytest_llmops.target.growth import past_of

    target = run.declared
    past = past_of(target.table.sandbox.past, each([*target.table.sandbox.faults, *run.options.faults]))
    return lay(place, target.name, target.table.profile, past, run.began) if past else 0
