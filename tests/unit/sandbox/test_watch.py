"""What watches the stack: a Prometheus that scrapes it, an Alertmanager that is told, a Grafana that shows it."""

import time

import pytest

JOBS = [
    {"job": "api", "component": "api", "path": "/metrics", "interval": "30 s"},
    {"job": "model", "component": "ollama", "path": "/api/metrics"},
    {"job": "nobody", "component": "nobody"},
]
RULES = [
    {"alert": "Down", "expr": "up == 0", "for": "30 s", "severity": "critical", "group": "ours"},
    {"alert": "Never", "expr": "up > 1", "for": "30 s", "group": "ours"},
    {"alert": "OnPaper", "expr": "up", "deployed": False},
]
PROMETHEUS = {
    "scrape_interval": "15 s",
    "external_labels": {"environment": "test"},
    "rule_files": ["alerts.yml"],
    "alertmanagers": ["alertmanager:9093"],
    "jobs": JOBS,
    "rules": RULES,
}
BOARD = {
    "uid": "health",
    "title": "The Health",
    "rows": [{"title": "Traffic", "panels": [{"title": "Up", "queries": ["up"]}]}, {"title": "Cost"}],
}


@pytest.fixture
def watched(start):
    """A service with all three beside it, and what asks them."""

    def watched(*faults):
        over = {
            "components": {
                "prometheus": PROMETHEUS,
                "alertmanager": {},
                "grafana": {"dashboards": [BOARD]},
            }
        }
        sandbox = start(
            "sandbox", only=["api", "ollama", "prometheus", "alertmanager", "grafana"], over=over, faults=faults
        )

        def ask(component, path, **query):
            return sandbox.http.get(f"{getattr(sandbox.url, component)}{path}", params=query)

        return sandbox, ask

    return watched


