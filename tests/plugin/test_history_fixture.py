"""The fixture ``history`` reads the project's runs, and ``record`` tells shares."""

import json

import pytest


@pytest.fixture
def project(project, model):
    project.target(model.url, "\n[targets.here.growth.model_count]\nlimit = 10\n")
    project.write(
        "test_it.py",
        """
        def test_count(llm, record):
            record("model_count", len(llm.models()), "models")

        def test_growth(history):
            history.all_growth()

        def test_values(history, record):
            record("kept", len(history.values("model_count")), "values")

        def test_shares(record):
            assert list(record.shares("share", {"a": 1, "b": 3})) == ["b", "a"]

        def test_no_shares(record):
            record.shares("share", {"a": 0})

        def test_no_counts(record):
            record.shares("share", {"a": None})
        """,
    )
    return project


def checks(project):
    found = json.loads((project.path / "reports" / "run.json").read_text())["checks"]
    return {check["test"].partition("::")[2]: check for check in found}


def test_the_projects_runs_are_what_it_knows(project):
    project.run()
    first = checks(project)
    assert first["test_values"]["category"] == "vacuous"
    project.run()
    second = checks(project)
    assert [metric["value"] for metric in second["test_values"]["metrics"]] == [1]
    assert second["test_growth"]["category"] == "vacuous"
    assert "model_count was recorded 1 times in 0 days; a trend needs 4 values" in second["test_growth"]["reason"]


def test_shares_are_recorded(project):
    project.run("-k", "share or counts")
    found = checks(project)
    shares = {metric["name"]: (metric["value"], metric["unit"]) for metric in found["test_shares"]["metrics"]}
    assert shares == {"share[b]": (75.0, "%"), "share[a]": (25.0, "%")}
    assert found["test_no_shares"]["category"] == "vacuous"
    assert "share: nothing was counted, so there are no shares." in found["test_no_shares"]["reason"]
    assert "share: None of a is no count." in found["test_no_counts"]["reason"]
