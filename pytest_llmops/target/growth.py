"""What grows on a target, and how much of it there is room for: part of each profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from pytest_llmops.target.durations import Seconds
from pytest_llmops.target.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable


class Growing(Table):
    """One metric whose values of earlier runs are looked at over time, ``[targets.NAME.growth.METRIC]``."""

    limit: float | None = Field(None, gt=0, description="Of it there is no more than this, in the metric's unit.")
    says: str = Field("", description="What it is, for the report; the metric's name by default.")
    absent: str = Field("", description="Why the system has nothing of the kind: said by name, and not looked for.")


class Grown(Table):
    """A metric as the embedded stack's earlier runs recorded it: from one value to another, evenly."""

    first: float
    last: float
    unit: str = ""
    counts: bool = Field(False, description="true: a counter, which never falls; else its values scatter a little.")


class Past(Table):
    """Earlier runs of an embedded target, in one case."""

    days: float = Field(60.0, gt=0, le=400, description="From the first of them to the last.")
    every: Seconds = Field(86_400.0, ge=3600, description="From one to the next, e.g. '6 h'.")
    newest: Seconds = Field(86_400.0, ge=0, description="How long ago the last one was.")
    metrics: dict[str, Grown] = Field({}, description="What they recorded.")


STALE_S = 30 * 86_400.0
"""How much longer ago the last run was under the fault ``past:stale``."""


def past_of(cases: dict[str, Past], faults: Iterable[str]) -> Past | None:
    """What the earlier runs of an embedded target recorded.

    Args:
        cases: of its profile, by name; the case ``ok`` is the healthy one, and others lie over it.
        faults: those that are on; of ``past`` there are each other case, ``past:stale`` (the last run was a month ago)
            and ``past:none``.

    Returns:
        None where there were none.
    """
    ok, on = cases.get("ok"), {name.partition(":")[2] for name in faults if name.startswith("past:")}
    if ok is None or "none" in on:
        return None
    values = ok.model_dump()
    for name, case in cases.items():
        if name in on:
            over = case.model_dump(exclude_unset=True)
            values |= {**over, "metrics": {**values["metrics"], **over.get("metrics", {})}}
    if "stale" in on:
        values["newest"] += STALE_S
    return Past.model_validate(values)