def until(holds):
    deadline = time.monotonic() + 60
    while not (found := holds()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def test_it_scrapes_evaluates_tells_and_shows(watched):
    sandbox, ask = watched()

    def data(path, **query):
        return ask("prometheus", f"/api/v1/{path}", **query).json()["data"]

    def scraped():
        found = {one["labels"]["job"]: one for one in data("targets")["activeTargets"]}
        return found if found["api"]["health"] == "up" else None  # the first time it may not have been there yet

    targets, since = until(scraped), time.time()
    assert {job: one["health"] for job, one in targets.items()} == {"api": "up", "model": "down", "nobody": "down"}
    assert targets["model"]["lastError"] == "server returned HTTP status 404 Not Found"
    assert (targets["api"]["scrapeInterval"], targets["model"]["scrapeInterval"]) == ("30s", "15s")

    (group,) = data("rules")["groups"]
    assert [(rule["name"], rule["duration"], rule["health"]) for rule in group["rules"]] == [
        ("Down", 30.0, "ok"),
        ("Never", 30.0, "ok"),
    ]
    firing = until(lambda: [one for one in data("alerts")["alerts"] if one["state"] == "firing"])
    assert {one["labels"]["job"] for one in firing} == {"model", "nobody"}
    told = ask("alertmanager", "/api/v2/alerts").json()
    assert {(one["labels"]["alertname"], one["labels"]["severity"]) for one in told} == {("Down", "critical")}
    assert ask("alertmanager", "/-/ready").status_code == 200

    def counted():
        assert sandbox.query("How long is the refund window?").status_code == 200
        return data("query", query="sum(rate(rag_requests_total[5m])) > 0")["result"]

    (found,) = until(counted)
    assert float(found["value"][1]) > 0
    (curve,) = data("query_range", query='up{job="api"}', start=since, end=time.time(), step=0.1)["result"]
    assert {value for _, value in curve["values"]} == {"1.0"}

    assert data("label/job/values") == ["api", "model", "nobody"]
    assert data("series", **{"match[]": 'up{job="api"}'})[0]["job"] == "api"
    assert "environment: test" in data("status/config")["yaml"]
    assert data("alertmanagers")["activeAlertmanagers"] == [{"url": "http://alertmanager:9093/api/v2/alerts"}]

    board = ask("grafana", "/api/dashboards/uid/health").json()["dashboard"]
    assert [(panel["type"], panel["title"]) for panel in board["panels"]] == [
        ("row", "Traffic"),
        ("timeseries", "Up"),
        ("row", "Cost"),
    ]
    assert ask("grafana", "/api/search", query="health").json()[0]["uid"] == "health"
    assert ask("grafana", "/api/datasources/uid/prometheus/health").json()["status"] == "OK"
    assert ask("grafana", "/api/datasources").status_code == 403


def test_what_it_refuses(watched):
    sandbox, ask = watched()
    posted = sandbox.http.post(f"{sandbox.url.prometheus}/api/v1/query", data={"query": "1 + 1"})
    assert posted.json()["data"]["result"][1] == "2.0"
    for query, code, kind, said in [
        ("up{", 400, "bad_data", 'invalid parameter "query": parse error: unexpected end of input inside braces'),
        ("up offset 5m", 422, "execution", "'up offset 5m': offset and @ are not known here."),
    ]:
        answer = ask("prometheus", "/api/v1/query", query=query)
        assert (answer.status_code, answer.json()["errorType"], answer.json()["error"]) == (code, kind, said)
    answer = ask("prometheus", "/api/v1/query_range", query="up", start=0, end=1e6, step=1)
    assert answer.json()["error"] == "exceeded maximum resolution of 11,000 points per timeseries."


def test_the_faults_of_what_watches(watched):
    faults = ("prometheus:firing", "prometheus:rule-broken", "prometheus:target-down", "prometheus:other-setup")
    others = ("prometheus:no-alertmanager", "alertmanager:not-ready", "grafana:database", "grafana:row-gone")
    _, ask = watched(*faults, *others, "prometheus:silent-rules")
    alerts = ask("prometheus", "/api/v1/alerts").json()["data"]["alerts"]
    assert ("SandboxAlert", "firing") in {(one["labels"]["alertname"], one["state"]) for one in alerts}
    broken, silent, *_ = ask("prometheus", "/api/v1/rules").json()["data"]["groups"][0]["rules"]
    assert (silent["query"], silent["health"]) == ("(up > 1) unless (up > 1)", "ok")
    assert (broken["name"], broken["health"]) == ("Down", "err")
    assert {one["health"] for one in ask("prometheus", "/api/v1/targets").json()["data"]["activeTargets"]} == {"down"}
    assert "scrape_interval: 2m" in ask("prometheus", "/api/v1/status/config").json()["data"]["yaml"]
    assert ask("prometheus", "/api/v1/alertmanagers").json()["data"]["activeAlertmanagers"] == []
    assert ask("alertmanager", "/api/v2/alerts").json() == []
    assert ask("alertmanager", "/-/ready").status_code == 503
    health = ask("grafana", "/api/health")
    assert (health.status_code, health.json()["database"]) == (503, "failing")
    assert len(ask("grafana", "/api/dashboards/uid/health").json()["dashboard"]["panels"]) == 2


def test_more_faults_of_what_watches(watched):
    _, ask = watched("prometheus:lax-rules", "prometheus:slow-scrapes", "grafana:no-dashboard", "alertmanager:down")
    rule = ask("prometheus", "/api/v1/rules").json()["data"]["groups"][0]["rules"][0]
    assert (rule["duration"], rule["labels"]["severity"]) == (300.0, "info")
    target = ask("prometheus", "/api/v1/targets").json()["data"]["activeTargets"][0]
    assert (target["scrapeInterval"], target["scrapeTimeout"]) == ("2m30s", "50s")
    assert ask("grafana", "/api/dashboards/uid/health").status_code == 404
    assert ask("grafana", "/api/search").json() == []


def test_another_alertmanager_is_told(watched):
    _, ask = watched("prometheus:other-alertmanager")
    told = ask("prometheus", "/api/v1/alertmanagers").json()["data"]["activeAlertmanagers"]
    assert told == [{"url": "http://elsewhere:9093/api/v2/alerts"}]
    assert "- elsewhere:9093" in ask("prometheus", "/api/v1/status/config").json()["data"]["yaml"]
