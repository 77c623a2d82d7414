"""What watches a target, held against its runbook."""

from pathlib import Path

import pytest

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.readings import Reading
from pytest_llmops.clients.watching import Alert, Fired, Memory, Rule, ScrapeTarget, Setup
from pytest_llmops.errors import CallFailed, Unreachable, Unsupported, Vacuous
from pytest_llmops.operate import monitoring
from pytest_llmops.operate.alert_history import AlertHistory
from pytest_llmops.operate.deployed import checked_rule
from pytest_llmops.operate.lint import look
from pytest_llmops.operate.monitoring import Lint, Reach
from pytest_llmops.promql import Memory as Samples
from pytest_llmops.promql import instant, labels_of
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target, load
from pytest_llmops.target.models import TargetTable

TABLE = {
    "url": "http://prometheus.example",
    "scrape_interval": "15 s",
    "external_labels": {"cluster": "one"},
    "rule_files": ["alerts.yml"],
    "jobs": [{"job": "api", "component": "api", "timeout": "5 s"}],
    "playbooks": "playbooks.md",
    "rules": [
        {"alert": "Down", "expr": "up == 0", "for": "30 s", "severity": "critical", "playbook": "CRITICAL: Down"},
        {"alert": "Paper", "expr": "up > 1", "deployed": False, "playbook": "WARN: Paper"},
    ],
    "scope": {"availability": {"expr": "up", "unit": "%"}},
}


class Watched:
    """A Prometheus that says what it is told to."""

    component = "prometheus"

    def __init__(self, **says):
        self.says = says
        self.asked = 0

    def __getattr__(self, name):
        if name not in self.says:
            raise AttributeError(name)
        return lambda *_, **__: self.says[name]


def rule(name="Down", expr="up  ==  0", for_s=30.0, labels=None, health="ok", error="", file="/etc/alerts.yml"):
    labels = {"severity": "critical"} if labels is None else labels
    return Rule(name, "ours", "alerting", expr, "inactive", health, error, for_s, 1.0, labels, file)


def scraped(health="up", error="", interval_s=15.0, timeout_s=5.0, url="http://api:8000/metrics"):
    return ScrapeTarget("api", "api:8000", url, health, error, 1.0, 0.1, interval_s, timeout_s, {})


def alert(name="Down", state="firing", **labels):
    return Alert(name, state, {"alertname": name, **labels}, {}, 0.0, 1.0)


@pytest.fixture
def lint(tmp_path):
    """Makes a lint over a Prometheus that says so."""

    def lint(fact=None, table=TABLE, api=None, ask=lambda: None, **says):
        components = {"prometheus": table, "files": {"root": "."}} if table else {"redis": {"url": "redis://here"}}
        components |= {"api": {"url": api}} if api else {}
        values = {"environment": "sandbox", "components": components}
        target = Target("here", TargetTable.model_validate(values), tmp_path)
        prometheus = Watched(**says) if table else None
        ledger = Ledger(tmp_path / "ledger", target.table.budget)
        return Lint(target, fact or {"findings": [], "untrue": []}, prometheus, ledger, print, ask)

    return lint


@pytest.mark.parametrize(
    ("deployed", "differs"),
    [
        ([rule()], []),
        ([], ["no rule Down is deployed"]),
        ([rule(expr="up == 1")], ["Down is up == 1, not up == 0"]),
        ([rule(for_s=60.0)], ["Down waits 60 s, not 30 s"]),
        ([rule(labels={})], ["Down has severity None, not 'critical'"]),
        ([rule(health="err", error="no such function")], ["Down cannot be evaluated: no such function"]),
    ],
)
def test_a_rule_held_against_the_runbook(lint, deployed, differs):
    found = lint(rules=deployed).rule("Down")
    assert (found.differs, found.mistaken) == (differs, [])


AEGIS = {rule.alert: rule for rule in load(None, "sandbox:aegis-rag", Path(), {}).table.components.prometheus.rules}
SEARCHES = 'rest_responses_duration_seconds_bucket{job="qdrant",endpoint=~".*/points/(search|query)"}'
HIGHR = "http_request_duration_highr_seconds_bucket[5m]"


