import socket
import threading
import time

import pytest

from pytest_llmops import __version__
from pytest_llmops.clients import deadline
from pytest_llmops.clients.exchange import last_answer, last_exchange
from pytest_llmops.clients.http import purpose
from pytest_llmops.errors import BudgetSpent, CallFailed, ConfigError
from pytest_llmops.state.ledger import Ledger

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"
LONG_HEAD = HEAD.replace(b"\r\n\r\n", b"\r\nX-Long: " + b"x" * 2000 + b"\r\n\r\n")


def dribbled(text):
    """One byte every 50 ms."""
    for byte in text:
        yield bytes([byte])
        time.sleep(0.05)


def failure(http, path="/x", **more):
    with pytest.raises(CallFailed) as caught:
        http.call("GET", path, **more).ok().json()
    return caught.value.kind, str(caught.value)


def body_dribbled():
    yield HEAD
    yield from dribbled(b"x" * 2000)


@pytest.mark.parametrize("answer", [lambda _: dribbled(LONG_HEAD), lambda _: body_dribbled()], ids=["headers", "body"])
def test_a_server_that_dribbles_is_cut_at_the_deadline(serve, http, answer):
    api = http(url=serve(answer).url)
    start = time.monotonic()
    assert failure(api, deadline_s=0.3) == ("timeout", "api: GET /x gave no whole answer within 300 ms.")
    assert time.monotonic() - start < 60  # the whole answer takes minutes


def test_an_answer_is_that_of_the_newest_call_alone(serve, http):
    given = iter([{"first": 1}, body_dribbled()])
    api = http(url=serve(lambda _: next(given)).url)
    api.call("GET", "/x").ok()
    assert last_answer().json() == {"first": 1}
    command = last_exchange.get()
    assert failure(api, deadline_s=0.3)[0] == "timeout"
    assert (last_exchange.get(), last_answer()) == (command, None)


def test_a_stream_that_dribbles_is_cut_at_the_deadline(serve, http):
    api = http(url=serve(lambda _: body_dribbled()).url, deadline="300 ms")
    with pytest.raises(CallFailed) as caught:
        list(api.lines("GET", "/x"))
    assert (caught.value.kind, str(caught.value)) == ("timeout", "api: GET /x gave no whole answer within 300 ms.")


def test_a_server_that_accepts_and_says_nothing_is_cut_too(http):
    with socket.create_server(("127.0.0.1", 0)) as server:
        api = http(url=f"http://127.0.0.1:{server.getsockname()[1]}", deadline=0.2)
        assert failure(api) == ("timeout", "api: GET /x gave no whole answer within 200 ms.")


def test_each_call_has_a_deadline_of_its_own(serve, http, clock):
    passing = clock(deadline)
    api = http(url=serve(lambda _: {}).url)
    for _ in range(3):
        passing.sleep(40)
        assert api.call("GET", "/x", deadline_s=60).json() == {}


def test_threads_do_not_share_a_deadline(serve, http, hangs):
    asked, may_answer = threading.Event(), threading.Event()

    def answer(request):
        if request.path != "/slow":
            return hangs(request)
        asked.set()
        return may_answer.wait(60) and {}

    api = http(url=serve(answer).url)
    answers = []
    slow = threading.Thread(target=lambda: answers.append(api.call("GET", "/slow", deadline_s=60).json()))
    slow.start()
    assert asked.wait(60)
    assert failure(api, deadline_s=0.1) == ("timeout", "api: GET /x gave no whole answer within 100 ms.")
    may_answer.set()
    slow.join()
    assert answers == [{}]


def test_nothing_listens(http, closed_port):
    api = http(url=f"http://127.0.0.1:{closed_port}")
    assert failure(api) == ("refused", "api: GET /x was refused: nothing listens there.")


