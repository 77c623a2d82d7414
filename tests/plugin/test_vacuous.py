"""What can say nothing is named: in the outcome of the check that rests on it, in the terminal, in run.json, once."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

PAGE = """
# TYPE asked_total counter
asked_total {asked}
# TYPE errors_total counter
# TYPE drift gauge
drift 0
# TYPE feedback_total counter
feedback_total 0
"""
TABLES = """
[targets.here]
environment = "staging"

[targets.here.components.api]
url = "{url}"
metrics = "/metrics"
rare = ["feedback_total"]

[targets.here.components.api.routes.query]
path = "/ask"
answer = "answer"

[[targets.here.vacuous]]
kind = "metric"
what = "drift"
why = "nothing looks for it"

[[targets.here.vacuous]]
kind = "metric"
what = "asked_total"
why = "nobody asks"
"""


class Service(ThreadingHTTPServer):
    """Answers questions and counts them; its other metrics never move."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.paths = []
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.paths.append(self.path)
        asked = self.server.paths.count("/ask")
        body = PAGE.format(asked=asked) if self.path == "/metrics" else '{"answer": "yes"}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *words):
        """Say nothing."""


@pytest.fixture
def service():
    server = Service()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["serial", "parallel"])
def test_it_is_looked_into_once_and_named_everywhere(project, service, workers):
    project.write("llmops.toml", TABLES.format(url=f"http://127.0.0.1:{service.server_address[1]}"))
    project.write(
        "test_it.py",
        """
        from pytest_llmops.errors import Vacuous

        def test_metrics(lint):
            lint.meant("metric")

        def test_rules(lint):
            lint.meant("rule")

        def test_declared(lint):
            assert not lint.untrue, "; ".join(lint.untrue)

        def test_other(api):
            raise Vacuous("api: nothing was counted.")
        """,
    )
    run = project.run(*workers)
    outcomes = {name: (check["outcome"], check["category"]) for name, check in run.checks.items()}
    assert outcomes == {
        "test_metrics": ("skipped", "vacuous"),
        "test_rules": ("passed", ""),
        "test_declared": ("failed", "failed"),
        "test_other": ("skipped", "vacuous"),
    }, run.out
    why = "has no value but 0, also when questions were asked"
    assert run.whole["vacuous"] == [
        {"kind": "metric", "what": "errors_total", "why": why, "known": ""},
        {"kind": "metric", "what": "drift", "why": why, "known": "nothing looks for it"},
        {"kind": "check", "what": "test_it.py::test_other", "why": "api: nothing was counted.", "known": ""},
    ]
    assert run.checks["test_metrics"]["reason"] == f"vacuous: metric errors_total: {why}\nmetric drift: {why}"
    said = "AssertionError: metric asked_total is declared vacuous (nobody asks), and is not: take it out"
    assert run.checks["test_declared"]["reason"].splitlines()[0] == said
    assert "vacuous      metric: errors_total, drift" in run.lines
    assert "vacuous      check: test_it.py::test_other" in run.lines
    assert service.paths.count("/metrics") == 2