@pytest.mark.parametrize(
    ("alert", "expr", "said"),
    [
        (
            "AegisAPIHighErrorRate",
            'sum(rate(http_requests_total{job="aegis-api",status=~"5.."}[5m]))/sum(rate(http_requests_total[5m]))>.05',
            "",
        ),
        (
            "AegisAPIHighErrorRate",
            'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.03',
            "and fires when 4 percent of requests fail",
        ),
        ("AegisAPIHighLatency", f"histogram_quantile(0.95, sum by (le) (rate({HIGHR}))) > 5", ""),
        (
            "AegisAPIHighLatency",
            f"histogram_quantile(0.95, sum by (le) (rate({HIGHR}))) > 4",
            "and fires when every request takes 4.5 s",
        ),
        (
            "AegisAPIHighLatency",
            "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket[5m]))) > 5",
            "and does not fire when every request takes 6 s",
        ),
        ("QdrantHighSearchLatency", f"histogram_quantile(0.95, sum by (le) (rate({SEARCHES}[5m]))) > 0.5", ""),
        (
            "QdrantHighSearchLatency",
            "histogram_quantile(0.95, sum by (le) (rate(rest_responses_duration_seconds_bucket[5m]))) > 0.5",
            "and fires when every search takes 0.4 s, and every upsert 3 s",
        ),
        (
            "QdrantHighSearchLatency",
            f"histogram_quantile(0.95, sum by (le) (rate({SEARCHES}[5m]))) > 500",
            "and does not fire when every search takes 0.6 s, and every upsert 20 ms",
        ),
        (
            "OllamaModelGenerationFailure",
            "rate(ollama_generation_failures_total[5m]) / rate(ollama_generations_total[5m]) > 0.02",
            "",
        ),
        (
            "OllamaModelGenerationFailure",
            "rate(ollama_errors_total[5m]) / rate(ollama_generations_total[5m]) > 0.02",
            "and no trial has samples of ollama_errors_total: describe it with trials of its own",
        ),
        (
            "AegisServiceDown",
            "up == bool 0",
            "and fires when a single scrape failed; fires when a target has been down for 15 s",
        ),
        (
            "AegisServiceDown",
            "holt(up) == 0",
            "and cannot be tried: 'holt(up) == 0' is no PromQL: unknown function with name 'holt'",
        ),
    ],
)
def test_a_condition_that_is_not_the_runbooks_is_tried(alert, expr, said):
    table = AEGIS[alert]
    deployed = rule(alert, expr, table.for_s, table.all_labels)
    found = checked_rule(table, [deployed])
    assert (found.differs, found.mistaken) == ([f"{alert} is {expr}, not {table.expr}, {said}"] if said else [], [])


def test_the_runbooks_own_condition_is_tried_where_it_is_deployed():
    table = AEGIS["AegisAPIHighErrorRate"]
    found = checked_rule(table, [rule(table.alert, table.expr, table.for_s, table.all_labels)])
    assert (found.differs, found.mistaken) == ([], ["fires when 4 percent of requests fail"])


UNSUMMED = 'rate(http_requests_total{status=~"5.."}[5m]) / rate(http_requests_total[5m]) > 0.05'
SUMMED = 'sum(rate(http_requests_total{status=~"5.."}[5m])) / sum(rate(http_requests_total[5m])) > 0.05'


@pytest.mark.parametrize(
    ("expr", "found", "untrue"),
    [
        (UNSUMMED, ["AegisAPIHighErrorRate"], []),
        (SUMMED, [], ["rule AegisAPIHighErrorRate is declared vacuous (the ratio is 1), and is not: take it out"]),
        ("holt(up)", [], ["rule AegisAPIHighErrorRate is declared vacuous (the ratio is 1), and is not: take it out"]),
    ],
)
def test_what_a_rule_can_say_is_that_of_the_deployed_one(tmp_path, expr, found, untrue):
    table = AEGIS["AegisAPIHighErrorRate"]
    values = {
        "environment": "sandbox",
        "components": {"prometheus": {"url": "http://prometheus.example", "rules": [table.model_dump(by_alias=True)]}},
        "vacuous": [{"kind": "rule", "what": table.alert, "why": "the ratio is 1"}],
    }
    target = Target("here", TargetTable.model_validate(values), tmp_path)
    says = {"rules": [rule(table.alert, expr)], "targets": [], "labels": ["http_requests_total"], "query": []}
    fact = look(target, lambda _: Watched(**says), Ledger(tmp_path / "ledger", target.table.budget), print)
    assert [one["what"] for one in fact["findings"]] == found
    assert fact["untrue"] == untrue


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://api:8910/metrics", []),
        ("http://127.0.0.1:41234/metrics", []),
        ("http://api/metrics", ["api is scraped at http://api/metrics, not at port 8910 or 41234"]),
        ("http://api:6333/metrics", ["api is scraped at http://api:6333/metrics, not at port 8910 or 41234"]),
    ],
)
def test_a_job_has_the_port_of_the_runbook_or_that_of_the_component(lint, url, said):
    job = {"job": "api", "component": "api", "port": 8910, "timeout": "5 s"}
    asked = lint(table=TABLE | {"jobs": [job]}, api="http://127.0.0.1:41234", targets=[scraped(url=url)])
    assert asked.job("api").differs == said


