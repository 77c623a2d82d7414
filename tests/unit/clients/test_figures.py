"""Figures: one number each, from wherever its table says."""

import itertools
import json
import math
import sys
import time

import pytest
from pydantic import ValidationError

from pytest_llmops.clients import calls
from pytest_llmops.clients.client import connect
from pytest_llmops.clients.exposition import MetricsPage
from pytest_llmops.clients.figures import Figures, Reading
from pytest_llmops.clients.traffic import round_of
from pytest_llmops.errors import CallFailed, ConfigError, Unreachable, Unsupported, Vacuous
from pytest_llmops.target.figures import FromMetrics
from pytest_llmops.target.load import Target
from pytest_llmops.target.models import TargetTable

ROUTES = {
    "query": {"method": "POST", "path": "/ask", "body": {"question": "{prompt}"}, "answer": "answer"},
    "state": {"path": "/state"},
}
WHATS = ("failed", "broken")
ERROR_RATE = {
    "from": "metrics", "metric": ["requests_total"], "where": {"status": "5.."}, "over": ["requests_total"],
    "scale": 100, "unit": "%",
}  # fmt: skip


class Service:
    """Answers questions and counts them; every ``fails``-th with 500. Says its state."""

    def __init__(self, *, fails=0, state=None, past=None):
        self.fails, self.state, self.past = fails, state, past
        self.asked, self.counted = 0, {"200": 90, "500": 10}

    def __call__(self, request):
        if request.path == "/metrics":
            lines = [f'requests_total{{status="{status}"}} {count}' for status, count in self.counted.items()]
            return 200, "\n".join(["# TYPE requests_total counter", *lines, ""])
        if request.path == "/state":
            return self.state
        if request.path.startswith("/api/v1/"):
            return self.prometheus(request)
        if request.path == "/api/generate":
            return self.generation()
        self.asked += 1
        failing = bool(self.fails and self.asked % self.fails == 0)
        self.counted["500" if failing else "200"] += 1
        return (500, "no luck") if failing else {"answer": "42"}

    def generation(self):
        self.asked += 1
        said = {"response": "42", "done": True, "eval_count": 1}
        loading = {} if self.state is None else {"load_duration": int(self.asked * 1e9)}
        return 200, json.dumps(said | loading) + "\n"

    def prometheus(self, request):
        if self.state == "started":
            self.state = "scraped"
            return {"status": "success", "data": {"resultType": "vector", "result": []}}
        if "query_range" in request.path:
            now = time.time()
            values = self.past if self.past is not None else [(now - 20, "5"), (now - 10, "NaN")]
            result = [{"metric": {}, "values": [[at, str(value)] for at, value in values]}] if values else []
            return {"status": "success", "data": {"resultType": "matrix", "result": result}}
        return {"status": "success", "data": {"resultType": "scalar", "result": [time.time(), "7"]}}


@pytest.fixture
def figures(serve, ledger, tmp_path):
    """The figures of a target whose api, and Prometheus, is the service."""
    clients = []

    def figures(service=None, *, components=None, proven=True, **tables):
        url = serve(service or Service()).url
        parts = {
            "api": {"url": url, "routes": ROUTES, "metrics": "/metrics"},
            "prometheus": {"url": url},
            "ui": {"url": url},
        }
        prompts = [{"id": str(number), "text": f"Question {number}?"} for number in range(4)]
        asked = {"components": parts | (components or {}), "figures": tables, "prompts": prompts}
        target = Target("staging", TargetTable.model_validate(asked), tmp_path, environ={})
        facts = {}

        def client(component):
            clients.append(connect(target, component, ledger))
            return clients[-1]

        def reach(component):
            if not proven:
                raise Unreachable(component, f"{component} did not pass.")
            return client(component)

        def once(name, find_out):
            facts.setdefault(name, None)
            facts[name] = facts[name] or find_out()
            return facts[name]

        made = Figures(target, reach, once, client)
        made.round = lambda: round_of(reach("api"), target.workload, once)
        return made

    yield figures
    for client in clients:
        client.close()


def failure(kind, read, *words):
    with pytest.raises(kind) as caught:
        read(*words)
    return str(caught.value)


