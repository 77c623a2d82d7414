import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.target.durations import seconds, spoken

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
numbers = st.decimals(min_value=0, max_value=10**6, places=3)


@given(number=numbers, unit=st.sampled_from(sorted(UNITS)), gap=st.sampled_from(["", " ", "  "]))
def test_a_duration_is_its_number_times_its_unit(number, unit, gap):
    assert seconds(f"{number}{gap}{unit}") == pytest.approx(float(number) * UNITS[unit])


@given(number=st.floats(min_value=0, max_value=1e9))
def test_a_bare_number_is_seconds(number):
    assert seconds(number) == number


@given(number=numbers)
def test_a_bare_text_is_seconds(number):
    assert seconds(str(number)) == float(number)


NONE = ["", "soon", "s", "2 weeks", "-1 s", "1 s 2 ms", "1e3 s", True, None, [1], float("nan"), float("inf")]


@pytest.mark.parametrize("value", NONE)
def test_anything_else_is_refused_with_the_form(value):
    with pytest.raises(ValueError, match="duration") as caught:
        seconds(value)
    assert str(caught.value) == (
        f"{value!r} is not a duration; write seconds, or for example '500 ms', '10 s', '2m', '1h'"
    )


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.0, "0 ms"),
        (0.00042, "0.42 ms"),
        (0.0094, "9.4 ms"),
        (0.1372, "137 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (2.4, "2.4 s"),
        (119.4, "119 s"),
        (120.0, "2 min"),
        (200.0, "3 min 20 s"),
        (3725.0, "62 min 5 s"),
        (7200.0, "2 h"),
        (18_600.0, "5 h 10 min"),
        (172_800.0, "2 days"),
        (1e6, "11.6 days"),
        (9e8, "10417 days"),
    ],
)
def test_durations_as_people_read_them(value, said):
    assert spoken(value) == said


@given(value=st.floats(min_value=1e-4, max_value=119))
def test_what_is_said_is_near_what_is_meant(value):
    assert seconds(spoken(value)) == pytest.approx(value, rel=0.06)
