"""Side by side: every timed call in turns on two deployments, judged against each other without a stored baseline."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from pytest_llmops.errors import ConfigError, Unsupported
from pytest_llmops.plugin.counterpart import counterpart, on_the_other_side
from pytest_llmops.target.load import load

TESTS = """
    def test_generation(measure, llm, prompts):
        measure("generation", llm, lambda llm, prompt: llm.generate(prompt), prompts=prompts)

    def test_models(llm):
        assert llm.models()
"""
USUAL_S, SLOW_S = 0.02, 0.036
SENTENCE = (
    r"generation is 1\.\d\d times slower than stable \(95 % limits 1\.\d\d to [12]\.\d\d\): \d+ ms here, "
    r"\d+ ms there; \d+ calls against stable, called in turns"
)
IN_TURNS = "stable: every timed call is made in turns on both; stored baselines are not consulted. About 36 calls there"
TIMED = ["-k", "generation"]


@pytest.fixture(scope="module")
def sides(tmp_path_factory, projects, models):
    """A project with a slow target and a quick one, both of them there; and how each was asked."""
    project, canary, stable = projects(tmp_path_factory.mktemp("canary")), models(), models()
    project.pace(**{canary.url: SLOW_S, stable.url: USUAL_S})
    _file(project, canary.url, stable.url)
    project.write("test_it.py", TESTS)
    yield project, canary, stable
    canary.end()
    stable.end()


def _file(project, canary, stable, more="", component="openai"):
    project.write(
        "llmops.toml",
        f"""
        default_target = "canary"
        [targets.canary]
        profile = "openai-compatible"
        [targets.canary.components.openai]
        url = "{canary}"
        [targets.stable]
        profile = "openai-compatible"
        [targets.stable.components.{component}]
        url = "{stable}"
        """
        + more,
    )


@pytest.fixture(scope="module")
def slower(sides):
    project, *_ = sides
    return project.run("--llmops-against=stable", "--llmops-gate", "--alluredir=allure", allure=True)


def _metric(run, name="generation"):
    return next(metric for metric in run.checks["test_generation"]["metrics"] if metric["name"] == name)


def _posts(server):
    return sum("/chat/" in path for path, _ in server.asked)


def test_a_slower_canary_is_a_regression(slower):
    check = slower.checks["test_generation"]
    assert (slower.status, check["outcome"], check["category"]) == (10, "failed", "regression"), slower.out
    assert _metric(slower)["state"] == "regression"
    assert _metric(slower)["ratio"] == pytest.approx(SLOW_S / USUAL_S, rel=0.02)
    assert _metric(slower)["baseline"] == pytest.approx(USUAL_S, rel=0.1)
    assert re.fullmatch(SENTENCE, check["reason"].splitlines()[0]), check["reason"]
    assert "baseline accept" not in slower.out
    assert "Traceback" not in slower.out


def test_what_stands_in_run_json(slower):
    whole = slower.whole
    assert (whole["target"], whole["against"], whole["twin"]["called"]) == ("canary", "stable", "stable")
    assert [found["ok"] for found in (*whole["preflight"], *whole["twin"]["preflight"])] == [True, True]
    assert whole["preflight"][0]["address"] != whole["twin"]["preflight"][0]["address"]
    assert 0 < whole["twin"]["spent"]["requests"] < whole["spent"]["requests"]


def test_what_the_terminal_says(slower):
    assert f"llmops: against {IN_TURNS}" in slower.out
    assert "llmops: canary against stable" in slower.out
    assert re.search(r"metric +now +stable +times slower", slower.out)
    assert re.search(r"verdicts +\d regressions?, against stable, called in turns", slower.out)
    assert re.search(r"against +stable; generates: openai; \d+ calls, \d+ tokens", slower.out)


def test_what_a_reviewer_reads(sides, slower):
    summary = (sides[0].reports / "summary.md").read_text()
    assert "## canary: blocked (exit status 10: slower than stable, and nothing else failed)" in summary
    assert "called in turns with **stable**" in summary
    assert "| metric | state | now | stable | times worse (95 % limits) | n |" in summary
    assert "- **regression**: find what makes it slower than stable\n" in summary
    assert "baseline" not in summary.replace("baselines are not", "")


def test_the_picture_names_both(sides, slower):
    folder = sides[0].path / "allure"
    found = [json.loads(path.read_text()) for path in folder.glob("*-result.json")]
    (result,) = [result for result in found if result["status"] == "failed"]
    picture, call = result["attachments"]
    assert sides[1].url in (folder / call["source"]).read_text()
    assert (picture["name"], picture["type"]) == ("generation: canary against stable", "image/svg+xml")
    drawn = (folder / picture["source"]).read_text()
    assert ">canary<" in drawn
    assert ">stable<" in drawn


def test_what_is_to_be_tried_again_is_a_call_of_the_target(sides, slower):
    _, canary, stable = sides
    (line,) = [line for line in slower.checks["test_generation"]["reason"].splitlines() if line.startswith("  try: ")]
    assert canary.url in line
    assert stable.url not in line


@pytest.fixture(scope="module")
def equal(sides, slower):
    """After the slow canary: one that is as quick as stable, beside baselines that nobody could read."""
    project, canary, stable = sides
    project.pace(**{canary.url: USUAL_S, stable.url: USUAL_S})
    project.write("baselines/canary/0001_damaged.json", "{")
    asked, of_the_target = len(stable.asked), len(canary.asked)
    run = project.run("--llmops-against=stable", "--llmops-gate")
    run.asked = [path for path, _ in stable.asked[asked:]]
    run.asked_of_the_target = [path for path, _ in canary.asked[of_the_target:]]
    return run


def test_an_equal_canary_passes_without_any_baseline(equal):
    states = {metric["name"]: metric["state"] for metric in equal.checks["test_generation"]["metrics"]}
    assert equal.status == 0, equal.out
    assert states["generation"] == "ok"
    assert _metric(equal)["low"] < 1.05
    assert _metric(equal)["high"] > 0.95
    assert "no-baseline" not in equal.out
    assert "damaged" not in equal.out


def test_only_timed_calls_are_made_on_the_other_side(equal):
    assert equal.checks["test_models"]["outcome"] == "passed"
    assert equal.asked.count("/v1/models") == equal.asked_of_the_target.count("/v1/models") - 1
    timed = equal.asked.count("/v1/chat/completions")
    assert timed == equal.asked_of_the_target.count("/v1/chat/completions") >= 1 + 3 + 30  # preflight, warm-up, a look


def test_the_same_from_workers(sides, equal):
    project, canary, stable = sides
    asked, of_the_target = len(stable.asked), len(canary.asked)
    run = project.run("--llmops-against=stable", "--llmops-gate", "-n", "2")
    assert run.status == 0, run.out
    assert {name: check["outcome"] for name, check in run.checks.items()} == {
        "test_generation": "passed",
        "test_models": "passed",
    }
    there, here = len(stable.asked) - asked, len(canary.asked) - of_the_target
    assert here == there + 1  # what is not timed
    assert (run.whole["spent"]["requests"], run.whole["twin"]["spent"]["requests"]) == (here, there)


def test_a_deployment_against_itself_is_a_trial_of_the_measurement(sides, equal):
    project, canary, stable = sides
    asked = len(stable.asked), len(canary.asked)
    run = project.run("--llmops-against=canary", "--llmops-gate", *TIMED)
    assert run.status == 0, run.out
    assert (run.whole["against"], run.whole["twin"]["called"]) == ("canary", "itself")
    assert "llmops: canary against itself" in run.out
    assert run.whole["spent"] == run.whole["twin"]["spent"]
    assert len(stable.asked) == asked[0]
    assert run.whole["spent"]["requests"] == len(canary.asked) - asked[1]


REFUSED = {
    "an unknown target": (
        ["--llmops-against=stabel"],
        """llmops.toml: unknown target 'stabel'. Did you mean 'stable'? \
