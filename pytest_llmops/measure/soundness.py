"""Whether a measurement is sound: its model stayed in memory, and its client was not what was waited for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmops.measure.client_share import bottleneck
from pytest_llmops.measure.cold import reloaded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_llmops.measure.results import Measurement, Result
    from pytest_llmops.measure.sampling import Side


WELL = {"ok", "improvement", "recorded"}
"""States of a time that is fast enough, if no threshold is broken either."""


def void_where_unsound(measurement: Measurement, sides: Sequence[Side]) -> None:
    """Where a side's calls measure something else, take back whatever was said of their times.

    What is known of failures and of loading is no matter of times, and is judged after this.

    Args:
        measurement: with the results of all that was timed.
        sides: the target's calls, and its twin's: what both add to their times hides the difference.
    """
    name = measurement.name
    well = len(sides) == 1 and not measurement.breaches and all(one.state in WELL for one in measurement.results)
    doubts = [reloaded(name, side.runs) or bottleneck(name, side.runs, well=well) for side in sides]
    reasons = list(dict.fromkeys(reason for reason in doubts if reason))
    if not reasons:
        return
    measurement.results = [_void(result, " ".join(reasons)) for result in measurement.results]
    measurement.voids = [*reasons, *measurement.voids]
    for taken_back in (
        measurement.regressions,
        measurement.breaches,
        measurement.notes,
        measurement.comparisons,
        measurement.recordings,
    ):
        taken_back.clear()


def _void(result: Result, reason: str) -> Result:
    limits = {level: text for level, text in (result.threshold or {}).items() if level != "broken"}
    return replace(result, state="void", suspect=False, reason=reason, threshold=limits or None)
