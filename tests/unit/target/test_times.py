"""Times as cron and people write them, against the clock on the wall of a zone."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.target.times import EXAMPLE, Times
from pytest_llmops.target.windows import timezone

BERLIN = timezone("Europe/Berlin")
CHANGED = dt.datetime(2026, 3, 29, 1, 5, tzinfo=dt.UTC)  # 03:05 there, five minutes after clocks were set from 02:00
MOMENTS = st.integers(0, 4 * 365 * 86_400).map(lambda seconds: CHANGED + dt.timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("text", "cron", "week"),
    [
        ("0 9 * * *", "0 9 * * *", 0),
        ("*/5 * * * *", "*/5 * * * *", 0),
        ("5-20/5 9,8 * JAN MON-FRI", "5,10,15,20 8-9 * 1 1-5", 0),
        ("0 0 * * 7", "0 0 * * 0", 0),
        ("0 9 1,15 * 5", "0 9 1,15 * 5", 0),
        ("0 9 * * MON#1", "0 9 1-7 * *", 1),
        ("first Mon 09:00", "0 9 1-7 * *", 1),
        ("third Sat,Sun 2:30", "30 2 15-21 * *", 3),
        ("Fri-Mon 07:05", "5 7 * * 0-1,5-6", 0),
        ("23:59", "59 23 * * *", 0),
    ],
)
def test_times_are_read(text, cron, week):
    times = Times.read(text)
    assert (times.cron, times.week) == (cron, week)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("banana", f"'banana' says no times; {EXAMPLE}"),
        ("@daily", f"'@daily' says no times; {EXAMPLE}"),
        ("", f"'' says no times; {EXAMPLE}"),
        ("61 * * * *", f"'61 * * * *' says no times; {EXAMPLE}"),
        ("0 9 L * *", f"'0 9 L * *' says no times; {EXAMPLE}"),
        ("0 9 * * * *", f"'0 9 * * * *' says no times; {EXAMPLE}"),
        ("frist Mon 09:00", "'frist Mon 09:00' says no times. Did you mean 'first'?"),
        ("first Mno 09:00", "'first Mno 09:00': 'Mno' is no weekday. Did you mean 'Mon'?"),
        ("25:00", "'25:00': 25:00 is no time of day; from 00:00 to 24:00"),
        ("24:00", "'24:00' is at 24:00; write 00:00, and the next day"),
        ("0 9 31 2 *", "'0 9 31 2 *' never comes: no month of these has such a day"),
        (
            "0 9 * * 1#5",
            "'0 9 * * 1#5': of a month's weekdays one of the first four is meant: '0 9 * * 1#1' is the first Monday",
        ),
        ("0 9 1 * 1#1", "'0 9 1 * 1#1': a day of the month and the first weekday of one exclude each other"),
        ("0 9 */2 * 1", "'0 9 */2 * 1' steps through days and names weekdays, which crons understand differently"),
    ],
)
def test_what_says_no_times_is_refused(text, said):
    with pytest.raises(ValueError) as caught:  # noqa: PT011 (the whole text is compared)
        Times.read(text)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("text", "last", "after"),
    [
        ("0 9 * * *", "2026-03-28T08:00", "2026-03-29T07:00"),  # by the clock there, before and after the change
        ("first Mon 09:00", "2026-03-02T08:00", "2026-04-06T07:00"),
        ("30 2 * * *", "2026-03-28T01:30", "2026-03-29T01:30"),  # never came that day: half an hour after 03:00
        ("*/5 * * * *", "2026-03-29T01:05", "2026-03-29T01:10"),
        ("0 9 1,15 * 5", "2026-03-27T08:00", "2026-04-01T07:00"),  # either of day and weekday
    ],
)
def test_last_and_next_go_by_the_clock_of_the_zone(text, last, after):
    times = Times.read(text, BERLIN)
    assert f"{times.last(CHANGED):%Y-%m-%dT%H:%M}" == last
    assert f"{times.next(CHANGED):%Y-%m-%dT%H:%M}" == after


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("*/30 * * * *", ["00:00", "00:30", "01:00", "01:30", "02:00"]),
        ("30 2 * * *", ["00:30"]),  # and not again an hour later
    ],
)
def test_an_hour_that_comes_twice(text, moments):
    times, found = Times.read(text, BERLIN), []
    moment, end = dt.datetime(2026, 10, 24, 23, 59, tzinfo=dt.UTC), dt.datetime(2026, 10, 25, 2, 1, tzinfo=dt.UTC)
    while (moment := times.next(moment)) < end:
        assert times.last(moment) == times.last(moment + dt.timedelta(minutes=1)) == moment
        found.append(f"{moment:%H:%M}")
    assert found == moments


@given(now=MOMENTS, text=st.sampled_from(["30 2 * * *", "first Mon 09:00", "*/7 3 * * *", "Sun 00:00", "0 9 1,15 * 5"]))
def test_what_was_last_is_what_came_next_before(now, text):
    times = Times.read(text, BERLIN)
    last, after = times.last(now), times.next(now)
    assert last <= now < after
    assert times.next(last) == after
    assert times.last(after) == after
    local = after.astimezone(BERLIN)
    if times.week:
        assert (local.weekday(), local.day <= 7) == (0, True)