def test_a_figure_of_a_metrics_page(figures):
    found = figures(error_rate=ERROR_RATE)
    reading = found.read("error_rate")
    assert (reading.value, reading.unit, reading.source) == (10.0, "%", "the metrics page of api")
    assert reading.at == pytest.approx(time.time(), abs=60)
    assert ("error_rate" in found, "cpu" in found, repr(found)) == (True, False, "Figures(error_rate)")


def test_what_counts_since_a_start_is_read_as_what_it_counted_meanwhile(figures):
    service = Service(fails=2)
    found = figures(service, error_rate=ERROR_RATE)
    assert found.read("error_rate", during=found.round()).value == 50.0
    assert found.read("error_rate", during=found.round()).value == 50.0
    assert service.asked == 4  # one round for both
    assert found.again("error_rate", during=found.round()).value == 50.0
    assert service.asked == 8
    assert failure(Vacuous, lambda: found.read("error_rate", during=list)) == (
        "api: error_rate says nothing, requests_total has counted nothing yet."
    )


def test_a_page_of_another_component(figures):
    found = figures(error_rate={**ERROR_RATE, "component": "prometheus", "page": "/metrics"})
    assert found.read("error_rate").value == 10.0


def test_the_shares_of_a_figure(figures):
    shares = {key: value for key, value in ERROR_RATE.items() if key != "where"} | {"by": "status"}
    found = figures(by_status=shares, error_rate=ERROR_RATE)
    assert found.shares("by_status") == {"200": 90.0, "500": 10.0}
    assert failure(ConfigError, found.shares, "error_rate") == (
        "figures.error_rate is one number; give it from = 'metrics' and by = the label to split it."
    )


def test_what_was_just_done_is_waited_for_until_it_is_scraped(figures):
    found = figures(Service(state="started"), queue={"from": "prometheus", "query": "queue"})
    assert found.read("queue", during=list).value == 7.0
    found = figures(Service(state="started"), queue={"from": "prometheus", "query": "queue"})
    assert failure(Vacuous, found.read, "queue") == (
        "prometheus: 'queue' says nothing, no series of that description is there."
    )


def test_a_figure_of_prometheus_and_its_past(figures):
    found = figures(queue={"from": "prometheus", "query": "queue", "scale": 2, "unit": "jobs"}, error_rate=ERROR_RATE)
    reading = found.read("queue")
    assert (reading.value, reading.unit, reading.source) == (14.0, "jobs", "prometheus, 'queue'")
    assert [one.value for one in found.past("queue", 60)] == [10.0]  # a NaN is no look
    assert found.past("error_rate", 60) == []


def test_the_mean_and_the_peak_of_a_figure(figures):
    queue = {"from": "prometheus", "query": "queue", "scale": 2, "unit": "jobs"}
    past = [(100.0, 1.0), (160.0, 6.0), (220.0, math.nan), (280.0, 2.0)]
    spread = figures(Service(past=past), queue=queue).spread("queue", 86400)
    assert (spread.mean, spread.peak, spread.unit) == (6.0, 12.0, "jobs")
    assert (spread.peak_at, spread.seconds) == (160.0, 180.0)


def test_of_what_nobody_remembers_there_is_no_mean(figures):
    found = figures(Service(past=[]), queue={"from": "prometheus", "query": "queue"}, error_rate=ERROR_RATE)
    assert failure(Vacuous, found.spread, "queue", 86400) == (
        "figures.queue says nothing: prometheus has no value of the last 24 h: no job yields it."
    )
    assert failure(Unsupported, found.spread, "error_rate", 60) == (
        "figures.error_rate: the metrics page of api remembers nothing; give it from = 'prometheus'."
    )


def state(**more):
    return {"from": "service", "route": "state", "value": "jobs.failed", "unit": "jobs", **more}


