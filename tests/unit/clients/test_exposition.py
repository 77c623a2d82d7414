import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_llmops.clients.exposition import MetricsPage
from pytest_llmops.errors import CallFailed, Unsupported, Vacuous
from pytest_llmops.target.figures import FromMetrics

PAGE = """
# HELP requests_total Requests.
# TYPE requests_total counter
requests_total{status="200",model="small"} 90
requests_total{status="404",model="small"} 6
requests_total{status="500",model="large"} 3
requests_total{status="503",model="large"} 1
requests_created{status="200"} 1.7e9
# TYPE hits_total counter
hits_total 0
# TYPE misses_total counter
misses_total 0
# TYPE latency_seconds histogram
latency_seconds_bucket{route="query",le="0.1"} 10
latency_seconds_bucket{route="query",le="0.5"} 60
latency_seconds_bucket{route="query",le="1"} 90
latency_seconds_bucket{route="query",le="+Inf"} 100
latency_seconds_bucket{route="audit",le="0.1"} 100
latency_seconds_bucket{route="audit",le="0.5"} 100
latency_seconds_bucket{route="audit",le="1"} 100
latency_seconds_bucket{route="audit",le="+Inf"} 100
latency_seconds_sum 70.0
latency_seconds_count 200
# TYPE quiet_seconds histogram
quiet_seconds_bucket{le="1"} 0
quiet_seconds_bucket{le="+Inf"} 0
# TYPE resident_bytes gauge
resident_bytes 2.5e8
"""
REQUESTS = {"metric": ["requests_total"]}


def counted(table):
    return FromMetrics.model_validate({"from": "metrics"} | table)


@pytest.fixture(scope="module")
def page():
    return MetricsPage.parse("api", PAGE)


@pytest.mark.parametrize(
    ("figure", "value"),
    [
        (REQUESTS, 100.0),
        ({**REQUESTS, "where": {"status": "5.."}}, 4.0),
        ({**REQUESTS, "where": {"status": "5"}}, 0.0),  # the pattern fits the whole value
        ({**REQUESTS, "where": {"status": "5..", "model": "small"}}, 0.0),
        ({**REQUESTS, "where": {"status": "5.."}, "over": ["requests_total"], "scale": 100}, 4.0),
        ({**REQUESTS, "over": ["requests_total"], "over_where": {"status": "[45].."}}, 10.0),
        ({"metric": ["latency_seconds_sum"], "over": ["latency_seconds_count"]}, 0.35),
        ({"metric": ["resident_bytes"], "scale": 1e-6}, 250.0),
        ({"metric": ["resident_bytes", "requests_total"]}, 250_000_100.0),
        ({"metric": ["hits_total"]}, 0.0),
    ],
)
def test_a_figure_is_a_sum_or_a_share_of_sums(page, figure, value):
    assert page.figure("figure", counted(figure)) == pytest.approx(value)


@pytest.mark.parametrize(
    ("quantile", "where", "value"),
    [
        (0.05, {"route": "query"}, 0.05),  # 5 of the first 10, from 0 to 0.1
        (0.35, {"route": "query"}, 0.3),  # 25 of the next 50, from 0.1 to 0.5
        (0.75, {"route": "query"}, 0.75),  # 15 of the next 30, from 0.5 to 1
        (0.95, {"route": "query"}, 1.0),  # beyond the last bound that is a number
        (0.575, {}, 0.14),  # 115 of 200: 5 of the 50 above 110
    ],
)
def test_a_quantile_is_linear_within_its_bucket(page, quantile, where, value):
    figure = counted({"metric": ["latency_seconds_bucket"], "quantile": quantile, "where": where})
    assert page.figure("p", figure) == pytest.approx(value)
    assert page.figure("p", figure.model_copy(update={"scale": 1000})) == pytest.approx(1000 * value)


@given(counts=st.lists(st.integers(0, 50), min_size=1, max_size=6), quantile=st.floats(0.01, 0.99))
def test_a_quantile_lies_in_the_bucket_that_holds_its_rank(counts, quantile):
    values = [number + 0.5 for number, count in enumerate(counts) for _ in range(count)]
    buckets = [f'x_bucket{{le="{n + 1}"}} {sum(counts[: n + 1])}' for n in range(len(counts))]
    text = "# TYPE x histogram\n" + "\n".join([*buckets, f'x_bucket{{le="+Inf"}} {len(values)}', ""])
    figure, found = counted({"metric": ["x_bucket"], "quantile": quantile}), MetricsPage.parse("api", text)
    if not values:
        with pytest.raises(Vacuous):
            found.figure("p", figure)
        return
    rank = quantile * len(values)
    holder = next(n for n in range(len(counts)) if sum(counts[: n + 1]) >= rank)
    assert holder <= found.figure("p", figure) <= holder + 1


