"""A check's key is the same however pytest is started; ``run.json`` holds what is documented."""

import pytest

CHECKS = [
    "daily/test_models.py::test_enough_models",
    "daily/test_models.py::test_configured_models_are_listed",
    "daily/test_models.py::test_model_list_comes_in_time",
    "daily/test_models.py::test_every_model_generates",
    "daily/test_models.py::test_openai_api_generates",
    "daily/test_models.py::test_generation_rate",
]
UNTIMED = ["-k", "test_models"]


@pytest.fixture
def ready(project, model, clone):
    """A function that runs the ready suites against the server; yields the keys."""
    file = project.target(model.url)

    def run(*words, cwd=clone):
        words = [f"--llmops-config={file}", f"--llmops-report={project.reports}", "-pno:cacheprovider", *words]
        found = project.run(*words, cwd=cwd)
        assert found.status == 0, found.out
        return sorted(check["test"] for check in found.whole["checks"])

    return run


@pytest.mark.parametrize(
    "words",
    [
        ["suites/daily", *UNTIMED],
        ["-m", "daily", *UNTIMED],
        [f"suites/{key}" for key in CHECKS],
        ["suites", "-m", "daily", *UNTIMED, "-n", "2"],
    ],
    ids=["folder", "marker", "node ids", "parallel"],
)
def test_from_the_clone(ready, words):
    assert ready(*words) == sorted(CHECKS)


def test_from_another_folder(ready, clone, tmp_path):
    assert ready(clone / "suites" / "daily" / "test_models.py", cwd=tmp_path) == sorted(CHECKS)


def test_a_key_keeps_class_and_parameters(project, model):
    project.target(model.url)
    project.write(
        "checks/test_it.py",
        """
        import pytest

        class TestModels:
            @pytest.mark.monitor
            @pytest.mark.parametrize("size", ["small", "large"])
            def test_size(self, llm, size):
                assert llm.models()
        """,
    )
    run = project.run()
    assert [(check["test"], check["suite"]) for check in run.whole["checks"]] == [
        ("checks/test_it.py::TestModels::test_size[small]", "monitor"),
        ("checks/test_it.py::TestModels::test_size[large]", "monitor"),
    ]


def test_run_json_holds_what_is_documented(project, model):
    project.target(model.url)
    project.write("test_it.py", "def test_it(llm, record):\n    record('model_count', len(llm.models()), 'models')\n")
    whole = project.run().whole
    assert list(whole) == [
        "schema",
        "id",
        "version",
        "target",
        "profile",
        "environment",
        "commit",
        "against",
        "started",
        "duration_s",
        "exit_status",
        "preflight",
        "not_applicable",
        "not_made",
        "spent",
        "twin",
        "incident",
        "missing",
        "left_changed",
        "vacuous",
        "creeps",
        "news",
        "checks",
    ]
    stated = {key: whole[key] for key in ("schema", "target", "profile", "environment", "exit_status")}
    assert stated == {
        "schema": 1,
        "target": "here",
        "profile": "openai-compatible",
        "environment": "staging",
        "exit_status": 0,
    }
    check, (metric,) = whole["checks"][0], whole["checks"][0].pop("metrics")
    assert 0 <= check.pop("duration_s") < 5
    assert check == {
        "test": "test_it.py::test_it",
        "suite": "",
        "section": "",
        "procedures": [],
        "outcome": "passed",
        "category": "",
        "severity": "",
        "reason": "",
        "notes": [],
        "last_passed": None,
        "documents": [],
    }
    assert metric == {
        "name": "model_count",
        "unit": "models",
        "value": 1,
        "baseline": None,
        "ratio": None,
        "low": None,
        "high": None,
        "n": 1,
        "state": "recorded",
        "suspect": False,
        "threshold": {"target": ">= 1"},
        "reason": "model_count is 1 models",
        "last_good": None,
    }
