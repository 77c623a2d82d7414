"""What the fixture ``history`` tells of earlier runs."""

import random
import time

import pytest

from pytest_llmops.errors import Unsupported, Vacuous
from pytest_llmops.judge.trends import trend
from pytest_llmops.report.over_time import History, daily
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
says = "points of the <collection>"
[targets.demo.growth.sessions]
[targets.demo.growth.queue]
absent = "there is none"
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


def test_what_is_usual_is_the_median_of_a_month(history):
    known = sorted(one.value for one in history().values("sessions", 30))
    assert len(known) == 30
    assert known[14] <= history().usual("sessions") <= known[15]
    with pytest.raises(Vacuous) as caught:
        history().usual("sessions", days=2.5)
    assert str(caught.value).startswith("sessions was recorded 2 times in the last 2.5 days, with a median of 1")


def test_by_how_much_a_value_is_another_than_what_is_usual(history):
    usual = history().usual("sessions")
    assert history().fallen_pct("sessions", usual / 2) == pytest.approx(50)
    assert history().fallen_pct("sessions", 2 * usual) == 0
    assert history().risen_pct("sessions", 2 * usual) == pytest.approx(100)
    assert history().risen_pct("sessions", usual / 2) == 0
    assert history().deviation_pct("sessions", 2 * usual) == pytest.approx(100)
    assert history().deviation_pct("sessions", 6 * usual, least=2 * usual) == pytest.approx(200)


def test_by_how_many_points_shares_have_changed(history, tmp_path):
    known = history("past:none")
    with pytest.raises(Vacuous) as caught:
        known.share_changes("share", "kinds", {"a": 100})
    assert str(caught.value) == (
        "no run of the last 30 days recorded kinds on demo, so there are no shares to compare with; run the suites "
        "that do for a while, and ask again."
    )
    shares = {"share[a]": 75, "share[b]": 25}
    metrics = {name: {"first": share, "last": share, "counts": True} for name, share in shares.items()}
    past = Past.model_validate({"days": 5, "metrics": {"kinds": {"first": 2, "last": 2}, **metrics}})
    lay(known._place, "demo", "sandbox", past, NOW)
    assert known.share_changes("share", "kinds", {"a": 60, "c": 40}) == {"a": 15.0, "b": 25.0, "c": 40.0}


LIMITED = f"""{BARE}
[targets.demo.thresholds.room]
warning = "> 1350 points"
[targets.demo.thresholds.space]
warning = "> 9000 points"
"""


def test_what_was_beyond_a_limit_is_remembered_for_a_week(history):
    highest = max(one.value for one in history().values("points", days=7))
    assert history(file=LIMITED).peak("points", beyond="room").value == highest > 1350
    with pytest.raises(Vacuous) as within:
        history(file=LIMITED).peak("points", beyond="space")
    assert str(within.value) == (
        f"points was {highest:.0f} points at most in the last 7 days, within the limits of space, so there is nothing "
        "that had to become less."
    )
    with pytest.raises(Vacuous):
        history("past:stale", file=LIMITED).peak("points", beyond="room")
    with pytest.raises(Vacuous):
        history().peak("points", beyond="room")


def test_a_period_stands_beside_the_one_before(history):
    week = history().beside("points", 7)
    assert (len(week.before), len(week.now), week.unit) == (7, 7, "points")
    assert week.peak == max(week.now) > week.mean
    assert week.said.startswith("7 values; in the period before mean 13")
    with pytest.raises(Vacuous) as caught:
        history().beside("points", 45)
    assert str(caught.value) == (
        "points was recorded 41 times in the last 90 days on demo, and not before, so that two periods of 45 days "
        "cannot be compared."
    )


