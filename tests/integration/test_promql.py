"""Our PromQL beside a real Prometheus', over the same samples."""

import json
import math
import re
import shutil
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_llmops.promql import AlertRule, Memory, PromqlError, instant
from pytest_llmops.promql.trial import tried
from pytest_llmops.target import profiles
from pytest_llmops.target.models import TargetTable

from ..held import held_port

ABSENT = [name for name in ("prometheus", "promtool") if shutil.which(name) is None]
pytestmark = pytest.mark.skipif(bool(ABSENT), reason=f"not installed: {', '.join(ABSENT)}")

STEP_S = 15
SAMPLES = 60


def _series():
    """Counters that restart, gauges that come and go, a histogram of three routes."""
    for route, status, rate in [("/a", "200", 7), ("/a", "500", 1), ("/b", "200", 3), ("/c", "404", 0)]:
        points = [(n * STEP_S, 1000.0 + rate * n + (n * n) % 5) for n in range(SAMPLES)]
        points = [(at, value if at < 450 or route == "/a" else value - 990) for at, value in points]
        yield {"__name__": "requests_total", "route": route, "status": status}, points
    for bound, count in [("0.1", 3), ("0.5", 7), ("1", 9), ("+Inf", 10)]:
        for route, times in [("/a", 4), ("/b", 9)]:
            points = [(n * STEP_S, 1000.0 + float(count * times * n)) for n in range(SAMPLES)]
            yield {"__name__": "took_bucket", "le": bound, "route": route}, points
    for job, level in [("api", 1.5), ("db", -2.0), ("old", 4.0)]:
        points = [
            (n * STEP_S, level + math.sin(n * level)) for n in range(SAMPLES) if not (job == "db" and 20 < n < 30)
        ]
        yield {"__name__": "level", "job": job}, points[: 25 if job == "old" else None]
    yield {"__name__": "up", "job": "api"}, [(n * STEP_S, float(n % 7 != 0)) for n in range(SAMPLES)]
    yield {"__name__": "up", "job": "db"}, [(n * STEP_S, 1.0) for n in range(SAMPLES)]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The memory, and what asks the server: both hold the same series from the same moment on."""
    folder = tmp_path_factory.mktemp("promql")
    begin = int(time.time()) - 3 * 3600
    memory, lines = Memory(), []
    names = dict.fromkeys(labels["__name__"] for labels, _ in _series())
    for name in names:
        lines.append(f"# TYPE {name} unknown")
        for labels, points in _series():
            if labels["__name__"] == name:
                inside = ",".join(f'{key}="{value}"' for key, value in labels.items() if key != "__name__")
                lines += [f"{name}{{{inside}}} {value!r} {begin + at}" for at, value in points]
                for at, value in points:
                    memory.add(labels, begin + at, value)
    (folder / "samples.txt").write_text("\n".join([*lines, "# EOF", ""]))
    (folder / "prometheus.yml").write_text("{}")
    made = ["promtool", "tsdb", "create-blocks-from", "openmetrics", folder / "samples.txt", folder / "data"]
    subprocess.run(made, check=True, capture_output=True)
    with held_port() as port:
        places = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        listens = f"--web.listen-address=127.0.0.1:{port}"
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(["prometheus", *places, listens], stdout=log, stderr=log)

        def ask(expr, at):
            asked = urllib.parse.urlencode({"query": expr, "time": f"{at:.3f}"})
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/query?{asked}", timeout=10) as answer:
                data = json.load(answer)["data"]
            if data["resultType"] == "scalar":
                return float(data["result"][1])
            return {tuple(sorted(item["metric"].items())): float(item["value"][1]) for item in data["result"]}

        deadline = time.monotonic() + 120
        while True:
            try:
                ask("1", begin)
                break
            except OSError:
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.05)
        yield memory, ask, begin
        server.kill()
        server.wait()


EXPRESSIONS = [
    "level",
    'level{job=~"a.*|old"}',
    'level{job!="db"}',
    'requests_total{status!~"2.."}',
    '{job="api"}',
    "rate(requests_total[5m])",
    "increase(requests_total[2m])",
    "irate(requests_total[1m])",
    "idelta(level[1m])",
    "delta(level[3m])",
    "changes(level[3m])",
    "resets(requests_total[10m])",
    *(f"{name}_over_time(level[4m])" for name in ("avg", "min", "max", "sum", "count", "last", "stddev", "present")),
    "quantile_over_time(0.9, level[4m])",
    "histogram_quantile(0.95, rate(took_bucket[5m]))",
    "histogram_quantile(0.5, sum by (le) (rate(took_bucket[5m])))",
    "histogram_quantile(0.99, took_bucket)",
    "histogram_quantile(0, took_bucket * 0)",
    "histogram_quantile(2, took_bucket)",
    'histogram_quantile(0.5, took_bucket{le!="+Inf"})',
    "sum(requests_total)",
    "sum by (route) (requests_total)",
    "avg without (status) (requests_total)",
    "min by (status) (requests_total)",
    "max(level)",
    "count by (job) ({job!=''})",
    "group by (job) (level)",
    'rate(requests_total{status=~"5.."}[5m]) / rate(requests_total[5m])',
    'sum(rate(requests_total{status=~"5.."}[5m])) / sum(rate(requests_total[5m])) > 0.05',
    "level > 1",
    "level > bool 1",
    "1 < level",
    "level > up",
    "level == up * 0 + 4",
    "level * on (job) up",
    "level > on (job) up",
    "level > ignoring (x) up",
    "requests_total - ignoring (x) requests_total",
    "level and up",
    "level unless up",
    "up or level",
    "up or on () level",
    "level and on (job) up == 1",
    "absent(no_such)",
    'absent(no_such{job="api", env=~"x"})',
    "absent(level)",
    "absent(sum(no_such))",
    "scalar(sum(level))",
    "scalar(level)",
    "vector(3)",
    "clamp(level, 0, 2)",
    "clamp_min(level, 1)",
    "clamp_max(level, 1)",
    "clamp(level, 2, 1)",
    "time() - 5",
    "abs(level)",
    "ceil(level)",
    "floor(level)",
    "sqrt(level)",
    "ln(level)",
    "exp(level)",
    "-level",
    "level % 2",
    "level ^ 2",
    "level / 0",
    "0 / 0",
    "-1 / 0",
    "5 % 0",
    "3 > bool 2",
    "2 * (level + 1)",
]


def _alike(own, real):
    if isinstance(real, float):
        return isinstance(own, float) and (own == pytest.approx(real, nan_ok=True))
    return isinstance(own, dict) and own == {key: pytest.approx(value, nan_ok=True) for key, value in real.items()}


@pytest.mark.parametrize("expr", EXPRESSIONS)
def test_as_prometheus_says(both, expr):
    memory, ask, begin = both
    for at in (begin + 7.5, begin + 307.3, begin + 455.1, begin + 899.9, begin + 1100.4):
        own, real = instant(expr, memory, at), ask(expr, at)
        assert _alike(own, real), f"{expr} at {at - begin}: {own} is not {real}"


@pytest.mark.parametrize(
    "expr", ["level + on (missing) up", "level + on () level", '{__name__=~"level|up"} * 1', "rate({job!=''}[5m])"]
)
def test_what_prometheus_refuses_too(both, expr):
    memory, ask, begin = both
    with pytest.raises(PromqlError):
        instant(expr, memory, begin + 300.1)
    with pytest.raises(urllib.error.HTTPError):
        ask(expr, begin + 300.1)


def _made_of(inner):
    by = st.sampled_from(["", " by (job)", " by (route)", " without (le)"])
    call = st.builds("{}{} ({})".format, st.sampled_from(["sum", "avg", "min", "max", "count"]), by, inner)
    sums = st.builds("({} {} {})".format, inner, st.sampled_from(["+", "/", ">", "and", "or", "unless"]), inner)
    numbers = st.builds("({} {} {})".format, inner, st.sampled_from(["*", "-", "<", ">= bool"]), st.integers(-3, 3))
    return call | sums | numbers


LEAVES = ["level", "up", "rate(requests_total[5m])", "avg_over_time(level[2m])", "histogram_quantile(0.9, took_bucket)"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(expr=st.recursive(st.sampled_from(LEAVES), _made_of, max_leaves=5), moment=st.integers(1, 1100))
def test_any_expression_of_the_part_that_is_known(both, expr, moment):
    memory, ask, begin = both
    at = begin + moment + 0.3
    try:
        real = ask(expr, at)
    except urllib.error.HTTPError:
        with pytest.raises(PromqlError):
            instant(expr, memory, at)
        return
    own = instant(expr, memory, at)
    assert _alike(own, real), f"{expr}: {own} is not {real}"


def _trials():
    for profile in ("aegis-rag", "enterprise-pipeline"):
        components = TargetTable.model_validate(profiles.read(profile)).components
        for rule in components.prometheus.rules:
            yield from (pytest.param(rule, trial, id=f"{rule.alert}: {trial.says}") for trial in rule.trials)


@pytest.mark.parametrize(("rule", "trial"), [*_trials()])
def test_a_trial_of_a_rule_comes_to_what_promtool_says(tmp_path, rule, trial):
    told = AlertRule(rule.alert, rule.expr, rule.for_s, rule.all_labels)
    active = tried(told, trial.samples, at_s=trial.at, interval_s=trial.interval)
    fires = [alert for alert in active if alert.state == "firing"]
    written = {"alert": rule.alert, "expr": rule.expr, "for": f"{rule.for_s:g}s", "labels": dict(rule.all_labels)}
    expected = [
        {"exp_labels": {name: text for name, text in alert.labels.items() if name != "alertname"}} for alert in fires
    ]
    test = {
        "interval": f"{trial.interval:g}s",
        "input_series": [{"series": name, "values": _older(said)} for name, said in trial.samples.items()],
        "alert_rule_test": [{"eval_time": f"{trial.at:g}s", "alertname": rule.alert, "exp_alerts": expected}],
    }
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "ours", "rules": [written]}]}))
    file = tmp_path / "test.yml"
    whole = {"rule_files": ["rules.yml"], "evaluation_interval": f"{trial.interval:g}s", "tests": [test]}
    file.write_text(json.dumps(whole))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _older(values):
    """The notation of a promtool that does not know ``1x5`` yet."""
    return re.sub(r"(?<![\d+.-])(\d+)x(\d+)", r"\1+0x\2", values)
