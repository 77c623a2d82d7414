"""``load_run`` within a run: judged there, joined to run.json, kept where it is interrupted."""

import os
import signal
import subprocess
import time

LOADED = """
    def test_loaded(load_run, llm):
        result = load_run("load", llm, {how}, max_tokens=2)
        assert result.calls == result.recording.succeeded
"""


def loaded(project, model, how, more=""):
    project.target(model.url, f'model = "tiny"\n{more}')
    project.write("test_load.py", LOADED.format(how=how))


def test_what_came_back_is_judged_and_stands_in_the_report(project, model):
    loaded(
        project, model, "concurrency=4, calls=80", more='[targets.here.thresholds."load.p95"]\ncritical = "> 60 s"\n'
    )
    run = project.run("test_load.py", "--llmops-baseline", "record")
    assert run.status == 0, run.out
    metrics = {one["name"]: one for one in run.checks["test_loaded"]["metrics"]}
    assert (metrics["load"]["state"], metrics["load.p95"]["threshold"]) == ("no-baseline", {"critical": "> 60 s"})
    assert "no threshold judges" not in run.out
    assert {"load.ttft", "load.error_rate", "load.service", "load.delay", "load.rate", "load.goodput"} <= set(metrics)
    assert (metrics["load"]["n"], metrics["load.error_rate"]["value"]) == (80, 0)
    assert len([path for path, agent in model.asked if "(load)" in agent]) == 80
    assert len([path for path, agent in model.asked if "(measure)" in agent]) == 1  # made before, and dropped
    assert (project.reports / "load" / "load.jsonl").exists()
    assert list((project.reports / "candidates").iterdir())


def test_where_no_threshold_says_how_quick_it_has_to_be_the_key_is_named(project, model):
    loaded(project, model, "concurrency=4, calls=80")
    run = project.run("test_load.py")
    assert run.status == 0, run.out
    p95 = next(one for one in run.checks["test_loaded"]["metrics"] if one["name"] == "load.p95")
    assert (p95["state"], p95["threshold"]) == ("recorded", None)
    key = 'give thresholds."load.p95" a limit in llmops.toml, such as target = "< 3 s"'
    assert p95["reason"].endswith(f"(no threshold judges it: {key})")
    said = 'no threshold judges load.p95: write in llmops.toml, for example, thresholds."load.p95".target = "< 3 s"'
    assert f"note         {said}" in run.lines


def test_load_that_the_budget_does_not_leave_does_not_begin(project, model):
    loaded(
        project,
        model,
        "rate=1000, seconds=60",
        more="[targets.here.budget]\nrequests = 500\n[targets.here.load]\nrate_cap = 2000\n",
    )
    run = project.run("test_load.py")
    assert run.status == 1
    assert "load makes 60000 calls, and the run's budget leaves " in run.checks["test_loaded"]["reason"]
    assert not [path for path, agent in model.asked if "(load)" in agent]


def test_a_plan_tells_what_it_would_send(project, model):
    loaded(project, model, "rate=5, seconds=30")
    run = project.run("test_load.py", "--llmops-plan")
    assert run.status == 0
    assert "test_loaded    150     300  openai, timed" in run.out
    assert not model.asked


def test_ctrl_c_ends_it_and_keeps_what_came_back(project, model):
    loaded(project, model, "rate=5, seconds=300")
    kept = project.reports / "load" / "load.jsonl"
    with subprocess.Popen(
        project.command("test_load.py"), cwd=project.path, env=project.environ(), stdout=subprocess.PIPE, text=True
    ) as ours:
        until = time.monotonic() + 60
        while (not kept.exists() or kept.read_text().count("\n") < 4) and time.monotonic() < until:
            time.sleep(0.1)
        os.kill(ours.pid, signal.SIGINT)
        out = ours.communicate(timeout=60)[0]
    assert ours.returncode == 2
    assert "load: interrupted after " in out
    assert kept.read_text().splitlines()[-1] == '{"ended": "interrupted"}'
