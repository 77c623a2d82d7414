import xml.etree.ElementTree as ET

import numpy as np
import pytest

from pytest_llmops.load.joining import Course
from pytest_llmops.load.plan import LoadPlan, Request, Stage
from pytest_llmops.load.recording import RECORD, Batch, Recording
from pytest_llmops.load.result import DONE, LoadResult
from pytest_llmops.report.load_picture import WIDTH, over_time_picture, points_of, rate_picture, windows
from pytest_llmops.target.prompts import PromptText

SVG = "{http://www.w3.org/2000/svg}"
REQUEST = Request(
    name="ask", component="api", operation="route", route="query", prompts=[PromptText(id="a", text="What?")]
)


def result(*stages, took=0.2, failed=(), beside=None, name="load"):
    """Calls at a constant rate; of a function the times that it gives by the moment at which they are due."""
    plan = LoadPlan(name=name, target="t", table={}, requests=[REQUEST], stages=stages, arrivals="constant")
    due, start = [], 0.0
    for stage in stages:
        due += [start + number / stage.rate for number in range(int(stage.calls))]
        start += stage.seconds
    calls = np.zeros(len(due), RECORD)
    calls["started"] = 1000 + np.array(due)
    calls["service_s"] = [took(moment) for moment in due] if callable(took) else took
    calls["kind"][list(failed)] = 1
    recording = Recording([Batch(0, calls=calls, kinds=[("timeout", "late")])])
    return LoadResult(plan, recording, 1000.0, DONE, beside=beside or {})


STEADY = Stage(seconds=10, rate=10)


def test_a_window_tells_what_was_due_and_what_was_answered_in_it():
    found = windows(result(STEADY, took=1.5, failed=(0, 1)))
    assert len(found) == 10
    assert [one.due for one in found] == [10] * 10
    assert [one.answered for one in found] == [0, 3, *[10] * 8]
    assert [one.failed for one in found] == [2, *[0] * 9]
    assert found[0].percentiles == {"p50": 1.5, "p95": 1.5, "p99": 1.5}
    assert windows(result(Stage(seconds=10, rate=2)))[0].percentiles == {}


def drawn(text):
    return ET.fromstring(text)


def texts(picture):
    return [text.text for text in picture.iter(f"{SVG}text")]


def places(picture):
    return [float(one.get(key)) for one in picture.iter() for key in ("cx", "x", "x1", "x2") if one.get(key)]


def test_every_call_is_a_dot_and_every_failed_one_a_cross():
    picture = drawn(over_time_picture(result(STEADY, failed=(3, 4)), limit=1.0))
    crosses = [path for path in picture.iter(f"{SVG}path") if "l6 6m0 -6l-6 6" in path.get("d")]
    assert len(list(picture.iter(f"{SVG}circle"))) == 98 + 1  # one in the legend
    assert len(crosses) == 2 + 1
    assert {"load: response time over time", "100 calls, 2 % failed", "limit 1 s", "p95", "due"} <= set(texts(picture))
    assert all(0 <= place <= WIDTH for place in places(picture))


def test_of_very_many_calls_some_are_drawn():
    picture = drawn(over_time_picture(result(Stage(seconds=100, rate=100))))
    assert 2000 < len(list(picture.iter(f"{SVG}circle"))) <= 3001


def test_of_very_many_calls_none_that_failed_is_left_out_and_it_is_said_that_others_are():
    failed = (5, 10, 15, 9001, 9002)
    picture = drawn(over_time_picture(result(Stage(seconds=100, rate=100), failed=failed)))
    crosses = [path for path in picture.iter(f"{SVG}path") if "l6 6m0 -6l-6 6" in path.get("d")]
    assert len(crosses) == len(failed) + 1
    assert {"every 4th call", "failed"} <= set(texts(picture))
    many = drawn(over_time_picture(result(Stage(seconds=100, rate=100), failed=range(9000))))
    assert {"each call", "every 3rd that failed"} <= set(texts(many))


def test_figures_stand_below_over_the_same_time():
    course = Course("api_memory", "MB", "the metrics page of api", tuple((1000.0 + at, 50.0 + at) for at in range(10)))
    alone, beside = (drawn(over_time_picture(result(STEADY, beside=one))) for one in ({}, {"m": course}))
    assert int(beside.get("height")) > int(alone.get("height"))
    assert "api_memory (MB)" in texts(beside)
    assert all(0 <= place <= WIDTH for place in places(beside))


@pytest.mark.parametrize("values", [(0.0, 0.0), (5.0, 5.0), (-3.0, 2.0)])
def test_a_figure_may_stay_as_it_is(values):
    course = Course("x", "", "there", tuple((1000.0 + at, value) for at, value in enumerate(values)))
    assert "x" in texts(drawn(over_time_picture(result(STEADY, beside={"x": course}))))


def test_a_run_of_which_nothing_came_back_can_be_drawn():
    nothing = LoadResult(result(STEADY).plan, Recording(), 1000.0, "broken off: it died")
    assert "load: response time over time" in texts(drawn(over_time_picture(nothing)))
    assert points_of([nothing]) == []


def test_a_point_for_each_run_at_one_rate():
    runs = [result(Stage(seconds=5, rate=rate), took=rate / 100) for rate in (20, 10)]
    found = points_of(runs)
    assert [(rate, told["p95"]) for rate, told in found] == [(20, pytest.approx(0.2)), (10, pytest.approx(0.1))]
    picture = drawn(rate_picture(found, "load<>", limit=0.5))
    assert {"load<>: rate against response time", "2 rates", "limit 500 ms"} <= set(texts(picture))
    assert len(list(picture.iter(f"{SVG}circle"))) == 2 * 3


def test_of_a_rate_that_changes_pieces_with_rates_alike_are_a_point():
    climbing = result(
        *(Stage(seconds=10, rate=rate) for rate in (10, 20, 30, 40)), took=lambda moment: 0.1 + moment / 100
    )
    found = points_of([climbing])
    assert len(found) == 8
    assert [rate for rate, _ in found] == sorted(rate for rate, _ in found)
    assert (found[0][0], found[-1][0]) == (10, 40)
    assert found[0][1]["p50"] < found[-1][1]["p50"]
