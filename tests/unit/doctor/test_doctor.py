import json
import textwrap

import pytest

from pytest_llmops.doctor.components import Examination
from pytest_llmops.doctor.cost import cost_findings, daily_cost, embedded_pace, seconds_of
from pytest_llmops.doctor.diagnosis import diagnosis
from pytest_llmops.doctor.findings import Finding, Pace
from pytest_llmops.doctor.plan import FOLDER, suite_reports, suites_plan
from pytest_llmops.doctor.settings import missing_secrets, threshold_findings
from pytest_llmops.errors import LlmopsError
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

STREAM = "".join(
    json.dumps(chunk) + "\n"
    for chunk in (
        {"response": "It is", "done": False},
        {"response": " Paris.", "done": False},
        {"response": "", "done": True, "eval_count": 9, "prompt_eval_count": 5},
    )
)
OLLAMA = {
    "/api/version": {"version": "0.9.1"},
    "/api/tags": {"models": [{"name": "tiny:latest", "digest": "ab12", "size": 2_100_000_000}]},
    "/api/generate": STREAM,
    "/api/embed": {"embeddings": [[0.1, 0.2, 0.3]]},
}
API = {
    "/health": {"status": "healthy", "services": {"vectors": "connected", "llm": "connected", "cache": "connected"}},
    "/v1/query": {"status": "answered", "answer": "Paris, of course", "sources": [{"id": "a"}]},
    "/metrics": 'rag_requests_total{status="200"} 3\nprocess_resident_memory_bytes 1e6\n',
}
QDRANT = {
    "/readyz": "all shards are ready",
    "/collections": {"result": {"collections": [{"name": "documents"}]}},
    "/collections/documents": {"result": {"status": "green", "optimizer_status": "ok", "points_count": 17}},
    "/collections/documents/points/query": {"result": {"points": [{"id": 1, "score": 0.82}]}},
}


@pytest.fixture
def target(tmp_path):
    """Reads the target of a file whose text is given."""

    def target(text, environ=None):
        file = tmp_path / "llmops.toml"
        file.write_text(textwrap.dedent(text))
        return load(file, None, tmp_path, environ or {})

    return target


def staging(more="", **urls):
    tables = "".join(f'[targets.staging.components.{name}]\nurl = "{url}"\n' for name, url in urls.items())
    return f'[targets.staging]\nprofile = "rag"\npreflight_deadline = "5 s"\n{tables}{textwrap.dedent(more)}'


@pytest.fixture
def examined(target, tmp_path):
    """Asks the components of a target: the reports, by component, and the pace."""

    def examined(text, environ=None):
        found, pace = target(text, environ), Pace()
        examination = Examination(found, Ledger(tmp_path / "ledger", found.table.budget), pace)
        for name in found.table.components.configured():
            examination.examine(name)
        examination.close()
        return {report.component: report for report in examination.reports}, pace

    return examined


def steps(report):
    return [(step.name, step.state) for step in report.steps]


def said(report, name):
    return next(step.said for step in report.steps if step.name == name)


def only(report):
    """The one finding: severity, sentence, advice."""
    (finding,) = report.findings
    return finding.severity, finding.what, finding.advice


def test_a_model_server_answers_at_daily_length(examined, serve):
    server = serve(OLLAMA)
    reports, pace = examined(staging('embedding_model = "tiny"\n', ollama=server.url))
    report = reports["ollama"]
    assert steps(report) == [
        ("reachable", "ok"),
        ("model listed", "ok"),
        ("generates", "ok"),
        ("daily answer", "ok"),
        ("embedding", "ok"),
    ]
    assert (report.ok, report.findings, report.kind) == (True, [], "")
    assert (report.facts["server"], report.facts["model"], report.facts["size"]) == ("0.9.1", "tiny:latest", "2.1 GB")
    assert said(report, "daily answer").startswith("9 tokens, the first after ")
    assert said(report, "embedding") == "3 dimensions, tiny"
    assert 0 < pace.first_s["ollama"] < 5
    assert set(pace.calls) == {"ollama", "ollama.embed"}


def test_models_that_are_named_and_not_there(examined, serve):
    reports, _ = examined(staging('models = ["tiny", "huge"]\n', ollama=serve(OLLAMA).url))
    assert only(reports["ollama"]) == (
        "warning",
        "ollama: not listed: huge",
        "Load them there, or take them out of models, model and embedding_model.",
    )
    assert reports["ollama"].ok


