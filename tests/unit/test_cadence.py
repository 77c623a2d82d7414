"""When a procedure is overdue."""

import pytest

from pytest_llmops.procedures import catalogue
from pytest_llmops.procedures.cadence import GRACE_S, PERIODS_S, overdue_s
from pytest_llmops.target.durations import DAY_S, HOUR_S

EVENTS = {"on-incident", "on-deploy", "on-maintenance"}
NOW = 1.79e9


@pytest.mark.parametrize(
    ("cadence", "in_time_s", "late_s"),
    [
        ("daily", 29 * HOUR_S, 31 * HOUR_S),
        ("continuous", 29 * HOUR_S, 31 * HOUR_S),
        ("weekly", 7.9 * DAY_S, 8.1 * DAY_S),
        ("monthly", 33.9 * DAY_S, 34.1 * DAY_S),
        ("quarterly", 98.9 * DAY_S, 99.1 * DAY_S),
        ("annual", 379.9 * DAY_S, 380.1 * DAY_S),
    ],
)
def test_a_period_and_a_grace(cadence, in_time_s, late_s):
    assert overdue_s(cadence, NOW - in_time_s, NOW) is None
    assert overdue_s(cadence, NOW - late_s, NOW) == pytest.approx(late_s - PERIODS_S[cadence])
    assert overdue_s(cadence, None, NOW) == float("inf")


def test_what_waits_for_an_event_is_never_overdue():
    for cadence in EVENTS:
        assert overdue_s(cadence, None, NOW) is None


def test_every_cadence_of_the_catalogue_is_known():
    assert {one.cadence for one in catalogue().values()} == EVENTS | set(PERIODS_S) == EVENTS | set(GRACE_S)
