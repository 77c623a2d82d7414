"""Times that became longer over the last runs, each with its first bad run: a trend, never a verdict."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.judge.creep import creep
from pytest_llmops.report.metric import is_timed
from pytest_llmops.state.history.timed import Timed, timed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.state.history.place import Place

NEW_NORMAL = 0.025
"""Share by which a baseline is another: what came before somebody accepted it is no part of a trend. Half of what a
creep has to come to; a run that is added to several hardly moves it."""


@dataclass(frozen=True, slots=True)
class Creeping:
    """A time that became longer.

    Attributes:
        metric: its name.
        pct: by how many % its newest value is longer than the level before, as the trend goes.
        per_run_pct: by how many % from run to run; 0 where it was longer at once.
        run: id of the first bad run.
        started: of that run, seconds since the epoch.
        commit: that was checked out then; empty where that is not known.
        values: runs that were looked at.
        runs: of these, from the first bad one on.
    """

    metric: str
    pct: float
    per_run_pct: float
    run: str
    started: float
    commit: str
    values: int
    runs: int


def creeping(known: Mapping[str, Sequence[Timed]]) -> list[Creeping]:
    """Those of several times that became longer, the most first.

    Args:
        known: of each metric its values, oldest first.
    """
    found = []
    for metric, values in known.items():
        alike = since_new_normal(values)
        if one := creep([each.value for each in alike]):
            first = alike[one.first]
            runs = one.values - one.first
            of_first = (first.run, first.at, first.commit)
            found.append(Creeping(metric, one.pct, one.per_run_pct, *of_first, one.values, runs))
    return sorted(found, key=lambda one: -one.pct)


def since_new_normal(values: Sequence[Timed]) -> Sequence[Timed]:
    """The newest values that were compared with the same baseline; one that was compared with none is in no way."""
    normal: float | None = None
    for index in range(len(values) - 1, -1, -1):
        baseline = values[index].baseline
        if baseline and normal and abs(baseline / normal - 1) > NEW_NORMAL:
            return values[index + 1 :]
        normal = normal or baseline
    return values


def of_run(place: Place, result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What creeps as of a run, as in ``run.json``; the run need not be in the history yet.

    Args:
        place: the history.
        result: the run: its ``id``, ``target``, ``commit``, ``against``, ``started`` and ``checks``.

    Raises:
        HistoryError: it cannot be read.
    """
    own: dict[str, Timed] = {}
    for metric in (metric for check in result["checks"] for metric in check["metrics"]):
        if is_timed(metric) and metric["state"] != "void" and (metric["value"] or 0) > 0:
            baseline = None if result["against"] else metric["baseline"]
            one = Timed(result["id"], result["started"], result["commit"], metric["value"], baseline)
            own.setdefault(metric["name"], one)
    earlier = timed(place, result["target"], own, result["started"])
    known = {name: [*(each for each in earlier.get(name, ()) if each.run != one.run), one] for name, one in own.items()}
    return [asdict(one) for one in creeping(known)]
