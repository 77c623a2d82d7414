"""The real Allure command line: what it makes of results, and that its trends go on."""

import json
import os

import pytest

from pytest_llmops.errors import LlmopsError
from pytest_llmops.report.allure_command import found, render, settings
from pytest_llmops.report.allure_files import categories

RESULT = {
    "uuid": "1",
    "name": "test_count",
    "fullName": "daily#test_count",
    "testCaseId": "a",
    "historyId": "b",
    "status": "failed",
    "statusDetails": {"message": "too few", "trace": "too few\ncategory: threshold"},
    "parameters": [{"name": "target", "value": "prod"}],
    "labels": [{"name": "epic", "value": "here"}],
    "start": 1,
    "stop": 2,
}


def test_two_reports_of_one_target_share_a_history(tmp_path):
    try:
        allure = found([], os.environ)
    except LlmopsError as error:
        pytest.skip(str(error))
    results, output, state = (tmp_path / name for name in ("results", "report", "state"))
    results.mkdir()
    (results / "categories.json").write_text(json.dumps(categories()))
    config = settings(output, state / "history.jsonl", "prod", categories(), {"target": "prod"})
    for number in (1, 2):
        (results / "1-result.json").write_text(json.dumps({**RESULT, "start": number, "stop": number + 1}))
        assert "allure" in render(allure, results, output, state, config, os.environ).read_text().lower()
    if allure.major == 3:
        kept = [json.loads(line) for line in (state / "history.jsonl").read_text().splitlines()]
        assert [len(one["testResults"]) for one in kept] == [1, 1]
        assert kept[0]["testResults"].keys() == kept[1]["testResults"].keys()
    else:
        (known,) = json.loads((state / "allure-history" / "history.json").read_text()).values()
        assert len(known["items"]) == 2
    assert any("Threshold" in file.read_text(errors="replace") for file in output.rglob("*.json"))
