import math

import pytest

from pytest_llmops.judge.decision import Question, decide
from pytest_llmops.judge.difference import Between, Difference


def verdict(ratio, z, *, interleaved):
    """On an estimate that lies so many standard errors above sqrt(1.2)."""
    error = (math.log(ratio) - math.log(1.2) / 2) / z
    found = Difference(math.log(ratio), 1.0, ((error**2, 1e9),), error**2)
    return decide(
        Question("typical", 1.2, Between(interleaved, 0.05), higher_is_better=False, floor=0.0), found, 30, 30
    )


@pytest.mark.parametrize(
    ("z", "interleaved", "state"),
    [
        (2.34, False, "regression"),  # p = .0096
        (2.31, False, "inconclusive"),  # p = .0104
        (2.42, True, "regression"),  # p = .0078: nothing confirms it
        (2.39, True, "inconclusive"),  # p = .0084
    ],
)
def test_a_regression_is_hardly_ever_chance(z, interleaved, state):
    found = verdict(1.5, z, interleaved=interleaved)
    assert (found.state, found.suspect) == (state, state == "inconclusive")


def test_an_estimate_below_the_threshold_is_no_regression_however_sure():
    assert verdict(1.19, 50, interleaved=True).state == "ok"
    assert verdict(1.21, 50, interleaved=True).state == "regression"