def test_a_component_that_is_not_there(examined, closed_port):
    reports, pace = examined(staging(ollama=f"http://127.0.0.1:{closed_port}"))
    report = reports["ollama"]
    assert (steps(report), report.kind, report.ok) == ([("reachable", "problem")], "refused", False)
    assert only(report) == (
        "problem",
        "ollama: GET /api/version was refused: nothing listens there",
        f"Is it started, and is {closed_port} the right port?",
    )
    assert pace.calls == {}


def test_what_is_not_required_is_at_most_a_warning(examined, closed_port):
    reports, _ = examined(staging("required = false\n", ollama=f"http://127.0.0.1:{closed_port}"))
    assert [finding.severity for finding in reports["ollama"].findings] == ["warning"]


def test_an_api_is_asked_one_real_question(examined, serve):
    reports, pace = examined(staging(api=serve(API).url))
    report = reports["api"]
    assert [name for name, _ in steps(report)] == ["reachable", "healthy", "answers", "figures", "metrics"]
    assert said(report, "answers") == "3 words, 1 sources"
    assert said(report, "metrics") == "2 series, 4 of 10 figures"
    assert only(report) == (
        "warning",
        (
            "api: its metrics have nothing for api_latency_mean, api_latency_p95, cache_hit_rate, model_share, "
            "blocked_total, active_sessions"
        ),
        "Name the service's own series in figures.NAME.metric; until then their checks are unsupported.",
    )
    assert set(pace.calls) == {"api", "api.query"}


@pytest.mark.parametrize(
    ("answers", "step", "finding"),
    [
        (
            {"/health": {**API["/health"], "status": "degraded"}},
            ("healthy", "warning"),
            (
                "warning",
                "api: GET /health answered 200 but status is 'degraded', accepted is 'healthy'",
                "It is there but says that it is not well; its checks of health will fail.",
            ),
        ),
        (
            {"/health": (404, "not found")},
            ("healthy", "warning"),
            (
                "warning",
                "api: GET /health answered 404, accepted is 200",
                "Is path of its health route right, and does url lack a prefix?",
            ),
        ),
        (
            {"/v1/query": {"status": "answered", "text": "Paris"}},
            ("answers", "problem"),
            (
                "problem",
                "api: POST /v1/query answered 200 without a text at 'answer'; it holds status, text",
                "Do method, path, body and answer of routes.query say how this service is asked?",
            ),
        ),
        (
            {"/v1/query": {"status": "blocked"}},
            ("answers", "problem"),
            (
                "problem",
                "api: the question 'What is the capital of France?' was blocked",
                "Do method, path, body and answer of routes.query say how this service is asked?",
            ),
        ),
        (
            {"/v1/query": (500, "boom")},
            ("answers", "problem"),
            (
                "problem",
                "api: POST /v1/query answered 500: boom",
                "It is there and fails: its own log says why.",
            ),
        ),
        (
            {"/v1/query": (401, "no")},
            ("admitted", "problem"),
            (
                "problem",
                "api: POST /v1/query answered 401: no",
                "The key in $RAG_KEY was refused: is it the right one for this target?",
            ),
        ),
        (
            {"/metrics": (404, "nothing")},
            ("metrics", "warning"),
            (
                "warning",
                "api: GET /metrics answered 404: nothing",
                "Is metrics the path of its Prometheus page? Without it, leave metrics out.",
            ),
        ),
    ],
    ids=["unhealthy", "no health", "answer elsewhere", "blocked", "fails", "key", "no metrics"],
)
def test_what_is_wrong_with_an_api_is_said_with_what_to_do(examined, serve, answers, step, finding):
    text = staging('auth = { bearer = "RAG_KEY" }\n', api=serve({**API, **answers}).url)
    report = examined(text, {"RAG_KEY": "s3cret-key"})[0]["api"]
    assert step in steps(report)
    assert finding in [(one.severity, one.what, one.advice) for one in report.findings]


