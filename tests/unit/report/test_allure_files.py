"""What lies beside Allure's results: categories, environment, executor."""

import json
import re

import pytest

from pytest_llmops.report.allure_files import MARK, categories, category, environment, executor, properties, write

CHECK = {"suite": "daily", "outcome": "failed", "category": "threshold", "notes": [], "metrics": []}
RUN = {
    "id": "7", "version": "0.1.0", "target": "sandbox:voyageur", "profile": "voyageur", "environment": "sandbox",
    "commit": "", "against": None, "exit_status": 0,
    "preflight": [
        {"component": "api", "ok": True, "level": "admitted", "failure": "", "reason": "", "facts": {"version": "2.1"}},
        {"component": "redis", "ok": False, "level": "", "failure": "refused", "reason": "no", "facts": {}},
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("other", "word"),
    [
        ({}, "threshold"),
        ({"category": "regression"}, "regression"),
        ({"suite": "security"}, "security finding"),
        ({"suite": "dr"}, "drill"),
        ({"suite": "dr", "outcome": "error", "category": "unreachable"}, "unreachable"),
        ({"suite": "security", "outcome": "error", "category": "crashed"}, "crashed"),
        ({"outcome": "waived"}, "waived"),
        ({"outcome": "skipped", "category": "vacuous"}, "vacuous"),
        ({"outcome": "skipped", "category": "skipped"}, ""),
        ({"outcome": "passed", "category": ""}, ""),
        ({"outcome": "passed", "category": "", "metrics": [{"suspect": True}]}, "suspect"),
        ({"outcome": "passed", "category": "no-baseline", "notes": ["no-baseline", "inconclusive"]}, "suspect"),
    ],
)
def test_the_word_of_a_check(other, word):
    assert category({**CHECK, **other}) == word


@pytest.mark.parametrize(
    "word",
    ["threshold", "regression", "security finding", "drill", "unreachable", "crashed", "waived", "vacuous", "suspect",
     "unsupported", "optional-unreachable", "void", "left-changed", "budget", "not-installed", "outside-window",
     "human step"],
)  # fmt: skip
def test_each_word_has_exactly_one_category(word):
    trace = f"latency is 3 s\n  limit: profile rag\n{MARK}{word}"
    assert len([one for one in categories() if re.fullmatch(one["traceRegex"], trace)]) == 1


def test_of_a_plain_trace_no_category_is_guessed():
    assert not [one for one in categories() if re.fullmatch(one["traceRegex"], "a regression of the threshold")]


def test_the_environment_says_what_answered():
    assert environment(RUN) == {
        "target": "sandbox:voyageur", "profile": "voyageur", "environment": "sandbox", "run": "7", "exit status": "0",
        "pytest-llmops": "0.1.0", "component api": "admitted, version 2.1", "component redis": "down: refused",
    }  # fmt: skip


def test_properties_are_latin_1_whatever_they_say():
    text = properties({"exit status": "0", "a:b": "Zürich\n\\ 😀"})
    assert text.isascii()
    assert text == "exit\\ status = 0\na\\:b = Z\\u00fcrich\\n\\\\ \\ud83d\\ude00\n"


GITHUB = {
    "GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "42",
    "GITHUB_RUN_NUMBER": "9", "GITHUB_WORKFLOW": "deploy",
}  # fmt: skip
GITLAB = {
    "GITLAB_CI": "true", "CI_SERVER_URL": "https://gitlab.example", "CI_JOB_URL": "https://gitlab.example/j/1",
    "CI_PIPELINE_IID": "5", "CI_JOB_NAME": "gate",
}  # fmt: skip
JENKINS = {
    "JENKINS_URL": "https://ci.example/", "BUILD_URL": "https://ci.example/job/n/3/", "BUILD_NUMBER": "3",
    "JOB_NAME": "n",
}  # fmt: skip


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        (GITHUB, ("github", 9, "deploy #9", "https://github.com/o/r/actions/runs/42")),
        (GITLAB, ("gitlab", 5, "gate #5", "https://gitlab.example/j/1")),
        (JENKINS, ("jenkins", 3, "n #3", "https://ci.example/job/n/3/")),
        ({"BUILDKITE_BUILD_URL": "https://b/1"}, ("pytest-llmops", None, None, "https://b/1")),
        ({}, ("pytest-llmops", None, None, None)),
    ],
)
def test_the_executor_links_to_the_job(environ, said):
    found = executor(environ, RUN)
    assert tuple(found.get(key) for key in ("type", "buildOrder", "buildName", "buildUrl")) == said
    assert found["reportName"] == "llmops: sandbox:voyageur"


def test_all_three_are_written(tmp_path):
    write(tmp_path / "results", RUN, GITHUB)
    names = {file.name for file in (tmp_path / "results").iterdir()}
    assert names == {"categories.json", "environment.properties", "executor.json"}
    assert json.loads((tmp_path / "results" / "executor.json").read_text())["name"] == "GitHub Actions"
