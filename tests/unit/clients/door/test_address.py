"""Addresses: IPv6, names, path prefixes, and servers that point elsewhere."""

import socket
import threading
import time
from http.server import ThreadingHTTPServer

import pytest

from pytest_llmops.clients.exchange import last_exchange
from pytest_llmops.errors import CallFailed


@pytest.fixture
def serve6(serve):
    """Starts a server on ``::1``."""
    if not socket.has_ipv6:
        pytest.skip("this Python knows no IPv6")
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no ::1")
    started = []

    class Six(ThreadingHTTPServer):
        address_family = socket.AF_INET6

    def serve6(answer):
        server = Six(("::1", 0), serve(answer).RequestHandlerClass)
        server.answer, server.requests = answer, []
        server.url = f"http://[::1]:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        started.append((server, thread))
        return server

    yield serve6
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


def test_an_ipv6_address(serve6, http):
    server = serve6(lambda _: {"by": "six"})
    api = http(environ={"HTTP_PROXY": "http://127.0.0.1:9"}, url=f"{server.url}/base")
    assert api.proxy is None
    assert api.call("GET", "/x").json() == {"by": "six"}
    assert [(request.path, request.headers["host"]) for request in server.requests] == [
        ("/base/x", f"[::1]:{server.server_port}")
    ]
    assert last_exchange.get() == f"curl -sS --noproxy '*' -g -X GET '{server.url}/base/x'"


def test_a_name_that_does_not_resolve(http, failure):
    assert failure(http(url="http://no-such-host.invalid:8000")) == (
        "unresolved",
        "api: GET /x was not sent: the name no-such-host.invalid does not resolve.",
    )
    assert failure(http(url=f"http://{'long' * 20}.invalid")) == (
        "unresolved",
        f"api: GET /x was not sent: the name {'long' * 20}.invalid does not resolve.",
    )


@pytest.fixture
def dead():
    """Makes addresses that answer nothing at all: their queues of connections are full."""
    opened = []

    def dead(port, *addresses):
        for address in addresses:
            opened.append(socket.create_server((address, port), backlog=0))
            for _ in range(4):
                opened.append(socket.socket())
                opened[-1].setblocking(False)
                opened[-1].connect_ex((address, port))

    yield dead
    for one in opened:
        one.close()


def test_of_several_addresses_dead_ones_leave_time_for_the_next(serve, http, failure, dead, monkeypatch):
    names = {"rag.example": ["127.0.0.2", "127.0.0.1"], "dead.example": ["127.0.0.2", "127.0.0.3", "127.0.0.4"]}
    resolver = socket.getaddrinfo

    def name_server(host, *rest, **more):
        return [found for name in names.get(host, [host]) for found in resolver(name, *rest, **more)]

    monkeypatch.setattr(socket, "getaddrinfo", name_server)
    server = serve(lambda _: {"by": "the second"})
    dead(server.server_port, "127.0.0.2", "127.0.0.3", "127.0.0.4")
    api = http(url=f"http://rag.example:{server.server_port}", deadline=4)
    assert api.call("GET", "/x").json() == {"by": "the second"}
    start = time.monotonic()
    assert failure(http(url=f"http://dead.example:{server.server_port}", deadline=1)) == (
        "timeout",
        "api: GET /x gave no whole answer within 1 s.",
    )
    assert time.monotonic() - start < 2.9  # not three times as long


@pytest.mark.parametrize("end", ["", "/"])
def test_a_path_before_every_path(serve, http, end):
    server = serve(lambda _: {})
    api = http(url=f"{server.url}/llm/ollama{end}")
    api.call("GET", "/api/tags", query={"all": "yes"})
    assert [request.path for request in server.requests] == ["/llm/ollama/api/tags?all=yes"]
    assert last_exchange.get() == f"curl -sS -X GET '{server.url}/llm/ollama/api/tags?all=yes'"
    assert (repr(api), api.url) == (f"Http(api at {server.url}/llm/ollama)", f"{server.url}/llm/ollama")


@pytest.mark.parametrize(
    ("location", "there", "then"),
    [
        ("{url}/base/x/", "{url}/base/x/", "; write the path as /x/"),
        ("/base/x/?again=1", "{url}/base/x/", "; write the path as /x/"),
        (
            "https://rag.example/base/x",
            "https://rag.example/base/x",
            '; if that is the same component, write url = "https://rag.example/base"',
        ),
        ("../v2/x", "{url}/v2/x", '; if that is the same component, write url = "{url}/v2"'),
        ("https://eve:hunter22@login.example/?token=s3cret#top", "https://login.example/", ""),
        ("/base/x", "{url}/base/x", ""),
    ],
)
def test_a_redirect_says_where_it_points_and_what_to_write(serve, http, failure, location, there, then):
    server = serve(lambda _: (308, "", {"Location": location.format(url=server.url)}))
    assert failure(http(url=f"{server.url}/base")) == (
        "http-308",
        (
            f"api: GET /x answered 308, which is not followed: it points to {there.format(url=server.url)}"
            f"{then.format(url=server.url)}."
        ),
    )


def test_a_redirect_to_nowhere_and_one_of_a_stream(serve, http, failure):
    assert failure(http(url=serve(lambda _: (304, "")).url)) == ("http-304", "api: GET /x answered 304: an empty body")
    api = http(url=serve(lambda _: (302, "", {"Location": "https://login.example/"})).url)
    with pytest.raises(CallFailed) as caught:
        list(api.lines("POST", "/x", body={}))
    assert str(caught.value) == (
        "api: POST /x answered 302, which is not followed: it points to https://login.example/."
    )
    assert api.call("GET", "/x").failure == "http-302"
