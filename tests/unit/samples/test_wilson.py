import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.samples.wilson import interval


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662)],
)
def test_published_values(hits, of, low, high):
    assert interval(hits, of) == pytest.approx((low, high), abs=1e-4)


def test_nothing_tried_says_nothing():
    assert interval(0, 0) == (0.0, 1.0)


@given(st.integers(1, 10_000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of))))
def test_the_rate_lies_within(counts):
    low, high = interval(*counts)
    assert 0 <= low <= counts[0] / counts[1] <= high <= 1


@pytest.mark.parametrize(("hits", "of"), [(3, 2), (-1, 2)])
def test_counts_that_cannot_be(hits, of):
    with pytest.raises(ValueError, match="cannot be"):
        interval(hits, of)