def test_a_figure_in_the_answer_of_a_route(figures):
    found = figures(Service(state={"jobs": {"failed": 3}}), failed=state(scale=2))
    reading = found.read("failed")
    assert (reading.value, reading.source) == (6.0, "api, route state")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"jobs": {}}, "figures.failed: api, route state has nothing at 'jobs.failed'."),
        ({"jobs": {"failed": "3"}}, "figures.failed: api, route state says '3', which is no number."),
        ({"jobs": {"failed": True}}, "figures.failed: api, route state says True, which is no number."),
        ({"jobs": {"failed": 3}}, "figures.failed: api, route state has no time that can be read at 'at'."),
        (
            {"jobs": {"failed": 3}, "at": "2020-01-01T00:00:00Z"},
            "figures.failed: what api, route state says is {} old, more than 5 min.",
        ),
    ],
)
def test_a_value_of_the_wrong_type_or_age_is_none(figures, said, words):
    from pytest_llmops.target.durations import spoken

    found = figures(Service(state=said), failed=state(at="at"))
    age = spoken(time.time() - 1577836800)
    assert failure(CallFailed, found.read, "failed") == words.format(age)


def test_a_value_of_a_time_to_come_may_be_of_any_age(figures):
    at = time.time() + 7200 - 1800  # half an hour old, by a clock two hours east of here that does not say so
    found = figures(Service(state={"jobs": {"failed": 3}, "at": at}), failed=state(at="at"))
    said = failure(CallFailed, found.read, "failed")
    assert said.startswith("figures.failed: api, route state gives a time at 'at' that is ")
    assert said.endswith(" to come; let it have its zone, or set the clock.")


def test_a_value_that_says_its_own_time(figures):
    at = time.time() - 60
    found = figures(Service(state={"jobs": {"failed": 3}, "at": at}), failed=state(at="at"))
    assert found.read("failed").at == at


def test_our_own_calls_are_a_source(figures):
    service = Service(fails=2)
    asked = {what: {"from": "traffic", "what": what} for what in ("failed", "answered", "mean", "median", "slowest")}
    found = figures(service, **asked, slow={"from": "traffic", "what": "slower", "slower_than": "5 s"})
    read = {name: found.read(name) for name in (*asked, "slow")}
    assert (read["failed"].value, read["answered"].value, read["slow"].value) == (50.0, 50.0, 0.0)
    assert 0 < read["median"].value <= read["slowest"].value < 5
    assert 0 < read["mean"].value < 5
    assert {name: one.unit for name, one in read.items()} == {
        "failed": "%", "answered": "%", "slow": "%", "mean": "s", "median": "s", "slowest": "s",
    }  # fmt: skip
    assert read["mean"].source == "our own calls to api"
    assert service.asked == 4
    assert found.again("failed").value == 50.0
    assert service.asked == 8


@pytest.mark.parametrize(
    ("answers", "failed", "broken"),
    [
        ([{"answer": "42"}], 0.0, 0.0),
        ([(500, "no luck"), {"answer": "42"}], 50.0, 50.0),
        ([{"answer": None}, {"answer": "42"}], 50.0, 0.0),
        ([(429, "later"), {"answer": None}, (422, "{}"), (503, "{}")], 100.0, 25.0),
    ],
    ids=["answered", "broken", "withheld", "all kinds"],
)
def test_what_the_server_failed_is_less_than_what_failed(figures, answers, failed, broken):
    turn = itertools.cycle(answers)
    found = figures(lambda _request: next(turn), **{what: {"from": "traffic", "what": what} for what in WHATS})
    assert [found.read(what).value for what in WHATS] == [failed, broken]


def test_calls_that_nobody_tried_to_answer_say_nothing_of_the_server(figures):
    found = figures(lambda _request: (401, "who is it?"), broken={"from": "traffic", "what": "broken"})
    assert failure(Vacuous, found.read, "broken") == (
        "api: broken says nothing, every call was turned away: api: POST /ask answered 401: who is it?"
    )


def test_a_time_of_calls_that_all_failed(figures):
    found = figures(Service(fails=1), mean={"from": "traffic", "what": "mean"})
    assert failure(CallFailed, found.read, "mean") == (
        "figures.mean: of 4 calls none was answered; the last: api: POST /ask answered 500: no luck"
    )


def test_calls_to_another_component(figures):
    found = figures(
        up={"from": "traffic", "component": "grafana", "what": "answered"},
        components={"grafana": {"url": "http://127.0.0.1:9"}},
    )
    assert found.read("up").value == 0.0
    assert found.again("up").value == 0.0


