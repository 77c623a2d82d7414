"""News of whole runs: told once, by the controller alone, and never a verdict."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

NOTIFY = """
[targets.here.notify]
urls_env = "HERE"
"""
TESTS = """
from pathlib import Path

def test_answers(llm):
    assert llm.generate("hello").text

def test_limit(record):
    record("temperature", float(Path("temperature").read_text()), "C")
"""
LIMITS = """
[targets.here.thresholds.temperature]
warning = "> 40 C"
critical = "> 80 C"
"""


@pytest.fixture
def sink():
    """Takes messages, as long as its ``status`` is 200."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *words):
            pass

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.told += [body["title"]] if server.status == 200 else []
            self.send_response(server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.told, server.status = [], 200
    server.address = f"json://127.0.0.1:{server.server_port}/hook-s3cret-token"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_change_is_told_once_and_a_dead_sink_changes_no_verdict(project, model, sink):
    project.target(model.url, NOTIFY + LIMITS)
    project.write("test_it.py", TESTS)
    (project.path / "metrics").mkdir()
    file = project.path / "metrics" / "llmops.prom"

    def run(temperature, *words, status=200):
        sink.status = status
        project.write("temperature", str(temperature))
        run = project.run(*words, environ={"HERE": sink.address})
        assert "s3cret" not in run.out + json.dumps(run.whole)
        return run

    asked = ("--llmops-notify", f"--llmops-textfile={file}")
    plain = run(50)
    assert (plain.status, plain.whole["news"], sink.told) == (1, None, [])  # nobody asked for it

    dead = run(50, *asked, status=403)
    assert (dead.status, dead.checks["test_limit"]["outcome"]) == (1, "failed")
    assert [(one["channel"], one["changes"], one["accepted"]) for one in dead.whole["news"]] == [("default", 1, False)]
    why = "Failed to send JSON POST notification: error=403. Its URL is taken from HERE"
    assert f"WARNING      not told: channel default: not accepted: {why}; the next run tells it" in dead.lines
    assert 'llmops_check_success{check="test_it.py::test_limit",suite="",target="here"} 0.0' in file.read_text()

    later = run(50, *asked, "-n", "2")
    assert "told         default: 1 change" in later.lines
    assert run(20, *asked, "-k", "answers").whole["news"] == []  # says nothing of what it did not make
    assert sink.told == ["here: 1 newly broken (normal)"]


def test_a_sink_that_is_dead_leaves_a_green_run_green(project, model, nobody):
    alerts = f'[targets.here.notify]\nnews.when = "always"\nalertmanager.url = "{nobody}"\n'
    project.target(model.url, alerts + LIMITS)
    project.write("test_it.py", TESTS)
    project.write("temperature", "50")
    assert project.run().status == 1
    project.write("temperature", "20")
    (project.path / ".llmops" / "news" / "here.json").write_text("{")
    run = project.run()
    assert (run.status, len(run.whole["news"])) == (0, 1)
    assert "is damaged" in run.out


REFUSED = {
    "--llmops-notify": (
        '--llmops-notify tells channels, and here names none; give it one: [targets.here.notify] urls_env = "VARIABLE"'
    ),
    "--llmops-textfile=metrics.txt": (
        "--llmops-textfile metrics.txt: node-exporter reads files that end in .prom, and no others."
    ),
    "--llmops-notify --llmops-against=here": (
        "--llmops-notify tells of one target over time, and --llmops-against judges two by each other; "
        "leave out one of them."
    ),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_cannot_be_told_is_refused_before_anything_is_sent(project, model, words):
    project.target(model.url)
    project.write("test_it.py", TESTS)
    run = project.run(*words.split())
    assert (run.status, run.whole, model.asked) == (4, None, [])
    assert f"ERROR: {REFUSED[words]}" in run.lines
