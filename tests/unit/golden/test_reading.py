"""Golden files: what they may say, and what is said of those that do not hold."""

import csv
import io
import json
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmops.detect.language import LANGUAGES
from pytest_llmops.errors import ConfigError
from pytest_llmops.golden.evaluators import EVALUATORS, Answer, misses
from pytest_llmops.golden.expectations import KINDS
from pytest_llmops.golden.reading import SAID, read

REFERENCE = Path(__file__).parents[3] / "docs" / "golden.md"


def written(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


def test_one_case_in_three_ways_of_writing(folder):
    lines = '{"id": "a", "prompt": "How far?", "tags": ["x", "y"], "expect": {"number": {"value": 3, "unit": "km"}}}'
    table = "id,prompt,tags,expect.number.value,expect.number.unit\na,How far?,x; y,3,km\n"
    tree = "- id: a\n  prompt: How far?\n  tags: [x, y]\n  expect:\n    number: {value: 3, unit: km}\n"
    files = [
        written(folder, f"g{suffix}", text) for suffix, text in ((".jsonl", lines), (".csv", table), (".yaml", tree))
    ]
    cases = [read([file]).cases for file in files]
    assert cases[0] == cases[1] == cases[2]
    assert len({one.digest for (one,) in cases}) == 1


def test_short_forms_are_the_long_ones(folder, case):
    short = {"exact": "a", "contains": "b", "regex": ["c"], "number": 4}
    long = {
        "exact": {"any_of": ["a"]},
        "contains": {"all_of": ["b"]},
        "regex": {"all_of": ["c"]},
        "number": {"value": 4},
    }
    text = f"{case(expect=short)}\n{case(id='two', expect=long)}\n"
    one, two = read([written(folder, "g.jsonl", text)])
    assert one.expect == two.expect


def test_files_are_one_set_and_know_their_places(folder, case):
    first = written(folder, "a.jsonl", f"\n{case()}\n")
    second = written(folder, "b.csv", 'id,prompt,expect.contains\ntwo,"Where\nto?",there\nthree,Why?,so\n')
    golden = read([first, second])
    assert [one.id for one in golden] == ["one", "two", "three"]
    assert dict(golden.places) == {"one": (first, 2), "two": (second, 2), "three": (second, 4)}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"promt": "x"}, "golden.jsonl:1 has an unknown key 'promt'. Did you mean 'prompt'?"),
        ({"id": ""}, "golden.jsonl:1 id is '': string should have at least 1 character."),
        ({"id": " a"}, "golden.jsonl:1 id: ' a' has blanks at its ends, or characters that cannot be printed."),
        ({"prompt": " "}, "golden.jsonl:1 prompt: the question is blank."),
        ({"prompt": 7}, "golden.jsonl:1 prompt is 7: input should be a valid string."),
        (
            {"expect": {"contians": "x"}},
            "golden.jsonl:1: [expect] has an unknown key 'contians'. Did you mean 'contains'?",
        ),
        (
            {"expect": {}},
            (
                "golden.jsonl:1: [expect]: nothing is expected, so no answer could be wrong; give one of "
                "exact, contains, regex, number, numbers, schema, language, refusal, sources, grounded."
            ),
        ),
        (
            {"expect": {"regex": "a("}},
            (
                "golden.jsonl:1: [expect.regex.all_of] 0: 'a(' is not a regular expression "
                "(missing ), unterminated subpattern at position 1)."
            ),
        ),
        (
            {"expect": {"regex": "x*"}},
            "golden.jsonl:1: [expect.regex]: 'x*' is found in every answer, even in an empty one.",
        ),
        (
            {"expect": {"contains": {"any_of": []}}},
            "golden.jsonl:1: [expect.contains]: nothing is asked for; give all_of, any_of or none_of.",
        ),
        (
            {"expect": {"contains": ""}},
            "golden.jsonl:1: [expect.contains]: an empty text stands in every answer; take it out.",
        ),
        (
            {"expect": {"exact": ["a", " "]}},
            "golden.jsonl:1: [expect.exact]: an empty answer is never as expected; take the empty text out.",
        ),
        (
            {"expect": {"number": {"value": 1, "tolerence": 2}}},
            "golden.jsonl:1: [expect.number] has an unknown key 'tolerence'. Did you mean 'tolerance'?",
        ),
        (
            {"expect": {"number": {"value": 1, "unit": " km"}}},
            "golden.jsonl:1: [expect.number]: unit: ' km' is none; write it without blanks around, or leave unit out.",
        ),
        (
            {"expect": {"schema": {"type": "objekt"}}},
            (
                "golden.jsonl:1: [expect.schema]: is no JSON schema: "
                "type: 'objekt' is not valid under any of the given schemas."
            ),
        ),
        (
            {"expect": {"schema": {"$ref": "https://elsewhere.example/s.json"}}},
            (
                "golden.jsonl:1: [expect.schema]: refers to 'https://elsewhere.example/s.json', which is not in it; "
                "put it under $defs."
            ),
        ),
        (
            {"expect": {"schema": {"$schema": "https://json-schema.org/draft/2099-01/schema"}}},
            (
                "golden.jsonl:1: [expect.schema]: $schema 'https://json-schema.org/draft/2099-01/schema' "
                "is no known draft; leave it out for 2020-12."
            ),
        ),
        (
            {"expect": {"schema": "none.json"}},
            "golden.jsonl:1: [expect] schema: there is no file none.json.",
        ),
        (
            {"expect": {"language": "xx"}},
            (
                "golden.jsonl:1: [expect] language: 'xx' is no language that is told apart; "
                f"known: {', '.join(LANGUAGES)}."
            ),
        ),
        (
            {"expect": {"numbers": {"facts": ["a"], "required": [" "]}}},
            "golden.jsonl:1: [expect.numbers]: an empty text holds no figure; take it out.",
        ),
        ({"tags": ["a", "a"]}, "golden.jsonl:1 tags: 'a' is there twice."),
    ],
)
def test_what_does_not_hold_is_said(refused, case, given, said):
    assert refused(case(**given)) == [said]


