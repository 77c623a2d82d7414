import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.target.thresholds import Limit

numbers = st.decimals(min_value=-(10**6), max_value=10**6, places=3)
operators = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


@given(op=operators, number=numbers, unit=st.sampled_from(["", "%", "MB", "req/s"]))
def test_a_limit_is_read_as_written(op, number, unit):
    text = f"{op} {number} {unit}".strip()
    assert Limit.parse(f"  {text} ") == Limit(text, op, float(number), unit)


@given(op=operators, number=st.integers(min_value=0, max_value=10**6))
def test_every_time_is_kept_in_seconds(op, number):
    limit = Limit.parse(f"{op} {number} ms")
    assert limit.value == pytest.approx(number / 1000)
    assert (limit.unit, limit.text) == ("s", f"{op} {number} ms")


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("< 2m", 120.0, "s"),
        ("<500us", 0.0005, "s"),
        (">= 95 %", 95.0, "%"),
        ("> 1e3", 1000.0, ""),
        ("== HEALTHY", "HEALTHY", ""),
        ("!= not ready", "not ready", ""),
    ],
)
def test_units_and_words(text, value, unit):
    limit = Limit.parse(text)
    assert (limit.value, limit.unit) == (value, unit)


def test_a_limit_stays_a_limit():
    limit = Limit.parse("< 3 s")
    assert Limit.parse(limit) is limit


@pytest.mark.parametrize("text", ["", "3 s", "<", "= 3", "=> 3", 3, None])
def test_what_is_no_limit_is_refused_with_the_form(text):
    with pytest.raises(ValueError, match="limit") as caught:
        Limit.parse(text)
    assert str(caught.value) == f"{text!r} is not a limit; write for example '< 3 s', '>= 95 %', '== HEALTHY'"


@pytest.mark.parametrize("text", ["< HEALTHY", "<> 3"])
def test_words_have_no_order(text):
    with pytest.raises(ValueError, match="word") as caught:
        Limit.parse(text)
    assert str(caught.value) == f"{text!r} orders a word; only == and != compare words"
