"""A run in ``llmops history``, in the words of the run's own last lines."""

from pytest_llmops.cli.history_lines import of_run


def _kind(outcome, category, count):
    return {"outcome": outcome, "category": category, "count": count}


def test_a_run_is_told_in_the_words_that_it_ended_with():
    kinds = [
        _kind("skipped", "vacuous", 1),
        _kind("passed", "", 20),
        _kind("passed", "no-baseline", 2),
        _kind("error", "unreachable", 3),
        _kind("error", "error", 2),
        _kind("skipped", "unsupported", 2),
        _kind("failed", "threshold", 1),
    ]
    run = {"started": 0.0, "target": "here", "against": None, "left_changed": 0, "duration_s": 1.0, "requests": 5}
    said = of_run({**run, "exit_status": 1, "kinds": kinds})[2]
    assert said == "1 failed, 2 errors, 3 unreachable, 22 passed, 2 unsupported, 1 vacuous"
    assert of_run({**run, "exit_status": 5, "kinds": []})[2] == "none"
