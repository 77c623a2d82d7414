"""A plan says what a run would do and cost, and does nothing; what a run announces is what it spends."""

import json
import re

import pytest

from pytest_llmops.security.attacks import TOKENS

TESTS = """
    import pytest

    @pytest.mark.daily
    def test_models(llm, record):
        record("model_count", len(llm.models()), "models")

    def test_prompts(llm, prompts):
        assert all([llm.generate(prompt, max_tokens=5).text for prompt in prompts])

    @pytest.mark.parametrize("level", ["summary", "detailed"])
    def test_speed(measure, llm, prompts, level):
        measure("speed", llm, lambda llm, prompt: llm.generate(prompt, detail=level), prompts=prompts)

    @pytest.mark.weekly
    def test_vectors(vectors):
        assert vectors.ready()
"""
COUNTED = """
    import pytest

    def ask(client, words):
        return [client.generate(word) for word in words]

    def test_loop(llm, prompts):
        for prompt in prompts:
            llm.embed(prompt)

    def test_pairs(llm, prompts):
        assert {prompt.id: llm.embed(prompt) for _, prompt in enumerate(prompts)}

    def test_range(llm):
        for _ in range(3):
            assert llm.models(), f"none, but {llm.models()}"

    def test_all_at_once(llm, prompts):
        llm.ask_all(prompts)

    def test_before_and_after(llm, prompts):
        llm.counted("x", during=lambda: llm.generate(prompts[0]))

    def test_helper(llm, prompts):
        assert ask(llm, prompts)

    def test_out_of_sight(llm, request):
        assert request.getfixturevalue("llm").models()

    def test_function(measure, llm, prompts):
        measure("one", llm, call=type(llm).generate, prompts=prompts)

    def test_nothing(llmops_target):
        assert llmops_target

    class TestIn:
        def test_a_class(self, llm):
            assert llm.http.call("GET", "/v1/models")
"""
EACH = "each of 2 timed tests may take 3 min 30 s, and makes 10 calls at first where one takes more than 1 s"


@pytest.fixture
def plan_of(project):
    """Runs pytest with ``--llmops-plan``: the run, and what ``plan.json`` says."""

    def plan_of(*words, **more):
        run = project.run("--llmops-plan", *words, **more)
        path = project.reports / "plan.json"
        return run, json.loads(path.read_text()) if path.exists() else None

    return plan_of


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_it_says_all_and_does_nothing(project, model, plan_of, workers):
    project.write("test_it.py", TESTS)
    project.target(model.url)
    run, plan = plan_of(*workers)
    assert (run.status, run.whole, model.asked) == (0, None, [])
    assert {path.name for path in project.reports.iterdir()} == {"plan.json"}
    assert (plan["schema"], plan["target"], plan["profile"], plan["embedded"]) == (
        1,
        "here",
        "openai-compatible",
        False,
    )
    assert plan["total"] == {
        "checks": 4,
        "timed": 2,
        "calls": 3 + 1 + 10 + 33 + 33,
        "tokens": 10 * 5 + 33 * (16 + 64),
        "calls_by_component": {"openai": 80},
    }
    assert plan["share"] == {
        "measurements": 2,
        "seconds": 210.0,
        "requests": 700,
        "tokens": 70_000,
        "calls_where_slow": 10,
    }
    assert plan["not_applicable"] == {"no qdrant in target here": 1}
    assert plan["left_out"] == [
        {"test": "test_it.py::test_vectors", "suites": ["weekly"], "reason": "no qdrant in target here"}
    ]
    assert [check["test"].partition("::")[2] for check in plan["checks"]] == [
        "test_models",
        "test_prompts",
        "test_speed[summary]",
        "test_speed[detailed]",
    ]
    models, _, summary, _ = plan["checks"]
    assert models == {
        "test": "test_it.py::test_models",
        "suite": "daily",
        "section": "",
        "procedures": [],
        "suites": ["daily"],
        "components": ["openai"],
        "timed": False,
        "alone": False,
        "calls": 1,
        "tokens": 0,
        "timed_calls": 0,
        "timed_tokens": 0,
        "operations": {"openai.models": 1},
        "once": {},
        "once_tokens": {},
        "measures": [],
        "records": [{"name": "model_count", "unit": "models"}],
        "disruption": None,
    }
    assert (summary["operations"], summary["tokens"], summary["timed"]) == ({"openai.generate": 33}, 33 * 16, True)
    assert summary["measures"] == [{"name": "speed[summary]", "component": "openai", "method": "generate"}]
    start = next(index for index, line in enumerate(run.lines) if "llmops: plan for here; nothing was called" in line)
    assert run.lines[start + 1 : -1] == [
        "check                   calls  tokens  of",
        "test_it.py",
        "  test_models               1          openai",
        "  test_prompts             10      50  openai",
        "  test_speed[summary]      33     528  openai, timed",
        "  test_speed[detailed]     33    2112  openai, timed",
        "once for all of these       3          preflight",
        "",
        "left out     1: no qdrant in target here",
        "checks       4 checks, 2 of them timed",
        "cost         about 80 calls (openai 80), up to 2690 tokens",
        "at most      2000 calls, 200000 tokens and 600 s of measuring (the budget)",
        f"shares       {EACH}",
        "written: reports/plan.json",
    ]
    assert "no tests ran" in run.lines[-1] or "1 deselected" in run.lines[-1]