@pytest.mark.parametrize("parts", [[], [b"HTTP/1.1 20"], [HEAD], [HEAD, b"some"]])
def test_a_connection_that_is_closed_early(serve, http, parts):
    api = http(url=serve(lambda _: iter(parts)).url)
    assert failure(api) == (
        "connection",
        "api: GET /x broke off: the connection was closed before the answer was whole.",
    )


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        ((429, "", {"Retry-After": "30"}), "throttled", "api: GET /x is throttled (Retry-After: 30 s)."),
        ((429, ""), "throttled", "api: GET /x is throttled."),
        ((500, " boom \n"), "http-500", "api: GET /x answered 500: boom"),
        ((404, "y" * 200), "http-404", f"api: GET /x answered 404: {'y' * 120}..."),
        ((200, "<html>"), "bad-answer", "api: GET /x answered no JSON: '<html>'."),
        (
            (200, "not zipped", {"Content-Encoding": "gzip"}),
            "bad-answer",
            "api: GET /x answered what its Content-Encoding does not decode.",
        ),
    ],
)
def test_answers_that_are_no_success(serve, http, answer, kind, said):
    assert failure(http(url=serve(lambda _: answer).url)) == (kind, said)


def test_the_whole_answer_is_kept_and_never_shown(serve, http):
    api = http(url=serve(lambda _: (400, "y" * 200)).url)
    with pytest.raises(CallFailed) as caught:
        api.call("GET", "/x").ok()
    error = caught.value
    assert error.body == "y" * 200
    assert str(error) == f"api: GET /x answered 400: {'y' * 120}..."
    assert repr(error) == f'CallFailed("{error}")' or repr(error) == f"CallFailed('{error}')"


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"closed\r\n\r\n",
        b"-ERR unknown command 'GET'\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_answers_does_not_speak_http(serve, http, said):
    api = http(url=serve(lambda _: iter([said])).url)
    assert failure(api) == ("connection", "api: GET /x answered something that is not HTTP.")


@pytest.mark.parametrize(
    ("location", "kind", "said"),
    [
        ("http://eve:hun#ter2@host", "connection", "api: GET /x answered a redirect whose Location is no address."),
        ("http://[::1", "connection", "api: GET /x answered a redirect whose Location is no address."),
        ("http://[", "http-302", "api: GET /x answered 302, which is not followed: its Location is no address."),
    ],
)
def test_a_redirect_to_no_address(serve, http, location, kind, said):
    assert failure(http(url=serve(lambda _: (302, "", {"Location": location})).url)) == (kind, said)


def test_a_stream_with_an_error_status_is_no_stream(serve, http):
    api = http(url=serve(lambda _: (429, "", {"Retry-After": "7"})).url)
    with pytest.raises(CallFailed) as caught:
        list(api.lines("POST", "/x", body={}))
    assert (caught.value.kind, str(caught.value)) == ("throttled", "api: POST /x is throttled (Retry-After: 7 s).")


def test_a_secret_with_a_line_break_is_not_sent_and_not_shown(serve, http):
    api = http(url=serve(lambda _: {}).url, auth={"bearer": "KEY"}, environ={"KEY": "s3cret\n"})
    assert failure(api) == (
        "connection",
        "api: GET /x was not sent: HTTP allows no such header; look for a line break in the secret.",
    )


def test_lines_come_with_their_times(serve, http):
    had = threading.Event()

    def answer(_):
        yield b"HTTP/1.1 200 OK\r\n\r\none\n\n"
        had.wait(60)
        time.sleep(0.05)
        yield b"two\r\nthree"

    lines = http(url=serve(answer).url).lines("GET", "/x")
    at_one, one = next(lines)
    had.set()
    (at_two, two), (at_three, three) = lines
    assert (one, two, three) == ("one", "two", "three")
    assert 0 < at_one < at_one + 0.03 < at_two <= at_three


def test_a_line_came_when_it_was_read_whatever_was_done_with_those_before(serve, http):
    url = serve(lambda _: iter([b"HTTP/1.1 200 OK\r\n\r\none\ntwo\n"])).url
    moments = []
    for moment, _ in http(url=url).lines("GET", "/x"):
        moments.append(moment)
        time.sleep(0.05)
    assert moments[0] == moments[1] > 0