def test_id_that_is_taken_names_both_places(refused, case):
    text = f"{case()}\n{case(id='two')}\n{case()}"
    assert refused(text) == ["golden.jsonl:3: the id 'one' is taken by the case at golden.jsonl:1."]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("golden.txt", "x", "golden.txt: golden files end in .jsonl, .csv, .yaml, .yml."),
        ("golden.jsonl", "\n", "golden.jsonl holds no case."),
        ("golden.jsonl", "[1]", "golden.jsonl:1: a case is a table with id, prompt and expect, and this is none."),
        (
            "golden.jsonl",
            '\n{"id": 1,',
            (
                "golden.jsonl:2: '{\"id\": 1,' is no JSON (Expecting property name enclosed in "
                "double quotes: line 1 column 10 (char 9))."
            ),
        ),
        (
            "golden.jsonl",
            '{"id": "a", "id": "b"}',
            'golden.jsonl:1: \'{"id": "a", "id": "b"}\' is no JSON (the key \'id\' is there twice).',
        ),
        ("golden.jsonl", '{"id": NaN}', "golden.jsonl:1: '{\"id\": NaN}' is no JSON (NaN is no number of JSON)."),
        ("golden.csv", "id;prompt\n", "golden.csv:1: its columns are separated by semicolons; save it with commas."),
        ("golden.csv", "id,id\n", "golden.csv:1: the column 'id' is there twice."),
        ("golden.csv", "id,,\n", "golden.csv:1: a column has no name."),
        ("golden.csv", "id,prompt\na\n", "golden.csv:2: it has 1 cells, and the header names 2 columns."),
        (
            "golden.csv",
            "expect.number,expect.number.unit\n1,km\n",
            "golden.csv:1: the column 'expect.number' is there beside 'expect.number.unit'; give one of both.",
        ),
        ("golden.yaml", "a: 1", "golden.yaml:1: it is no list of cases, or a table with one under cases."),
        ("golden.yaml", "- id: a\n  prompt: x\n  prompt: y\n", "golden.yaml:3: the key 'prompt' is there twice."),
        (
            "golden.yaml",
            "- id: [\n",
            "golden.yaml:2: it is no YAML (expected the node content, but found '<stream end>').",
        ),
    ],
)
def test_files_that_cannot_be_read(refused, name, text, said):
    assert refused(text, name) == [said]


def test_file_that_is_not_there(folder):
    with pytest.raises(ConfigError) as caught:
        read([Path("none.jsonl")])
    assert str(caught.value) == "none.jsonl: there is no such file."


def test_all_problems_are_said_at_once_but_no_flood(refused, case):
    found = refused("\n".join(case(id=f"c{at}", tagz=[]) for at in range(SAID + 5)))
    assert (len(found), found[-1]) == (SAID + 1, "and 5 more problems.")
    assert found[SAID - 1].startswith(f"golden.jsonl:{SAID} has an unknown key 'tagz'.")