def test_what_a_test_asks_for_is_read_from_its_source(project, model, plan_of):
    project.write("test_it.py", COUNTED)
    project.target(model.url)
    _, plan = plan_of()
    asked = {check["test"].partition("::")[2]: check["operations"] for check in plan["checks"]}
    assert asked == {
        "test_loop": {"openai.embed": 10},
        "test_pairs": {"openai.embed": 10},
        "test_range": {"openai.models": 3},
        "test_all_at_once": {"openai.ask_all": 10},
        "test_before_and_after": {"openai.counted": 2, "openai.generate": 1},
        "test_helper": {"openai.generate": 10},
        "test_out_of_sight": {"openai.call": 1},
        "test_function": {"openai.call": 33},
        "test_nothing": {},
        "TestIn::test_a_class": {"openai.call": 1},
    }


FIGURES = """
    def test_own(record):
        record.figure("api_error_rate")

    def test_twice(record, figures):
        assert figures.read("up").value == figures.read("answered").value
        record.figure("failed")

    def test_machine(record):
        for _ in range(2):
            record.figure("cpu")
        record.figure("nobody_has_it")
"""
ASKED = """
[targets.here.figures]
up = { from = "traffic", component = "ollama", what = "up" }
answered = { from = "traffic", component = "ollama", what = "answered" }
failed = { from = "traffic", component = "ollama", what = "failed" }
cpu = { from = "machine", what = "cpu" }
[targets.here.components.ollama]
url = "http://127.0.0.1:9"
max_tokens = 4
[targets.here.components.machine]
"""


def test_figures_cost_what_they_are_read_from(project, plan_of):
    project.write("test_it.py", FIGURES)
    project.target("http://127.0.0.1:9", ASKED, profile="rag", component="api")
    _, plan = plan_of()
    own, twice, machine = plan["checks"]
    assert (own["calls"], own["once"], own["components"]) == (
        0,
        {"traffic": {"api.query": 10, "api.metrics": 2, "api.audit": 2}},
        ["api"],
    )
    assert (twice["calls"], twice["tokens"], twice["components"]) == (0, 20, ["ollama"])
    assert twice["once"] == {"probes-ollama": {"ollama.probe": 5}, "calls-ollama": {"ollama.generate": 5}}
    assert (machine["operations"], machine["components"]) == ({"machine.cpu": 4}, ["machine"])


READING = """
    def test_rate(traffic):
        assert traffic.pages

    def test_first(api, traffic):
        assert traffic.questions[0].reply.text
        assert api.metrics()

    def test_again(traffic):
        for ask in traffic.one_by_one(rounds=2):
            ask()
"""


def test_what_several_tests_read_is_counted_once(project, plan_of):
    project.write("test_it.py", READING)
    project.target("http://127.0.0.1:9", profile="rag", component="api")
    run, plan = plan_of()
    once = {"traffic": {"api.query": 10, "api.metrics": 2, "api.audit": 2}}
    assert [(check["calls"], check["operations"], check["once"]) for check in plan["checks"]] == [
        (0, {}, once),
        (1, {"api.metrics": 1}, once),
        (20, {"api.query": 20}, once),
    ]
    assert plan["total"] == {
        "checks": 3,
        "timed": 0,
        "calls": 1 + 14 + 1 + 20,
        "tokens": 0,
        "calls_by_component": {"api": 36},
    }
    assert "  test_rate       0          api, traffic" in run.lines


REVIEWING = """
    def test_hits(model_attacks):
        assert not model_attacks.hits

    def test_told(model_attacks):
        assert not model_attacks.told
"""


def test_tokens_of_a_review_that_several_tests_read_are_counted_once(project, model, plan_of):
    project.write("test_it.py", REVIEWING)
    project.target(model.url)
    _, plan = plan_of()
    first, second = plan["checks"]
    assert (first["tokens"], first["once_tokens"]) == (0, second["once_tokens"])
    calls, tokens = first["once"]["model_attacks"]["openai.converse"], first["once_tokens"]["model_attacks"]
    assert tokens == TOKENS * calls > 0
    assert (plan["total"]["calls"], plan["total"]["tokens"]) == (calls + 3, tokens)


GOLDEN = """
    def test_all(golden_set, pass_gate):
        pass_gate("golden_answers", golden_set)

    def test_some(golden_set, pass_gate):
        pass_gate("right_texts", golden_set.expecting("contains"))
"""


