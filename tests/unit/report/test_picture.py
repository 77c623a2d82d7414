import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.measure.results import Comparison, Result
from pytest_llmops.report.picture import WIDTH, comparison_picture

SVG = "{http://www.w3.org/2000/svg}"
values = st.lists(st.floats(1e-4, 1e3), min_size=1, max_size=20).map(tuple)


def drawn(*comparisons, threshold=1.2):
    return ET.fromstring(comparison_picture(comparisons, threshold))


def compared(name="x", baseline=(0.1, 0.2, 0.3), current=(0.2, 0.4), **more):
    return Comparison(Result(name, "s", 0.3, state="ok", **more), baseline, current)


def test_there_is_a_panel_for_each_metric_and_a_dot_for_each_call():
    picture = drawn(compared(), compared("x.ttft"))
    assert picture.tag == f"{SVG}svg"
    assert len(picture.findall(f"{SVG}g")) == 2
    assert len(picture.findall(f".//{SVG}circle")) == 2 * 5
    assert picture.get("viewBox") == f"0 0 {WIDTH} {picture.get('height')}"
    assert int(picture.get("height")) > int(drawn(compared()).get("height"))


def test_a_panel_says_what_was_found():
    picture = drawn(compared(ratio=1.5, low=1.4, high=1.6), threshold=1.25)
    texts = [text.text for text in picture.iter(f"{SVG}text")]
    assert texts[0] == "x: 1.50 times (1.40 to 1.60), ok"
    assert {"median 200 ms, 3 calls", "median 300 ms, 2 calls", "+25%", "baseline", "now"} <= set(texts)


def test_names_are_escaped():
    name = 'x<y>&"z"[summary]'
    assert next(drawn(compared(name)).iter(f"{SVG}text")).text == f"{name}, ok"


@pytest.mark.parametrize(
    ("sides", "shown"),
    [(("stable", "canary"), {"stable", "canary"}), (("<another sandbox>", "a&b"), {"<another sa…", "a&b"})],
)
def test_sides_that_were_called_in_turns_are_named(sides, shown):
    texts = [text.text for text in ET.fromstring(comparison_picture([compared()], 1.2, sides)).iter(f"{SVG}text")]
    assert shown <= set(texts)
    assert not {"baseline", "now"} & set(texts)


@given(baseline=values, current=values)
def test_everything_lies_within_the_picture(baseline, current):
    picture = drawn(compared(baseline=baseline, current=current))
    places = [float(circle.get("cx")) for circle in picture.iter(f"{SVG}circle")]
    assert len(places) == len(baseline) + len(current)
    assert all(0 <= place <= WIDTH for place in places)


@pytest.mark.parametrize("value", [1e-6, 1.0, 1e6])
def test_values_that_are_all_alike_can_be_drawn(value):
    assert len(list(drawn(compared(baseline=(value,), current=(value,))).iter(f"{SVG}circle"))) == 2
