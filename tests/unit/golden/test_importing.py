"""Golden data of other tools; the records are of the shapes that the systems' files have."""

import json

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.golden.importing import IMPORTERS, imported
from pytest_llmops.golden.reading import read

FAITHFULNESS = [
    {
        "id": "G01",
        "category": "grounded",
        "query": "How many days may one work from home?",
        "context": ["Three days a week, with a manager's approval."],
        "expected_answer": "Three days a week.",
        "expected_faithfulness": 0.9,
    },
    {
        "id": "H01",
        "category": "subtle_hallucination",
        "query": "How many days may one work from home?",
        "context": ["Three days a week, with a manager's approval."],
        "expected_answer": "Four days a week.",
        "expected_faithfulness": 0.3,
    },
]
SYNTHETIC = [
    {
        "query": "Who chairs the board?",
        "expected_route": "rag_knowledge_base",
        "source_doc": "ethics",
        "out_of_scope": False,
        "faithfulness_score": None,
    },
    {
        "query": "What does the chair earn?",
        "expected_route": "rag_knowledge_base",
        "source_doc": "ethics",
        "out_of_scope": True,
        "faithfulness_score": 0.7,
    },
]
PROMPTFOO = [
    {"vars": {"query": "Who chairs it?", "context": ""}, "assert": [{"type": "python", "value": "file://check.py"}]},
    {
        "description": "price",
        "vars": {"question": "What does it cost?", "customer": "x"},
        "assert": [
            {"type": "icontains", "value": "29 $ (net)"},
            {"type": "not-contains", "value": "free"},
            {"type": "contains-any", "value": "month, year"},
            {"type": "latency", "threshold": 500},
        ],
    },
]
ANSWERED = [{"query": "What is the target?", "expected_answer": "It is 0.92.", "tags": ["metrics"]}]


@pytest.fixture
def made(folder):
    def made(records, form=None, answers="reference", taken=None):
        file = folder / "their.jsonl"
        file.write_text("\n".join(json.dumps(one) for one in records))
        return imported(file, form, answers, set() if taken is None else taken)

    return made


def test_right_answers_become_cases_and_wrong_ones_do_not(made):
    found = made(FAITHFULNESS)
    assert found.format == "faithfulness"
    assert found.cases == (
        {
            "id": "G01",
            "prompt": "How many days may one work from home?",
            "tags": ["grounded"],
            "context": ["Three days a week, with a manager's approval."],
            "reference": "Three days a week.",
            "expect": {"refusal": False},
        },
    )
    assert found.left_out == {"its answer is a wrong one (expected_faithfulness below 0.85)": 1}


def test_what_is_out_of_scope_is_to_be_refused(made):
    found = made(SYNTHETIC)
    assert [(one["id"], one["expect"], one["tags"]) for one in found.cases] == [
        (
            "who-chairs-the-board",
            {"refusal": False, "sources": "ethics"},
            ["document:ethics", "route:rag_knowledge_base"],
        ),
        (
            "what-does-the-chair-earn",
            {"refusal": True},
            ["document:ethics", "route:rag_knowledge_base", "out-of-scope"],
        ),
    ]
    assert found.left_out == {
        "faithfulness_score: it is a measured value, and nothing to expect": 1,
    }


def test_assertions_with_a_counterpart_are_taken_over_and_code_is_not_run(made):
    found = made(PROMPTFOO)
    assert [one["expect"] for one in found.cases] == [
        {"refusal": False},
        {"regex": {"all_of": [r"(?i)29\ \$\ \(net\)"]}, "contains": {"none_of": ["free"], "any_of": ["month", "year"]}},
    ]
    assert found.cases[1]["id"] == "price"
    assert found.left_out == {"assert python": 1, "vars.customer": 1, "assert latency": 1}


@pytest.mark.parametrize(
    ("kind", "value", "expect"),
    [
        ("equals", "a", {"exact": "a"}),
        ("contains", "a", {"contains": {"all_of": ["a"]}}),
        ("contains-all", ["a", "b"], {"contains": {"all_of": ["a", "b"]}}),
        ("not-contains-any", ["a"], {"contains": {"none_of": ["a"]}}),
        ("icontains-all", ["a"], {"regex": {"all_of": ["(?i)a"]}}),
        ("icontains-any", ["a"], {"regex": {"any_of": ["(?i)a"]}}),
        ("not-icontains", "a", {"regex": {"none_of": ["(?i)a"]}}),
        ("regex", "a+", {"regex": {"all_of": ["a+"]}}),
        ("not-regex", "a+", {"regex": {"none_of": ["a+"]}}),
        ("starts-with", "a", {"regex": {"all_of": [r"\Aa"]}}),
        ("is-json", None, {"schema": {}}),
        ("is-json", {"type": "object"}, {"schema": {"type": "object"}}),
        ("is-json", '{"type": "object"}', {"schema": {"type": "object"}}),
        ("is-refusal", None, {"refusal": True}),
        ("not-is-refusal", None, {"refusal": False}),
    ],
)
def test_each_assertion(made, kind, value, expect):
    (case,) = made([{"vars": {"prompt": "?"}, "assert": [{"type": kind, "value": value}]}]).cases
    assert case["expect"] == expect