def test_words_of_yaml_stay_what_they_look_like(folder):
    text = "cases:\n- id: 007\n  prompt: no\n  language: no\n  tags: [12:30, 2026-01-01]\n  expect: {contains: on}\n"
    (case,) = read([written(folder, "g.yml", text)])
    assert (case.id, case.prompt, case.language, case.tags) == ("007", "no", "no", ["12:30", "2026-01-01"])
    assert case.expect.contains.all_of == ["on"]


def test_lists_and_schemas_in_cells_of_a_csv(folder):
    text = 'id,prompt,expect.contains,expect.schema\na,Where?,"[""x"", ""y""]","{""type"": ""string""}"\nb,Why?,[1],\n'
    one, two = read([written(folder, "g.csv", text)])
    assert (one.expect.contains.all_of, one.expect.json_schema) == (["x", "y"], {"type": "string"})
    assert two.expect.contains.all_of == ["[1]"]


def test_schema_beside_the_file_is_read(folder, case):
    (folder / "sub").mkdir()
    written(folder, "sub/price.json", '{"type": "object", "required": ["price"]}')
    (one,) = read([written(folder, "sub/g.jsonl", case(expect={"schema": "price.json"}))])
    assert misses(one, Answer('{"cost": 1}')) == ["schema: 'price' is a required property"]


def test_what_nothing_judges_is_refused(folder, case):
    file = written(folder, "g.jsonl", case(expect={"language": "fr"}))
    with pytest.raises(ConfigError) as caught:
        read([file], {"exact": EVALUATORS["exact"]})
    assert str(caught.value) == (
        f"{file}:1: [expect] language: nothing here holds an answer against it, so it could not fail; take it out. "
        "Judged are exact."
    )


def test_further_evaluators_are_taken_and_asked(folder, case):
    file = written(folder, "g.jsonl", case(expect={"sources": ["a.md", "b.md"]}))

    def named(expected, answer):
        lacking = [one for one in expected.all_of if one not in answer.sources]
        return f"{lacking[0]} is not named" if lacking else ""

    more = {**EVALUATORS, "sources": named}
    (one,) = read([file], more)
    assert misses(one, Answer("so", sources=("a.md",)), more) == ["sources: b.md is not named"]
    assert misses(one, Answer("so", sources=("b.md", "a.md")), more) == []


def test_digest_changes_with_what_is_asked_and_expected_alone(folder, case):
    given = [{}, {"tags": ["x"], "reference": "here"}, {"prompt": "Why?"}, {"expect": {"contains": "there"}}]
    text = "\n".join(case(id=f"c{at}", **one) for at, one in enumerate(given))
    digests = [one.digest for one in read([written(folder, "g.jsonl", text)])]
    assert digests[0] == digests[1]
    assert len(set(digests)) == 3


words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1).filter(
    lambda one: one.strip() and one == one.strip() and one.isprintable()
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.tuples(words, words, words), min_size=1, max_size=5, unique_by=lambda one: one[0]))
def test_any_texts_come_back_alike_from_all_formats(tmp_path, rows):
    cases = [{"id": name, "prompt": prompt, "expect": {"contains": [part]}} for name, prompt, part in rows]
    cells = io.StringIO()
    csv.writer(cells).writerows(
        [("id", "prompt", "expect.contains"), *((n, p, json.dumps([part])) for n, p, part in rows)]
    )
    texts = {
        "g.jsonl": "\n".join(json.dumps(one, ensure_ascii=False) for one in cases),
        "g.yaml": yaml.safe_dump(cases, allow_unicode=True, default_style='"'),
        "g.csv": cells.getvalue(),
    }
    found = [read([written(tmp_path, name, text)]).cases for name, text in texts.items()]
    assert found[0] == found[1] == found[2]
    assert [(one.id, one.prompt, one.expect.contains.all_of) for one in found[0]] == [(n, p, [t]) for n, p, t in rows]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(st.text(max_size=80), st.sampled_from([".jsonl", ".csv", ".yaml"]))
def test_any_text_is_read_or_refused_in_words(tmp_path, text, suffix):
    file = tmp_path / f"g{suffix}"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigError):
        read([file])


def test_the_reference_holds_and_names_every_key(folder):
    import re

    text = REFERENCE.read_text()
    for language, suffix in (("json", "jsonl"), ("csv", "csv"), ("yaml", "yaml")):
        for at, block in enumerate(re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)):
            assert len(read([written(folder, f"{language}{at}.{suffix}", block)]))
    assert all(f"`{kind}`" in text for kind in KINDS)
