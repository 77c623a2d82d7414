"""What an earlier run left is gone where this one is refused before it opens: nobody posts yesterday's verdict."""

import pytest

OLD = {"run.json", "summary.md", "benchmark.json", "board.html"}
MISTAKEN = '[targets.here]\nprofil = "rag"\n'
OURS = "def test_it(llm):\n    assert llm.models()\n"


@pytest.fixture
def left(project):
    """A project whose llmops.toml is mistaken; runs pytest and says which files are left in ``folder``."""
    project.write("llmops.toml", MISTAKEN)
    project.write("test_it.py", OURS)

    def left(*words, folder="old", cwd=None):
        for name in (*OLD, "README.md"):
            project.write(f"{folder}/{name}", "yesterday")
        run = project.run(*words, cwd=cwd)
        return run.status, {path.name for path in (project.path / folder).iterdir()}

    return left


@pytest.mark.parametrize(
    "words",
    [["--llmops-gate"], ["--llmops-gate", "-n", "2"], ["--llmops-against="], []],
    ids=["a mistake in the file", "with workers", "a mistake in an option", "a file that is merely found"],
)
def test_they_are_gone_where_the_run_is_refused(left, words):
    assert left("--llmops-report=old", *words) == (4, {"README.md"})


def test_they_are_found_beside_the_file(left, project):
    (project.path / "below").mkdir()
    words = ["--llmops-config=../llmops.toml", "--llmops-gate", "../test_it.py"]
    assert left(*words, folder="reports", cwd=project.path / "below") == (4, {"README.md"})
    assert left(*words, folder="below/reports", cwd=project.path / "below") == (4, {"README.md", *OLD})


def test_a_file_that_is_not_there(left):
    assert left("--llmops-config=nowhere.toml", folder="reports") == (4, {"README.md"})


@pytest.mark.parametrize("words", [["--llmops-plan"], ["--llmops-gate", "--collect-only"]], ids=" ".join)
def test_who_only_looks_changes_nothing(left, words):
    assert left("--llmops-report=old", *words) == (4, {"README.md", *OLD})


@pytest.mark.parametrize(("words", "status"), [([], 0), (["nowhere.py"], 4)], ids=["passes", "is mistaken itself"])
def test_a_strangers_run_touches_nothing(left, project, words, status):
    project.write("test_it.py", "def test_it():\n    pass\n")
    assert left("--llmops-report=old", *words) == (status, {"README.md", *OLD})


def test_what_cannot_be_looked_for_may_be_there(project, model):
    project.target(model.url)
    project.write("test_it.py", OURS)
    folder = "x" * 300
    run = project.run(f"--llmops-report={folder}", "--llmops-gate")
    assert (run.status, model.asked) == (4, []), run.out
    assert f"/{folder}/run.json cannot be removed (File name too long), and what an earlier run left there" in run.out


def test_where_no_reports_can_be_written_the_run_goes_on_without(project, model, clone):
    file = project.target(model.url)
    report = project.write("closed", "a file in the place of the folder")
    words = [f"--llmops-config={file}", f"--llmops-report={report}", "-k", "test_enough_models", "--llmops-gate"]
    run = project.run(*words, clone / "suites" / "daily" / "test_models.py", allure=True)
    assert (run.status, model.asked[-1][0]) == (0, "/v1/models"), run.out
    assert "llmops: no Allure results are written: [Errno 20] Not a directory: " in run.out
    assert "llmops: not written: " in run.out
