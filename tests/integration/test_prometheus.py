"""A real Prometheus that scrapes a real node-exporter and alerts a real Alertmanager."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_llmops.clients.client import connect
from pytest_llmops.errors import CallFailed, Vacuous
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import load

PROGRAMS = ("prometheus", "prometheus-alertmanager", "prometheus-node-exporter")
ABSENT = [name for name in PROGRAMS if shutil.which(name) is None]

pytestmark = pytest.mark.skipif(bool(ABSENT), reason=f"not installed: {', '.join(ABSENT)}")

RULES = {
    "TargetDown": {"expr": "up == 0", "for": "0s", "labels": {"severity": "critical"}},
    "TargetLongDown": {"expr": "up == 0", "for": "1h"},
    "Unevaluable": {"expr": 'label_replace(vector(1), "a", "b", "c", "(")'},
}
RULES["ModelServerDown"] = {"expr": 'up{job="model"} == 0', "for": "500ms", "labels": {"severity": "critical"}}

FILE = """
[targets.here.components]
prometheus.url = "http://127.0.0.1:{prometheus}"
alertmanager.url = "http://127.0.0.1:{alertmanager}/"

[[targets.here.components.prometheus.rules]]
alert = "ModelServerDown"
expr = 'up{{job="model"}} == 0'
for = "500 ms"
severity = "critical"

[[targets.here.components.prometheus.jobs]]
job = "model"
component = "api"
interval = "250 ms"
timeout = "250 ms"