def test_what_a_target_does_not_have_is_unsupported(figures):
    found = figures(load={"from": "machine", "what": "load"})
    assert failure(Unsupported, found.read, "load") == (
        "figures.load is read from the component 'machine', which target staging does not have."
    )
    assert failure(Unsupported, found.read, "cache_hit_rate") == (
        "target staging has no figure 'cache_hit_rate': no table figures.cache_hit_rate says where to read it."
    )
    assert failure(ConfigError, found.read, "loud") == "unknown figure 'loud'. Did you mean 'load'?"


def test_a_figure_that_a_command_prints(figures):
    said = "print('warming up'); print('{\"jobs\": {\"failed\": 4}}')"
    commands = {"commands": {"dashboard": {"argv": [sys.executable, "-c", said], "output": "json"}}}
    found = figures(
        failed={"from": "app_command", "command": "dashboard", "value": "jobs.failed", "unit": "jobs"},
        components={"app_command": commands},
    )
    reading = found.read("failed")
    assert (reading.value, reading.unit, reading.source) == (4.0, "jobs", "the command dashboard")


def test_a_figure_of_the_machine(figures):
    found = figures(
        load={"from": "machine", "what": "load"},
        used={"from": "machine", "what": "disk_used", "disk": "root"},
        components={"machine": {"interval": 0.01}},
    )
    assert found.read("load").value >= 0
    reading = found.read("used")
    assert 0 < reading.value <= 100
    assert (reading.unit, reading.source) == ("%", "machine, disk_used")


def test_a_figure_of_the_containers_is_that_of_the_fullest(figures):
    rows = [
        {"Names": "api-1", "State": "running", "Labels": "com.docker.compose.service=api"},
        {"Names": "api-2", "State": "running", "Labels": "com.docker.compose.service=api"},
        {"Names": "model-1", "State": "running", "Labels": "com.docker.compose.service=model"},
    ]
    limits = [
        {"Name": f"/{row['Names']}", "State": {"Status": "running"}, "HostConfig": {"NanoCpus": 2e9, "Memory": 2**30}}
        for row in rows
    ]
    used = [
        {"Name": name, "CPUPerc": cpu, "MemUsage": memory}
        for name, cpu, memory in [
            ("api-1", "20%", "768MiB / 1GiB"),
            ("api-2", "180%", "512MiB / 1GiB"),
            ("model-1", "200%", "1GiB / 1GiB"),
        ]
    ]
    printed = {
        "listed": "\n".join(map(json.dumps, rows)),
        "details": json.dumps(limits),
        "usage": "\n".join(map(json.dumps, used)),
    }
    commands = {name: {"argv": [sys.executable, "-c", f"print({text!r})"]} for name, text in printed.items()}
    found = figures(
        cpu={"from": "containers", "part": "api", "what": "cpu"},
        memory={"from": "containers", "part": "api", "what": "memory"},
        components={
            "app_command": {"commands": commands},
            "containers": {"list": "listed", "details": "details", "usage": "usage", "parts": {"api": "api"}},
        },
    )
    cpu = found.read("cpu")
    assert (cpu.value, cpu.unit, cpu.source) == (90.0, "%", "the containers of api, cpu")
    assert found.read("memory").value == 75.0


LOG = {
    "sources": {
        "app": {
            "files": ["app.log"],
            "format": "json",
            "keys": {"time": "at", "level": "level", "message": "text", "failed": "ok == `false`"},
        }
    }
}


def test_lines_of_a_log_are_counted(figures, tmp_path):
    now = time.time()
    lines = [{"at": now - age, "level": level, "text": "x", "ok": level == "INFO"} for age, level in (
        (30, "INFO"), (20, "ERROR"), (10, "INFO"), (5, "CRITICAL"), (9000, "ERROR")
    )]  # fmt: skip
    (tmp_path / "app.log").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    found = figures(
        errors={"from": "logs", "log": "app", "level": "error", "unit": "lines"},
        error_rate={"from": "logs", "log": "app", "level": "error", "share": True},
        failed={"from": "logs", "log": "app", "having": "failed", "share": True, "since": "15 s"},
        components={"logs": LOG},
    )
    read = {name: found.read(name) for name in ("errors", "error_rate", "failed")}
    assert {name: (one.value, one.unit) for name, one in read.items()} == {
        "errors": (2.0, "lines"), "error_rate": (50.0, "%"), "failed": (50.0, "%"),
    }  # fmt: skip
    assert read["errors"].source == "the log app"


