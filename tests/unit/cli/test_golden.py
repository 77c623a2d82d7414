"""llmops golden."""

import json

import pytest

LINES = """\
{"id": "a", "prompt": "Where?", "tags": ["geo"], "language": "en", "expect": {"contains": "here"}}
{"id": "b", "prompt": "where?", "tags": ["geo"], "language": "fr", "expect": {"number": 3}}
"""
TARGET = """
[targets.staging.components.redis]
url = "redis://cache.example"
[targets.staging.golden]
files = ["golden/*.jsonl"]
tags = ["geo", "law"]
languages = ["en"]
[[targets.staging.golden.waivers]]
case = "b"
reason = "known"
owner = "sre"
until = 2026-01-01
"""


@pytest.fixture
def project(tmp_path, llmops):
    (tmp_path / "golden").mkdir()
    (tmp_path / "golden" / "geo.jsonl").write_text(LINES)
    (tmp_path / "llmops.toml").write_text(TARGET)
    return tmp_path


def test_check_reads_the_targets_files_and_waivers(llmops, project):
    assert llmops("golden", "check") == (
        0,
        (
            "golden/geo.jsonl: 2 cases\n"
            "the same is asked by a and b\n"
            "b is waived until 2026-01-01 by sre: known (it counts no more: the case is judged)\n"
            "2 cases hold\n"
        ),
    )


def test_check_says_all_that_is_wrong(llmops, project):
    (project / "golden" / "more.jsonl").write_text(
        '{"id": "a", "prompt": "?", "expect": {"contains": "x"}}\n{"ide": 1}'
    )
    status, said = llmops("golden", "check")
    assert status == 1
    assert said == (
        "Error: golden/more.jsonl:1: the id 'a' is taken by the case at golden/geo.jsonl:1.\n"
        "golden/more.jsonl:2 lacks the key 'id'.\n"
        "golden/more.jsonl:2 lacks the key 'prompt'.\n"
        "golden/more.jsonl:2 lacks the key 'expect'.\n"
        "golden/more.jsonl:2 has an unknown key 'ide'. Did you mean 'id'?\n"
    )


def test_cases_of_the_table_are_checked_and_counted_too(llmops, project):
    case = '{ id = "c", prompt = "Who?", tags = ["law"], expect = { contains = "she" } }'
    text = TARGET.replace('files = ["golden/*.jsonl"]', f'files = ["golden/*.jsonl"]\ncases = [{case}]')
    (project / "llmops.toml").write_text(text)
    said = llmops("golden", "check")[1].splitlines()
    assert said[:2] == ["llmops.toml: [targets.staging.golden] cases: 1 case", "golden/geo.jsonl: 2 cases"]
    assert said[-1] == "3 cases hold"
    assert json.loads(llmops("golden", "stats", "--json")[1])["tags"] == {"geo": 2, "law": 1}


def test_named_files_need_no_target(llmops, tmp_path):
    (tmp_path / "one.jsonl").write_text(LINES.splitlines()[0])
    assert llmops("golden", "check", "one.jsonl") == (0, "one.jsonl: 1 case\n1 case holds\n")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            'case = "b"',
            'case = "bb"',
            "llmops.toml: [targets.staging.golden] waivers: 'bb' is no case of the golden files. Did you mean 'b'?",
        ),
        (
            "golden/*.jsonl",
            "gold/*.jsonl",
            "llmops.toml: [targets.staging.golden] files: 'gold/*.jsonl' fits no file in ",
        ),
        (
            'files = ["golden/*.jsonl"]',
            "",
            'llmops.toml: [targets.staging.golden] names no files; add files = ["golden/*.jsonl"], or name files here.',
        ),
    ],
)
def test_targets_table_is_held_against_the_files(llmops, project, old, new, said):
    (project / "llmops.toml").write_text(TARGET.replace(old, new))
    status, found = llmops("golden", "check")
    assert status == 1
    assert said in found


def test_case_that_is_waived_twice(llmops, project):
    twice = TARGET + TARGET[TARGET.index("[[") :]
    (project / "llmops.toml").write_text(twice)
    assert llmops("golden", "check")[1] == (
        "Error: llmops.toml: [targets.staging.golden]: waivers: the case 'b' is waived twice; once is enough.\n"
    )


