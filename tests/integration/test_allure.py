"""The real Allure command line: what a person reads on its pages, and that its trends go on."""

import json
import os
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

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


pytestmark = pytest.mark.acceptance

ASKED_IN_VAIN = "/widgets/metrics.json"
"""A file of Allure 3 that is not there where nothing wrote metrics of its own kind."""


@pytest.fixture
def allure():
    """The command line of this machine."""
    try:
        return found([], os.environ)
    except LlmopsError as error:
        pytest.skip(str(error))


class Files(SimpleHTTPRequestHandler):
    """Serves a folder without a word."""

    def log_message(self, *args):
        pass


@pytest.fixture
def opened(allure, chromium, person):
    """The page of a run of some daily checks; nothing went wrong on it, and it asked nobody else for anything."""

    if allure.major != 3:
        pytest.skip(f"the pages of Allure {allure.version} are other ones")

    @contextmanager
    def opened(chosen, *words):
        person.daily("-k", chosen, "--llmops-target", "sandbox", *words)
        rendered = person.llmops("report")
        assert rendered.status == 0, rendered.out
        folder = person.folder / "reports" / "allure-report"
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(Files, directory=folder)) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            here = f"http://127.0.0.1:{server.server_port}/"
            context = chromium.new_context()
            page, said, lacking, elsewhere = context.new_page(), [], [], []
            page.on("pageerror", lambda error: said.append(str(error)))
            page.on("console", lambda one: said.append(one.text) if "status of 404" not in one.text else None)
            page.on("response", lambda one: lacking.append(one.url) if one.status >= 400 else None)
            page.on("request", lambda one: elsewhere.append(one.url) if not one.url.startswith(here) else None)
            page.goto(here)
            yield page
            assert (said, elsewhere) == ([], [])
            assert [url for url in lacking if ASKED_IN_VAIN not in url] == []
            context.close()
            server.shutdown()

    return opened


def shows(page, *texts):
    for text in texts:
        page.get_by_text(text).first.wait_for()


def test_of_a_healthy_run_its_page_has_the_checks_by_system_suite_and_section(opened):
    with opened("api_is_healthy or enough_models") as page:
        for branch in ("sandbox", "daily", "Morning Health Check (5 minutes)"):
            page.get_by_test_id("tree-section-title").get_by_text(branch, exact=True).click()
        shows(page, "100%", "Api is healthy", "Enough models")
        assert page.get_by_text("Failed", exact=True).count() == 0


def test_of_a_slower_one_its_page_has_the_verdict_the_picture_the_call_and_its_answer(opened):
    with opened("test_query_latency", "--llmops-sandbox-fault", "llm:slow=3") as page:
        page.get_by_text("Query latency", exact=True).first.click()
        shows(page, "Category: Regression", "times slower than its baseline")
        shows(page, "query_latency: now against baseline", "the last call, to be repeated", "its answer")


def test_of_a_component_that_is_down_its_page_says_which_and_what_to_do(opened):
    with opened("enough_models", "--llmops-sandbox-fault", "llm:down") as page:
        page.get_by_text("Enough models", exact=True).first.click()
        shows(page, "Category: Unreachable", "nothing listens there. Is it started")


def test_two_reports_of_one_target_share_a_history(allure, tmp_path):
    results, output, state = (tmp_path / name for name in ("results", "report", "state"))
    results.mkdir()
    (results / "categories.json").write_text(json.dumps(categories()))
    config = settings(output, state / "history.jsonl", "prod", categories(), {"target": "prod"})
    for number in (1, 2):
        (results / "1-result.json").write_text(json.dumps({**RESULT, "start": number, "stop": number + 1}))
        page = render(allure, results, output, state, config, os.environ)
        assert "allure" in page.read_text().lower()
        files = "test-results" if allure.major == 3 else "test-cases"
        (shown,) = (json.loads(file.read_text()) for file in (page.parent / "data" / files).glob("*.json"))
        assert shown.get("start", shown.get("time", {}).get("start")) == number  # this run's, and not the first one's
    if allure.major == 3:
        kept = [json.loads(line) for line in (state / "history.jsonl").read_text().splitlines()]
        assert [len(one["testResults"]) for one in kept] == [1, 1]
        assert kept[0]["testResults"].keys() == kept[1]["testResults"].keys()
    else:
        (known,) = json.loads((state / "allure-history" / "history.json").read_text()).values()
        assert len(known["items"]) == 2
    assert any("Threshold" in file.read_text(errors="replace") for file in output.rglob("*.json"))
