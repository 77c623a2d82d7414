"""``triage``, ``diagnostics`` and ``channels`` in a project of somebody's own."""

import json
import stat
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

REVIEW = "voyageur.post-incident.root-cause-analysis"
SEVERITIES = f"""
[targets.here.incident]
reviewed_by = "{REVIEW}"
[[targets.here.severities]]
name = "P1"
title = "High"
response = "15m"
procedure = "aegis-rag.severity.p1"
when = [{{ says = "The model server is down", any_down = ["openai"] }}]
[[targets.here.severities]]
name = "P2"
response = "4h"
when = [{{ says = "A model is missing", models_missing = ["openai"] }}]
"""
TESTS = """
def test_triage(triage):
    assert not triage.severity, triage.said

def test_answered(triage):
    assert not triage.unanswered(1), triage.unanswered(1)

def test_bundle(diagnostics):
    assert diagnostics.read("incident-report.md").startswith("# Incident report: here")
"""


@pytest.fixture
def project(project):
    project.write("test_it.py", TESTS)
    return project


def _opened(project, ago_s):
    """Make the incident that is recorded so old."""
    (file,) = (project.path / ".llmops" / "incidents").glob("*.jsonl")
    event = json.loads(file.read_text().splitlines()[0])
    event["at"] -= ago_s
    file.write_text(json.dumps(event) + "\n")


def test_what_is_well_has_no_severity_and_a_bundle(project, model):
    project.target(model.url, SEVERITIES)
    run = project.run()
    assert {name: check["outcome"] for name, check in run.checks.items()} == dict.fromkeys(run.checks, "passed"), (
        run.out
    )
    incident = run.whole["incident"]
    assert (incident["severity"], incident["title"], incident["evidence"]) == ("", "none", [])
    assert "incident     none, no check failed" in run.lines
    assert f"             bundle and report: reports/{incident['folder']}" in run.lines
    assert not (project.path / ".llmops" / "incidents").exists()


def test_an_incident_is_told_in_the_files_words_with_its_evidence(project, nobody):
    project.target(nobody, SEVERITIES)
    run = project.run()
    assert "P1, 1 of 1 check failed: component openai (openai at " in run.checks["test_triage"]["reason"]
    assert run.checks["test_answered"]["outcome"] == "passed"  # fifteen minutes are not over
    at = run.lines.index("incident     P1 - High, 1 check failed")
    assert run.lines[at + 1] == "             The model server is down (component openai)"
    folder = project.reports / run.whole["incident"]["folder"]
    assert "**Severity:** P1 - High" in (folder / "incident-report.md").read_text()
    assert stat.S_IMODE((folder / "incident-report.md").stat().st_mode) == 0o600


def test_one_that_nobody_answers_in_time_is_red_until_its_review(project, nobody, model):
    project.target(nobody, SEVERITIES)
    project.run()
    _opened(project, 7200)
    reason = project.run().checks["test_answered"]["reason"]
    assert "is unanswered after 2 h" in reason
    assert "asked is within 15 min" in reason
    project.target(model.url, SEVERITIES)  # it is over, and nobody has said a word
    assert project.run().checks["test_answered"]["outcome"] == "failed"
    _signed(project, "aegis-rag.severity.p1")
    assert (
        f"was answered after 2 h; asked is within 15 min (its review is not there yet: llmops sign-off {REVIEW})"
        in (project.run().checks["test_answered"]["reason"])
    )
    _signed(project, REVIEW)
    assert project.run().checks["test_answered"]["outcome"] == "passed"


def test_an_incident_ends_also_where_the_target_has_not_all_that_its_severity_speaks_of(project, nobody, model):
    without = SEVERITIES.replace(
        'any_down = ["openai"] }]', 'any_down = ["openai"] }, { says = "x", alerts = "page" }]'
    )
    project.target(nobody, without)  # it has no Prometheus
    project.run("-k", "triage")
    project.target(model.url, without)
    project.run("-k", "triage")
    (file,) = (project.path / ".llmops" / "incidents").glob("*.jsonl")
    assert [json.loads(line)["event"] for line in file.read_text().splitlines() if line] == ["opened", "ended"]


def _signed(project, step):
    program = Path(sys.executable).with_name("llmops")
    words = ["sign-off", step, "--note", "on it", "--by", "sre", "--target", "here"]
    subprocess.run([program, *words], cwd=project.path, env=project.environ(), check=True, capture_output=True)


def test_a_record_that_cannot_be_written_is_red_and_no_reason_to_be_silent(project, nobody):
    project.target(nobody, SEVERITIES)
    project.write(".llmops/incidents", "no folder")
    run = project.run()
    assert run.whole["incident"]["severity"] == "P1"
    assert "the record of incidents cannot be written: " in run.checks["test_answered"]["reason"]


