import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.errors import ConfigError
from pytest_llmops.target.templates import read, render

names = st.sampled_from(["prompt", "user", "top_k", "sources"])
texts = st.text(max_size=12)
plain = st.text(st.characters(exclude_characters="{}"), max_size=8)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
values = st.fixed_dictionaries(dict.fromkeys(("prompt", "user", "top_k", "sources"), json_values))
templates = st.recursive(
    names.map("{{{}}}".format) | plain | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain, inner, max_size=3),
    max_leaves=8,
)


def placeholders(template):
    if isinstance(template, dict):
        template = list(template.values())
    if isinstance(template, list):
        return {name for part in template for name in placeholders(part)}
    return set(re.findall(r"\{([a-z_]+)\}", template)) if isinstance(template, str) else set()


@given(template=templates, values=values)
def test_what_was_filled_in_is_read_back(template, values):
    found = read(template, render(template, values))
    assert found == {name: values[name] for name in placeholders(template)}


@given(before=plain, prompt=texts, after=plain)
def test_a_value_within_a_longer_text_is_read_back(before, prompt, after):
    template = {"messages": [{"content": f"[{before}{{prompt}}{after}]"}]}
    assert read(template, render(template, {"prompt": prompt})) == {"prompt": prompt}


def test_a_placeholder_alone_keeps_its_value_and_within_a_text_becomes_text():
    assert render({"k": "{top_k}", "text": "top {top_k}"}, {"top_k": 3}) == {"k": 3, "text": "top 3"}


def test_what_is_missing_in_a_document_is_left_out():
    template = {"a": "{prompt}", "b": ["{user}", "{top_k}"], "c": "for {user}"}
    assert read(template, {"b": ["eve"]}) == {"user": "eve"}
    assert read(template, {"b": "no list", "c": 3}) == {}
    assert read(template, {"c": "by eve"}) == {}


def test_a_placeholder_without_a_value_names_the_nearest():
    with pytest.raises(ConfigError) as caught:
        render({"q": "{promt}"}, {"prompt": "x", "user": "y"})
    assert str(caught.value) == "a template asks for {promt}; known here: prompt, user. Did you mean 'prompt'?"
