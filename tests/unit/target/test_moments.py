"""A moment reads as the clock on the reader's wall, and in UTC for machines."""

import time

import pytest

from pytest_llmops.target.moments import moment, utc


@pytest.mark.parametrize(("zone", "said"), [("UTC0", "2026-11-28 23:30"), ("CET-1", "2026-11-29 00:30")])
def test_people_read_their_own_clock_and_machines_utc(monkeypatch, request, zone, said):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    request.addfinalizer(lambda: (monkeypatch.undo(), time.tzset()))
    assert moment(1795908600.9) == said
    assert utc(1795908600.9) == "2026-11-28T23:30:00Z"
