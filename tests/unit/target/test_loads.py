"""The tables of load: what may stand in them, and what is said of what may not."""

import pytest

from pytest_llmops.errors import ConfigError
from pytest_llmops.target import profiles
from pytest_llmops.target.load import load

API = "[targets.t]\nprofile = 'rag'\n[targets.t.components.api]\nurl = 'http://rag.example'\n"


def read(folder, text):
    file = folder / "llmops.toml"
    file.write_text(f"{API}{text}")
    return load(file, None, folder, {}).table


PROBLEMS = {
    "a key that is near": (
        "[targets.t.load]\nprocesess = 2",
        "[targets.t.load] has an unknown key 'procesess'. Did you mean 'processes'?",
    ),
    "a key of a shape": (
        "[targets.t.load.shapes.spike]\nstage = []",
        "[targets.t.load.shapes.spike] has an unknown key 'stage'. Did you mean 'stages'?",
    ),
    "a component that is none": (
        "[targets.t.load.workloads.rag]\ncalls = [{ component = 'apl' }]",
        "[targets.t]: load.workloads.rag calls 'apl', which is no component. Did you mean 'api'?",
    ),
    "a route of what has none": (
        "[targets.t.load.workloads.x]\ncalls = [{ component = 'llm', route = 'query' }]",
        "[targets.t.load.workloads.x.calls.0]: llm has no routes; give operation, or leave it out.",
    ),
    "an operation of what has routes": (
        "[targets.t.load.workloads.x]\ncalls = [{ component = 'api', operation = 'embed' }]",
        "[targets.t.load.workloads.x.calls.0]: api is asked by its routes; give route in place of operation.",
    ),
    "an operation of another kind": (
        "[targets.t.load.workloads.x]\ncalls = [{ component = 'vectors', operation = 'embed' }]",
        "[targets.t.load.workloads.x.calls.0]: vectors is asked to search, not to embed.",
    ),
    "two calls of one name": (
        "[targets.t.load.workloads.x]\ncalls = [{ component = 'api' }, { component = 'api' }]",
        "[targets.t.load.workloads.x]: two of its calls are called 'query'; give one of them another name.",
    ),
    "open and closed loop": (
        "[targets.t.load.shapes.x]\nstages = [{ lasts = 5 }]\nconcurrency = 5",
        (
            "[targets.t.load.shapes.x]: a shape has stages (open loop), or concurrency with calls or lasts (closed): "
            "not both."
        ),
    ),
    "a loop without an end": (
        "[targets.t.load.shapes.x]\nconcurrency = 5",
        "[targets.t.load.shapes.x]: a shape needs stages, or concurrency with calls or lasts.",
    ),
    "no calls": (
        "[targets.t.load.shapes.x]\nstages = [{ lasts = 5, times = 0 }]",
        "[targets.t.load.shapes.x]: stages in which no call arrives are no load.",
    ),
    "money without prices": (
        "[targets.t.budget]\ncost = 5",
        "[targets.t.budget]: cost needs prices, for example prices.openai = { million_tokens = 0.6 }.",
    ),
    "prices of nothing": (
        "[targets.t.budget]\nprices.olama = { call = 1 }",
        "[targets.t]: budget.prices.olama is of no component of this target. Did you mean 'ollama'?",
    ),
}


@pytest.mark.parametrize("what", PROBLEMS)
def test_what_cannot_be_is_said_with_its_place(tmp_path, what):
    text, said = PROBLEMS[what]
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, text)
    assert str(raised.value) == f"llmops.toml: {said}"


def test_a_call_of_a_workload_says_what_is_asked(tmp_path):
    text = (
        "[targets.t.load.workloads.x]\ncalls = [{}, { component = 'llm' }, { component = 'llm', operation = 'embed' }"
    )
    asked = read(tmp_path, f"{text}, {{ component = 'vectors', name = 'find' }}]").load.workloads["x"].calls
    assert [(one.component, one.asks, one.by_route, one.called) for one in asked] == [
        ("api", "route", "query", "query"),
        ("llm", "generate", "", "generate"),
        ("llm", "embed", "", "embed"),
        ("vectors", "search", "", "find"),
    ]


def test_what_a_target_says_lies_over_its_profile(tmp_path):
    table = read(
        tmp_path, "[targets.t.load]\nrate = 4\n[targets.t.load.shapes.steady]\nstages = [{ lasts = '5 min' }]"
    ).load
    assert (table.rate, table.rate_cap, table.guard.component) == (4, 50, "api")
    assert [(stage.lasts, stage.times) for stage in table.shapes["steady"].stages] == [(300, 1)]
    assert table.shapes["stress"].stops.p95 == 10


@pytest.mark.parametrize("profile", profiles.names())
def test_each_profile_has_all_shapes_and_workloads_and_an_embedded_one_is_quick(profile):
    table = load(None, "sandbox" if profile == "sandbox" else f"sandbox:{profile}", None).table.load
    assert {"smoke", "steady", "ramp", "spike", "soak", "stress"} <= table.shapes.keys()
    assert {"rag", "chat", "embeddings", "search"} <= table.workloads.keys()
    assert all(sum(stage.lasts for stage in shape.stages) <= 20 for shape in table.shapes.values())