def test_shares_by_label(page):
    figure = counted({"metric": ["requests_total"], "by": "model", "over": ["requests_total"], "scale": 100})
    assert page.shares("model_share", figure) == {"large": 4.0, "small": 96.0}
    failed = figure.model_copy(update={"where": {"status": "5.."}})
    assert page.shares("model_share", failed) == {"large": 4.0, "small": 0.0}


def test_a_page_without_the_series_does_not_support_the_figure(page):
    with pytest.raises(Unsupported) as caught:
        page.figure("cost", counted({"metric": ["dollars_total", "cents_total"]}))
    assert str(caught.value) == "api: cost needs cents_total, dollars_total, which its metrics do not have."


@pytest.mark.parametrize(
    ("figure", "series"),
    [
        (
            counted({"metric": ["hits_total"], "over": ["hits_total", "misses_total"]}),
            "hits_total + misses_total",
        ),
        (counted({"metric": ["quiet_seconds_bucket"], "quantile": 0.5}), "quiet_seconds_bucket"),
        (
            counted({"metric": ["latency_seconds_bucket"], "quantile": 0.5, "where": {"route": "none"}}),
            "latency_seconds_bucket",
        ),
    ],
)
def test_series_that_counted_nothing_say_nothing(page, figure, series):
    with pytest.raises(Vacuous) as caught:
        page.figure("rate", figure)
    assert str(caught.value) == f"api: rate says nothing, {series} has counted nothing yet."


def test_the_moment_of_creation_is_no_figure(page):
    assert "requests_created" not in page.names


@pytest.fixture
def api(serve, client):
    server = serve(lambda request: (200, PAGE) if request.path == "/metrics" else (200, "<html>no metrics</html>"))
    return lambda path="/metrics": client("api", url=server.url, metrics=path)


def test_the_api_reads_its_page(api):
    assert "requests_total" in api().metrics().names


def test_a_page_that_is_no_metrics_page(api):
    with pytest.raises(CallFailed) as caught:
        api("/").metrics()
    assert caught.value.kind == "bad-answer"
    assert str(caught.value).startswith("api: GET / is no metrics page: ")


def test_a_profile_without_a_metrics_page(client):
    with pytest.raises(Unsupported) as caught:
        client("api", url="http://rag.example").metrics()
    assert str(caught.value) == "api: its profile names no metrics page."


@pytest.mark.parametrize(
    "figure",
    [
        {"metric": ["requests_total"], "where": {"code": "5.."}},
        {"metric": ["requests_total"], "where": {"code": "5.."}, "over": ["requests_total"]},
        {"metric": ["requests_total"], "over": ["requests_total"], "over_where": {"code": ".+"}},
    ],
)
def test_a_label_that_no_line_has_would_always_be_nought(page, figure):
    with pytest.raises(Unsupported) as caught:
        page.figure("rate", counted(figure))
    assert str(caught.value) == "api: rate needs the label 'code', which requests_total does not have."


def test_a_label_that_may_be_absent_is_no_matter(page):
    assert page.figure("calls", counted({"metric": ["requests_total"], "where": {"code": "|200"}})) == 100.0


def test_what_is_not_split_by_a_label_has_no_shares(page):
    figure = counted({"metric": ["requests_total"], "by": "tenant", "over": ["requests_total"]})
    with pytest.raises(Unsupported) as caught:
        page.shares("share", figure)
    assert str(caught.value) == "api: share needs the label 'tenant', which requests_total does not have."
    with pytest.raises(Unsupported) as absent:
        page.shares("share", figure.model_copy(update={"metric": ["cents_total"]}))
    assert str(absent.value) == "api: share needs cents_total, which its metrics do not have."


def test_what_counters_rose_between_two_looks(page):
    later = MetricsPage.parse("api", PAGE.replace('model="large"} 3', 'model="large"} 8').replace("2.5e8", "1e8"))
    risen = later.since(page, ["requests_total"])
    assert risen.figure("figure", counted(REQUESTS)) == 5
    assert risen.names == {"requests_total"}


def test_a_counter_that_fell_says_nothing(page):
    later = MetricsPage.parse("api", PAGE.replace('model="small"} 90', 'model="small"} 3'))
    with pytest.raises(Vacuous) as caught:
        later.since(page, ["requests_total"])
    assert str(caught.value) == (
        "api: requests_total fell between two looks at the metrics page: the service was restarted, or several "
        "processes answer in turn."
    )
