"""What the fixture ``history`` tells of earlier runs."""

import time

import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.report.over_time import History
from pytest_llmops.state.history.past import lay
from pytest_llmops.state.history.place import Place
from pytest_llmops.state.history.signing import SignOff, sign
from pytest_llmops.target.growth import Past, past_of
from pytest_llmops.target.load import load

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC
DAY_S = 86_400.0
OK = {
    "days": 40,
    "metrics": {
        "points": {"first": 1000, "last": 1400, "unit": "points"},
        "sessions": {"first": 12, "last": 12, "unit": "sessions"},
    },
}
CASES = {
    "ok": Past.model_validate(OK),
    "runaway": Past.model_validate({"metrics": {"points": {"first": 1000, "last": 3000, "unit": "points"}}}),
}
BARE = '[targets.demo.components.redis]\nurl = "redis://cache.example"\n'
FILE = f"""
{BARE}
[targets.demo.growth.points]
limit = 4000
says = "points of the collection"
[targets.demo.growth.sessions]
"""


@pytest.fixture
def history(tmp_path):
    """A history with the past that faults make."""

    def history(*faults, file=FILE):
        (tmp_path / "llmops.toml").write_text(file)
        target = load(tmp_path / "llmops.toml", "demo", tmp_path)
        place = Place(url="", file=tmp_path / f"{len(faults)}.db", folder=tmp_path, keep_s=1e9)
        past = past_of(CASES, faults)
        if past is not None:
            lay(place, "demo", "sandbox", past, NOW)
            lay(place, "demo", "sandbox", past, NOW)  # once
            lay(place, "other", "sandbox", CASES["runaway"], NOW)
        return History(target, place, lambda: NOW)

    return history


def test_values_are_those_of_the_target_oldest_first(history):
    found = history().values("points")
    assert len(found) == 41
    assert [one.at for one in found] == [NOW - DAY_S * (41 - number) for number in range(41)]
    assert found[0].value == pytest.approx(1000, rel=0.1)
    assert found[-1].value == pytest.approx(1400, rel=0.1)
    assert {one.unit for one in found} == {"points"}
    assert len(history().values("points", days=7)) == 7


def test_growth_has_an_interval_and_the_day_of_the_limit(history):
    found = history().growth("points")
    assert found.line.per_day == pytest.approx(10, rel=0.2)
    assert found.line.low < 10 < found.line.high
    assert found.per_month == found.line.per_day * 30
    assert found.left.days == pytest.approx(260, rel=0.2)
    assert found.left.earliest < found.left.days < found.left.latest
    assert found.time_left_s == found.left.days * DAY_S
    reached = time.gmtime(time.time() + found.time_left_s)
    assert found.month == time.strftime("%Y-%m", reached)


def test_the_live_value_is_the_newest(history):
    assert history().growth("points", now=2000.0).now == 2000.0
    assert history().growth("points", now=2000.0).line.values == 42


def test_what_is_left_is_the_limit_or_the_room(history):
    assert history().growth("points", now=3000.0).room == 1000
    assert history().growth("points", now=3000.0, limit=3500).room == 500
    assert history().growth("points", now=3000.0, room=20).limit == 3020
    assert history().growth("points", now=3000.0, room=20).left.days == pytest.approx(2, rel=0.3)
    assert history().growth("sessions").room == float("inf")


def test_what_does_not_grow_has_no_end(history):
    found = history().growth("sessions")
    assert found.limit is None
    assert found.time_left_s is None
    assert found.month == ""


def test_a_runaway_reaches_its_limit_soon(history):
    assert history("past:runaway").growth("points").left.days == pytest.approx(20, rel=0.2)
    assert len(history("past:runaway").values("sessions")) == 41


def test_age_is_of_what_was_recorded_longest_ago(history):
    assert history().age() == DAY_S
    assert history("past:stale").age("points") == 31 * DAY_S


def test_without_a_past_nothing_is_known(history):
    with pytest.raises(Vacuous) as caught:
        history("past:none").growth("points")
    assert str(caught.value) == (
        "no run of the last 90 days recorded points on demo; run the suites that do for a while, and ask again."
    )
    assert history("past:none").runs() == []


def test_a_trend_needs_values_of_some_days(history):
    with pytest.raises(Vacuous) as caught:
        history().growth("points", days=2.5)
    assert str(caught.value) == (
        "points was recorded 2 times in 1 days; a trend needs 4 values of 3 days at least. "
        "Run the suites that record it for a while, and ask again."
    )


def test_a_target_that_says_of_nothing_that_it_grows(history):
    with pytest.raises(Vacuous) as caught:
        history(file=BARE).all_growth()
    assert str(caught.value) == (
        "llmops.toml: [targets.demo] says of nothing that it grows; "
        "add [targets.demo.growth.METRIC] with the name of a metric that runs record."
    )


def test_the_growth_page_says_what_how_much_and_when(history):
    known = history()
    page = known.growth_report(known.all_growth()).splitlines()
    assert page[0] == "# Growth on demo"
    assert page[4] == "| what | now | a month (95 %) | values | used up |"
    assert page[6].startswith("| points of the collection | 1")
    assert "| 41 over 40 days | 2027-" in page[6]
    assert page[6].endswith("; of 4000 points |")
    assert page[7].startswith("| sessions | 1")
    assert page[7].endswith("| no limit is given |")


def test_the_usage_page_has_metrics_runs_and_sign_offs(history):
    known = history()
    sign(known._place, SignOff("voyageur.capacity.monthly-usage-report", "demo", "Ada", "read", NOW - DAY_S))
    page = known.usage_report("points", "sessions").splitlines()
    assert page[0] == "# Usage of demo"
    assert page[2].endswith(", the last 30 days. 30 runs; checks: 30 passed.")
    assert page[6].startswith("| points | 30 | 1")
    assert len(page[6].split("|")) == 9
    assert page[-1].endswith(": voyageur.capacity.monthly-usage-report, by Ada: read")


def test_the_pattern_page_has_hours_and_days(history):
    page = history().pattern_report("sessions", "points")
    assert page.splitlines()[0] == "# demo by hour and day"
    assert page.count("| 08:00 | 30 |") == 2
    assert all(f"| {day} |" in page for day in ("Monday", "Sunday"))
