"""How long ago a procedure may have been carried out before it is overdue."""

from __future__ import annotations

from pytest_llmops.target.durations import DAY_S, HOUR_S

PERIODS_S = {
    "daily": 1 * DAY_S,
    "weekly": 7 * DAY_S,
    "monthly": 31 * DAY_S,
    "quarterly": 92 * DAY_S,
    "annual": 366 * DAY_S,
    "continuous": 1 * DAY_S,  # what is watched all the time was seen within a day, or nobody watches
}
"""Cadence to its period; those that are not here (on-incident, on-deploy, on-maintenance) wait for an event."""

GRACE_S = {
    "daily": 6 * HOUR_S,
    "weekly": 1 * DAY_S,
    "monthly": 3 * DAY_S,
    "quarterly": 7 * DAY_S,
    "annual": 14 * DAY_S,
    "continuous": 6 * HOUR_S,
}
"""What is let pass on top: a run that begins a little later than the day before is not late."""


def overdue_s(cadence: str, carried_out: float | None, now: float) -> float | None:
    """For how long a procedure is overdue.

    Args:
        cadence: as in the catalogue.
        carried_out: when it last was, seconds since the epoch; None: never.
        now: seconds since the epoch.

    Returns:
        Seconds since its period ended; infinite if it never was; None where it is in time, or waits for an event.
    """
    if cadence not in PERIODS_S:
        return None
    if carried_out is None:
        return float("inf")
    late_s = now - carried_out - PERIODS_S[cadence]
    return late_s if late_s > GRACE_S[cadence] else None