Targets: canary, stable, locked, sandbox, sandbox:aegis-rag, sandbox:aegis-rag-compose, sandbox:agent-aiops, \
sandbox:document-enhancer, sandbox:enterprise-pipeline, sandbox:ollama, sandbox:openai-compatible, sandbox:rag, \
sandbox:voyageur.""",
    ),
    "nobody": (
        ["--llmops-against="],
        """--llmops-against names no target; give the name of one to call in turns with, or leave it out.""",
    ),
    "a baseline": (
        ["--llmops-against=stable", "--llmops-baseline=record"],
        """--llmops-baseline record keeps what is normal for one target, and under --llmops-against \
the calls of two are made in turns; leave out one of them.""",
    ),
    "a secret that is not set": (
        ["--llmops-against=locked"],
        """llmops.toml: [targets.locked.components.openai] takes its secret from the environment variable \
LLMOPS_NO_SUCH_KEY, which is not set. Set it (export LLMOPS_NO_SUCH_KEY=…) and run again.""",
    ),
    "a fault of the other side": (
        ["--llmops-against=sandbox", "--llmops-sandbox-fault=llm:slow=2"],
        """--llmops-sandbox-fault is for embedded targets; canary is not one and stays untouched.""",
    ),
}
LOCKED = """
        [targets.locked]
        profile = "openai-compatible"
        [targets.locked.components.openai]
        url = "http://127.0.0.1:9"
        auth = { bearer = "LLMOPS_NO_SUCH_KEY" }