def test_a_component_whose_key_is_not_set_is_not_asked(examined, serve):
    server = serve(API)
    report = examined(staging('auth = { bearer = "RAG_KEY" }\n', api=server.url))[0]["api"]
    assert (steps(report), said(report, "asked")) == ([("asked", "problem")], "not asked: $RAG_KEY is not set")
    assert (report.ok, report.findings, server.asked) == (False, [], [])


def test_a_vector_store_is_searched_with_the_model_server_s_embedding(examined, serve):
    text = staging(ollama=serve(OLLAMA).url, qdrant=serve(QDRANT).url)
    reports, pace = examined(text)
    assert steps(reports["qdrant"]) == [
        ("reachable", "ok"),
        ("ready", "ok"),
        ("collection", "ok"),
        ("search", "ok"),
    ]
    assert said(reports["qdrant"], "collection") == "documents, green, 17 points"
    assert said(reports["qdrant"], "search") == "3 dimensions fit, best score 0.82"
    assert pace.calls["qdrant"] > 0


def test_a_vector_store_of_another_dimension(examined, serve):
    wrong = (400, {"status": {"error": "Wrong input: Vector dimension error: expected dim: 768, got 3"}})
    sick = {**QDRANT, "/collections/documents/points/query": wrong}
    report = examined(staging(ollama=serve(OLLAMA).url, qdrant=serve(sick).url))[0]["qdrant"]
    assert ("search", "warning") in steps(report)
    assert "expected dim: 768, got 3" in report.findings[0].what


@pytest.mark.parametrize(
    ("answers", "what", "advice"),
    [
        (
            {"/collections": {"result": {"collections": [{"name": "document"}]}}},
            "qdrant: there is no collection 'documents'; it has: document",
            "Did you mean 'document'?",
        ),
        (
            {"/collections": {"result": {"collections": []}}},
            "qdrant: there is no collection 'documents'; it has: none",
            "Load the documents, or name the right one as collection.",
        ),
        (
            {"/collections/documents": {"result": {"status": "green", "optimizer_status": "ok", "points_count": 0}}},
            "qdrant: collection documents is empty",
            "Is collection the one that answers come from?",
        ),
    ],
)
def test_a_vector_store_without_its_collection(examined, serve, answers, what, advice):
    report = examined(staging(qdrant=serve({**QDRANT, **answers}).url))[0]["qdrant"]
    assert (only(report), report.ok) == (("warning", what, advice), True)


def test_a_cache_tells_its_counters(examined, redis_server):
    report = examined(staging(redis=f"redis://127.0.0.1:{redis_server()}/0"))[0]["redis"]
    assert steps(report) == [("reachable", "ok"), ("INFO", "ok")]
    assert said(report, "INFO").endswith(" MB used, 0 look-ups so far")


def test_another_component_is_asked_whether_it_is_ready(examined, serve):
    there = {"/api/v1/status/buildinfo": {"status": "success", "data": {"version": "2.42.0"}}, "/-/ready": "ready"}
    report = examined(staging(prometheus=serve(there).url))[0]["prometheus"]
    assert (steps(report), report.facts["server"]) == ([("reachable", "ok"), ("ready", "ok")], "2.42.0")
    report = examined(staging(prometheus=serve({**there, "/-/ready": (503, "replaying")}).url))[0]["prometheus"]
    assert only(report) == (
        "warning",
        "prometheus: GET /-/ready answered 503: replaying",
        "It or a gateway in front of it answers so: is what is behind it started?",
    )


def test_all_keys_that_are_not_set_are_named_at_once(target):
    text = staging(
        """
        [targets.staging.components.api.auth]
        header = "X-API-Key"
        env = "RAG_KEY"
        roles = { operator = "RAG_OPERATOR" }
        [targets.staging.components.ollama.auth]
        bearer = "RAG_KEY"
        """,
        api="http://127.0.0.1:9",
        ollama="http://127.0.0.1:9",
    )
    assert missing_secrets(target(text)) == [
        {"variable": "RAG_KEY", "components": ["api", "ollama"]},
        {"variable": "RAG_OPERATOR", "components": ["api"]},
    ]
    assert missing_secrets(target(text, {"RAG_KEY": "x"})) == [{"variable": "RAG_OPERATOR", "components": ["api"]}]
    assert missing_secrets(load(None, "sandbox", target(text).root)) == []