def test_triage_is_made_once_whoever_asks(project, nobody):
    project.target(nobody, SEVERITIES)
    run = project.run("-n2")
    assert len(list((project.reports / "incidents").iterdir())) == 1
    assert run.whole["incident"]["severity"] == "P1"


def test_a_run_that_asks_for_no_triage_says_nothing_of_it(project, model):
    project.target(model.url)
    project.write("test_it.py", "def test_it(llm):\n    assert llm.models()\n")
    run = project.run()
    assert run.whole["incident"] is None
    assert "incident" not in run.out


@pytest.fixture
def sink():
    """Takes notifications, or refuses them."""
    told, answers = [], [200]

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *words):
            """Say nothing."""

        def do_POST(self):
            told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answers[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    server.told, server.answers = told, answers
    server.address = f"json://127.0.0.1:{server.server_port}/hook-s3cret-token"
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


NOTIFY = f"""
{SEVERITIES}
[targets.here.notify.channels.sms]
url_env = "SMS"
severities = ["P1"]
"""


def test_a_channel_takes_one_test_message_and_no_other_for_a_while(project, model, sink):
    project.target(model.url, NOTIFY)
    project.write(
        "test_it.py", "def test_it(channels):\n    one = channels.test('sms')\n    assert one.accepted, one.said\n"
    )
    for _ in range(2):
        assert project.run(environ={"SMS": sink.address}).status == 0
    assert [message["title"] for message in sink.told] == ["Test message of here"]


def test_a_refusal_is_red_and_shows_no_address(project, model, sink):
    sink.answers[0] = 403
    project.target(model.url, NOTIFY)
    project.write(
        "test_it.py", "def test_it(channels):\n    one = channels.test('sms')\n    assert one.accepted, one.said\n"
    )
    run = project.run(environ={"SMS": sink.address})
    assert (
        "channel sms: not accepted: Failed to send JSON POST notification: error=403."
        in run.checks["test_it"]["reason"]
    )
    assert "hook-s3cret-token" not in run.out


def test_an_alert_lists_all_that_failed(project, nobody, sink):
    project.target(nobody, NOTIFY)
    project.write(
        "test_it.py",
        """
        def test_it(channels, triage):
            assert [one.accepted for one in channels.alert(triage)] == [True]
        """,
    )
    assert project.run(environ={"SMS": sink.address}).status == 0
    (message,) = sink.told
    assert message["title"] == "P1 on here: 1 check failed"
    assert message["message"].startswith("- component openai: openai at ")


ALERT = """
def test_it(channels, triage):
    assert all([one.accepted for one in channels.alert(triage)]), channels.alert(triage)[0].said
"""


def test_while_all_is_well_the_way_of_an_alert_is_tried(project, model, sink):
    project.target(model.url, NOTIFY)
    project.write("test_it.py", ALERT)
    sink.answers[0] = 403
    refused = project.run(environ={"SMS": sink.address})
    assert "channel sms: not accepted" in refused.checks["test_it"]["reason"]
    assert [message["title"] for message in sink.told] == ["Test message of here"]


def test_without_channels_it_is_unsupported(project, model):
    project.target(model.url)
    project.write("test_it.py", "def test_it(channels):\n    channels.routed('P1')\n")
    check = project.run("-rs").checks["test_it"]
    assert (check["outcome"], check["category"]) == ("skipped", "unsupported")


CHANGES = """
import json, time
import pytest

def saw(name, at):
    with open("seen.txt", "a") as file:
        file.write(json.dumps([name, at]) + "\\n")

@pytest.mark.after_changes
def test_after(triage):
    saw("after", triage.at)

@pytest.mark.after_changes
def test_after_that(triage):
    saw("after that", triage.at)

@pytest.mark.disruptive
def test_change(llmops_target):
    saw("change", time.time())

def test_before(triage):
    saw("before", triage.at)
"""


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["serial", "parallel"])
def test_what_was_changed_is_looked_at_afresh_afterwards(project, model, workers):
    project.write("test_it.py", CHANGES)
    project.target(model.url, SEVERITIES + "[targets.here.disruption]\nallowed = true\n")
    run = project.run("--llmops-allow-disruption=here", *workers)
    seen = [json.loads(line) for line in (project.path / "seen.txt").read_text().splitlines()]
    assert [name for name, _ in seen] == ["before", "change", "after", "after that"], run.out
    before, change, after, after_that = (at for _, at in seen)
    assert before < change < after == after_that


def test_where_nothing_is_changed_one_look_does(project, model):
    project.write("test_it.py", CHANGES)
    project.target(model.url, SEVERITIES)
    run = project.run()
    seen = dict(json.loads(line) for line in (project.path / "seen.txt").read_text().splitlines())
    assert (list(seen), len(set(seen.values()))) == (["before", "after", "after that"], 1), run.out