"""


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_before_anything_runs(project, case):
    words, sentence = REFUSED[case]
    _file(project, "http://127.0.0.1:9", "http://127.0.0.1:9", LOCKED)
    project.write("test_it.py", TESTS)
    run = project.run(*words)
    assert run.status == 4
    assert [line for line in run.out.split("\n") if line.startswith("ERROR: ")] == [f"ERROR: {sentence}"]
    assert "Traceback" not in run.out


@pytest.mark.parametrize("more", ["", "required = false\n"], ids=["required", "optional"])
def test_the_other_side_is_unreachable(project, model, nobody, more):
    _file(project, model.url, nobody, more)
    project.write("test_it.py", TESTS)
    run = project.run("--llmops-against=stable", "--llmops-gate")
    check, port = run.checks["test_generation"], nobody.rpartition(":")[2]
    assert (run.status, check["outcome"], check["category"]) == (12, "error", "unreachable"), run.out
    assert check["reason"] == (
        f"stable: openai at {nobody}: GET /v1/models was refused: nothing listens there. "
        f"Is it started, and is {port} the right port?"
    )
    assert run.checks["test_models"]["outcome"] == "passed"
    assert _posts(model) == 1  # nothing was timed


def test_the_other_side_has_no_such_component(project, model):
    _file(project, model.url, model.url, component="qdrant")
    project.write("test_it.py", TESTS)
    run = project.run("--llmops-against=stable", "--llmops-gate")
    check = run.checks["test_generation"]
    assert (run.status, check["outcome"], check["category"]) == (1, "error", "error")
    assert check["reason"].splitlines()[0] == (
        "stable has no openai or ollama, so nothing can be called in turns; "
        "give it one, or leave this test out (--deselect)."
    )
    assert "Traceback" not in run.out


def test_a_service_has_that_of_its_name(tmp_path):
    tables = (f"[targets.{one}.components.services.jina]\nurl = 'http://127.0.0.1:9'\n" for one in ("canary", "stable"))
    (tmp_path / "llmops.toml").write_text("".join(tables))
    canary, stable = (load(tmp_path / "llmops.toml", one, tmp_path, {}) for one in ("canary", "stable"))
    own = SimpleNamespace(component_of=lambda client: client, declared=canary)
    twin = SimpleNamespace(declared=stable, reached=lambda found, required: (found, required))
    assert counterpart(SimpleNamespace(), own, twin, "jina") == ("jina", True)


def test_a_client_that_is_none_of_the_targets_has_no_counterpart(project, model):
    _file(project, model.url, model.url)
    project.write(
        "test_it.py",
        """
        def test_own(measure, prompts):
            measure("own", object(), lambda _client, prompt: prompt, prompts=prompts)
        """,
    )
    run = project.run("--llmops-against=stable")
    assert (run.status, run.checks["test_own"]["outcome"]) == (1, "error")
    assert run.checks["test_own"]["reason"].splitlines()[0] == (
        "stable: measure was handed 'object', which is no client of the target's, so its counterpart is "
        "not known; hand it the client of a fixture (llm, api, …)."
    )


@pytest.mark.parametrize("lacking", [{"stable"}, {"stable", "canary"}])
def test_what_only_the_other_side_lacks_is_an_error(lacking):
    def call(client, _prompt):
        if client in lacking:
            raise Unsupported("openai: its profile describes no route 'query'.")

    twin = SimpleNamespace(worded=lambda text: f"stable: {text}")
    there = on_the_other_side(call, "stable", twin, "canary")
    with pytest.raises(Unsupported if "canary" in lacking else ConfigError) as caught:
        there(None)
    said = "openai: its profile describes no route 'query'."
    assert str(caught.value) == (said if "canary" in lacking else f"stable: {said}")


def test_what_goes_wrong_there_says_where(project, model, models):
    stable = models()
    _file(project, model.url, stable.url)
    project.write(
        "test_it.py",
        """
        from pytest_llmops.errors import CallFailed

        def test_generation(measure, llm, prompts):
            def call(llm, prompt):
                if ":{port}" in llm.address:
                    raise CallFailed("openai", "refused", "openai: nobody is there any more")
                return llm.generate(prompt)

            measure("generation", llm, call, prompts=prompts)
        """.replace("{port}", stable.url.rpartition(":")[2]),
    )
    run = project.run("--llmops-against=stable", "--llmops-gate")
    stable.end()
    assert (run.status, _metric(run)["state"]) == (11, "not-comparable"), run.out
    assert _metric(run)["reason"] == (
        "no call to stable yielded generation; the last: stable: openai: nobody is there any more"
    )
    assert _metric(run, "generation.error_rate")["value"] == 0


def test_calls_are_charged_to_the_budget_of_their_own_side(project, model, models):
    stable = models()
    _file(project, model.url, stable.url, "[targets.stable.budget]\nrequests = 30\n")
    project.write("test_it.py", TESTS)
    run = project.run("--llmops-against=stable", *TIMED)
    stable.end()
    assert run.whole["twin"]["spent"]["requests"] == len(stable.asked) <= 30
    assert 10 <= _metric(run)["n"] <= 27
    assert run.whole["spent"]["requests"] == len(model.asked)


KEY = "tr0mb&ne+<ket\"tle's>/4%d{x}\\q2=="
TALKS = """
    import os
    import warnings

    def test_generation(measure, llm, prompts):
        def call(llm, prompt):
            answer = llm.generate(prompt)
            print("said:", answer.text)
            warnings.warn(answer.text)
            return answer

        found = measure("generation", llm, call, prompts=prompts)
        assert found["generation"].n == 1, os.environ["STABLE_KEY"]
