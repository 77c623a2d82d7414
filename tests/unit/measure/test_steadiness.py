"""What ought to be stable: a leak rises beyond doubt, a jump or two do not."""

import pytest

from pytest_llmops.errors import Vacuous
from pytest_llmops.measure.steadiness import rise


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        ([20 + number for number in range(21)], 1.0, 1.0),
        ([20 + number // 2 for number in range(21)], 0.4, 0.5),
        ([20 + number // 3 for number in range(21)], 0.25, 0.34),
        ([20, 22, 21, 24, 23, 26, 25, 28, 27, 30, 29], 0.7, 1.0),  # with connections that come and go
        ([20] * 21, 0.0, 0.0),
        ([20, 21] * 10, 0.0, 0.0),
        ([20] * 5 + [26] * 16, 0.0, 0.0),  # a pool that was opened at first use
        ([20] * 3 + [21] * 9 + [22] * 9, 0.0, 0.1),  # two of them
        ([30 - number for number in range(21)], 0.0, 0.0),
    ],
)
def test_what_rises_beyond_doubt(values, low, high):
    assert low <= rise(values).at_least <= high


def test_of_a_few_values_nothing_is_said():
    with pytest.raises(Vacuous) as caught:
        rise([20, 21, 22])
    assert str(caught.value) == "3 values are too few to say whether they rise (from 20 to 22 in 2 steps)."


def test_a_rise_in_words():
    found = rise([20 + number for number in range(11)])
    assert (found.typical, found.said) == (1.0, "from 20 to 30 in 10 steps")