@pytest.mark.parametrize(
    ("targets", "differs", "down", "up"),
    [
        ([scraped()], [], [], 1),
        ([], ["Prometheus has no target of job api"], [], 0),
        ([scraped(interval_s=60.0)], ["api is scraped every 60 s, not every 15 s"], [], 1),
        ([scraped(timeout_s=10.0)], ["api times out after 10 s, not 5 s"], [], 1),
        (
            [scraped(url="http://api:8000/m")],
            ["api is scraped at http://api:8000/m, not at /metrics"],
            [],
            1,
        ),
        ([scraped(health="down", error="refused")], [], ["http://api:8000/metrics is down: refused"], 0),
    ],
)
def test_a_job_held_against_the_runbook(lint, targets, differs, down, up):
    found = lint(targets=targets).job("api")
    assert (found.differs, found.down, found.up) == (differs, down, up)
    assert lint(targets=targets).jobs == ["api"]


def test_the_setup_held_against_the_runbook(lint):
    well = Setup(15.0, 15.0, {"cluster": "one", "more": "x"}, ("/etc/alerts.yml",), (), ())
    assert lint(setup=well).setup() == []
    other = Setup(60.0, 15.0, {}, (), (), ())
    assert lint(setup=other).setup() == [
        "scrape_interval is 60 s, not 15 s",
        "external label cluster is None, not 'one'",
    ]


def test_a_rule_file_is_loaded_where_a_group_came_of_it(lint):
    assert lint(rules=[rule(file="/etc/other.yml"), rule()]).missing_files() == []
    assert lint(rules=[rule(file="/etc/other.yml")]).missing_files() == ["alerts.yml"]
    assert lint(rules=[]).missing_files() == ["alerts.yml"]


def test_alerts_that_a_dead_job_causes_are_left_out(lint):
    found = {"kind": "job", "what": "model", "why": "is always down", "known": ""}
    dead, declared = ({"findings": [found | {"known": known}], "untrue": []} for known in ("", "it has no page"))
    alerts = [alert(job="model"), alert(job="api"), alert("Slow", "pending")]
    assert [one.labels["job"] for one in lint(declared, alerts=alerts).firing()] == ["api"]
    assert [one.labels["job"] for one in lint(dead, alerts=alerts).firing()] == ["model", "api"]
    with pytest.raises(Vacuous) as caught:
        lint(dead).meant("job")
    assert str(caught.value) == "job model: is always down"
    assert lint(dead).meant("job", "api") is None
    assert lint(dead).unknown("job") == ["job model: is always down"]
    assert lint(dead).unknown("job", "model") == ["job model: is always down"]
    assert lint(dead).unknown("job", "api") == []


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (["http://alertmanager:9093/api/v2/alerts", "http://another:9093/api/v2/alerts"], []),
        (["http://another:9093/api/v2/alerts"], ["it tells another:9093, not alertmanager:9093"]),
        ([], ["it tells nobody, not alertmanager:9093"]),
    ],
)
def test_alertmanagers_that_are_not_told(lint, told, said):
    table = TABLE | {"alertmanagers": ["alertmanager:9093"]}
    assert lint(table=table, alertmanagers=told).untold() == said
    assert lint(alertmanagers=told).untold() == []


def test_alerts_that_nobody_knows(lint, tmp_path):
    (tmp_path / "playbooks.md").write_text("## CRITICAL: Down\n")
    asked = lint(rules=[rule(), rule("Strange")], alerts=[alert("Stranger")])
    assert asked.strangers() == ["Strange", "Stranger"]
    (tmp_path / "playbooks.md").write_text("## CRITICAL: Down\n\n## Strange\n")
    assert asked.strangers() == ["Stranger"]


def test_series_and_the_rules_about_them(lint):
    two = [Reading({"__name__": "DCGM_FI_DEV_FB_USED", "gpu": gpu}, 1.0, 0.0) for gpu in ("0", "1")]
    assert lint(query=two).scraped(".*dcgm.*used") == ["DCGM_FI_DEV_FB_USED"]
    assert lint(rules=[rule(), rule("Odd", "up[")]).rules_about(["up"]) == ["Down"]
    with pytest.raises(Vacuous) as caught:
        lint(query=[]).scraped("gpu.*")
    assert str(caught.value) == (
        "prometheus: it has no series like 'gpu.*': no job yields it, and no rule can watch it."
    )


