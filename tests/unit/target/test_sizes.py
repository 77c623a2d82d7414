"""Sizes are read as people write them, and said again so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.target.sizes import part_of, size, worded


@pytest.mark.parametrize(
    ("text", "count"),
    [(7, 7), ("7", 7), ("640 kB", 640_000), ("1.5MB", 1_500_000), (" 2 GB ", 2_000_000_000), ("1 TB", 10**12)],
)
def test_a_size_is_read(text, count):
    assert size(text) == count


@pytest.mark.parametrize("text", [0, -1, True, 1.5, None, "", "0 GB", "2 gb", "2 GiB", "-2 GB", "10 %", "GB"])
def test_what_is_no_size_is_said(text):
    with pytest.raises(ValueError, match=r"is not a size; write bytes, or for example '500 MB', '2 GB'$"):
        size(text)


def test_a_part_is_a_share_or_a_size():
    assert part_of("10 %", 2000) == 200
    assert part_of("0.5%", 2000) == 10
    assert part_of("1 kB", 2000) == 1000


@pytest.mark.parametrize("text", ["0 %", "100 %", "-1 %", "%", "ten", "1 GiB"])
def test_what_is_no_part_is_said(text):
    with pytest.raises(ValueError, match=r"is no part of a disk; write for example '10 %' or '2 GB'$"):
        part_of(text, 2000)


@given(st.integers(1, 10**15))
def test_what_is_said_is_read_as_about_the_same(count):
    assert abs(size(worded(count)) - count) <= 0.005 * count