def test_a_log_remembers_what_it_counted(figures, tmp_path):
    now = time.time()
    ages = {590: "INFO", 290: "ERROR", 190: "ERROR", 170: "INFO", 10: "ERROR"}  # of the last but one minute nothing
    lines = [{"at": now - age, "level": level, "text": "x"} for age, level in ages.items()]
    (tmp_path / "app.log").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    figure = {"from": "logs", "log": "app", "level": "error", "since": "60 s"}
    found = figures(share=figure | {"share": True}, count=figure, components={"logs": LOG})

    def past(name):
        return [(round(now - one.at), one.value, one.unit) for one in found.past(name, 300)]

    assert past("share") == [(240, 100.0, "%"), (180, 100.0, "%"), (120, 0.0, "%")]
    assert past("count") == [(300, 0.0, ""), (240, 1.0, ""), (180, 1.0, ""), (120, 0.0, ""), (60, 0.0, "")]
    assert len(found.past("count", 600)) == 8  # before that there was no log


def test_a_share_among_the_lines_that_count(figures, tmp_path):
    log = {"sources": {"app": {**LOG["sources"]["app"]}}}
    log["sources"]["app"]["keys"] = {**log["sources"]["app"]["keys"], "ended": "ended", "failed": "failed"}
    noise = [{"text": "x"}] * 3
    calls = [{"ended": True, "failed": failed, "text": "x"} for failed in (True, False, False, False)]
    share = {"from": "logs", "log": "app", "having": "failed", "among": "ended", "share": True}

    def laid(*lines):
        text = "".join(json.dumps({"at": time.time(), "level": "INFO", **line}) + "\n" for line in lines)
        (tmp_path / "app.log").write_text(text)
        return figures(failed=share, components={"logs": log})

    assert laid(*noise, *calls).read("failed").value == 25.0
    assert failure(Vacuous, laid(*noise).read, "failed") == (
        "figures.failed says nothing: app has no lines that are 'ended' of the last 60 min."
    )


def test_a_log_without_a_line_says_nothing(figures, tmp_path):
    (tmp_path / "app.log").write_text(json.dumps({"at": time.time() - 9000, "level": "INFO", "text": "x"}) + "\n")
    found = figures(
        error_rate={"from": "logs", "log": "app", "level": "error", "share": True}, components={"logs": LOG}
    )
    assert failure(Vacuous, found.read, "error_rate").startswith("logs: app has no entry in that time; its newest is ")


def test_a_table_may_say_that_its_figure_is_of_the_round(figures):
    service = Service(fails=2)
    shares = {key: value for key, value in ERROR_RATE.items() if key != "where"}
    found = figures(
        service,
        error_rate=ERROR_RATE | {"during": "traffic"},
        by_status=shares | {"by": "status", "during": "traffic"},
    )
    assert found.read("error_rate").value == 50.0
    assert found.shares("by_status") == {"200": 50.0, "500": 50.0}
    assert service.asked == 4
    found.again("error_rate")
    assert service.asked == 8


def test_a_rate_is_what_was_counted_each_second_of_the_round():
    figure = FromMetrics.model_validate(
        {"from": "metrics", "metric": ["process_cpu_seconds_total"], "rate": True, "during": "traffic", "scale": 100}
    )
    looks = [(12.0, 1000.0), (14.5, 1010.0)]
    before, after = (MetricsPage.parse("api", f"process_cpu_seconds_total {cpu}\n", at) for cpu, at in looks)
    assert after.figure_since(before, "cpu", figure) == 25.0


@pytest.mark.parametrize("more", [{}, {"during": "traffic", "over": ["b"]}, {"during": "traffic", "quantile": 0.5}])
def test_a_rate_is_of_one_counter_and_of_a_time(more):
    with pytest.raises(ValidationError, match="rate is of one counter"):
        FromMetrics.model_validate({"from": "metrics", "metric": ["a"], "rate": True, **more})


def test_the_looks_at_a_page_have_their_times(figures):
    table = {"from": "metrics", "metric": ["requests_total"], "rate": True, "during": "traffic"}
    found = figures(requests=table)
    assert 0 < found.read("requests").value < 1e5  # 4 questions within a moment
    assert 0 < found.again("requests").value < 1e5