def test_names_that_last_months_run_recorded(history, tmp_path):
    known = history()
    named = {"dry[a]": "first", "dry[b]": "both", "dry[c]": "second"}
    for days, which in ((31, "first"), (25, "second"), (3, "first")):
        metrics = {name: {"first": 1, "last": 1} for name, when in named.items() if when in {which, "both"}}
        past = Past.model_validate(
            {
                "days": 1,
                "every": "30 d",
                "newest": f"{days} d",
                "metrics": {"dried": {"first": 1, "last": 1}, **metrics},
            }
        )
        place = Place(url="", file=tmp_path / f"{days}.db", folder=tmp_path, keep_s=1e9)
        lay(place, "demo", "sandbox", past, NOW)
        known._place = place
        if days == 3:
            with pytest.raises(Vacuous) as none:
                known.listed("dry", counted="wet")
        else:
            found = known.listed("dry", counted="dried")
            assert found.names == (("a", "b") if which == "first" else ("b", "c"))
            assert found.at == NOW - days * DAY_S
    assert str(none.value) == (
        "no run of 20 to 90 days ago recorded wet on demo, so there is nothing to compare with; "
        "run the suites that do every month."
    )


def test_room_is_left_whatever_earlier_runs_recorded(history):
    known = history("past:none")
    assert known.limited("points", "sessions") == ("points",)
    room = known.room("points", 3000)
    assert (room.left, room.used_pct) == (1000, 75)
    assert known.room("credits", 120, limit=100).left == -20
    with pytest.raises(Unsupported) as caught:
        known.limited("sessions", "size")
    assert str(caught.value) == (
        "llmops.toml: [targets.demo] names no limit of a plan; where there is one give [targets.demo.growth.METRIC] "
        "a limit, METRIC being sessions or size."
    )
    with pytest.raises(Unsupported) as caught:
        known.room("size", 1)
    assert str(caught.value) == "llmops.toml: [targets.demo] names no limit of size; give growth.size a limit."


def test_what_a_counter_comes_to_in_a_month(history, tmp_path):
    known = history("past:none")
    counted = {"first": 1000, "last": 7000, "unit": "requests", "counts": True}
    table = {"days": 30, "every": "30 d", "newest": "15 d", "metrics": {"requests": counted}}
    place = Place(url="", file=tmp_path / "counted.db", folder=tmp_path, keep_s=1e9)
    lay(place, "demo", "sandbox", Past.model_validate(table), NOW)
    known._place = place
    assert known.monthly("requests", 10_000) == pytest.approx(6000)  # 9000 in 45 days
    assert known.monthly("requests", 300) == pytest.approx(4200)  # it was started again, and counted 300 since
    with pytest.raises(Vacuous):
        known.monthly("others", 1)
    known._now = lambda: NOW - 15 * DAY_S + 1
    with pytest.raises(Vacuous) as caught:
        known.monthly("requests", 7000, days=2)
    assert "was recorded first 1.2e-05 days ago" in str(caught.value)


def test_growth_has_an_interval_and_the_day_of_the_limit(history):
    found = history().growth("points")
    assert found.line.per_day == pytest.approx(10, rel=0.2)
    assert found.line.low < 10 < found.line.high
    assert found.per_month == found.line.per_day * 30
    assert found.left.days == pytest.approx(260, rel=0.2)
    assert found.left.earliest < found.left.days < found.left.latest
    assert found.time_left_s == found.left.days * DAY_S
    reached = time.gmtime(NOW + found.time_left_s)
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


def test_many_runs_a_day_make_a_trend_no_surer_and_no_slower():
    draw, at, values = random.Random(1), [], []
    for day in range(90):
        odd = draw.gauss(0, 5)  # of that day, whoever asks
        at += [day + quarter / 96 for quarter in range(96)]
        values += [100 + day + odd] * 96
    line = trend(*daily(at, values))
    assert (line.values, line.per_day) == (90, pytest.approx(1, abs=0.05))
    assert line.low < 1 < line.high
    once = trend(at[::96], values[::96])
    assert (line.low, line.high) == (pytest.approx(once.low), pytest.approx(once.high))


def test_a_value_a_day_stays_as_it_is():
    assert daily([3.2, 4.2, 4.4, 5.2], [1.0, 2.0, 4.0, 7.0]) == ([3.2, pytest.approx(4.3), 5.2], [1.0, 3.0, 7.0])


