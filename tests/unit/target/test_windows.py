"""Maintenance windows, on the clock of the wall: over midnight, over the weekend, when clocks change."""

import datetime as dt

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.windows import EXAMPLE, Windows, window

BERLIN = "Europe/Berlin"


def at(text, zone=BERLIN):
    """A moment as the clock in Berlin shows it; with ``later`` the second of two."""
    wall = text.removesuffix(" later")
    moment = dt.datetime.fromisoformat(wall).replace(tzinfo=Windows.read([], zone).zone, fold=wall != text)
    return moment.astimezone(dt.UTC)


def windows(*texts, zone=BERLIN):
    return Windows.read(list(texts), zone)


def test_without_any_it_is_always_open():
    assert windows().is_open(at("2026-12-02 12:00"))


@pytest.mark.parametrize(
    ("text", "moment", "is_open"),
    [
        ("Sat 02:00-04:00", "2026-12-05 01:59", False),
        ("Sat 02:00-04:00", "2026-12-05 02:00", True),
        ("Sat 02:00-04:00", "2026-12-05 03:59", True),
        ("Sat 02:00-04:00", "2026-12-05 04:00", False),
        ("Sat 02:00-04:00", "2026-12-06 03:00", False),
        ("Mon-Fri 22:00-06:00", "2026-12-04 23:00", True),
        ("Mon-Fri 22:00-06:00", "2026-12-05 05:59", True),
        ("Mon-Fri 22:00-06:00", "2026-12-06 05:59", False),
        ("Mon-Fri 22:00-06:00", "2026-12-06 23:00", False),
        ("Mon-Fri 22:00-06:00", "2026-12-07 05:00", False),
        ("Sat-Mon 01:00-02:00", "2026-12-06 01:30", True),
        ("Sat-Mon 01:00-02:00", "2026-12-08 01:30", False),
        ("Mon,Wed 01:00-02:00", "2026-12-02 01:30", True),
        ("Mon,Wed 01:00-02:00", "2026-12-01 01:30", False),
        ("01:00-05:00", "2026-12-03 04:00", True),
        ("Sun 00:00-24:00", "2026-12-06 23:59", True),
        ("Sun 22:00-24:00", "2026-12-07 00:00", False),
        ("first Sat 02:00-04:00", "2026-12-05 02:00", True),
        ("first Sat 02:00-04:00", "2026-12-12 02:00", False),
        ("first Sat 02:00-04:00", "2026-08-01 02:00", True),
        ("second Sat 22:00-04:00", "2026-08-09 03:59", True),
        ("second Sat 22:00-04:00", "2026-08-02 03:59", False),
        ("fourth Mon 01:00-02:00", "2026-11-23 01:00", True),
        ("first Sun 22:00-02:00", "2026-11-30 00:30", False),
    ],
)
def test_when_it_is_open(text, moment, is_open):
    assert windows(text).is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("text", "moment", "is_open"),
    [
        ("Sun 01:00-04:00", "2026-03-29 03:30", True),
        ("Sun 02:00-03:00", "2026-03-29 03:00", False),
        ("Sun 02:00-03:00", "2026-03-29 01:59", False),
        ("Sun 02:00-04:00", "2026-10-25 02:30", True),
        ("Sun 02:00-04:00", "2026-10-25 02:30 later", True),
        ("Sun 02:00-04:00", "2026-10-25 04:00", False),
        ("Sun 01:00-02:30", "2026-10-25 02:15", True),
        ("Sun 01:00-02:30", "2026-10-25 02:45", False),
        ("Sun 01:00-02:30", "2026-10-25 02:15 later", False),
    ],
)
def test_when_clocks_change(text, moment, is_open):
    assert windows(text).is_open(at(moment)) is is_open


