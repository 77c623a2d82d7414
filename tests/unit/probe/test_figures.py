import pytest

from pytest_llmops.probe.figures import Routed, page, propose
from pytest_llmops.target.models import TargetTable

INSTRUMENTATOR = """\
# HELP http_requests_total Total number of requests by method, status and handler.
# TYPE http_requests_total counter
http_requests_total{handler="/health",method="GET",status="2xx"} 6.0
http_requests_total{handler="none",method="GET",status="4xx"} 3.0
http_requests_total{handler="/v1/chat",method="POST",status="2xx"} 9.0
http_requests_total{handler="/v1/chat",method="POST",status="5xx"} 1.0
# TYPE http_request_duration_highr_seconds histogram
http_request_duration_highr_seconds_bucket{le="0.1"} 19.0
http_request_duration_highr_seconds_bucket{le="+Inf"} 19.0
http_request_duration_highr_seconds_count 19.0
http_request_duration_highr_seconds_sum 3.0
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{handler="/health",le="0.1",method="GET"} 6.0
http_request_duration_seconds_bucket{handler="/health",le="+Inf",method="GET"} 6.0
http_request_duration_seconds_bucket{handler="/v1/chat",le="1.0",method="POST"} 10.0
http_request_duration_seconds_bucket{handler="/v1/chat",le="+Inf",method="POST"} 10.0
http_request_duration_seconds_count{handler="/health",method="GET"} 6.0
http_request_duration_seconds_count{handler="/v1/chat",method="POST"} 10.0
http_request_duration_seconds_sum{handler="/health",method="GET"} 0.06
http_request_duration_seconds_sum{handler="/v1/chat",method="POST"} 5.0
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 5.0e+07
"""

MICROMETER = """\
# TYPE http_server_requests_seconds summary
http_server_requests_seconds_count{error="none",method="GET",outcome="SUCCESS",status="200",uri="/health"} 4
http_server_requests_seconds_sum{error="none",method="GET",outcome="SUCCESS",status="200",uri="/health"} 0.4
"""


def figures(text, routed=None):
    """The proposed figures, after the target's own models have read them, and what they come to on this page."""
    found = page(text)
    proposed = propose(found, routed)
    read = TargetTable.model_validate({"figures": proposed}).figures
    return proposed, {name: found.figure(name, figure) for name, figure in read.items()}


def test_the_page_of_a_fastapi_service():
    _, values = figures(INSTRUMENTATOR)
    assert values == {
        "requests_total": 19.0,
        "api_error_rate": pytest.approx(100 / 19),
        "api_success_rate": pytest.approx(1800 / 19),
        "api_latency_mean": pytest.approx(3 / 19),
        "api_latency_p95": pytest.approx(0.095),
        "resident_memory": 50.0,
    }


def test_figures_are_narrowed_to_the_query_route_where_the_series_tell_paths_apart():
    proposed, values = figures(INSTRUMENTATOR, Routed("/v1/chat", "/health"))
    assert proposed["requests_total"] == {
        "from": "metrics",
        "metric": ["http_requests_total"],
        "where": {"handler": "/v1/chat"},
    }
    assert proposed["api_error_rate"]["over_where"] == {"handler": "/v1/chat"}
    assert values["api_error_rate"] == 10.0
    assert values["api_latency_mean"] == 0.5


def test_they_are_not_where_the_label_does_not_hold_the_path_that_was_asked():
    proposed, _ = figures(INSTRUMENTATOR, Routed("/v1/chat", "/healthz"))
    assert "where" not in proposed["requests_total"]


def test_paths_may_stand_below_the_url_and_are_no_patterns():
    text = 'x_requests_total{path="/base/health",code="200"} 1\n'
    proposed = propose(page(text), Routed("/v1.0/ask", "/health", "/base"))
    assert proposed["requests_total"]["where"] == {"path": r"/base/v1\.0/ask"}


@pytest.mark.parametrize("label", ["status", "status_code", "code", "http_status_code", "http_response_status_code"])
@pytest.mark.parametrize("codes", [("200", "500"), ("2xx", "5xx")])
def test_labels_of_the_status(label, codes):
    good, bad = codes
    _, values = figures(f'my_requests_total{{{label}="{good}"}} 3\nmy_requests_total{{{label}="{bad}"}} 1\n')
    assert (values["api_error_rate"], values["api_success_rate"]) == (25.0, 75.0)


def test_a_label_of_another_kind_gives_no_rates():
    proposed, _ = figures('jobs_requests_total{status="done"} 3\n')
    assert list(proposed) == ["requests_total"]


def test_the_timer_of_micrometer_counts_too():
    proposed, values = figures(MICROMETER)
    assert list(proposed) == ["requests_total", "api_error_rate", "api_success_rate", "api_latency_mean"]
    assert (values["requests_total"], values["api_error_rate"], values["api_latency_mean"]) == (4.0, 0.0, 0.1)


def test_milliseconds_become_seconds():
    text = (
        'http_server_duration_milliseconds_bucket{le="100"} 1\nhttp_server_duration_milliseconds_bucket{le="+Inf"} 1\n'
        "http_server_duration_milliseconds_sum 80\nhttp_server_duration_milliseconds_count 1\n"
    )
    _, values = figures(text)
    assert (values["api_latency_mean"], values["api_latency_p95"]) == (0.08, pytest.approx(0.095))


def test_what_the_exporter_counts_of_itself_is_left_out():
    text = 'promhttp_metric_handler_requests_total{code="200"} 9\nprometheus_http_requests_total{code="200"} 9\n'
    assert figures(text)[0] == {}


@pytest.mark.parametrize(
    "text", ["", "<html></html>", '{"a": 1}', "[]", "# only a comment\n", "{not metrics", "a b c d"]
)
def test_what_is_no_page(text):
    assert page(text) is None