def test_a_metric_without_values_hides_the_growth_of_no_other(history):
    known = history(file=f"{FILE}[targets.demo.growth.files]\n")
    assert [one.name for one in known.all_growth()] == ["points", "sessions"]
    why = "no run of the last 90 days recorded files on demo; run the suites that do for a while, and ask again."
    assert known.untold_growth() == [why]
    assert history().untold_growth() == []


def test_where_no_metric_has_values_there_is_no_growth(history):
    with pytest.raises(Vacuous, match=r"recorded points on demo; .* recorded sessions on demo; "):
        history("past:none").all_growth()


def test_the_growth_page_says_what_how_much_and_when(history):
    known = history()
    page = known.growth_report(known.all_growth()).splitlines()
    assert page[0] == "# Growth on demo"
    assert page[4] == "| what | now | a month (95 %) | in 30 days (95 %) | values | used up |"
    assert page[6].startswith("| points of the &lt;collection&gt; | 1")
    assert "| 41 over 40 days | 2027-" in page[6]
    assert page[6].endswith("; of 4000 points |")
    assert page[7].startswith("| sessions | 1")
    assert page[7].endswith("| no limit is given |")
    assert page[8:] == ["", "Not there: queue: there is none."]
    assert known.growing == ("points", "sessions")
    assert known.never_grows == ["queue: there is none"]


def test_of_too_few_values_for_an_interval_no_day_is_said_to_be_the_first_or_the_last(history):
    known = history()
    row = known.growth_report([known.growth("points", days=5)]).splitlines()[6]
    assert " (unknown to unknown) |" in row
    assert row.endswith(" (unknown); of 4000 points |")
    assert "| 2027-" in row


def test_the_usage_page_has_metrics_runs_and_sign_offs(history):
    known, note = history(), "read <all>\n\n# of it"
    sign(known._place, SignOff("voyageur.capacity.monthly-usage-report", "demo", "Ada", note, NOW - DAY_S))
    page = known.usage_report("points", "sessions").splitlines()
    assert page[0] == "# Usage of demo"
    assert page[2].endswith(", the last 30 days. 30 runs; checks: 30 passed.")
    assert page[4].startswith("| metric | values | days | mean |")
    assert page[6].startswith("| points | 30 | 30 | 1")
    assert len(page[6].split("|")) == 10
    assert page[9:12] == ["## Creeps", "", "No time that runs measured became longer beyond doubt."]
    assert page[-1].endswith(": voyageur.capacity.monthly-usage-report, by Ada: read &lt;all&gt; # of it")


def test_a_report_of_the_month_needs_values_of_half_of_its_days(history, tmp_path):
    assert history().days_of_month("points", "sessions") == {"points": 30, "sessions": 30}
    with pytest.raises(Vacuous) as none:
        history("past:stale").days_of_month("points")
    assert str(none.value).startswith("no run of the last 30 days recorded points on demo;")

    def since(days, every):
        place = Place(url="", file=tmp_path / f"{days}-{every}.db", folder=tmp_path, keep_s=1e9)
        lay(place, "demo", "sandbox", Past.model_validate({**OK, "days": days, "every": every, "newest": "1 d"}), NOW)
        known = history()
        known._place = place
        return known

    assert since(14, "1 d").days_of_month("points") == {"points": 15}
    for known in (since(13, "1 d"), since(13, "1 h")):  # however often on each of these days
        with pytest.raises(Vacuous) as few:
            known.days_of_month("points", "sessions")
    assert str(few.value) == (
        "of the last 30 days there are values of points of 14, sessions of 14; a report of the month needs 15 days at "
        "least. Run the suites that record them every day, and ask again."
    )


def test_the_pattern_page_has_hours_and_days(history):
    page = history().pattern_report("sessions", "points")
    assert page.splitlines()[0] == "# demo by hour and day"
    assert page.count("| 08:00 | 30 |") == 2
    assert all(f"| {day} |" in page for day in ("Monday", "Sunday"))