def test_a_golden_set_is_counted_once_with_its_tokens(project, model, plan_of):
    project.write("test_it.py", GOLDEN)
    cases = 'cases = [{ id = "a", prompt = "Where?", expect = { contains = "here" } }]'
    project.target(model.url, f"\n[targets.here.golden]\n{cases}\nrepeats = 5\nmax_tokens = 20\n")
    _, plan = plan_of()
    first, second = plan["checks"]
    assert first["once"] == second["once"] == {"golden_set": {"openai.generate": 5}}
    assert (first["components"], first["once_tokens"]) == (["openai"], {"golden_set": 100})
    assert (plan["total"]["calls"], plan["total"]["tokens"]) == (5 + 3, 100)


def test_a_round_that_nobody_can_ask_is_left_out_like_its_component(project, model, plan_of):
    project.write("test_it.py", READING)
    project.target(model.url)
    _, plan = plan_of()
    assert plan["not_applicable"] == {"no api in target here": 3}


@pytest.mark.parametrize(("workers", "more"), [([], 0), (["-n", "2"], 1)], ids=["serial", "parallel"])
def test_what_a_run_announces_is_what_it_spends(project, model, workers, more):
    project.write("test_it.py", TESTS)
    project.target(model.url)
    run = project.run(*workers)
    (said,) = re.findall(r"4 checks, 2 of them timed: about (\d+) calls", run.out)
    assert int(said) == 80
    assert 80 <= run.whole["spent"]["requests"] <= 80 + more  # a second process looks the model up for itself


def test_a_tail_that_gates_and_pinned_looks_change_the_cost(project, model, plan_of):
    project.write("test_it.py", TESTS)
    project.target(model.url, '\n[targets.here.baseline]\nprimary = ["speed[summary].p95"]\n')
    _, plan = plan_of("-k", "speed")
    assert [check["calls"] for check in plan["checks"]] == [63, 33]
    project.target(model.url, "\n[targets.here.baseline]\nlooks = [12, 40]\n")
    run, plan = plan_of("-k", "summary", "--llmops-baseline=record")
    assert ([check["calls"] for check in plan["checks"]], plan["share"]["calls_where_slow"]) == ([15], None)
    assert "shares       the timed test may take 7 min" in run.lines


def test_a_run_that_is_recorded_costs_more(project, model, plan_of):
    project.write("test_it.py", TESTS)
    project.target(model.url)
    _, plan = plan_of("-k", "speed", "--llmops-baseline=record")
    assert [check["calls"] for check in plan["checks"]] == [123, 123]


def test_a_plan_of_nothing_is_not_green(project, model, plan_of):
    project.write("test_it.py", TESTS)
    project.target(model.url)
    words = ["-k", "vectors"]
    run, plan = plan_of(*words)
    assert (run.status, plan["checks"]) == (5, [])
    assert "checks       nothing would run" in run.lines
    assert plan_of(*words, "--llmops-gate")[0].status == 13


def test_a_strangers_tests_are_not_executed_either(project, model, plan_of):
    project.write("test_it.py", "def test_mine(tmp_path_factory):\n    raise SystemExit('ran')\n")
    project.target(model.url)
    run, plan = plan_of()
    assert (run.status, plan["total"]["checks"]) == (5, 0)
    assert "ran'" not in run.out


def test_a_plan_needs_no_key(project, model, plan_of):
    project.write("test_it.py", TESTS)
    project.target(model.url, 'auth = { bearer = "LLMOPS_NO_SUCH_KEY" }\n')
    run, plan = plan_of()
    assert (run.status, plan["total"]["checks"]) == (0, 4)


def test_no_sandbox_is_started_and_no_results_are_written(project, clone, plan_of):
    project.write("llmops.toml", '[targets.here]\nprofile = "ollama"\nenvironment = "sandbox"\n')
    run, plan = plan_of(clone / "suites", allure=True)
    assert (run.status, plan["embedded"]) == (0, True)
    assert "sandbox of profile" not in run.out
    assert {path.name for path in project.reports.iterdir()} == {"plan.json"}


def test_errors_of_collection_are_pytests_own(project, model, plan_of):
    project.write("test_it.py", "import no_such_module_at_all\n")
    project.target(model.url)
    run, plan = plan_of()
    assert (run.status, plan) == (2, None)


def test_collecting_alone_stays_what_it_was(project, model, plan_of):
    project.write("test_it.py", TESTS)
    project.target(model.url)
    run, plan = plan_of("--collect-only", "-q")
    assert (run.status, plan) == (0, None)
    assert "test_it.py::test_models" in run.lines


COMMANDED = """
    def test_entry(crontab):
        assert not crontab.wrong("monitoring")

    def test_both(crontab, app_command):
        assert app_command.lines("dashboard_summary") and crontab.lines()

    def test_setup(maintenance):
        assert maintenance
"""


def test_what_asks_the_applications_commands_calls_them(project, plan_of):
    project.write("test_it.py", COMMANDED)
    _, plan = plan_of("--llmops-target", "sandbox:voyageur")
    assert {check["test"].partition("::")[2]: (check["calls"], check["components"]) for check in plan["checks"]} == {
        "test_entry": (1, ["app_command"]),
        "test_both": (2, ["app_command"]),
        "test_setup": (1, ["app_command"]),
    }
