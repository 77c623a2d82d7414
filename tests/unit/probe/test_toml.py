import datetime as dt
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.probe import toml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS | st.dates(dt.date(1000, 1, 1)),
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
    max_leaves=10,
)


@given(TEXTS, VALUES)
def test_what_is_written_is_what_is_read(key, value):
    assert tomllib.loads(f"{toml.key(key)} = {toml.value(value)}") == {key: value}


@given(st.text(), st.lists(st.text(), min_size=1))
def test_any_text_at_all_can_be_read_again(text, names):
    line = toml.string(text)
    assert "\n" not in line
    assert tomllib.loads(f"[{toml.path(tuple(names))}]\nx = {line}")


def test_what_cannot_be_seen_is_escaped():
    assert toml.string('a"b\\c\n\t\x1b\u202e\U000e0001') == '"a\\"b\\\\c\\n\\t\\u001B\\u202E\\U000E0001"'


def test_half_a_surrogate_pair_is_replaced():
    assert toml.value({"a" + chr(0xD800): "b" + chr(0xDFFF)}) == '{ "a\ufffd" = "b\ufffd" }'
    assert toml.value({chr(0xD800): 1, chr(0xDFFF): 2}) == '{ "\ufffd" = 2 }'


def test_null_is_left_out():
    assert toml.value({"a": None, "b": [1, None], "c": {}}) == "{ b = [1], c = {} }"


def test_plain_names_stand_without_quotes():
    assert toml.path(("targets", "here", "thresholds", "query_latency.p90")) == (
        'targets.here.thresholds."query_latency.p90"'
    )


def test_another_value_is_refused():
    with pytest.raises(TypeError) as caught:
        toml.value(object())
    assert str(caught.value) == "object is no value of TOML"