[targets.here.thresholds."scrape_targets_down"]
warning = "> 0"
"""


MODEL = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b"# TYPE model_loaded gauge\\nmodel_loaded 1\\n")
    def log_message(self, *words):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""
"""A model server as Prometheus sees one: a process with a page of metrics."""


class Stack:
    """The three programs; Prometheus scrapes itself, the node-exporter, and on demand a port where nobody listens."""

    def __init__(self, path, held, *, dead, model=False):
        self.path = path
        names = ("prometheus", "alertmanager", "node", *(["model"] if model else []))
        self.port = {name: held.enter_context(socket.socket()) for name in names}
        if dead:
            self.port["dead"] = held.enter_context(socket.socket())
        for name, bound in self.port.items():  # each stays bound, so that nobody else listens there
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(("127.0.0.1", 0))
            self.port[name] = bound.getsockname()[1]
        self.file = path / "llmops.toml"
        self.file.write_text(FILE.format(**self.port))
        self._configure()
        self.process = {}

    def _configure(self):
        def config(name, content):
            (self.path / name).write_text(json.dumps(content))  # JSON is YAML

        def scraped(name):
            return {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{self.port[name]}"]}]}

        alertmanagers = [{"static_configs": [{"targets": [f"127.0.0.1:{self.port['alertmanager']}"]}]}]
        often = {"scrape_interval": "250ms", "scrape_timeout": "250ms", "evaluation_interval": "250ms"}
        jobs = [scraped(name) for name in self.port if name != "alertmanager"]
        rules = [{"alert": name, **rule} for name, rule in RULES.items()]
        config("alertmanager.yml", {"route": {"receiver": "nobody"}, "receivers": [{"name": "nobody"}]})
        config("rules.yml", {"groups": [{"name": "ours", "rules": rules}]})
        config(
            "prometheus.yml",
            {
                "global": often,
                "rule_files": ["rules.yml"],
                "alerting": {"alertmanagers": alertmanagers},
                "scrape_configs": jobs,
            },
        )

    def start(self):
        collectors = ("--collector.disable-defaults", "--collector.meminfo")
        self._run("node", "prometheus-node-exporter", *collectors)
        places = (f"--config.file={self.path}/alertmanager.yml", f"--storage.path={self.path}/alerts")
        self._run("alertmanager", "prometheus-alertmanager", *places, "--cluster.listen-address=")
        places = (f"--config.file={self.path}/prometheus.yml", f"--storage.tsdb.path={self.path}/series")
        self._run("prometheus", "prometheus", *places)
        if "model" in self.port:
            self._serve_model()
        target = load(self.file, None, self.path, {})
        ledger = Ledger(self.path / "ledger", target.table.budget)
        self.prometheus, self.alertmanager = (connect(target, name, ledger) for name in ("prometheus", "alertmanager"))
        self.until(lambda: self.prometheus.ready() and self.alertmanager.ready())
        self.until(
            lambda: self.prometheus.targets() and all(one.age_s is not None for one in self.prometheus.targets())
        )

    def _serve_model(self):
        words = [sys.executable, "-c", MODEL, str(self.port["model"])]
        self.process["model"] = subprocess.Popen(words, stdin=subprocess.DEVNULL)

    def _run(self, name, *command):
        words = [*command, f"--web.listen-address=127.0.0.1:{self.port[name]}"]
        with (self.path / f"{name}.log").open("wb") as log:
            self.process[name] = subprocess.Popen(words, stdout=log, stderr=log, cwd=self.path)

    def until(self, holds, within_s=120):
        """Wait for it; a program that is not there yet is waited for as well."""
        deadline = time.monotonic() + within_s
        while True:
            try:
                if found := holds():
                    return found
                said = "it stays false"
            except CallFailed as error:
                said = str(error)
            assert time.monotonic() < deadline, said
            time.sleep(0.05)

    def kill(self, name):
        self.process[name].kill()
        self.process[name].wait()

    def end(self):
        for process in self.process.values():
            process.kill()
            process.wait()
        self.prometheus.close()
        self.alertmanager.close()


def _started(path, *, dead, model=False):
    with ExitStack() as held:
        stack = Stack(path, held, dead=dead, model=model)
        held.callback(stack.end)
        stack.start()
        yield stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """With a target that is down: nothing here changes it but its silence."""
    yield from _started(tmp_path_factory.mktemp("stack"), dead=True)


@pytest.fixture
def prometheus(stack):
    return stack.prometheus


@pytest.fixture
def alertmanager(stack):
    return stack.alertmanager


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
def test_the_version_is_the_programs_own(stack, name):
    program = {"prometheus": "prometheus", "alertmanager": "prometheus-alertmanager"}[name]
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert f"version {getattr(stack, name).version()} " in said.stdout + said.stderr


def test_a_value_is_what_the_exporter_read(prometheus):
    kib = int(re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text())[1])
    assert prometheus.value("node_memory_MemTotal_bytes") == kib * 1024
    assert prometheus.value("count(up)") == 3.0
    assert prometheus.value("6 * 7") == 42.0


def test_a_query_names_its_series(prometheus, stack):
    found = {reading.labels["job"]: reading for reading in prometheus.query("up")}
    assert {job: reading.value for job, reading in found.items()} == {"prometheus": 1.0, "node": 1.0, "dead": 0.0}
    assert found["node"].labels == {"__name__": "up", "instance": f"127.0.0.1:{stack.port['node']}", "job": "node"}
    assert found["node"].at == pytest.approx(time.time(), abs=30)


def test_what_is_no_single_number(prometheus):
    with pytest.raises(CallFailed, match=r"^prometheus: 'up' is 3 numbers, not one: up\{instance=\"127.0.0.1:\d+\""):
        prometheus.value("up")
    with pytest.raises(Vacuous):
        prometheus.value("no_such_series")
    with pytest.raises(Vacuous, match=r"it is NaN: nothing was counted\.$"):
        prometheus.value("0 / 0")
    with pytest.raises(Vacuous):  # before there was anything
        prometheus.value("count(up)", at=time.time() - 86400)
    with pytest.raises(CallFailed) as caught:
        prometheus.value("1 / 0")
    assert caught.value.kind == "infinite"


def test_expressions_that_it_refuses(prometheus):
    with pytest.raises(CallFailed) as caught:
        prometheus.query("up{")
    words = 'invalid parameter "query": 1:4: parse error: unexpected end of input inside braces'
    assert (caught.value.kind, str(caught.value)) == ("http-400", f"prometheus: 'up{{' failed (bad_data): {words}.")
    with pytest.raises(
        CallFailed, match=r"^prometheus: 'up / on \(\) up' failed \(execution\): found duplicate series"
    ):
        prometheus.query("up / on () up")
    with pytest.raises(CallFailed, match=r"drop the \[\.\.\.\], or ask with range\(\)\.$"):
        prometheus.query("up[1m]")
    with pytest.raises(CallFailed, match="exceeded maximum resolution of 11,000 points"):
        prometheus.range("up", last_s=86400, step_s=1)


def test_a_range_is_a_curve_a_series(prometheus, stack):
    (first,) = stack.until(lambda: prometheus.query('min_over_time(timestamp(up{job="node"} == 1)[1h:250ms])'))
    begun = first.value
    stack.until(lambda: prometheus.value('timestamp(up{job="node"})') > begun + 2)
    (node,) = prometheus.range('up{job="node"}', start=begun, end=begun + 2, step_s=0.5)
    assert [at - node.points[0][0] for at, _ in node.points] == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert node.values == (1.0,) * 5
    (dead,) = prometheus.range('up{job="dead"}', last_s=600)
    assert set(dead.values) == {0.0}
    assert prometheus.range("no_such_series", last_s=600) == []


def test_targets_up_and_down(prometheus, stack):
    stack.until(lambda: [one.health for one in prometheus.targets()] == ["down", "up", "up"])
    dead, node, own = prometheus.targets()
    assert [one.job for one in (dead, node, own)] == ["dead", "node", "prometheus"]
    assert (dead.health, dead.instance) == ("down", f"127.0.0.1:{stack.port['dead']}")
    assert dead.error.endswith("connect: connection refused")
    assert (node.health, node.error, node.url) == ("up", "", f"http://127.0.0.1:{stack.port['node']}/metrics")
    assert 0 <= node.age_s < 30
    assert 0 < node.took_s < 30


def test_rules_and_the_one_that_cannot_be_evaluated(prometheus, stack):
    stack.until(lambda: [rule for rule in prometheus.rules() if rule.health == "err"])
    down, long, unevaluable, _ = prometheus.rules()
    assert (down.name, down.kind, down.group, down.health) == ("TargetDown", "alerting", "ours", "ok")
    assert (long.for_s, down.for_s, down.labels) == (3600.0, 0.0, {"severity": "critical"})
    assert unevaluable.error == "invalid regular expression in label_replace(): ("
    assert 0 <= unevaluable.age_s < 30


def test_an_alert_fires_arrives_and_is_silenced(prometheus, alertmanager, stack):
    stack.until(lambda: len(prometheus.alerts()) == 2)
    alerts = {alert.name: alert for alert in prometheus.alerts()}
    firing, pending = alerts["TargetDown"], alerts["TargetLongDown"]
    assert (firing.state, firing.value, firing.labels["severity"]) == ("firing", 0.0, "critical")
    assert (pending.state, pending.labels["job"]) == ("pending", "dead")

    stack.until(lambda: [alert for alert in alertmanager.alerts() if alert.state == "active"])
    (arrived,) = alertmanager.alerts(silenced=False)
    assert (arrived.name, arrived.labels, arrived.receivers) == ("TargetDown", firing.labels, ("nobody",))
    assert arrived.since == pytest.approx(firing.since, abs=0.01)
    assert alertmanager.silences() == []

    matchers = [{"name": "job", "value": "de.d", "isRegex": True, "isEqual": True}]
    times = {"startsAt": "2020-01-01T00:00:00Z", "endsAt": "2099-01-01T00:00:00Z"}
    body = json.dumps({"matchers": matchers, **times, "createdBy": "ada", "comment": "known"}).encode()
    url, headers = f"{alertmanager.address}/api/v2/silences", {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
        made = json.load(answer)["silenceID"]
    stack.until(lambda: not alertmanager.alerts(silenced=False))
    (silenced,) = alertmanager.alerts(active=False)
    assert (silenced.name, silenced.state, silenced.silenced_by) == ("TargetDown", "suppressed", (made,))
    (silence,) = alertmanager.silences()
    assert (silence.id, silence.state, silence.matchers) == (made, "active", ('job=~"de.d"',))
    assert (silence.by, silence.comment, silence.ends) == ("ada", "known", 4070908800.0)


TESTS = """
def test_every_target_is_scraped(prometheus, record):
    record("scrape_targets_down", len([one for one in prometheus.targets() if one.health != "up"]), "targets")