HELD = {
    "up": {"job": "api"},
    "process_resident_memory_bytes": {"job": "api"},
    "process_virtual_memory_max_bytes": {"job": "api"},
    "container_memory_working_set_bytes": {"name": "aegis-qdrant-1"},
    "nvidia_smi_memory_used_bytes": {"job": "gpu"},
    "nvidia_smi_clocks_current_memory_clock_hz": {"job": "gpu"},
}


@pytest.fixture
def holding(lint):
    """A lint over a Prometheus that holds these series; those that are gone it only remembers."""

    def holding(*gone, **more):
        memory = Samples()
        for name, labels in HELD.items():
            memory.add({"__name__": name, **labels}, 1000.0, 1.0)
            if name in gone:
                memory.end(labels_of({"__name__": name, **labels}), 1001.0)
        made = lint(**more)
        made._prometheus.query = lambda expr: [
            Reading(dict(key), value, 1002.0) for key, value in instant(expr, memory, 1002.0).items()
        ]
        return made

    return holding


def test_only_what_is_scraped_now_counts(holding):
    assert holding().scraped(".*(gpu|nvidia).*mem.*(used|free).*") == ["nvidia_smi_memory_used_bytes"]
    with pytest.raises(Vacuous):
        holding("nvidia_smi_memory_used_bytes").scraped(".*(gpu|nvidia).*mem.*(used|free).*")


def test_the_memory_of_a_part_is_told_by_its_own_page_or_of_its_containers(holding):
    assert holding().memory_of("api", ["aegis-api-1"]) == ["process_resident_memory_bytes"]
    assert holding().memory_of("qdrant", ["aegis-qdrant-1"]) == ["container_memory_working_set_bytes"]
    assert holding("process_resident_memory_bytes").memory_of("api", ["aegis-api-1"]) == []


def test_the_memory_that_nothing_can_tell(holding):
    with pytest.raises(Vacuous) as caught:
        holding().memory_of("ollama", ["aegis-ollama-1"])
    assert str(caught.value) == (
        "prometheus: nothing can tell how much memory ollama holds: no job scrapes it, and cAdvisor does not report it."
    )
    why = {"kind": "job", "what": "api", "why": "is always down", "known": "always down: 404"}
    dead = holding("process_resident_memory_bytes", fact={"findings": [why], "untrue": []})
    with pytest.raises(Vacuous) as caught:
        dead.memory_of("api", ["aegis-api-1"])
    assert str(caught.value) == (
        "prometheus: nothing can tell how much memory api holds: job api: always down: 404, and cAdvisor "
        "does not report it."
    )


def test_the_reach_of_a_failure(lint):
    reach = lint(query=[Reading({"job": "api"}, 99.5, 0.0)]).scope()
    assert (reach.parts, reach.silent) == ([("availability[api]", 99.5, "%")], [])
    assert reach.whole() is None


SCOPE = {"availability": {"expr": "up", "unit": "%"}, "errors": {"expr": "e", "unit": "%"}}


class Counting:
    """A Prometheus that has errors counted once somebody has asked for the second time."""

    def __init__(self):
        self.asked = 0

    def ask(self):
        self.asked += 1

    def query(self, expr):
        return [Reading({"job": "api"}, 50.0, 0.0)] if expr == "up" or self.asked > 1 else []


def scoped(lint, prometheus, ask):
    found = lint(table={**TABLE, "scope": SCOPE, "scrape_interval": 1}, ask=ask)
    found._prometheus = prometheus
    return found.scope()


def test_where_nothing_was_counted_the_service_is_asked_until_something_is(lint):
    prometheus = Counting()
    reach = scoped(lint, prometheus, prometheus.ask)
    assert ([name for name, *_ in reach.parts], prometheus.asked) == (["availability[api]", "errors[api]"], 2)


def test_what_nobody_scrapes_is_not_asked_for_ever(lint, monkeypatch):
    prometheus, asked = Counting(), []
    monkeypatch.setattr(monitoring, "ROUNDS", 2)
    assert scoped(lint, prometheus, lambda: asked.append(1)).silent == ["errors"]
    assert len(asked) == 2