"""


@pytest.mark.parametrize(("status", "words"), [(200, []), (500, ["-n", "2"])], ids=["answers", "fails in a worker"])
def test_the_secrets_of_the_other_side_are_shown_nowhere(project, model, models, status, words):
    stable = models()
    stable.echoes, stable.status = ("Authorization",), status
    _file(project, model.url, stable.url, 'auth = { bearer = "STABLE_KEY" }\n')
    project.write("test_it.py", TALKS)
    run = project.run(
        "--llmops-against=stable",
        "--junitxml=junit.xml",
        "--alluredir=allure",
        "-rA",
        "--showlocals",
        *words,
        allure=True,
        environ={"STABLE_KEY": KEY},
    )
    stable.end()
    assert run.status == 1
    assert "[redacted]" in run.out
    files = [path for path in project.path.rglob("*") if path.is_file() and path.suffix in {".json", ".xml", ".md", ""}]
    shown = {"stdout": run.out, **{path.name: path.read_text(errors="replace") for path in files}}
    assert any("allure" in str(path) for path in files)
    assert [name for name, text in shown.items() for form in _forms(KEY) if form in text] == []


def _forms(key):
    return {key, json.dumps(key)[1:-1], repr(key)[1:-1], *(key[at : at + 10] for at in range(len(key) - 9))}


PLAN = """
        [targets.stable.budget]
        requests = 100
"""


def test_the_plan_names_the_other_side_and_its_calls(project, model):
    _file(project, model.url, model.url, PLAN)
    project.write("test_it.py", TESTS)
    run = project.run("--llmops-against=stable", "--llmops-plan")
    plan = json.loads((project.reports / "plan.json").read_text())
    assert run.status == 0
    assert plan["against"] == {
        "target": "stable",
        "called": "stable",
        "budget": {"seconds": 600.0, "requests": 100, "tokens": 200000, "cost": None, "prices": {}},
        "calls": 33 + 3,
        "tokens": 33 * 64,
    }
    assert [(check["calls"], check["timed_calls"]) for check in plan["checks"]] == [(1, 0), (33, 33)]
    assert re.search(r"test_generation +66 +4224 +openai, timed", run.out)
    assert f"against {IN_TURNS}" in " ".join(run.out.split())
    assert model.asked == []


EMBEDDED = """
        [targets.canary]
        profile = "openai-compatible"
        environment = "sandbox"
        sandbox = { delay_s = 0.03, token_s = 0.001 }
        [targets.stable]
        profile = "ollama"
        environment = "sandbox"
        sandbox = { delay_s = 0.03, token_s = 0.001, faults = ["llm:slow=4"] }
"""


def test_embedded_sides_that_serve_the_fixture_by_another_api(project):
    project.write("llmops.toml", EMBEDDED)
    project.write("test_it.py", TESTS)
    run = project.run("--llmops-target=canary", "--llmops-against=stable", "--llmops-gate")
    assert run.status == 0, run.out
    (theirs,) = run.whole["twin"]["preflight"]
    assert theirs["component"] == "ollama"
    assert _metric(run)["state"] == "improvement"  # the faults of its own table, and only there
    assert "llmops: stable: sandbox of profile ollama ready in " in run.out
    assert not Path("/proc").is_dir() or _sandboxes(project) == []


def _sandboxes(project):
    """Processes of a sandbox that were started in the project's folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if b"pytest_llmops.sandbox" in (entry / "cmdline").read_bytes():
                found += [entry.name] if (entry / "cwd").resolve() == project.path else []
        except OSError:
            continue
    return found
