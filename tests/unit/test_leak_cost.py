"""What the look for leaks will cost stands in the plan, place by place, before anything is called."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_llmops.plugin.leak_cost import once_for_leaks
from pytest_llmops.target.load import load


def on_sandbox(leaks):
    leaks.answers()
    leaks.error_pages()
    leaks.metrics()


def on_a_pipeline(leaks):
    leaks.logs()
    leaks.detected()
    leaks.affected()


def on_an_agent(leaks):
    leaks.answers()
    leaks.told()
    leaks.error_pages()


@pytest.mark.parametrize(
    ("test", "profile", "cost"),
    [
        (
            on_sandbox,
            "sandbox",
            {"traffic": None, "leaks-error-pages": {"api.wrong": 4}, "leaks-metrics": {"api.metrics": 1}},
        ),
        (
            on_a_pipeline,
            "sandbox:enterprise-pipeline",
            {
                "leaks-affected": {"langfuse.newest": 20, "langfuse.traces": 1},
                "leaks-detected": {"api.query": 1, "logs.entries": 6},
                "leaks-logs": {"logs.raw": 1},
            },
        ),
        (
            on_an_agent,
            "sandbox:agent-aiops",
            {"leaks-answers": {"ollama.generate": 3}, "leaks-told": {"ui.ask": 1, "logs.raw": 70}},
        ),
    ],
)
def test_each_place_is_counted_once(test, profile, cost):
    target = load(None, profile, Path.cwd())
    found = once_for_leaks(SimpleNamespace(function=test), target)
    assert {name: calls if name != "traffic" else None for name, calls in found.items()} == cost