CHECKS = [
    {
        "components": ["ollama"],
        "suites": ["daily"],
        "timed": True,
        "calls": 33,
        "tokens": 330,
        "operations": {"ollama.generate": 33},
        "once": {},
        "measures": [{"name": "speed", "component": "ollama", "method": "generate"}],
        "records": [],
    },
    {
        "components": ["api"],
        "suites": ["daily", "weekly"],
        "timed": False,
        "calls": 12,
        "tokens": 0,
        "operations": {"api.ask_all": 10, "api.metrics": 2},
        "once": {},
        "measures": [],
        "records": [{"name": "answer_time", "unit": "s"}],
    },
]
NONE = {"api": 0, "ollama": 0}
PACE = Pace({"api": 0.01, "api.query": 0.5, "ollama": 0.1}, {"ollama": 0.2}, {"ollama": 0.03})


def test_what_a_run_takes_follows_from_what_calls_took():
    assert seconds_of(CHECKS[:1], PACE) == pytest.approx(33 * 0.2 + 330 * 0.03)
    assert seconds_of(CHECKS[1:], PACE) == pytest.approx(10 * 0.5 + 2 * 0.01)
    assert daily_cost(CHECKS, {"api": 1, "ollama": 3, "redis": 1}, PACE) == {
        "checks": 2,
        "timed": 1,
        "calls": 1 + 3 + 33 + 12,
        "calls_by_component": {"api": 13, "ollama": 36},
        "tokens": 330,
        "seconds": 21.5,
        "untimed": [],
        "measuring_s": 16.5,
    }
    assert daily_cost(CHECKS, NONE, Pace())["untimed"] == ["api", "ollama"]


def test_what_several_checks_read_is_asked_and_counted_once():
    asked = {"traffic": {"api.query": 10, "api.metrics": 2}}
    reading = [{**CHECKS[1], "operations": operations, "once": asked} for operations in ({}, {"api.metrics": 1})]
    assert seconds_of(reading, PACE) == pytest.approx(10 * 0.5 + 3 * 0.01)
    assert daily_cost(reading, NONE, PACE)["calls_by_component"] == {"api": 13}
    assert suite_reports({"checks": reading, "left_out": []}, ())[0]["calls"] == 13


def test_the_embedded_sandbox_s_pace_is_in_its_settings(tmp_path):
    pace = embedded_pace(load(None, "sandbox", tmp_path))
    assert (pace.first_s["ollama"], pace.token_s["ollama"]) == (0.08, 0.008)
    assert pace.calls["api.query"] == pytest.approx(0.08 + 0.08 + 8 * 0.008)


def test_where_a_run_would_meet_its_limits(target):
    more = """
        rate_limit = "10/h"
        [targets.staging.budget]
        requests = 60
        tokens = 400
        seconds = 20
        """
    found = list(cost_findings(target(staging(more, api="http://127.0.0.1:9")), daily_cost(CHECKS, NONE, PACE)))
    kept = "(30% of it is kept to confirm a regression)"
    assert found == [
        *(
            Finding(
                "warning",
                f"a daily run takes about {planned} {word}, and budget.{word} is {allowed} {kept}",
                f"Raise budget.{word}, or select fewer tests.",
            )
            for word, planned, allowed in (("requests", 45, 60), ("tokens", 330, 400), ("seconds", 16.5, 20))
        ),
        Finding(
            "warning",
            "api: a daily run makes about 12 calls, and rate_limit allows 10 in 3600 s",
            "Raise it if the service allows more, or select fewer tests: the calls beyond it are not made.",
            "api",
        ),
    ]
    assert list(cost_findings(target(staging(api="http://127.0.0.1:9")), daily_cost(CHECKS, NONE, PACE))) == []


def test_thresholds_that_cannot_speak(target):
    more = """
        [targets.staging.thresholds]
        "speed.p90" = { target = "< 3 s" }
        "*.error_rate" = { target = "<= 5 %" }
        "sped.p90" = { target = "< 3 s" }
        answer_time = { target = "< 3 s", critical = "> 5 %" }
        """
    assert list(threshold_findings(target(staging(more, api="http://127.0.0.1:9")), CHECKS)) == [
        Finding(
            "warning",
            "no ready check measures 'sped.p90', which has a threshold",
            "Did you mean 'speed.p90' or 'speed.p99' or 'speed.p95'?",
        ),
        Finding(
            "warning",
            "the threshold of answer_time is '> 5 %', but answer_time is counted in 's'",
            "Give it that unit, or none.",
        ),
    ]


