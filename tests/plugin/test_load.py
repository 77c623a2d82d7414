"""Load from a test: by the target's tables, within its caps, and in production with both keys alone."""

import json

import pytest

TABLES = """
[targets.here.budget]
cost = 1.0
prices = { openai = { call = 0.01 } }
[targets.here.load]
rate = 5
rate_cap = 20
[targets.here.load.shapes]
tiny = { arrivals = "constant", stages = [{ lasts = "1 s" }] }
[targets.here.load.workloads.short]
calls = [{ component = "llm", max_tokens = 4 }, { component = "llm", operation = "embed", model = "tiny" }]
prompts = [{ id = "a", text = "What is near?", weight = 2 }, { id = "b", text = "What is far?", words = 30 }]
"""
TESTS = """
def test_tiny(load_run):
    done = load_run("short", workload="short", shape="tiny", check=False)  # it may be void
    assert done.calls == 5
    assert [len(done.of(name)) for name in ("generate", "embed")] == [3, 2]

def test_high(load_run, llm):
    load_run("high", llm, rate=30, seconds=1)

def test_dear(load_run, llm):
    load_run("dear", llm, rate=20, seconds=5)

def test_endless(load_run, llm):
    load_run("endless", llm, shape="tiny", past_limit=True)
"""


def test_load_keeps_to_the_targets_tables(project, model):
    project.target(model.url, TABLES)
    project.write("test_it.py", TESTS)
    for _ in range(3):  # a busy machine
        model.asked.clear()
        run = project.run(afresh=True)
        told = {one["name"]: one for one in run.whole["checks"][0]["metrics"]}
        if told["short"]["state"] != "void":
            break
    assert (run.status, [check["outcome"] for check in run.whole["checks"]]) == (1, ["passed", *["failed"] * 3]), (
        run.out
    )
    assert {"short", "short.service", "short.rate", "short.error_rate"} <= told.keys()
    assert told["short.error_rate"]["value"] == 0
    said = [check["reason"] for check in run.whole["checks"][1:]]
    assert said[0].startswith("high rises to 30 calls/s, and llmops.toml: [targets.here.load] rate_cap is 20; ")
    assert said[1].startswith("dear costs up to 1 (1 for calls, 0 for tokens), and the run's budget leaves 0.9")
    refused = "endless: only a test that was disruptive when tests were selected goes beyond a rate limit."
    assert said[2].splitlines()[0] == refused
    assert run.whole["spent"]["cost"] == pytest.approx(0.01 * run.whole["spent"]["requests"])
    posted = [path for path, agent in model.asked if agent.endswith("(load)")]
    assert sorted(posted) == ["/v1/chat/completions"] * 3 + ["/v1/embeddings"] * 2


PRODUCTION = 'environment = "production"\n[targets.here.components.openai]\n'
ONE = "def test_load(load_run, llm):\n    load_run('load', llm, rate=2, seconds=10)\n"


@pytest.fixture
def production(project, model):
    """A target in production, with these further tables."""

    def production(more=""):
        file = project.target(model.url, more)
        file.write_text(file.read_text().replace("[targets.here.components.openai]\n", PRODUCTION))
        project.write("test_it.py", ONE)

    return production


def test_in_production_load_is_left_out_without_both_keys(production, project, model):
    production()
    for keys in ([], ["--llmops-allow-disruption=here"]):
        run = project.run(*keys)
        assert (run.status, run.whole["not_applicable"]) == (5, {"disruptive, without both keys": 1})
    assert model.asked == []
    run = project.run("--llmops-plan")
    [left] = json.loads((project.reports / "plan.json").read_text())["left_out"]
    assert left["would"]["disruption"]["lacking"] == [
        "allowed = true in llmops.toml: [targets.here.disruption]",
        "--llmops-allow-disruption here typed on the command line",
    ]
    [act] = left["would"]["disruption"]["acts"]
    assert (act["act"], act["component"], act["what"]) == ("load", "openai", "about 20 calls: generate")
    assert act["undo"] == "none is needed: it ends by itself, or before where calls fail or api is not well"
    assert "about 20 calls: generate" in run.out


BESIDE = """
[targets.here.disruption]
allowed = true
[targets.stable]
profile = "openai-compatible"
environment = "{environment}"
[targets.stable.components.openai]
url = "{url}"
rate_limit = "5/h"
"""
BOTH = """
import pytest

def test_load(load_run, llm):
    load_run("load", llm, rate=2, seconds=1, check=False)

def test_load_by_another_way(request, llm):
    request.getfixturevalue("load_run")("hidden", llm, rate=2, seconds=1, check=False)

@pytest.mark.disruptive
def test_beyond(load_run, llm):
    load_run("beyond", llm, rate=8, seconds=1, check=False, past_limit=True)
"""
KEYS = ["--llmops-target=here", "--llmops-allow-disruption=here", "--llmops-against=stable"]


def _sent(server):
    return len([path for path, agent in server.asked if agent.endswith("(load)")])


def test_no_load_goes_to_another_target_in_production(project, model, models):
    stable = models()
    project.target(model.url, BESIDE.format(environment="production", url=stable.url))
    project.write("test_it.py", BOTH)
    run = project.run(*KEYS, afresh=True)
    said = "load, and --llmops-against stable is in production, which no key is for"
    assert run.whole["not_applicable"] == {said: 2}, run.out
    [check] = run.whole["checks"]
    assert (check["outcome"], check["reason"].splitlines()[0]) == ("failed", f"hidden: {said}.")
    assert (_sent(model), _sent(stable)) == (0, 0)
    stable.end()


def test_what_goes_beyond_a_limit_goes_to_the_target_alone(project, model, models):
    stable = models()
    limit = 'rate_limit = "5/h"\n'
    project.target(model.url, limit + BESIDE.format(environment="staging", url=stable.url))
    project.write("test_it.py", BOTH)
    run = project.run("-k", "beyond", *KEYS, afresh=True)
    assert (run.status, run.checks["test_beyond"]["outcome"]) == (0, "passed"), run.out
    assert (_sent(model), _sent(stable)) == (8, 0)
    stable.end()