@pytest.mark.parametrize("error", [CallFailed("api", "refused", "api: refused."), Unsupported("no route.")])
def test_of_a_service_that_does_not_answer_is_told_what_there_is(lint, error):
    def ask():
        raise error

    reach = scoped(lint, Counting(), ask)
    assert (reach.parts, reach.silent) == ([("availability[api]", 50.0, "%")], ["errors"])
    with pytest.raises(Vacuous) as caught:
        reach.whole()
    assert str(caught.value) == "prometheus says nothing of errors: nothing was counted lately."


def test_each_part_of_a_reach_goes_with_the_call_that_it_came_by():
    reach = Reach(
        [("errors[/a]", 1.0, "%"), ("errors[/b]", 2.0, "%"), ("up[api]", 3.0, "%")],
        [],
        {"errors": "first", "up": "last"},
    )
    assert [last_exchange.get() for _ in reach] == ["first", "first", "last"]


def test_the_document_with_the_playbooks(lint, tmp_path):
    with pytest.raises(CallFailed) as caught:
        lint().playbooks()
    said = "files: playbooks.md, the document with the playbooks, is not there."
    assert (caught.value.kind, str(caught.value)) == ("absent", said)
    (tmp_path / "playbooks.md").write_text("# All\n\n## CRITICAL: Down\n\nLook.\n\n### Not one\n")
    assert lint().playbooks() == ["CRITICAL: Down"]
    assert lint().unwritten() == ["Paper"]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda one: one.rule("Other"), "the profile of here describes no alert rule 'Other'."),
        (lambda one: one.job("other"), "the profile of here describes no scrape job 'other'."),
    ],
)
def test_what_the_profile_does_not_describe(lint, ask, said):
    with pytest.raises(Unsupported) as caught:
        ask(lint())
    assert str(caught.value) == said


def test_a_target_without_a_prometheus(lint):
    with pytest.raises(Unsupported) as caught:
        lint(table=None).setup()
    assert str(caught.value) == "target here has no Prometheus."
    with pytest.raises(Unsupported):
        lint(table=None).firing()


def test_a_prometheus_that_is_away(lint):
    away = lint()
    away._prometheus = None
    with pytest.raises(Unreachable) as caught:
        away.firing()
    assert (caught.value.component, str(caught.value)) == (
        "prometheus",
        "prometheus at http://prometheus.example did not pass preflight.",
    )
    assert away.jobs == ["api"]


DOWN = Fired("Down", 1, 7200.0, "api", "api:8000")
DEAD = Fired("Down", 1, 604_800.0, "ollama", "ollama:11434")
WEEK = Memory(0.0, 604_800.0, 604_800.0)
HEAD = "| alert | job | instance | times | firing in all | says nothing |\n|---|---|---|---:|---:|---|\n"


def test_the_history_of_alerts_as_a_document():
    history = AlertHistory((DEAD, Fired("Slow", 3, 90.0), DOWN), WEEK, {DEAD.title: "always down: 404"})
    assert history.written() == (
        "# Alerts that fired in the last 7 days\n\nPrometheus remembers all of that time.\n\n" + HEAD + ""
        "| Down | api | api:8000 | 1 | 2 h |  |\n"
        "| Slow |  |  | 3 | 90 s |  |\n"
        "| Down | ollama | ollama:11434 | 1 | 7 days | always down: 404 |\n"
    )
    assert [one.title for one in history.telling] == ["Slow", "Down api api:8000"]


def test_a_history_that_is_forgotten_says_so():
    history = AlertHistory((), Memory(1_700_000_000.0, 7200.0, 604_800.0), {})
    assert history.written() == (
        "# Alerts that fired in the last 7 days\n\nPrometheus remembers 2 h of that time, the first of it "
        "2023-11-14 22:13 UTC: what fired in the rest, nobody knows.\n\nNone did.\n"
    )


def test_alerts_of_a_dead_job_and_of_a_rule_that_says_nothing_are_marked(lint):
    findings = [
        {"kind": "job", "what": "ollama", "why": "down at each look", "known": "always down: 404"},
        {"kind": "rule", "what": "Paper", "why": "fires at any share"},
        {"kind": "rule", "what": DOWN.name, "why": "never fires: up stays 0"},  # and yet it did
    ]
    paper = Fired("Paper", 1, 10.0, "api", "api:8000")
    history = lint({"findings": findings, "untrue": []}, fired=[DOWN, DEAD, paper], memory=WEEK).alert_history(604_800)
    assert (history.why(DOWN), history.why(DEAD), history.why(paper)) == ("", "always down: 404", "fires at any share")
    assert history.telling == [DOWN]
