"""Shares of the budget: what one timed test takes, the others have not lost."""

import pytest

TESTS = """
    import os
    import pathlib

    import pytest

    def test_models(llm):
        assert llm.models()

    @pytest.mark.parametrize("name", ["a", "b"])
    def test_speed(measure, llm, prompts, name):
        measure("speed", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)

    def test_crash(measure, llm, prompts):
        if pathlib.Path("crash").exists():
            os._exit(1)
        measure("listing", llm, lambda llm, prompt: llm.models(), prompts=prompts)

    def test_two(measure, llm, prompts):
        measure("first", llm, lambda llm, prompt: llm.models(), prompts=prompts)
        measure("second", llm, lambda llm, prompt: llm.models(), prompts=prompts)

    def test_last(measure, llm, prompts):
        measure("last", llm, lambda llm, prompt: llm.models(), prompts=prompts)
"""
SHARES = "each of 6 measurements may take 70 s, and makes 10 calls at first where one takes more than 1 s"


@pytest.fixture
def shared(project, model):
    """A project whose budget allows about twenty calls of each measurement, where thirty would be made."""
    project.target(model.url, "\n[targets.here.budget]\nrequests = 150\n")
    project.write("test_it.py", TESTS)
    return project


def _calls(run):
    """Kept timed calls of each measurement."""
    metrics = [metric for check in run.checks.values() for metric in check["metrics"]]
    return {m["name"].removesuffix(".error_rate"): m["n"] for m in metrics if m["name"].endswith(".error_rate")}


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_every_measurement_has_its_share(shared, workers):
    run = shared.run(*workers)
    made = _calls(run)
    assert (run.status, len(made)) == (0, 6), run.out
    assert all(12 <= count <= 18 for count in made.values()), made
    assert 95 <= run.whole["spent"]["requests"] <= 105  # 70 % of the budget


def test_the_share_is_announced_and_planned(shared):
    assert f"llmops: {SHARES}" in shared.run().lines
    assert f"shares       {SHARES}" in shared.run("--llmops-plan").lines


def test_a_new_leader_shares_what_is_left_alike(shared):
    (shared.path / "crash").touch()
    run = shared.run("-n", "2")
    made = _calls(run)
    assert run.checks["test_crash"]["category"] == "crashed", run.out
    assert list(made) == ["speed[a]", "speed[b]", "first", "second", "last"]
    assert all(12 <= made[name] <= 18 for name in ("speed[a]", "speed[b]")), made
    assert all(16 <= made[name] <= 22 for name in ("first", "second", "last")), made  # the dead one's share too


def test_a_selection_shares_among_itself(shared):
    made = _calls(shared.run("-k", "last or first or models"))
    assert made == {"last": 30}
