"""What creeps, since which value, and that quiet runs raise no alarm."""

import random

import pytest

from pytest_llmops.judge.creep import ALPHA, FEWEST, LEAST_PCT, creep


def series(seed, shape, noise=0.01):
    draw = random.Random(seed)
    return [0.5 * factor * (1 + draw.gauss(0, noise)) for factor in shape]


def rising(level, runs, pct=1.5):
    return [1.0] * level + [(1 + pct / 100) ** step for step in range(1, runs + 1)]


def test_ten_runs_of_one_and_a_half_percent_each():
    """+14 % at the tenth."""
    for seed in range(5):
        found = creep(series(seed, rising(1, 9)))
        assert found.pct == pytest.approx(14, abs=4)
        assert found.per_run_pct == pytest.approx(1.5, abs=0.5)
        assert abs(found.first - 1) <= 2
        assert (found.values, found.p <= ALPHA) == (10, True)


def test_a_creep_after_level_runs_begins_where_it_began():
    for seed in range(5):
        found = creep(series(seed, rising(12, 10)))
        assert abs(found.first - 12) <= 2
        assert found.per_run_pct == pytest.approx(1.5, abs=0.4)


def test_what_is_longer_at_once_began_there_and_does_not_go_on():
    found = creep(series(3, [1.0] * 10 + [1.1] * 8))
    assert (found.first, found.per_run_pct) == (10, 0)
    assert found.pct == pytest.approx(10, abs=1)


@pytest.mark.parametrize(
    "values",
    [
        series(1, rising(0, FEWEST - 1, 9)),
        [0.5] * 30,
        series(2, [1.0] * 30, 0.04),
        series(3, list(reversed(rising(0, 12)))),
        series(4, rising(0, 12, 0.3), 0.001),
        series(5, [1.0] * 15 + [1.8]),
        series(6, [*rising(2, 9), *[1.0] * 8]),
    ],
    ids=["few", "the same", "quiet", "shorter", f"below {LEAST_PCT:g} %", "one odd run", "mended"],
)
def test_what_does_not_creep(values):
    assert creep(values) is None


def test_the_unit_is_nothing_to_it():
    values = series(7, rising(3, 12))
    milli = creep([1000 * value for value in values])
    assert (milli.first, milli.pct) == (creep(values).first, pytest.approx(creep(values).pct))


def test_quiet_runs_raise_no_alarm_however_often_they_are_looked_at():
    """The rate itself is printed by ``benchmarks/creep.py``."""
    for seed in range(15):
        values = series(seed, [1.0] * 30, 0.04)
        assert [creep(values[:count]) for count in range(FEWEST, 31)] == [None] * 23


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_is_above_zero_and_finite(bad):
    with pytest.raises(ValueError, match="a time is finite and above 0"):
        creep([1.0] * 9 + [bad])