def test_suites_are_counted_with_what_is_left_out_and_what_lacks_a_component():
    left_out = [{"test": "x", "suites": ["daily"], "reason": "no redis in target here"}] * 2
    assert suite_reports({"checks": CHECKS, "left_out": left_out}, {"api"}) == [
        {
            "suite": "daily",
            "checks": 2,
            "timed": 1,
            "calls": 45,
            "tokens": 330,
            "blocked": {"api": 1},
            "left_out": {"no redis in target here": 2},
        },
        {"suite": "weekly", "checks": 1, "timed": 0, "calls": 12, "tokens": 0, "blocked": {"api": 1}, "left_out": {}},
    ]


def test_the_suites_are_planned_by_pytest_itself(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("pydantic", "redis"):  # a module of the user's, where the doctor is asked
        (tmp_path / f"{name}.py").write_text("raise SystemExit('yours was imported')\n")
    plan = suites_plan(target(staging(ollama="http://127.0.0.1:9")))
    daily = [check for check in plan["checks"] if "daily" in check["suites"]]
    assert {"daily/test_latency.py::test_generation_latency"} <= {check["test"] for check in daily}
    assert {component for check in plan["checks"] for component in check["components"]} == {"ollama"}
    assert plan["not_applicable"]["no api in target staging"] > 10


def test_suites_that_cannot_be_planned_are_an_error_in_pytests_words(target):
    found = target(staging(ollama="http://127.0.0.1:9"))
    found.file.write_text("[targets.staging]\nprofil = 1\n")
    with pytest.raises(LlmopsError) as caught:
        suites_plan(found)
    assert str(caught.value).endswith("has an unknown key 'profil'. Did you mean 'profile'?")


@pytest.fixture
def startup(tmp_path, monkeypatch):
    """Lets every Python that is started from now on do this first."""

    def startup(code):
        (tmp_path / "startup").mkdir()
        (tmp_path / "startup" / "sitecustomize.py").write_text(code)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "startup"))

    return startup


def test_a_plan_that_does_not_come_in_time(target, startup):
    startup("import time\nfor n in range(12): print('line', n, flush=True)\ntime.sleep(60)\n")
    with pytest.raises(LlmopsError) as caught:
        suites_plan(target(staging(ollama="http://127.0.0.1:9")), within_s=3)
    last = "\n".join(f"line {number}" for number in range(2, 12))
    assert str(caught.value) == (
        f"the suites in {FOLDER} cannot be planned: pytest did not end within 3 s; it said:\n{last}"
    )


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import os\nprint('gone', flush=True)\nos._exit(5)\n", "pytest wrote no plan; it said:\ngone"),
        ("import os\nos._exit(0)\n", "pytest wrote no plan, and said nothing."),
        ("import os\nos._exit(3)\n", "pytest ended with status 3, and said nothing."),
    ],
)
def test_a_plan_that_was_not_written(target, startup, code, what):
    startup(code)
    with pytest.raises(LlmopsError) as caught:
        suites_plan(target(staging(ollama="http://127.0.0.1:9")))
    assert str(caught.value) == f"the suites in {FOLDER} cannot be planned: {what}"


def test_an_echoed_key_is_in_no_report(target, serve):
    environ = {"RAG_KEY": "tr0mbone+kettle/42==", "RAG_OPERATOR": "target staging"}
    server = serve({**API, "/v1/query": (500, "you sent tr0mbone+kettle/42==")})
    auth = 'auth = { bearer = "RAG_KEY", roles = { operator = "RAG_OPERATOR" } }\n'
    found = target(staging(auth, api=server.url), environ)
    told = []
    report = diagnosis(found, lambda *_: {}, told.append)
    assert "tr0mbone" not in json.dumps(report)
    assert "target staging" not in json.dumps(report["suites"])  # where reasons are keys
    assert "no redis in [redacted]" in json.dumps(report["suites"])
    assert "api: POST /v1/query answered 500: you sent [redacted]" in [one["what"] for one in report["findings"]]
    assert told == ["api", "the suites"]
