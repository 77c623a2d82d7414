"""``record.figure``: reads, judges, records; a breach that must last is looked at again."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

READS = """
    def test_state(record):
        result = record.figure("failed")
        assert result.unit == "jobs"
"""
WITH = """
[targets.here.components.api.routes.state]
path = "/state"
[targets.here.figures]
failed = { from = "service", route = "state", value = "failed", unit = "jobs" }
[targets.here.thresholds.failed]
warning = "> 3"
critical = "> 9"
"""
LASTS = 'for = "5 min"\n'
WAITS = """
    import time
    from functools import partial
    from pytest_llmops.plugin import recording

    waited = []
    passing = {"sleep": waited.append, "clock": lambda: time.time() + sum(waited)}
    recording.Watch = partial(recording.Watch, **passing)
"""
"""Whoever waits does not, and the time has passed all the same."""
BUDGET = "[targets.here.budget]\nseconds = 0.1\n"


@pytest.fixture
def run_of(project):
    """Runs the test above against a service that says these numbers, the last one again and again."""
    servers = []

    def run_of(*numbers, more=""):
        left = list(numbers)

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                said = {}
                if self.path == "/state":
                    said = {"failed": left.pop(0) if len(left) > 1 else left[0]}
                body = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *words):
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        project.write("test_it.py", READS)
        project.write("conftest.py", WAITS)
        project.target(f"http://127.0.0.1:{server.server_port}", WITH + more, profile="none", component="api")
        run = project.run()
        return run, run.checks["test_state"]

    yield run_of
    for server in servers:
        server.shutdown()
        server.server_close()


def metric(check):
    (found,) = check["metrics"]
    return found["value"], found["unit"], found["threshold"].get("broken"), found["reason"]


def test_a_figure_that_holds(run_of):
    run, check = run_of(2)
    assert (run.status, check["outcome"]) == (0, "passed")
    assert metric(check) == (2, "jobs", None, "failed is 2 jobs (api, route state)")


def test_a_breach_without_a_duration_counts_at_once(run_of):
    run, check = run_of(5, 0)
    assert (run.status, check["outcome"], check["severity"]) == (1, "failed", "normal")
    assert metric(check)[2:] == ("> 3", "failed is 5 jobs; that is a warning (> 3) (api, route state)")


def test_a_breach_that_lasts_fails_by_the_limit_that_was_broken_all_along(run_of):
    run, check = run_of(20, 5, more=LASTS)
    assert (run.status, check["outcome"], check["severity"]) == (1, "failed", "normal")
    value, _, broken, reason = metric(check)
    assert (value, broken) == (5, "> 3")
    assert reason.startswith("failed is 5 jobs; that is a warning (> 3) for 5 min (seen for ")


def test_one_that_does_not_passes_with_a_note(run_of):
    run, check = run_of(20, 20, 1, more=LASTS)
    assert (run.status, check["outcome"], check["notes"]) == (0, "passed", ["breach did not last"])
    _, _, broken, reason = metric(check)
    assert broken is None  # the limit is of a time, and over that time it holds
    assert reason.startswith("failed is 20 jobs; that is critical (> 9), not for 5 min: it held after ")


def test_one_that_the_budget_cannot_cover_fails_and_says_so(run_of):
    run, check = run_of(20, 1, more=LASTS + BUDGET)
    assert (run.status, check["outcome"], check["severity"]) == (1, "failed", "critical")
    assert metric(check)[3] == (
        "failed is 20 jobs; that is critical (> 9) (asked: for 5 min; breached, duration unproven: that takes 5 min, "
        "the budget leaves 100 ms) (api, route state)"
    )


def test_what_is_no_number_fails(run_of):
    run, check = run_of("many")
    assert (run.status, check["outcome"], check["metrics"]) == (1, "failed", [])
    assert check["reason"].startswith("figures.failed: api, route state says 'many', which is no number.")


def test_a_figure_that_the_target_does_not_have_is_a_named_skip(project):
    project.write("test_it.py", READS.replace("failed", "cache_hit_rate"))
    project.target("http://127.0.0.1:9", profile="none", component="api")
    check = project.run().checks["test_state"]
    assert (check["outcome"], check["category"]) == ("skipped", "unsupported")
    assert check["reason"] == (
        "unsupported: target here has no figure 'cache_hit_rate': "
        "no table figures.cache_hit_rate says where to read it."
    )
