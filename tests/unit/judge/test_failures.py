import pytest

from pytest_llmops.judge import judge_failures
from pytest_llmops.judge.failures import mid_p, newcombe_upper


@pytest.mark.parametrize(
    ("baseline", "current", "state", "suspect"),
    [
        ((0, 100), (10, 100), "regression", False),
        ((0, 300), (0, 240), "ok", False),
        ((0, 100), (1, 100), "inconclusive", False),  # one failure is not two
        ((0, 100), (3, 100), "inconclusive", True),
        ((0, 100), (0, 30), "inconclusive", False),
        ((50, 500), (50, 500), "inconclusive", False),
        ((500, 5000), (500, 5000), "ok", False),
        ((10, 10_000), (60, 10_000), "ok", False),  # clear, but half a point
        ((10, 100), (0, 100), "improvement", False),
        ((0, 0), (3, 30), "no-baseline", False),
        ((0, 100), (0, 0), "inconclusive", False),
        ((0, 100), (100, 100), "regression", False),
    ],
)
def test_error_rates(baseline, current, state, suspect):
    verdict = judge_failures(baseline, current)
    assert (verdict.state, verdict.suspect, verdict.n) == (state, suspect, current[1])


def test_mid_p_and_limit_are_the_textbooks():
    assert mid_p((0, 100), (10, 100)) == pytest.approx(0.000384, rel=0.01)  # half of C(100,10)/C(200,10)
    assert mid_p((5, 50), (5, 50)) == pytest.approx(0.5)
    assert newcombe_upper((10, 100), (10, 100)) == pytest.approx(0.0737, abs=2e-3)


def test_reasons_are_sentences():
    assert judge_failures((0, 100), (10, 100)).reason == (
        "10.0% of 100 calls failed, 0.0% of 100 in the baseline; chance alone does so in 0.0% of all cases"
    )
    assert judge_failures((0, 300), (0, 240)).reason == (
        "0.0% of 240 calls failed, 0.0% of 300 in the baseline; the rise is 1.1 points at most"
    )
    assert judge_failures((0, 100), (0, 30)).reason == (
        "0.0% of 30 calls failed, 0.0% of 100 in the baseline; the rise may be 8.3 points; "
        "some 240 calls would settle it"
    )
    assert judge_failures((0, 0), (0, 30)).reason == "there is no baseline to compare with"
    assert judge_failures((0, 30), (0, 0)).reason == "no call was made"


def test_the_ratio_stays_finite():
    verdict = judge_failures((0, 100), (10, 100))
    assert verdict.ratio == pytest.approx(21)
    assert 1 < verdict.low < verdict.ratio < verdict.high < float("inf")
    assert judge_failures((0, 0), (0, 30)).ratio is None


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="cannot be") as caught:
        judge_failures((0, 10), (11, 10))
    assert str(caught.value) == "11 failed of 10 calls cannot be (current)"
