"""The way of a metric to where it is: each value at its height, and the same in words."""

import re
import xml.etree.ElementTree as ET

import pytest

from pytest_llmops.report.board.sparkline import EDGE, HEIGHT, WIDTH, in_words, sparkline
from pytest_llmops.state.history.lately import Recorded

DAY = 1772443800.0  # 2026-03-02 09:30 UTC


def values(*numbers, off=()):
    return [Recorded(DAY + 86400 * day, number, day not in off) for day, number in enumerate(numbers)]


def heights(svg):
    (points,) = re.findall('points="(.*?)"', svg)
    return [float(pair.partition(",")[2]) for pair in points.split()]


def limit_of(svg):
    found = re.search('class="limit".*?y1="(.*?)"', svg)
    return float(found[1]) if found else None


def test_the_highest_is_at_the_top_and_the_lowest_at_the_bottom():
    assert heights(sparkline(values(2, 1, 3), "s")) == [HEIGHT / 2, HEIGHT - EDGE, EDGE]


def test_values_that_never_change_lie_in_the_middle():
    assert heights(sparkline(values(5, 5, 5), "s")) == [HEIGHT / 2] * 3
    assert heights(sparkline(values(0, 0), "")) == [HEIGHT / 2] * 2


@pytest.mark.parametrize("numbers", [(), (1.0,)])
def test_of_fewer_than_two_there_is_no_line(numbers):
    assert sparkline(values(*numbers), "s") == ""


def test_a_limit_that_is_near_is_drawn_at_its_height_and_one_that_is_far_is_not():
    near = sparkline(values(1, 2), "s", 3.0)
    assert limit_of(near) == EDGE
    assert heights(near) == [HEIGHT - EDGE, HEIGHT / 2]
    assert limit_of(sparkline(values(1, 2), "s", 100.0)) is None


def test_runs_in_which_it_was_not_good_are_marked():
    svg = sparkline(values(1, 9, 2, 3, off={1, 3}), "s")
    assert svg.count('class="off"') == 2
    assert 'class="now"' not in svg
    assert 'class="now"' in sparkline(values(1, 9, off={0}), "s")


def test_it_is_an_image_with_words_and_well_formed():
    svg = sparkline(values(0.1, 0.2), "<s>")
    root = ET.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root[0].text == in_words(values(0.1, 0.2), "<s>")
    assert root.attrib["viewBox"] == f"0 0 {WIDTH} {HEIGHT}"


def test_words_say_how_many_from_what_to_what_and_how_many_were_not_good():
    said = in_words(values(0.1, 0.3, 0.2, off={1}), "s")
    assert re.fullmatch(
        r"3 runs since 2026-03-0\d \d\d:\d\d: 100 ms at first, 100 ms to 300 ms, 200 ms now; 1 not good", said
    )