def test_the_course_of_a_figure(figures):
    found = figures(requests={"from": "metrics", "metric": ["requests_total"]})
    traffic = found.round()
    steps = traffic.one_by_one(rounds=2)
    first, *later = [reading.value for reading in found.course("requests", steps)]
    assert (len(steps), later) == (8, [first + number for number in range(1, 9)])


@pytest.mark.parametrize(
    ("answer", "broken", "why"),
    [((500, "no luck"), 100, "qdrant: POST /collections/"), ({"result": {"points": []}}, 0, "qdrant: the collection ")],
)
def test_a_vector_store_that_gives_nothing_to_search_for_has_failed(figures, serve, answer, broken, why):
    store = {"qdrant": {"url": serve(lambda _request: answer).url, "collection": "mine"}}
    tables = {what: {"from": "traffic", "component": "qdrant", "what": what} for what in (*WHATS, "answered")}
    found = figures(components=store, **tables)
    assert [found.read(what).value for what in tables] == [100, broken, 0]
    assert why in found.read("failed").source


def test_which_of_several_collections_is_searched_has_to_be_said(figures, serve):
    several = {"result": {"collections": [{"name": "a"}, {"name": "b"}]}}
    store = {"qdrant": {"url": serve(lambda _request: several).url}}
    found = figures(components=store, failed={"from": "traffic", "component": "qdrant", "what": "failed"})
    failure(Unsupported, found.read, "failed")


def test_shares_of_calls_are_told_from_other_figures(figures):
    tables = {what: {"from": "traffic", "what": what} for what in ("up", "failed", "broken", "answered", "slowest")}
    found = figures(**tables, error_rate=ERROR_RATE)
    shares = [name for name in (*tables, "error_rate") if found.table(name).share_of_calls]
    assert shares == ["up", "failed", "broken", "answered"]


def test_a_gauge_after_each_step_that_moved_its_counter(figures):
    answered = {"from": "metrics", "metric": ["requests_total"], "where": {"status": "200"}}
    found = figures(Service(fails=2), gauge={**answered, "scale": 10}, answered=answered)
    steps = found.round().one_by_one()
    assert [reading.value for reading in found.after_each("gauge", "answered", steps)] == [930.0, 940.0]
    assert failure(Vacuous, found.after_each, "gauge", "answered", [lambda: None] * 3) == (
        "figures.gauge says nothing: figures.answered moved with none of 3 questions, so it still shows an "
        "earlier one's value."
    )


def test_figures_by_a_pattern(figures):
    rates = {f"error_rate[{name}]": {"from": "traffic", "what": "failed"} for name in ("api", "tools")}
    found = figures(**rates, error_rates=ERROR_RATE)
    assert found.like("error_rate[*]") == ["error_rate[api]", "error_rate[tools]"]
    assert failure(Unsupported, found.like, "x*") == "target staging has no figure like 'x*'."


@pytest.mark.parametrize(
    ("component", "answer", "up"),
    [
        ("ui", (200, "ok"), 100.0),
        ("ui", (201, "ok"), 0.0),
        ("ui", (200, "<!doctype html>"), 0.0),
        ("ui", (404, "no such page"), 0.0),
        ("ui", (503, "unavailable"), 0.0),
        ("ollama", {"version": "0.11.4"}, 100.0),
        ("ollama", (202, {"version": "0.11.4"}), 0.0),
        ("ollama", {}, 0.0),
        ("ollama", (200, "Ollama is running"), 0.0),
        ("ollama", (404, {}), 0.0),
    ],
)
def test_only_the_answer_of_one_that_is_well_is_up(figures, serve, component, answer, up):
    table = {"from": "traffic", "component": component, "what": "up"}
    found = figures(up=table, components={component: {"url": serve(lambda _: answer).url}})
    reading = found.read("up")
    assert (reading.value, reading.unit) == (up, "%")
    place, _, why = reading.source.partition("; ")
    assert (place, bool(why)) == (f"our own calls to {component}", not up)


