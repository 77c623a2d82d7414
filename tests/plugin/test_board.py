"""The board of a run: it comes last, and changes no verdict."""

TESTS = """
    def test_models(llm):
        assert llm.models()
"""


def test_a_page_that_cannot_be_written_changes_no_verdict(project, model):
    project.target(model.url)
    project.write("test_it.py", TESTS)
    project.write("reports/board.html/in_the_way", "a folder has the name of the page")
    run = project.run()
    assert (run.status, run.whole["exit_status"]) == (0, 0), run.out
    (said,) = [line for line in run.lines if "no board was written" in line]
    assert said.startswith("llmops: no board was written: IsADirectoryError: ")
    assert "written: reports/board.html" not in run.lines


def test_what_no_report_can_hold_changes_no_verdict(project, model):
    project.target(model.url)
    project.write("test_it.py", TESTS)
    project.write(
        "conftest.py",
        """
        import pytest

        @pytest.hookimpl(tryfirst=True)
        def pytest_runtest_logreport(report):
            if hasattr(report, "llmops"):
                report.llmops["odd"] = object()
        """,
    )
    run = project.run()
    assert (run.status, run.whole) == (0, None), run.out
    assert "llmops: not written: TypeError: Object of type object is not JSON serializable" in run.lines
    assert "written: reports/board.html" in run.lines