def test_nobody_is_woken(alertmanager):
    assert [alert.name for alert in alertmanager.alerts(silenced=False)] == []

def test_of_nothing(prometheus, record):
    record("error_share", prometheus.value("no_such_errors_total / no_such_requests_total"))
"""


@pytest.fixture
def outside(tmp_path):
    """A project of somebody else's, beside a stack whose targets are all up, and what pytest says there."""
    (tmp_path / "test_monitoring.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LLMOPS_"))}

    def run():
        report = tmp_path / "reports" / "run.json"
        report.unlink(missing_ok=True)
        command = [sys.executable, "-m", "pytest", "-pno:hypothesispytest", "-pno:locust", "-pno:allure_pytest"]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=environ | {"COLUMNS": "120"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        whole = json.loads(report.read_text())
        return done, {check["test"].partition("::")[2]: check for check in whole["checks"]}, whole

    for stack in _started(tmp_path, dead=False):
        stack.run = run
        yield stack


def test_as_an_outside_user_green_then_red_then_gone(outside):
    done, checks, whole = outside.run()
    assert {name: (check["outcome"], check["category"]) for name, check in checks.items()} == {
        "test_every_target_is_scraped": ("passed", ""),
        "test_nobody_is_woken": ("passed", ""),
        "test_of_nothing": ("skipped", "vacuous"),
    }, done.stdout
    assert done.returncode == 0
    found = {one["component"]: one["level"] for one in whole["preflight"]}
    assert found == {"prometheus": "reachable", "alertmanager": "reachable"}
    assert checks["test_every_target_is_scraped"]["metrics"][0]["value"] == 0.0

    outside.kill("node")
    outside.until(outside.alertmanager.alerts)
    done, checks, _ = outside.run()
    assert done.returncode == 1
    red = checks["test_every_target_is_scraped"]
    assert (red["outcome"], red["category"], red["metrics"][0]["value"]) == ("failed", "threshold", 1.0)
    assert red["reason"].startswith("scrape_targets_down is 1 targets")
    assert (checks["test_nobody_is_woken"]["outcome"], "TargetDown" in done.stdout) == ("failed", True)

    outside.kill("prometheus")
    done, checks, _ = outside.run()
    assert done.returncode == 1
    assert {check["category"] for check in checks.values() if "woken" not in check["test"]} == {"unreachable"}
    place = f"prometheus at http://127.0.0.1:{outside.port['prometheus']}"
    refused = f"UNREACHABLE  {place}: GET /api/v1/status/buildinfo was refused: nothing listens there"
    assert sum(line.startswith(refused) for line in done.stdout.splitlines()) == 1, done.stdout


@pytest.fixture
def beside_the_suites(tmp_path):
    """A folder with an llmops.toml alone, beside a stack that watches a model server; and what the suites say there."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LLMOPS_"))}

    def run():
        words = ["-m", "monitor or daily or deploy", "-k", "firing or every_scrape_target or somebody_is_told"]
        command = [sys.executable, "-m", "pytest", "-pno:hypothesispytest", "-pno:locust", "-pno:allure_pytest", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False
        )
        checks = json.loads((tmp_path / "reports" / "run.json").read_text())["checks"]
        return done, {check["test"].partition("::")[2]: check for check in checks}

    for stack in _started(tmp_path, dead=False, model=True):
        stack.run = run
        yield stack


def test_the_suites_see_that_the_model_server_died(beside_the_suites):
    stack = beside_the_suites
    stack.until(lambda: all(one.health == "up" for one in stack.prometheus.targets()))
    done, checks = stack.run()
    assert {name: check["outcome"] for name, check in checks.items()} == {
        "test_no_alert_is_firing": "passed",
        "test_every_scrape_target_is_up": "passed",
        "test_somebody_is_told_of_alerts": "passed",
    }, done.stdout

    stack.kill("model")
    stack.until(lambda: [one for one in stack.alertmanager.alerts() if one.name == "ModelServerDown"])
    done, checks = stack.run()
    assert {name: check["outcome"] for name, check in checks.items()} == {
        "test_no_alert_is_firing": "failed",
        "test_every_scrape_target_is_up": "failed",
        "test_somebody_is_told_of_alerts": "passed",
    }, done.stdout
    assert "ModelServerDown" in checks["test_no_alert_is_firing"]["reason"].splitlines()[0]
    (firing,) = [one for one in stack.prometheus.fired(last_s=600, step_s=1) if one.name == "ModelServerDown"]
    assert firing.times == 1

    stack._serve_model()
    stack.until(lambda: not [one for one in stack.prometheus.alerts() if one.state == "firing"])
    done, checks = stack.run()
    assert checks["test_no_alert_is_firing"]["outcome"] == "passed", done.stdout


def test_the_setup_as_the_real_server_says_it(prometheus, stack):
    setup = prometheus.setup()
    assert (setup.scrape_interval_s, setup.evaluation_interval_s) == (0.25, 0.25)
    assert (setup.jobs, len(setup.rule_files)) == (("prometheus", "node", "dead"), 1)
    assert setup.alertmanagers == (f"127.0.0.1:{stack.port['alertmanager']}",)
    stack.until(lambda: prometheus.alertmanagers() == [f"http://{setup.alertmanagers[0]}/api/v2/alerts"])
    assert {one.interval_s for one in prometheus.targets()} == {0.25}
    assert prometheus.labels("job") == ["dead", "node", "prometheus"]
    assert {one["job"] for one in prometheus.series("up")} == {"dead", "node", "prometheus"}
    assert stack.alertmanager.receivers() == ["nobody"]


def test_a_rule_held_against_the_real_server(stack, prometheus, tmp_path):
    from pytest_llmops.operate.monitoring import Lint

    target = load(stack.file, None, stack.path, {})
    ledger = Ledger(tmp_path / "ledger", target.table.budget)
    lint = Lint(target, {"findings": [], "untrue": []}, prometheus, ledger, print, lambda: None)
    assert lint.rule("ModelServerDown").differs == []
    assert lint.job("model").differs == ["Prometheus has no target of job model"]
