"""JSON among lines of noise."""

import json

import pytest

from pytest_llmops.clients.noise import json_within


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Loading\n[1/20] Warming\n{\n "a": [\n1\n]\n}\nDone\n', {"a": [1]}),
        ('[1]\n{"longer": "than the list"}\n', {"longer": "than the list"}),
        ('{"longer": "than the list"}\n[1]\n', {"longer": "than the list"}),
        ("noise\n[\n{\n}\n]\n", [{}]),  # what stands within begins lines too
        ('[1] is a number\n["a"]', ["a"]),
        ("{broken\n[3, 4]", [3, 4]),
        ("{}", {}),
    ],
)
def test_found(text, found):
    assert json_within(text) == found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no line begins with { or ["),
        ('  {"indented": 1}', "no line begins with { or ["),
        ("[1/20] Warming", "Expecting ',' delimiter"),
        ("[1/20] Warming\n{broken", "Expecting property name enclosed in double quotes"),
        ("{} and more", "more follows on its line"),
        ("NaN", "no line begins with { or ["),
    ],
)
def test_none(text, why):
    with pytest.raises(json.JSONDecodeError) as caught:
        json_within(text)
    assert caught.value.msg == why
