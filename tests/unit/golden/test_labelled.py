"""Golden cases as labelled queries of a search."""

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.golden.labelled import labelled

LINES = """\
{"id": "refund", "prompt": "How long?", "expect": {"sources": "returns.md", "language": "en"}}
{"id": "either", "prompt": "Which?", "expect": {"sources": {"all_of": ["a.md"], "any_of": ["b.md", "c.md"]}}}
{"id": "capital", "prompt": "Where?", "expect": {"contains": "here"}}
"""


@pytest.fixture
def root(tmp_path):
    (tmp_path / "golden").mkdir()
    (tmp_path / "golden" / "one.jsonl").write_text(LINES)
    return tmp_path


def test_cases_that_name_sources_are_queries(root):
    found = labelled(root, ["golden/*.jsonl"], "[retrieval]")
    assert {one.id: one.documents for one in found} == {
        "refund": [["returns.md"]],
        "either": [["a.md"], ["b.md", "c.md"]],
    }
    assert found[0].text == "How long?"


def test_files_that_are_not_there_are_named(root):
    with pytest.raises(ConfigError) as caught:
        labelled(root, ["gold/*.jsonl"], "[retrieval]")
    assert str(caught.value) == f"[retrieval] files: 'gold/*.jsonl' fits no file in {root}."


def test_cases_without_sources_could_not_be_missed(root):
    (root / "golden" / "one.jsonl").write_text('{"id": "a", "prompt": "Where?", "expect": {"contains": "here"}}\n')
    with pytest.raises(ConfigError, match="none of 1 cases expects sources, so no search could miss one"):
        labelled(root, ["golden/*.jsonl"], "[retrieval]")
