"""A proxy between: which one, who says so, and that one deadline holds through all of it."""

import socket
import sys
import threading
import time
from contextlib import suppress

import pytest

from pytest_llmops.errors import ConfigError


@pytest.mark.parametrize(
    ("environ", "asked"),
    [
        ({"HTTP_PROXY": "{proxy}"}, True),
        ({"http_proxy": "{proxy}"}, True),
        ({"ALL_PROXY": "{proxy}"}, True),
        ({"HTTPS_PROXY": "{proxy}"}, False),
        ({"HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "{proxy}"}, True),
        ({"HTTP_PROXY": "{proxy}", "NO_PROXY": "other.example"}, True),
    ],
)
def test_the_environment_names_the_proxy(serve, relay, http, environ, asked):
    server, proxy = serve(lambda _: {"by": "itself"}), relay()
    environ = {name: value.format(proxy=proxy.url) for name, value in environ.items()}
    api = http(environ=environ, url=f"http://rag.example:{server.server_port}/base")
    assert bool(api.proxy) is asked
    if asked:
        assert api.call("GET", "/x").json() == {"by": "itself"}
        assert proxy.asked == [f"GET http://rag.example:{server.server_port}/base/x HTTP/1.1"]


def test_a_component_names_its_own_proxy_or_none(serve, relay, http):
    server, proxy = serve(lambda _: {}), relay()
    http(url=server.url, proxy=proxy.url).call("GET", "/x")
    assert proxy.asked == [f"GET {server.url}/x HTTP/1.1"]
    http(environ={"HTTP_PROXY": "http://127.0.0.1:9"}, url=server.url, proxy="none").call("GET", "/x")
    assert http(environ={"ALL_PROXY": "http://127.0.0.1:9"}, url="http://rag.example", proxy="none").proxy is None
    assert len(server.requests) == 2


def test_tls_goes_through_a_tunnel(secured, relay, http, ca):
    server, proxy = secured(lambda _: {"by": "itself"}), relay()
    api = http(url=f"https://rag.example:{server.port}", tls={"ca": ca}, proxy=proxy.url)
    assert api.call("GET", "/x").json() == {"by": "itself"}
    assert api.call("POST", "/x", body={"a": 1}).json() == {"by": "itself"}
    assert proxy.asked[0] == f"CONNECT rag.example:{server.port} HTTP/1.1"
    assert [request.method for request in server.requests] == ["GET", "POST"]


def test_tls_within_the_tls_of_the_proxy(secured, serve, relay, http, ca, authority):
    proxy = relay(issued=authority.issue_cert("127.0.0.1"))
    server = secured(lambda request: {"length": len(request.text), "text": "x" * 50_000})
    api = http(url=f"https://rag.example:{server.port}", tls={"ca": ca}, proxy=proxy.url)
    found = api.call("POST", "/x", body={"a": "y" * 40_000}).json()
    assert (found["length"], len(found["text"])) == (40_009, 50_000)
    plain = http(url=serve(lambda _: {"by": "itself"}).url, tls={"ca": ca}, proxy=proxy.url)
    assert plain.call("GET", "/x").json() == {"by": "itself"}


def test_a_proxy_with_a_certificate_of_an_unknown_authority(serve, relay, http, authority, failure):
    proxy = relay(issued=authority.issue_cert("127.0.0.1"))
    assert failure(http(url=serve(lambda _: {}).url, proxy=proxy.url)) == (
        "tls",
        (
            f"api: GET /x failed in TLS: the certificate of the proxy {proxy.url} does not verify: "
            "unable to get local issuer certificate."
        ),
    )


def test_a_server_behind_the_tls_of_the_proxy_that_is_not_trusted(secured, relay, http, ca, authority, failure):
    proxy, server = relay(issued=authority.issue_cert("127.0.0.1")), secured(lambda _: {}, "other.example")
    assert failure(http(url=f"https://rag.example:{server.port}", tls={"ca": ca}, proxy=proxy.url)) == (
        "tls",
        (
            f"api: GET /x failed in TLS through the proxy {proxy.url}: the certificate of the server does not verify: "
            "Hostname mismatch, certificate is not valid for 'rag.example'."
        ),
    )


def test_nothing_listens_at_the_proxy(http, closed_port, failure):
    assert failure(http(url="http://rag.example", proxy=f"http://eve:hunter22@127.0.0.1:{closed_port}")) == (
        "refused",
        f"api: GET /x was not sent: nothing listens at the proxy http://127.0.0.1:{closed_port}.",
    )


def test_the_name_of_the_proxy_does_not_resolve(http, failure):
    assert failure(http(url="http://rag.example", proxy="http://no-such-proxy.invalid:3128")) == (
        "unresolved",
        (
            "api: GET /x was not sent: the name no-such-proxy.invalid of the proxy http://no-such-proxy.invalid:3128 "
            "does not resolve."
        ),
    )


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_asks_who_we_are(relay, http, failure, scheme):
    proxy, url, variable = relay(login="eve:hunter22"), f"{scheme}://rag.example", f"{scheme.upper()}_PROXY"
    whole = proxy.url.replace("//", "//user:password@")
    assert failure(http(url=url, proxy=proxy.url)) == (
        "proxy",
        (
            f"api: GET /x was not let through: the proxy {proxy.url} asks for a user and a password: "
            f"set {variable} to {whole} in the environment, and leave proxy out of the file."
        ),
    )
    assert failure(http(environ={variable: proxy.url.replace("//", "//eve:hunter23@")}, url=url)) == (
        "proxy",
        (
            f"api: GET /x was not let through: the proxy {proxy.url} does not accept the user and password: "
            f"set {variable} to {whole} in the environment."
        ),
    )


def test_a_login_of_the_proxy_is_used_and_never_shown(serve, secured, relay, http, ca):
    proxy = relay(login="eve:p@ss wörd")
    url = proxy.url.replace("//", "//eve:p%40ss%20w%C3%B6rd@")
    api = http(url=serve(lambda _: {}).url, proxy=url)
    assert api.call("GET", "/x").json() == {}
    server = secured(lambda _: {})
    http(url=server.url, tls={"ca": ca}, proxy=url).call("GET", "/x")
    assert len(proxy.asked) == 2
    assert "wörd" not in repr([api, api.proxy, api.target, api.part])
    assert "w%C3" not in repr([api, api.proxy, api.target, api.part])
    assert (
        api.target.redactor().clean(f"{url} eve:p@ss wörd")
        == f"{url.partition('eve')[0]}[redacted]@{url[-15:]} [redacted]"
    )


def test_a_proxy_that_refuses_the_tunnel(relay, http, failure):
    proxy = relay(refuses="403 Forbidden by rule")
    assert failure(http(url="https://rag.example:8443", proxy=proxy.url)) == (
        "proxy",
        (f"api: GET /x was not let through: asked for rag.example, the proxy {proxy.url} said: 403 Forbidden by rule."),
    )


def test_an_error_of_the_proxy_itself_names_it(relay, http, failure):
    proxy = relay(refuses="502 Bad Gateway")
    assert failure(http(url="http://rag.example", proxy=proxy.url)) == (
        "http-502",
        f"api: GET /x answered 502 through the proxy {proxy.url}: an empty body",
    )


def silent():
    """A listener that takes connections and says nothing."""
    return socket.create_server(("127.0.0.1", 0))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("url", ["http://rag.example", "https://rag.example"])
def test_a_proxy_that_says_nothing_is_cut_at_the_deadline(http, failure, scheme, url):
    with silent() as proxy:
        proxy_url = f"{scheme}://127.0.0.1:{proxy.getsockname()[1]}"
        assert failure(http(url=url, proxy=proxy_url, deadline=0.2)) == (
            "timeout",
            f"api: GET /x gave no whole answer within 200 ms through the proxy {proxy_url}.",
        )


@pytest.mark.parametrize("tls", [False, True], ids=["tunnel", "tunnel in TLS"])
def test_a_handshake_that_dribbles_is_cut_at_the_deadline(relay, http, failure, authority, ca, tls):
    with silent() as server:

        def dribble():
            with suppress(OSError), server.accept()[0] as connection:
                connection.recv(4096)
                for byte in b"\x16\x03\x03\x40\x00" + b"x" * 2000:  # a record of 16 KB, minutes long
                    connection.sendall(bytes([byte]))
                    time.sleep(0.05)

        dribbling = threading.Thread(target=dribble)
        dribbling.start()
        proxy = relay(issued=authority.issue_cert("127.0.0.1") if tls else None)
        url = f"https://rag.example:{server.getsockname()[1]}"
        start = time.monotonic()
        assert failure(http(url=url, tls={"ca": ca}, proxy=proxy.url, deadline=0.4)) == (
            "timeout",
            f"api: GET /x gave no whole answer within 400 ms through the proxy {proxy.url}.",
        )
        assert time.monotonic() - start < 60
        server.shutdown(socket.SHUT_RDWR)  # if it has come to nobody
        dribbling.join()


@pytest.mark.parametrize("tls", [False, True], ids=["tunnel", "tunnel in TLS"])
def test_an_answer_that_dribbles_through_a_tunnel_is_cut_at_the_deadline(
    secured, relay, http, failure, authority, ca, tls
):
    def answer(_):
        yield b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"
        for _ in range(2000):
            yield b"x"
            time.sleep(0.05)

    server, proxy = secured(answer), relay(issued=authority.issue_cert("127.0.0.1") if tls else None)
    api = http(url=f"https://rag.example:{server.port}", tls={"ca": ca}, proxy=proxy.url, deadline=0.4)
    assert failure(api) == (
        "timeout",
        f"api: GET /x gave no whole answer within 400 ms through the proxy {proxy.url}.",
    )


@pytest.mark.parametrize(
    ("environ", "settings", "said"),
    [
        (
            {"HTTPS_PROXY": "ftp://eve:hunter22@proxy.example"},
            {},
            (
                "the environment's HTTPS_PROXY is no proxy; write for example http://proxy.example:3128; "
                "in a user or a password write / ? # @ as %2F %3F %23 %40."
            ),
        ),
        (
            {"HTTPS_PROXY": "http://user:hun#ter2@proxy"},
            {},
            (
                "the environment's HTTPS_PROXY is no proxy; write for example http://proxy.example:3128; "
                "in a user or a password write / ? # @ as %2F %3F %23 %40."
            ),
        ),
        (
            {"HTTPS_PROXY": "http://eve:hunter22@-é-é.é:3128"},
            {},
            "the environment's HTTPS_PROXY is no proxy; write for example http://proxy.example:3128.",
        ),
        (
            {},
            {"proxy": "socks5://proxy.example:1080"},
            (
                "llmops.toml: [targets.staging.components.api] proxy = socks5://proxy.example:1080 speaks SOCKS, which "
                "needs a package that is not installed: run pip install 'httpx[socks]'."
            ),
        ),
        (
            {"ALL_PROXY": "socks5h://proxy.example:1080"},
            {},
            (
                "the environment's ALL_PROXY = socks5h://proxy.example:1080 speaks SOCKS, which needs a package that "
                "is not installed: run pip install 'httpx[socks]'."
            ),
        ),
    ],
)
def test_a_proxy_that_cannot_be_used(http, monkeypatch, environ, settings, said):
    monkeypatch.setitem(sys.modules, "socksio", None)
    with pytest.raises(ConfigError) as caught:
        http(environ=environ, url="https://rag.example", **settings)
    assert str(caught.value) == said
