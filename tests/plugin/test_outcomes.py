"""Outcomes in plain words: skips of their own kind, sentences in place of tracebacks, waivers."""

import datetime as dt

import pytest

BODY = (
    '{"model": "tiny", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5, '
    '"temperature": 0, "stream": true, "stream_options": {"include_usage": true}}'
)
TODAY = dt.datetime.now().astimezone().date()
FEW = '\n[targets.here.thresholds.model_count]\nwarning = "< 2"\n'


def _waiver(until):
    return (
        f'{FEW}\n[[targets.here.waivers]]\ncheck = "test_it.py::test_count"\nreason = "one model is enough for now"\n'
        f'owner = "sre"\nuntil = {until}\n'
    )


@pytest.fixture
def project(project, model):
    project.target(model.url, FEW)
    project.write(
        "test_it.py",
        """
        def test_count(llm, record):
            record("model_count", len(llm.models()), "models")
        """,
    )
    return project


def _section(run):
    """The lines between a failure's heading and the next heading."""
    start = next(index for index, line in enumerate(run.lines) if line.startswith("____"))
    rest = run.lines[start + 1 :]
    return rest[: next(index for index, line in enumerate(rest) if line.startswith("===="))]


@pytest.mark.parametrize("kind", ["Vacuous", "Unsupported"])
def test_a_check_that_says_nothing_is_a_skip_of_its_own_kind(project, kind):
    project.write(
        "test_it.py",
        f"""
        from pytest_llmops.errors import {kind}

        def test_it(llm):
            raise {kind}("openai: nothing to count.")
        """,
    )
    run = project.run("-rs")
    word = kind.lower()
    check = run.checks["test_it"]
    assert (check["outcome"], check["category"], check["reason"]) == (
        "skipped",
        word,
        f"{word}: openai: nothing to count.",
    )
    assert run.status == 5
    assert f"1 {word}" in run.lines[-1]


def test_a_failed_call_is_one_sentence_and_no_traceback(project, model):
    model.delay_s = 0.2
    project.write("test_it.py", "def test_it(llm):\n    llm.generate('Hello', max_tokens=5, deadline_s=0.05)\n")
    run = project.run()
    assert _section(run) == [
        "openai: POST /v1/chat/completions gave no whole answer within 50 ms.",
        "  at test_it.py:1 (test_it)",
        f"  try: curl -sS -X POST {model.url}/v1/chat/completions -H 'Content-Type: application/json' -d '{BODY}'",
    ]
    assert run.checks["test_it"]["category"] == "failed"
    assert "pytest_llmops" not in run.out


def test_a_users_own_assertion_keeps_pytests_explanation(project):
    project.write("test_it.py", "def test_it(llm):\n    assert len(llm.models()) == 7\n")
    run = project.run()
    assert "E       AssertionError: assert 1 == 7" in run.lines
    assert any("+  where 1 = len([Model(" in line for line in run.lines)
    check = run.checks["test_it"]
    assert (check["outcome"], check["reason"].partition("\n")[0]) == ("failed", "AssertionError: assert 1 == 7")
    assert run.lines[run.lines.index("FAILED       test_it.py::test_it") + 1].strip() == "AssertionError: assert 1 == 7"


def test_a_broken_threshold_fails_with_its_own_sentence(project):
    run = project.run()
    assert _section(run) == ["model_count is 1 models; that is a warning (< 2)"]
    check = run.checks["test_count"]
    assert (check["outcome"], check["category"], check["severity"]) == ("failed", "threshold", "normal")
    assert check["metrics"][0]["threshold"] == {"target": ">= 1", "warning": "< 2", "broken": "< 2"}


def test_a_waived_check_is_measured_and_does_not_fail(project, model):
    until = TODAY + dt.timedelta(days=1)
    project.target(model.url, _waiver(until))
    run = project.run("-rs")
    check = run.checks["test_count"]
    assert run.status == 0
    assert (check["outcome"], check["reason"]) == (
        "waived",
        f"waived until {until} by sre: one model is enough for now",
    )
    assert [metric["value"] for metric in check["metrics"]] == [1]
    assert "1 waived" in run.lines[-1]


@pytest.mark.parametrize("ago", [0, 1])
def test_an_expired_waiver_changes_nothing(project, model, ago):
    project.target(model.url, _waiver(TODAY - dt.timedelta(days=ago)))
    run = project.run()
    assert (run.status, run.checks["test_count"]["outcome"]) == (1, "failed")


def test_a_green_check_needs_no_waiver(project, model):
    project.target(model.url, _waiver(TODAY + dt.timedelta(days=1)).replace("< 2", "< 1"))
    assert project.run().checks["test_count"]["outcome"] == "passed"
