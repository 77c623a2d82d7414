"""``pytest -m daily`` without a path: the ready suites, wherever a target is described."""

import shutil

import pytest

from pytest_llmops.plugin.named_suites import names_a_suite
from pytest_llmops.plugin.ours import SUITES_FOLDER

OWN = """
    import pytest

    @pytest.mark.daily
    def test_own(llm):
        assert llm.models()

    def test_of_no_suite():
        assert False
"""
READY = "test_enough_models"
EITHER = ["-k", f"own or {READY}"]


@pytest.fixture
def here(project, model):
    """A project with a test of its own, beside the llmops.toml of a healthy server."""
    project.target(model.url)
    project.write("tests/test_own.py", OWN)
    return project


@pytest.mark.parametrize("words", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_own_and_ready_tests_run_together(here, words):
    run = here.run("-m", "daily", *EITHER, *words)
    assert run.status == 0, run.out
    assert sorted(run.checks) == [READY, "test_own"]


def test_paths_from_the_configuration_count_as_none_given(here):
    here.write("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider --strict-markers\ntestpaths = tests\n")
    assert sorted(here.run("-m", "daily", *EITHER).checks) == [READY, "test_own"]


def test_from_a_folder_below(here):
    here.write("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider\n")
    run = here.run("-m", "daily", *EITHER, cwd=here.path / "tests")
    assert sorted(run.checks) == [READY, "test_own"]


def test_the_file_beside_the_caller_counts_where_the_project_is_larger(here, project):
    project.write("part/llmops.toml", (project.path / "llmops.toml").read_text())
    (project.path / "llmops.toml").unlink()
    project.run("-m", "daily", *EITHER, cwd=project.path / "part")
    assert (project.path / "part" / "reports" / "run.json").exists()


def test_a_path_that_is_given_is_all_that_runs(here):
    assert list(here.run("tests", "-m", "daily", *EITHER).checks) == ["test_own"]


def test_no_suite_named_leaves_the_ready_tests_alone(here):
    assert list(here.run("-k", "own or enough").checks) == ["test_own"]
    assert list(here.run("-m", "not weekly", "-k", "own or enough").checks) == ["test_own"]


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("daily", True),
        ("daily or weekly", True),
        ("daily and not slow", True),
        ("generic and daily", True),
        ("slow", False),
        ("not daily", False),
        ("not (load or slow)", False),
        ("slow or not load", False),
        ("not slow and not (load)", False),
        ("daily and (", False),
    ],
)
def test_an_expression_that_asks_for_a_suite(expression, named):
    assert names_a_suite(expression) is named


def test_a_strangers_marker_is_none_of_our_business(project):
    project.write("test_it.py", "import pytest\n@pytest.mark.load\ndef test_it(): pass\n")
    run = project.run("-m", "load")
    assert (run.status, run.whole) == (0, None)
    assert "collected 1 item" in run.out


def test_a_target_that_is_named_is_enough(project):
    run = project.run("-m", "daily", "--llmops-target", "sandbox", "-k", READY)
    assert run.status == 0, run.out
    assert list(run.checks) == [READY]


@pytest.mark.parametrize("words", [[], ["--ignore-glob=.venv/*"]], ids=["plain", "ignored"])
def test_suites_in_a_venv_within_the_project(here, clone, words):
    packages = here.path / ".venv" / "lib"
    shutil.copytree(clone / "pytest_llmops", packages / "pytest_llmops")
    shutil.copytree(clone / "suites", packages / "pytest_llmops" / "suites")
    (packages / "test_of_a_package.py").write_text("def test_never(): assert False\n")
    here.write("test_top.py", "import pytest\n@pytest.mark.daily\ndef test_top(llm): assert llm.models()\n")
    here.write("plain.py", "raise RuntimeError('never imported')\n")
    chosen = f"own or top or never or {READY}"
    run = here.run("-m", "daily", "-k", chosen, *words, environ={"PYTHONPATH": str(packages)}, afresh=True)
    assert run.status == 0, run.out
    assert sorted(run.checks) == [READY, "test_own", "test_top"]


def test_last_failed_reaches_own_and_ready_tests(here):
    here.write("pytest.ini", "[pytest]\n")
    here.write("llmops.toml", (here.path / "llmops.toml").read_text() + 'models = ["tiny", "absent"]\n')
    here.write("tests/test_own.py", OWN.replace("assert llm.models()", "assert not llm.models()"))
    chosen = ["-m", "daily", "-k", "own or models"]
    first = here.run(*chosen)
    failed = {name for name, check in first.checks.items() if check["outcome"] == "failed"}
    assert failed == {"test_own", "test_configured_models_are_listed"}, first.out
    again = here.run("--lf", *chosen)
    assert set(again.checks) == failed, again.out


def test_warnings_that_a_project_makes_errors_do_not_fail_a_ready_check(here):
    here.write("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider\nfilterwarnings = error\n")
    here.write(
        "conftest.py",
        """
        import warnings

        def pytest_runtest_call(item):
            warnings.warn("old ways", DeprecationWarning)
        """,
    )
    run = here.run("-m", "daily", *EITHER)
    assert {name: check["outcome"] for name, check in run.checks.items()} == {READY: "passed", "test_own": "failed"}


@pytest.mark.parametrize(
    ("line", "file", "name"),
    [
        ("python_files = *_spec.py", "own_spec.py", "test_own"),
        ("python_functions = it_*", "test_own.py", "it_own"),
        ("python_functions = test_own* *enough* _*", "test_own.py", "test_own"),
        ("norecursedirs = daily", "test_own.py", "test_own"),
    ],
)
@pytest.mark.parametrize("words", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_how_a_project_names_its_own_tests_says_nothing_of_the_ready_ones(here, line, file, name, words):
    (here.path / "tests" / "test_own.py").unlink()
    here.write(f"tests/{file}", OWN.replace("test_own", name))
    here.write("pytest.ini", f"[pytest]\naddopts = -p no:cacheprovider\n{line}\n")
    plain = ["test_configured_models_are_listed", READY]
    run = here.run("-m", "daily", "-k", f"own or {' or '.join(plain)}", *words)
    assert sorted(run.checks) == sorted([*plain, name]), run.out


@pytest.mark.parametrize("below", ["", "daily/test_models.py"])
def test_ready_tests_that_are_named_are_there_whatever_the_project_names_its_own(here, below):
    here.write("pytest.ini", "[pytest]\naddopts = -p no:cacheprovider\npython_files = x\npython_functions = it\n")
    assert list(here.run("-cpytest.ini", SUITES_FOLDER / below, "-k", READY).checks) == [READY]