def test_loopback_asks_no_proxy_and_everything_else_does(serve, http):
    proxy, here = serve(lambda _: {"by": "proxy"}), serve(lambda _: {"by": "itself"})
    environ = dict.fromkeys(("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"), proxy.url)
    assert http(environ=environ, url=here.url).call("GET", "/x").json() == {"by": "itself"}
    assert http(environ=environ, url="http://rag.example").call("GET", "/x").json() == {"by": "proxy"}
    assert [request.path for request in proxy.requests] == ["http://rag.example/x"]


def test_the_deadline_holds_through_a_proxy(serve, http):
    proxy = serve(lambda _: body_dribbled()).url
    assert failure(http(environ={"HTTP_PROXY": proxy}, url="http://rag.example", deadline=0.3)) == (
        "timeout",
        f"api: GET /x gave no whole answer within 300 ms through the proxy {proxy}.",
    )


def test_servers_see_why_they_are_called(serve, http):
    server = serve(lambda _: {})
    api = http(url=server.url)
    api.call("GET", "/x")
    with purpose("measure"):
        api.call("GET", "/x")
    api.call("GET", "/x")
    assert [request.headers["user-agent"] for request in server.requests] == [
        f"pytest-llmops/{__version__} (check)",
        f"pytest-llmops/{__version__} (measure)",
        f"pytest-llmops/{__version__} (check)",
    ]


def test_every_call_is_charged_and_refused_when_the_budget_is_spent(serve, http, ledger, closed_port):
    api, nobody = http(url=serve(lambda _: {}).url), http(url=f"http://127.0.0.1:{closed_port}")
    api.call("GET", "/x")
    list(api.lines("GET", "/x"))
    failure(nobody)
    assert (ledger.spent().requests, ledger.answered("api"), ledger.answered_here("api")) == (3, 2, 2)
    ledger.charge("api", requests=ledger.budget.requests)
    with pytest.raises(BudgetSpent):
        api.call("GET", "/x")


def test_a_call_counts_while_it_is_under_way(serve, http, ledger):
    another = Ledger(ledger.path, ledger.budget)
    api = http(url=serve(lambda _: [another.spent().requests, another.answered("api")]).url)
    assert api.call("GET", "/x").json() == [1, 0]
    assert (another.spent().requests, another.answered("api")) == (1, 1)


def test_no_call_shows_a_cookie_of_another(serve, http):
    server = serve(lambda _: (200, "{}", {"Set-Cookie": "session=1; Path=/"}))
    api = http(url=server.url)
    for _ in range(2):
        assert api.call("GET", "/x").status == 200
    assert ["cookie" in request.headers for request in server.requests] == [False, False]


@pytest.mark.parametrize(
    ("path", "query", "sent"),
    [
        ("/x?wait=true", None, "/x?wait=true"),
        ("/x?wait=true", {}, "/x?wait=true"),
        ("/x?wait=true&q=a%20b", {"n": [1, 2]}, "/x?wait=true&q=a+b&n=1&n=2"),
        ("/x", {"q": "a b"}, "/x?q=a+b"),
    ],
)
def test_a_path_keeps_its_query(serve, http, path, query, sent):
    server = serve(lambda _: {})
    http(url=server.url + "/base").call("PUT", path, query=query, body={})
    assert [request.path for request in server.requests] == [f"/base{sent}"]


def test_a_call_that_cannot_be_signed_costs_nothing(http, ledger, closed_port):
    with pytest.raises(ConfigError):
        http(url=f"http://127.0.0.1:{closed_port}", auth={"bearer": "KEY"}).call("GET", "/x")
    assert ledger.spent().requests == 0


def test_the_last_call_can_be_pasted_into_a_shell(serve, http):
    server = serve(lambda _: {})
    api = http(url=server.url.replace("//", "//eve:hunter22@") + "/base/")
    api.call("POST", "/v1/query", body={"question": "it's"}, query={"n": 3})
    assert repr(api) == f"Http(api at {server.url}/base)"
    assert [(request.method, request.path) for request in server.requests] == [("POST", "/base/v1/query?n=3")]
    assert last_exchange.get() == (
        f"curl -sS -X POST '{server.url}/base/v1/query?n=3' -u \"[user:password of the url]\" "
        "-H 'Content-Type: application/json' -d '{\"question\": \"it'\"'\"'s\"}'"
    )