@pytest.mark.parametrize(
    ("texts", "moment", "opens"),
    [
        (["Sat 02:00-04:00"], "2026-12-02 12:00", "Sat 2026-12-05 02:00 CET"),
        (["Sat 02:00-04:00"], "2026-12-05 03:00", "Sat 2026-12-12 02:00 CET"),
        (["Sat 02:00-04:00", "Mon-Fri 22:00-06:00"], "2026-12-02 12:00", "Wed 2026-12-02 22:00 CET"),
        (["Sun 02:00-03:00"], "2026-03-28 12:00", "Sun 2026-04-05 02:00 CEST"),
        (["first Sun 02:00-06:00"], "2026-12-06 06:00", "Sun 2027-01-03 02:00 CET"),
        (["fourth Sun 02:00-03:00"], "2026-02-25 12:00", "Sun 2026-03-22 02:00 CET"),
    ],
    ids=["this week", "next week", "the first of two", "not on the day when that hour is skipped", "month", "fourth"],
)
def test_when_the_next_one_opens(texts, moment, opens):
    assert windows(*texts).opens_next(at(moment)) == opens


def test_without_a_zone_it_is_this_machines_clock():
    now = dt.datetime.now().astimezone()
    name = f"{now:%a}"
    assert windows(f"{name} 00:00-24:00", zone=None).is_open(now)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ("windows = ['sometimes']", f"windows: 'sometimes' is no maintenance window; {EXAMPLE}."),
        ("windows = ['Sat 2-4']", f"windows: 'Sat 2-4' is no maintenance window; {EXAMPLE}."),
        (
            "windows = ['Sta 02:00-04:00']",
            "windows: 'Sta 02:00-04:00': 'Sta' is no weekday. Did you mean 'Sat'?",
        ),
        (
            "windows = ['Saturday 02:00-04:00']",
            "windows: 'Saturday 02:00-04:00': 'Saturday' is no weekday. Did you mean 'Sat'?",
        ),
        (
            "windows = ['Mon-fri 02:00-04:00']",
            "windows: 'Mon-fri 02:00-04:00': 'fri' is no weekday. Did you mean 'Fri'?",
        ),
        (
            "windows = ['daily 02:00-04:00']",
            "windows: 'daily 02:00-04:00': 'daily' is no weekday. Known: Mon, Tue, Wed, Thu, Fri, Sat, Sun.",
        ),
        (
            "windows = ['Sat 02:60-04:00']",
            "windows: 'Sat 02:60-04:00': 02:60 is no time of day; from 00:00 to 24:00.",
        ),
        (
            "windows = ['Sat 02:00-25:00']",
            "windows: 'Sat 02:00-25:00': 25:00 is no time of day; from 00:00 to 24:00.",
        ),
        (
            "windows = ['Sat 24:00-02:00']",
            "windows: 'Sat 24:00-02:00' begins at 24:00; write 00:00, and the next day.",
        ),
        (
            "windows = ['Sat 02:00-02:00']",
            "windows: 'Sat 02:00-02:00' ends when it begins; for whole days write 00:00-24:00.",
        ),
        ("timezone = 'Europe/Berln'", "timezone: 'Europe/Berln' is no time zone. Did you mean 'Europe/Berlin'"),
        ("timezone = '../etc'", "timezone: '../etc' is no time zone. Write for example Europe/Berlin, or UTC."),
    ],
)
def test_a_mistake_is_named_with_its_place(read, settings, said):
    text = f"[targets.staging.components.api]\nurl = 'http://x'\n[targets.staging.disruption]\n{settings}\n"
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith(f"llmops.toml: [targets.staging.disruption] {said}")


@pytest.mark.parametrize(
    ("text", "written", "hours"),
    [
        ("Sat 2:00-04:00", "Sat 02:00-04:00", 2),
        ("first Sun 02:00-6:00", "first Sun 02:00-06:00", 4),
        ("Mon-Wed 22:00-06:00", "Mon,Tue,Wed 22:00-06:00", 8),
        ("01:00-24:00", "01:00-24:00", 23),
        ("Sun 00:00-00:30", "Sun 00:00-00:30", 0.5),
    ],
)
def test_how_it_is_written(text, written, hours):
    assert (str(window(text)), window(text).lasts_s / 3600) == (written, hours)
    assert window(written) == window(text)
