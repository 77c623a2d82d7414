"""What watches a target, held against its runbook."""

import pytest

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.clients.readings import Reading
from pytest_llmops.clients.watching import Alert, Fired, Rule, ScrapeTarget, Setup
from pytest_llmops.errors import CallFailed, Unreachable, Unsupported, Vacuous
from pytest_llmops.operate.alert_history import written
from pytest_llmops.operate.monitoring import Lint, Reach
from pytest_llmops.state.ledger import Ledger
from pytest_llmops.target.load import Target
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

    def lint(fact=None, table=TABLE, **says):
        components = {"prometheus": table, "files": {"root": "."}} if table else {"redis": {"url": "redis://here"}}
        values = {"environment": "sandbox", "components": components}
        target = Target("here", TargetTable.model_validate(values), tmp_path)
        prometheus = Watched(**says) if table else None
        ledger = Ledger(tmp_path / "ledger", target.table.budget)
        return Lint(target, fact or {"findings": [], "untrue": []}, prometheus, ledger, print)

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
    dead = {"findings": [{"kind": "job", "what": "model", "why": "is always down", "known": ""}], "untrue": []}
    alerts = [alert(job="model"), alert(job="api"), alert("Slow", "pending")]
    assert [one.labels["job"] for one in lint(dead, alerts=alerts).firing()] == ["api"]
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
    says = {"labels": ["DCGM_FI_DEV_FB_USED_memory", "up"], "rules": [rule(), rule("Odd", "up[")]}
    assert lint(**says).scraped(".*dcgm.*memory") == ["DCGM_FI_DEV_FB_USED_memory"]
    assert lint(**says).rules_about(["up"]) == ["Down"]
    with pytest.raises(Vacuous) as caught:
        lint(**says).scraped("gpu.*")
    assert str(caught.value) == (
        "prometheus: it has no series like 'gpu.*': no job yields it, and no rule can watch it."
    )


def test_the_reach_of_a_failure(lint):
    reach = lint(query=[Reading({"job": "api"}, 99.5, 0.0)]).scope(lambda: None)
    assert (reach.parts, reach.silent) == ([("availability[api]", 99.5, "%")], [])
    assert reach.whole() is None


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


def test_the_history_of_alerts_as_a_document():
    text = written([Fired("Slow", 3, 90.0), Fired("Down", 1, 7200.0)], 604_800)
    assert text == (
        "# Alerts that fired in the last 7 days\n\n| alert | times | firing in all |\n|---|---:|---:|\n"
        "| Down | 1 | 2 h |\n| Slow | 3 | 90 s |\n"
    )
    assert written([], 604_800) == "# Alerts that fired in the last 7 days\n\nNone did.\n"
