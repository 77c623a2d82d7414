"""Which figures triage reads, and from where."""

import pytest

from pytest_llmops.clients import calls
from pytest_llmops.errors import CallFailed
from pytest_llmops.operate.readings import Limited, limited

FIGURES = """
[targets.here.components.api]
url = "{url}"
metrics = "/metrics"
[targets.here.components.api.routes.query]
method = "POST"
path = "/ask"
body = {{ question = "{{prompt}}" }}
answer = "answer"
[[targets.here.prompts]]
id = "a"
text = "Why?"
[targets.here.figures]
judged = {{ from = "metrics", metric = ["x_total"] }}
spoken = {{ from = "metrics", metric = ["y_total"], unit = "%" }}
idle = {{ from = "metrics", metric = ["x_total"] }}
asked = {{ from = "prometheus", query = "up" }}
past = {{ from = "prometheus", query = "avg_over_time(up[1d])", triage = false }}
[targets.here.thresholds]
judged = {{ target = "< 5" }}
asked = {{ target = "> 0" }}
past = {{ target = "> 0" }}
[[targets.here.severities]]
name = "P1"
response = 60
when = [{{ says = "x", figure = "spoken", breach = "> 25 %" }}]
"""
PAGE = "# TYPE x counter\nx_total 2\n# TYPE y counter\ny_total 30\n"


@pytest.fixture
def figures(read, clients, serve):
    def figures(table):
        server = serve(table)
        target = read(FIGURES.format(url=server.url))
        return Limited(target, clients(target), lambda _name, make: make(), lambda _name: 1.0), server

    return figures


def test_those_that_somebody_set_a_limit_for_are_read(figures):
    found, _ = figures({"/metrics": PAGE})
    assert found.names == limited(found._target) == ["judged", "spoken", "asked"]
    assert (found.read("judged"), found.read("spoken")) == ((2.0, ""), (30.0, "%"))
    assert [found.component(name) for name in found.names] == ["api", "api", "prometheus"]


def test_questions_are_asked_before_what_they_count_is_read(figures):
    found, server = figures({"/metrics": PAGE, "/ask": {"answer": "because"}})
    found.prepare()
    assert "POST" in server.asked


CALLS = """
[targets.here.components.ollama]
url = "http://127.0.0.1:1"
deadline = "60 s"
[targets.here.figures]
slow = { from = "traffic", component = "ollama", what = "mean" }
page = { from = "metrics", component = "ollama", metric = ["x_total"] }
"""


def test_our_own_calls_may_take_as_long_as_a_slow_server(read, clients):
    target = read(CALLS)
    found = Limited(target, clients(target), lambda _name, make: make(), lambda _name: 1.0)
    assert (found.takes_s("slow"), found.takes_s("page")) == (calls.SLOW_S + 60, 0)


def test_a_page_that_is_away_is_a_failed_call(figures):
    found, _ = figures({"/metrics": 404})
    with pytest.raises(CallFailed):
        found.read("judged")