def test_stats_name_gaps_and_exit_with_1(llmops, project):
    status, said = llmops("golden", "stats", "--kind", "regex")
    assert status == 1
    assert "2 cases in 1 file\ngap: tag law: no case, 1 wanted\ngap: kind regex: no case, 1 wanted\n" in said
    rows = [line.split() for line in said.splitlines()]
    assert ["tag", "geo", "2"] in rows
    assert ["expectation", "exact", "0"] in rows
    assert ["file", "golden/geo.jsonl", "2"] in rows


def test_stats_without_gaps(llmops, project):
    assert llmops("golden", "stats", "golden/geo.jsonl", "--tag", "geo", "--fewest", "2")[0] == 0
    assert llmops("golden", "stats", "golden/geo.jsonl", "--tag", "geo", "--fewest", "3")[0] == 1


def test_stats_as_json(llmops, project):
    status, said = llmops("golden", "stats", "--json")
    found = json.loads(said)
    assert (status, found["cases"], found["languages"]) == (1, 2, {"en": 1, "fr": 1})
    assert found["gaps"] == [{"what": "tag", "name": "law", "cases": 0, "fewest": 1}]


def test_import_writes_a_new_file_and_says_what_is_left_out(llmops, tmp_path):
    (tmp_path / "their.jsonl").write_text(
        '{"query": "Who?", "source_doc": "d", "out_of_scope": false, "expected_route": null}'
    )
    assert llmops("golden", "import", "their.jsonl", "--output", "new.jsonl") == (
        0,
        "imported: their.jsonl (synthetic) into new.jsonl: 1 case\n",
    )
    assert llmops("golden", "check", "new.jsonl")[0] == 0
    assert json.loads((tmp_path / "new.jsonl").read_text()) == {
        "id": "who",
        "prompt": "Who?",
        "tags": ["document:d"],
        "origin": "synthetic",
        "expect": {"refusal": False, "sources": "d"},
    }


def test_import_writes_over_nothing(llmops, tmp_path):
    (tmp_path / "their.jsonl").write_text('{"query": "Who?", "expected_answer": "I"}')
    (tmp_path / "kept.jsonl").write_text("mine")
    status, said = llmops("golden", "import", "their.jsonl", "--output", "kept.jsonl")
    assert (status, (tmp_path / "kept.jsonl").read_text()) == (1, "mine")
    assert said == "Error: kept.jsonl exists; it was not changed. Give --output another name, or move it away.\n"


def test_import_of_nothing_writes_nothing(llmops, tmp_path):
    record = {"query": "?", "context": [], "expected_answer": "x", "expected_faithfulness": 0.1}
    (tmp_path / "their.jsonl").write_text(json.dumps(record))
    status, said = llmops("golden", "import", "their.jsonl", "--output", "new.jsonl")
    assert (status, (tmp_path / "new.jsonl").exists()) == (1, False)
    assert said == (
        "Error: no record is a golden case, so nothing was written: its answer is a wrong one "
        "(expected_faithfulness below 0.85) (1).\n"
    )


def test_import_writes_lines_of_json_alone(llmops, tmp_path):
    status, said = llmops("golden", "import", "their.jsonl", "--output", "new.csv")
    assert status == 1
    assert said == "Error: --output new.csv: what is written is a case a line, so its name ends in .jsonl.\n"


def test_schema_takes_what_is_read_and_refuses_what_is_not(llmops):
    from jsonschema import Draft202012Validator

    found = Draft202012Validator(json.loads(llmops("golden", "schema")[1]))
    kinds = {"exact": "a", "contains": ["b"], "regex": {"any_of": ["c"]}, "number": 4, "schema": {}, "sources": "d"}
    case = {"id": "a", "prompt": "?", "expect": kinds}
    assert found.is_valid(case)
    assert found.is_valid(case | {"expect": {"number": {"value": 3, "unit": ["km"], "tolerance": 0.5}}})
    assert found.is_valid(case | {"expect": {"schema": "answer.json", "refusal": False}})
    for wrong in ({"tagz": []}, {"expect": {"number": "four"}}, {"expect": {"contains": {"all": ["x"]}}}, {"id": 3}):
        assert not found.is_valid(case | wrong)