def test_a_share_says_how_the_last_call_failed(figures, serve):
    table = {"from": "traffic", "component": "ui", "what": "up"}
    found = figures(up=table, components={"ui": {"url": serve(lambda _: (200, "<!doctype html>")).url}})
    said = "our own calls to ui; ui: GET /_stcore/health answers 200 '<!doctype html>', not 200 'ok'"
    assert [found.read("up").source, found.again("up").source] == [said, said]


def test_a_share_of_probes_is_up(figures, serve):
    answers = itertools.cycle([(200, "ok"), (500, "no luck")])
    table = {"from": "traffic", "component": "ui", "what": "up"}
    assert figures(up=table, components={"ui": {"url": serve(lambda _: next(answers)).url}}).read("up").value == 60.0


def test_a_page_is_opened_and_asked(figures, serve, tmp_path):
    ui = {"url": serve(lambda _: (200, "ok")).url}
    table = {"from": "traffic", "component": "ui", "what": "failed"}
    assert figures(failed=table, components={"ui": ui}).read("failed").value == 0.0
    (tmp_path / "app.py").write_text("raise RuntimeError('no agent')")
    asked = figures(failed=table, components={"ui": {**ui, "app": "app.py", "root": str(tmp_path)}})
    assert asked.read("failed").value == 100.0
    unwell = {"url": serve(lambda _: (503, "unavailable")).url}
    assert figures(failed=table, components={"ui": unwell}).read("failed").value == 100.0


def test_whether_it_is_up_is_asked_of_what_did_not_pass_preflight(figures):
    tables = {what: {"from": "traffic", "component": "ollama", "what": what} for what in ("up", "answered")}
    found = figures(proven=False, components={"ollama": {"url": "http://127.0.0.1:9"}}, **tables)
    assert (found.read("up").value, found.again("up").value) == (0.0, 0.0)
    assert failure(Unreachable, found.read, "answered") == "ollama did not pass."


def ollama(service, url):
    return {"ollama": {"url": url(service).url, "model": "tiny"}}


def test_a_slow_server_is_called_less_often(figures, serve, monkeypatch):
    service = Service()
    mean = {"from": "traffic", "component": "ollama", "what": "mean"}
    monkeypatch.setattr(calls, "SLOW_S", 0.0)
    assert figures(mean=mean, components=ollama(service, serve)).read("mean").value > 0
    assert service.asked == 1


@pytest.mark.parametrize(
    ("said", "answered"),
    [({"response": "Paris"}, 100.0), ({"thinking": "Well"}, 100.0), ({"response": " "}, 0.0), ({}, 0.0)],
)
def test_a_generation_that_says_nothing_did_not_succeed(figures, serve, said, answered):
    line = json.dumps({**said, "done": True, "eval_count": 1}) + "\n"
    rate = {"from": "traffic", "component": "ollama", "what": "answered"}
    assert figures(rate=rate, components=ollama(lambda _: (200, line), serve)).read("rate").value == answered


def test_how_long_loading_took_as_the_server_says(figures, serve):
    load = {"from": "traffic", "component": "ollama", "what": "load"}
    reading = figures(load=load, components=ollama(Service(state="loads"), serve)).read("load")
    assert (reading.value, reading.unit, reading.source) == (4.0, "s", "our own calls to ollama")  # the longest of four
    assert failure(Unsupported, figures(load=load, components=ollama(Service(), serve)).read, "load") == (
        "ollama: its answers do not say how long loading the model took."
    )


def test_the_machine_while_it_works_for_us(figures, serve):
    service = Service()
    used = {"from": "machine", "what": "disk_used", "disk": "root", "during": "ollama"}
    parts = {"machine": {"interval": 0.01}, **ollama(service, serve)}
    assert 0 < figures(used=used, components=parts).read("used").value <= 100
    assert service.asked == 4
    parts["ollama"] = {"url": "http://127.0.0.1:9", "model": "tiny"}
    assert failure(CallFailed, figures(used=used, components=parts).read, "used").startswith(
        "ollama: none of 4 calls was answered; the last: ollama: POST /api/"
    )


@pytest.mark.parametrize(("start", "now", "more"), [(50, 60, 20), (50, 50, 0), (50, 40, -20)])
def test_how_much_more_there_is_than_at_a_start(start, now, more):
    assert Reading(now, "MB", "its page", 2.0).above(Reading(start, "MB", "its page", 1.0)) == more
