"""llmops report: what it says where it cannot write. A script plays Allure."""

import shutil

import pytest

from ...recorded import path, recorded

ALLURE = """#!/bin/sh
if [ "$1" = --version ]; then echo 3.18.0; else mkdir -p "$5" && echo x > "$5/index.html"; fi
"""


@pytest.fixture
def reports(tmp_path):
    """The folder of a run's reports, beside which an Allure is installed."""
    folder = tmp_path / "reports"
    (folder / "allure-results").mkdir(parents=True)
    (folder / "allure-results" / "1-result.json").write_text("{}")
    shutil.copy(path("healthy"), folder / "run.json")
    allure = tmp_path / "node_modules" / ".bin" / "allure"
    allure.parent.mkdir(parents=True)
    allure.write_text(ALLURE)
    allure.chmod(0o755)
    return folder


def test_the_report_lies_beside_the_results(llmops, reports):
    status, said = llmops("report")
    assert (status, said.splitlines()[0]) == (
        0,
        "written: reports/allure-report/index.html (Allure 3.18.0; 0 human steps)",
    )


def test_a_report_that_cannot_be_written_is_said(llmops, reports):
    (reports / "allure-report").write_text("mine")
    status, said = llmops("report")
    assert (status, said) == (1, "Error: reports/allure-report cannot be written: Not a directory.\n")
    assert (reports / "allure-report").read_text() == "mine"


def test_results_and_an_outcome_of_two_runs_are_no_report(llmops, reports):
    (reports / "allure-results" / "environment.properties").write_text("target = prod\nrun = 7f3a\n")
    status, said = llmops("report")
    assert status == 1
    assert said == (
        "Error: reports/allure-results is of the run 7f3a, and reports/run.json of another: "
        "give the results of that one, or run the suite again.\n"
    )


def test_results_that_lie_elsewhere_are_of_the_run_in_reports(llmops, reports, tmp_path):
    (reports / "allure-results").rename(tmp_path / "results")
    run = recorded("healthy")["id"]
    (tmp_path / "results" / "environment.properties").write_text(f"target = sandbox\nrun = {run}\n")
    status, said = llmops("report", "results")
    assert (status, said.splitlines()[0]) == (0, "written: allure-report/index.html (Allure 3.18.0; 0 human steps)")
