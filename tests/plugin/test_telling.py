"""Lines of ours among pytest's own: a file is named again once, and only where a letter follows."""

import pytest

SAYS = """
    import pytest

    @pytest.fixture
    def says(_llmops):
        yield
        _llmops.say("taken back")

    def test_quiet():
        pass

    def test_loud(_llmops):
        _llmops.say("first")
        _llmops.say("second")

    def test_after(says, _llmops):
        _llmops.say("third")

    def test_last():
        pass
"""


def test_a_file_is_named_again_once_however_many_lines_stand_between(project, model):
    project.target(model.url)
    project.write("test_it.py", SAYS)
    project.write("test_other.py", "def test_other(_llmops):\n    _llmops.say('fourth')\n")
    run = project.run()
    assert run.status == 0, run.out
    start = next(number for number, line in enumerate(run.lines) if line.startswith("test_it.py"))
    end = next(number for number, line in enumerate(run.lines) if "[100%]" in line)
    assert [line.partition("[")[0].rstrip() for line in run.lines[start : end + 1]] == [
        "test_it.py .",
        "  first",
        "  second",
        "test_it.py .",
        "  third",
        "test_it.py .",
        "  taken back",
        "test_it.py .",
        "test_other.py",
        "  fourth",
        "test_other.py .",
    ]


@pytest.mark.parametrize(
    ("words", "patience_s", "times"),
    [([], 0, 1), (["-n", "1"], 0, 1), (["-q"], 0, 0), ([], 300, 0)],
    ids=["slow", "parallel", "quiet", "quick"],
)
def test_a_sandbox_that_takes_long_to_start_is_said_to(project, words, patience_s, times):
    project.write("conftest.py", f"from pytest_llmops.control import embedded\n\nembedded.SLOW_S = {patience_s}\n")
    project.write("test_it.py", "def test_it(llm):\n    assert llm.models()\n")
    run = project.run("--llmops-target=sandbox:openai-compatible", *words)
    assert run.status == 0, run.out
    said = "llmops: the sandbox of profile openai-compatible is starting; this takes some seconds"
    assert run.lines.count(said) == times, run.out
