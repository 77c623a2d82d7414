import pytest
from pydantic import ValidationError

from pytest_llmops.target.models import Baseline


def test_looks_ascend():
    assert Baseline(looks=[10, 20, 40]).looks == [10, 20, 40]
    assert Baseline().looks == []


@pytest.mark.parametrize("looks", [[0, 30], [30, 30], [60, 30], [-1]])
def test_looks_that_do_not_ascend_are_said(looks):
    with pytest.raises(ValidationError) as caught:
        Baseline(looks=looks)
    (error,) = caught.value.errors()
    assert error["msg"] == f"Value error, looks = {looks} must be above 0 and ascend, for example [30, 60, 120]"


def test_an_error_rate_has_no_point():
    with pytest.raises(ValidationError) as caught:
        Baseline(points={"x.error_rate": {"file": "a.json", "value": "rate"}})
    (error,) = caught.value.errors()
    assert error["msg"] == (
        'Value error, points."x.error_rate": a share of failed calls has no point; give it a threshold'
    )
