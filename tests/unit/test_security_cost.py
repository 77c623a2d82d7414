"""What the fixtures of security ask stands in the plan, by the methods that a test calls, before anything is called."""

from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_llmops.plugin.cost import Asking
from pytest_llmops.plugin.leak_cost import leak_tokens, once_for_leaks
from pytest_llmops.plugin.reading import cost_of
from pytest_llmops.plugin.security_cost import asks_of, once_for_erasure
from pytest_llmops.target.load import load


def plants(poisoned):
    poisoned.plant()
    poisoned.ask()


def plants_and_removes(poisoned):
    poisoned.plant()
    poisoned.remove()


def looks_at_pages(disclosure, exposure):
    disclosure.origins()
    disclosure.errors()
    exposure.vectors()


def goes_beyond_a_limit(load_run, limits, api):
    limits.admit()
    load_run.beyond_limit("burst", api, route="live", after=False)
    limits.refusal("live")


def erases(erasure):
    erasure.carried_out()
    erasure.refusals()


def reads_scores(langfuse):
    langfuse.scores(3600)


def reads_answers(leaks):
    leaks.answers()


def target(profile):
    return load(None, profile, Path.cwd())


def cost(test, of):
    parts = of.table.components
    names = {name: name for name in parts.configured().keys() & signature(test).parameters.keys()}
    known = Asking(names, parts.configured(), prompts=3, timed=lambda _: 0, asks=asks_of(of))
    return cost_of(SimpleNamespace(function=test), known)


@pytest.mark.parametrize(
    ("test", "profile", "operations"),
    [
        (plants, "sandbox", {"api.query": 8, "api.ingest": 1, "api.delete": 1}),
        (plants_and_removes, "sandbox", {"api.query": 11, "api.ingest": 1, "api.delete": 2}),
        (looks_at_pages, "sandbox", {"api.call": 11, "qdrant.call": 2}),
        (looks_at_pages, "sandbox:ollama", {}),
        (reads_scores, "sandbox:enterprise-pipeline", {"langfuse.scores": 20}),
        (goes_beyond_a_limit, "sandbox:voyageur", {"api.call": 4, "api.live": 130}),
    ],
)
def test_each_method_costs_what_it_asks(test, profile, operations):
    found = cost(test, target(profile))
    assert dict(found.operations) == operations


def test_what_is_asked_by_itself_is_reached():
    assert cost(looks_at_pages, target("sandbox")).reached == {"api", "qdrant"}


def test_an_erasure_is_counted_once_whichever_test_asks_first():
    (calls,) = once_for_erasure(SimpleNamespace(function=erases), target("sandbox")).values()
    assert {name: calls[name] for name in ("api.ingest", "api.query", "api.feedback", "api.delete")} == {
        "api.ingest": 1,
        "api.query": 3,
        "api.feedback": 1,
        "api.delete": 2,
    }
    assert {"qdrant", "redis"} <= {name.partition(".")[0] for name in calls}
    assert cost(erases, target("sandbox")).operations["api.delete"] == 4  # the refusals
    assert once_for_erasure(SimpleNamespace(function=erases), target("sandbox:agent-aiops")) == {}


def test_answers_of_a_model_that_are_looked_through_are_tokens():
    of = target("sandbox:ollama")
    asked = once_for_leaks(SimpleNamespace(function=reads_answers), of)
    assert leak_tokens(asked, of) == {"leaks-answers": 3 * of.table.components.ollama.max_tokens}
    assert leak_tokens(once_for_leaks(SimpleNamespace(function=reads_answers), target("sandbox")), of) == {}
