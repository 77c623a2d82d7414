"""Segments: empty ones, cut ones, and what only looks cut."""

import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.judge.segments import segments

WHOLE = "The refund window is 30 days from the day of delivery."


@pytest.mark.parametrize(
    ("text", "empty", "cut"),
    [
        (WHOLE, False, False),
        (WHOLE[:-4], False, True),
        ("Return shipping is paid by the customer unless the item,", False, True),
        ("Delivery times", False, False),
        ("Wie lange dauert die Lieferung in der Regel, und was kostet sie?", False, False),
        ('He said that it is "free above fifty euros for all of us"', False, False),
        ("", True, False),
        (" \n ", True, False),
        ("---", True, False),
    ],
)
def test_one_segment(text, empty, cut):
    found = segments([text])
    assert (found.empty_pct, found.cut_pct) == (100 * empty, 100 * cut)


def test_shares_and_lengths():
    found = segments([WHOLE, f"  {WHOLE} ", "", WHOLE[:-4]])
    assert (found.empty_pct, found.cut_pct) == (25, 25)
    assert found.lengths == (54, 54, 0, 50)
    assert found.mean_length == pytest.approx(39.5)


def test_no_segments_are_vacuous():
    with pytest.raises(Vacuous, match="no segments to look at"):
        segments([])