def test_tests_of_a_promptfoo_file_are_found(folder):
    file = folder / "promptfooconfig.yaml"
    file.write_text(
        "prompts: [x]\ntests:\n  - vars: {question: 'Where?'}\n    assert: [{type: contains, value: here}]\n"
    )
    assert imported(file, None, "reference", set()).cases[0]["expect"] == {"contains": {"all_of": ["here"]}}


@pytest.mark.parametrize(
    ("answers", "case"),
    [
        ("reference", {"reference": "It is 0.92.", "expect": {"refusal": False}}),
        ("exact", {"expect": {"exact": "It is 0.92.", "refusal": False}}),
        ("contains", {"expect": {"contains": "It is 0.92.", "refusal": False}}),
    ],
)
def test_known_answer_becomes_what_is_asked_for(made, answers, case):
    known = {"id": "what-is-the-target", "prompt": "What is the target?", "tags": ["metrics"]}
    assert made(ANSWERED, answers=answers).cases == (known | case,)


@pytest.mark.parametrize("records", [FAITHFULNESS, SYNTHETIC, PROMPTFOO, ANSWERED])
def test_what_is_written_can_be_read(made, folder, records):
    found = made(records)
    (folder / "golden.jsonl").write_text(found.lines)
    assert len(read([folder / "golden.jsonl"])) == len(found.cases) > 0


def test_same_question_gets_another_id_and_other_letters_a_sum(made):
    taken = {"who-chairs-it"}
    records = [{"query": query, "expected_answer": "x"} for query in ("Who chairs it?", "Who chairs it?", "何ですか")]
    found = [one["id"] for one in made(records, taken=taken).cases]
    assert found[:2] == ["who-chairs-it-2", "who-chairs-it-3"]
    assert found[2].startswith("case-")


@pytest.mark.parametrize(
    ("records", "form", "said"),
    [
        (
            [{"q": 1}],
            None,
            (
                "no format is known by the keys q. promptfoo: vars; faithfulness: context, expected_answer, "
                "expected_faithfulness, query; synthetic: out_of_scope, query, source_doc; "
                "answered: expected_answer, query."
            ),
        ),
        ([{"q": 1}], "answered", "a record of the format answered has expected_answer, query, and this has not."),
        ([3], "answered", "a record of the format answered has expected_answer, query, and this has not."),
        (
            [{"query": "", "expected_answer": "x"}],
            None,
            "no record of the format answered: query is no text.",
        ),
        (
            [SYNTHETIC[0] | {"out_of_scope": "no"}],
            None,
            "no record of the format synthetic: out_of_scope is neither true nor false.",
        ),
        (
            [{"vars": {"x": "?"}}],
            None,
            "no record of the format promptfoo: vars has no question under query, question, prompt, input, message.",
        ),
        (
            [{"vars": {"query": "?"}, "assert": [{"type": "regex", "value": "a("}]}],
            None,
            (
                "[expect.regex.all_of] 0: 'a(' is not a regular expression "
                "(missing ), unterminated subpattern at position 1)."
            ),
        ),
        (
            [FAITHFULNESS[0] | {"expected_faithfulness": "high"}],
            None,
            "no record of the format faithfulness: expected_faithfulness is no number.",
        ),
    ],
)
def test_what_is_no_record_is_said_with_its_line(made, folder, records, form, said):
    with pytest.raises(ConfigError) as caught:
        made(records, form)
    assert str(caught.value) == f"{folder / 'their.jsonl'}:1: {said}"


def test_id_that_is_there_twice_is_an_error(made):
    with pytest.raises(ConfigError, match="2: the id 'G01' is taken by an earlier record"):
        made([FAITHFULNESS[0], FAITHFULNESS[0]])


def test_command_offers_each_format():
    from pytest_llmops.cli.golden import FORMATS

    assert list(FORMATS) == list(IMPORTERS)
