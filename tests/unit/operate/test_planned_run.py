"""Whether a suite is due, and what pytest is given for it."""

import datetime as dt
import os
import signal
import threading
import time

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.operate.planned_run import carried_out, due, words
from pytest_llmops.target.load import load

FILE = """
[targets.here.components.api]
url = "https://api.example"
[targets.here.disruption]
allowed = true
windows = ["Sat 02:00-04:00"]
timezone = "Europe/Berlin"
[targets.here.schedule]
timezone = "Europe/Berlin"
daily = "09:00"
load = { at = "09:00", late = "2 h" }
dr = { at = "Sat 02:30", disruptive = true }
"""


@pytest.fixture
def here(tmp_path):
    (tmp_path / "llmops.toml").write_text(FILE)
    return load(tmp_path / "llmops.toml", None, tmp_path, {})


def at(text):
    """A moment on the clock in Berlin, in winter."""
    return dt.datetime.fromisoformat(f"{text}+01:00")


def begun(text):
    return at(text).timestamp()


@pytest.mark.parametrize(
    ("suite", "last", "now", "is_due", "why"),
    [
        ("daily", "2026-12-01T09:00", "2026-12-02T08:59", False, "planned next for Wed 2026-12-02 09:00 CET"),
        ("daily", "2026-12-01T09:00", "2026-12-02T09:00", True, "planned for Wed 2026-12-02 09:00 CET"),
        ("daily", "2026-12-01T09:00", "2026-12-05T23:00", True, "planned for Sat 2026-12-05 09:00 CET"),  # caught up
        ("load", "2026-12-01T09:00", "2026-12-02T10:59", True, "planned for Wed 2026-12-02 09:00 CET"),
        (
            "load",
            "2026-12-01T09:00",
            "2026-12-02T11:01",
            False,
            "too late for Wed 2026-12-02 09:00 CET; planned next for Thu 2026-12-03 09:00 CET",
        ),
        ("dr", "2026-11-28T02:30", "2026-12-05T03:30", True, "planned for Sat 2026-12-05 02:30 CET"),
        (
            "dr",
            "2026-11-28T02:30",
            "2026-12-05T04:00",
            False,
            "missed on Sat 2026-12-05 02:30 CET; the next maintenance window opens Sat 2026-12-12 02:00 CET",
        ),
        ("dr", "2026-11-28T02:30", "2026-12-12T02:05", True, "planned for Sat 2026-12-05 02:30 CET"),  # in the next
    ],
)
def test_due(here, suite, last, now, is_due, why):
    found = due(here, suite, begun(last), at(now))
    assert (found.now, found.why) == (is_due, why)


def test_what_was_planned_before_anybody_looked_is_not_missed(here):
    assert due(here, "daily", None, at("2026-12-02T09:30")).now
    assert not due(here, "daily", None, at("2026-12-02T14:00")).now


def test_what_began_on_a_clock_that_was_far_ahead_is_not_waited_for(here):
    assert due(here, "daily", begun("2031-01-01T09:00"), at("2026-12-02T09:00")).now
    assert not due(here, "daily", begun("2031-01-01T09:00"), at("2026-12-02T14:00")).now
    assert not due(here, "daily", begun("2026-12-02T09:00:03"), at("2026-12-02T09:00:01")).now  # set back by a little


def test_what_is_not_planned_is_never_due(here):
    with pytest.raises(ConfigError) as caught:
        due(here, "weekly", None, at("2026-12-02T14:00"))
    assert str(caught.value) == (
        "llmops.toml: [targets.here.schedule] says no times for weekly; it has: daily, load, dr. Add for example "
        "weekly = '0 9 * * *'."
    )


def test_the_second_key_is_never_given_by_the_file(here):
    assert words(here, "dr") == [
        "-m",
        "dr",
        f"--llmops-config={here.file}",
        "--llmops-target=here",
        "--llmops-gate",
        "--llmops-report=reports/here/dr",
    ]


def test_what_the_schedule_says_of_all_suites_goes_for_those_that_are_planned(tmp_path):
    told = FILE + 'notify = true\ntextfile = "out/a.prom"\n[targets.here.notify]\nurls_env = "CHAT"\n'
    (tmp_path / "llmops.toml").write_text(told)
    here = load(tmp_path / "llmops.toml", None, tmp_path, {})
    assert words(here, "daily")[-3:] == [
        "--llmops-notify",
        "--llmops-textfile=out/a.prom",
        "--llmops-report=reports/here/daily",
    ]
    assert "--llmops-notify" not in words(here, "weekly")


WAITS = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
open(sys.argv[-1], "w").close()
time.sleep(60)
"""


def test_who_is_told_to_end_tells_the_run(here, tmp_path, monkeypatch):
    (tmp_path / "pytest.py").write_text(WAITS)  # in the folder that it runs in
    ready, reading = tmp_path / "ready", os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def tell():
        while not ready.exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    threading.Thread(target=tell, daemon=True).start()
    assert carried_out(here, [str(ready)], reading, None) == 7
    assert signal.getsignal(signal.SIGTERM) is before
    os.close(reading)


def test_the_status_of_what_a_signal_ended_is_a_shells(here, tmp_path, monkeypatch):
    (tmp_path / "pytest.py").write_text("import os\nos.kill(os.getpid(), 9)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    lock = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    assert carried_out(here, [], lock, None) == 137
    os.close(lock)
