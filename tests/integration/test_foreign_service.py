"""A service of another framework (Litestar) that asks for a key: described by its OpenAPI, and by nothing of ours."""

import pytest

from ..conftest import in_turn

pytest.importorskip("litestar")

KEY = "kettle-and-tea"
URL = r'^url = "[^"]*"'
ABSENT = {
    "test_injection_is_blocked",
    "test_blocks_are_counted",
    "test_frequent_questions_are_answered_rightly",
    "test_audit_log_is_written",
    "test_refusals_are_in_the_audit_log",
    "test_dependencies_are_connected",
    "test_requests_are_counted",
    "test_error_rate",
    "test_success_rate",
    "test_average_response_time",
    "test_latency_objective",
    "test_cache_hit_rate",
    "test_cache_hit_rate_since_start",
    "test_total_requests",
    "test_model_usage",
    "test_active_sessions",
    "test_resident_memory",
}
"""What this service does not have, or nobody has said of it."""


@pytest.fixture
def service(start):
    return start("foreign_service.py", "--key", KEY)


@pytest.fixture
def known(person, service):
    """The service, and the file that ``llmops init`` wrote of it."""
    return introduced(person, service)


def introduced(person, service):
    person.environ["TEA_KEY"] = KEY
    init = person.llmops("init", "--url", service.url, "--key-env", "TEA_KEY")
    assert init.status == 0, init.out
    assert KEY not in person.file.read_text()
    return service


def test_the_daily_suite_is_green(person, known):
    doctor = person.llmops("doctor")
    assert doctor.status == 0, doctor.out
    run = person.daily()
    assert run.status == 0, run.out
    assert {name for name, check in run.checks.items() if check["category"] == "unsupported"} == ABSENT
    made = {name: check["outcome"] for name, check in run.checks.items() if name not in ABSENT}
    assert set(made.values()) == {"passed"}, run.out
    assert {"test_api_is_healthy", "test_health_is_of_now", "test_answer_names_its_sources"} <= set(made)
    assert run.metrics["query_latency.error_rate"]["value"] == 0
    assert run.metrics["query_latency"]["value"] > 0.1


def test_a_200_that_says_degraded_is_red_in_one_line(person, known):
    known.told.write("degraded\n")
    known.told.flush()
    run = person.daily("-k", "health")
    assert run.status == 1, run.out
    red = {name: check["reason"] for name, check in run.checks.items() if check["outcome"] == "failed"}
    assert set(red) == {"test_api_is_healthy"}
    said = "api: GET /health answered 200 but status is 'degraded', accepted is 'ok'"
    assert red["test_api_is_healthy"].splitlines()[0] == said
    assert [line.strip() for line in run.summary].count(said) == 1
    assert person.daily("-k", "health", "--llmops-gate").status == 1


def test_a_wrong_key_is_one_line_that_names_its_variable(person, known):
    person.environ["TEA_KEY"] = "somebody-elses"
    run = person.daily("--llmops-gate")
    assert run.status == 12, run.out
    (line,) = run.unreachable
    assert f"api at {known.url}: POST /ask answered 401: " in line
    assert "$TEA_KEY" in line


def test_a_service_that_is_gone_is_one_red_line(person, known):
    known.kill()
    for words, status in (((), 1), (("--llmops-gate",), 12)):
        run = person.daily(*words)
        assert run.status == status, run.out
        (line,) = run.unreachable
        assert f"api at {known.url}: GET /health was refused: nothing listens there" in line
        absent = {name for name, check in run.checks.items() if check["category"] == "unsupported"}
        assert absent < ABSENT  # nobody has said where these figures would stand
        assert {check["category"] for name, check in run.checks.items() if name not in absent} == {"unreachable"}
        assert "Traceback" not in run.out


@pytest.mark.acceptance
@in_turn(2, of=3)
def test_a_slower_service_is_a_regression_and_the_same_one_is_not(person, service, start):
    introduced(person, start("delaying_proxy.py", service.url))
    timed = ("-k", "query_latency")
    person.adds("[targets.local.baseline]\nlooks = [30, 60, 120, 240]")
    assert person.daily("--llmops-baseline", "record", *timed).status == 0
    person.accepts()

    person.edits(URL, f'url = "{start("delaying_proxy.py", service.url).url}"')
    same = person.daily(*timed)
    assert same.status == 0, same.out
    assert same.metrics["query_latency"]["state"] in {"ok", "inconclusive"}, same.out

    person.edits(URL, f'url = "{start("delaying_proxy.py", service.url, "--pace", 1.6).url}"')
    for words, status in (((), 1), (("--llmops-gate",), 10)):
        slow = person.daily(*timed, *words)
        assert slow.status == status, slow.out
        assert slow.metrics["query_latency"]["state"] == "regression", slow.out
        assert 1.3 < slow.metrics["query_latency"]["ratio"] < 2, slow.out
