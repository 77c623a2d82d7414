"""The golden set of a target: its files and the cases of its table."""

import pytest
from pydantic import ValidationError

from pytest_llmops.errors import ConfigError, Unsupported
from pytest_llmops.golden.of_target import golden_of
from pytest_llmops.target.golden import Golden
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

CASE = {"id": "one", "prompt": "Where?", "expect": {"contains": "here"}}


@pytest.fixture
def target(folder):
    def target(**golden):
        table = TargetTable.model_validate({"golden": golden})
        return Target("staging", table, folder, folder / "llmops.toml")

    return target


def test_cases_of_the_table_and_of_files_are_one_set(folder, target, case):
    (folder / "two.jsonl").write_text(case(id="two"), encoding="utf-8")
    assert [one.id for one in golden_of(target(files=["*.jsonl"], cases=[CASE]))] == ["one", "two"]


def test_an_id_is_there_once_in_both(folder, target, case):
    (folder / "two.jsonl").write_text(case(), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        golden_of(target(files=["*.jsonl"], cases=[CASE]))
    assert str(caught.value) == (
        f"{folder}/two.jsonl:1: the id 'one' is taken by the case at llmops.toml: [targets.staging.golden] cases:1."
    )


def test_what_is_wrong_with_a_case_of_the_table_names_its_place(target):
    with pytest.raises(ConfigError) as caught:
        golden_of(target(cases=[CASE, {**CASE, "id": "two", "promt": "x"}]))
    assert str(caught.value) == (
        "llmops.toml: [targets.staging.golden] cases:2 has an unknown key 'promt'. Did you mean 'prompt'?"
    )


def test_none_is_unsupported_and_says_what_to_write(target):
    with pytest.raises(Unsupported) as caught:
        golden_of(target())
    assert str(caught.value) == (
        "target staging has no golden dataset, so nobody can say whether its answers are right; write one, and name it "
        'in llmops.toml: [targets.staging.golden]: files = ["golden/*.jsonl"].'
    )


def test_a_pattern_without_a_file_is_said(folder, target):
    with pytest.raises(ConfigError) as caught:
        golden_of(target(files=["golden/*.jsonl"]))
    assert str(caught.value) == (
        f"llmops.toml: [targets.staging.golden] files: 'golden/*.jsonl' fits no file in {folder}."
    )


def test_a_rate_of_no_kind_is_said(target):
    with pytest.raises(ConfigError) as caught:
        golden_of(target(cases=[CASE], rates={"figures": 1.0}))
    assert str(caught.value).startswith(
        "llmops.toml: [targets.staging.golden] rates: 'figures' is no kind of expectation;"
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"repeats": 2, "at_least": 3}, "at_least = 3 passes cannot be of 2 repeats; raise repeats, or lower it"),
        ({"rates": {"number": 0}}, "rates.number is 0; a pass rate is above 0, and 1 at most"),
        ({"consistent": {"x": {"tag": "t"}}}, "nothing is asked for; give figures or terms"),
        (
            {"consistent": {"x": {"tag": "t", "terms": {"advice": ["buy"]}}}},
            "terms.advice has one way of saying it, and needs two: else nothing could differ",
        ),
    ],
)
def test_a_table_that_cannot_be_kept_to_is_refused(table, said):
    with pytest.raises(ValidationError) as caught:
        Golden.model_validate(table)
    assert said in str(caught.value)
