"""SOCKS proxies; httpx speaks to them with a package of its own."""

import struct
from socket import create_connection

import pytest

pytest.importorskip("socksio")


def speak_socks(handler):
    """RFC 1928 and 1929, as far as a proxy for names needs them."""
    server = handler.server
    handler.rfile.read(handler.rfile.read(2)[1])
    if server.refuses == "something else":
        handler.wfile.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        return
    handler.wfile.write(b"\x05\x02" if server.login else b"\x05\x00")
    if server.login:
        handler.rfile.read(1)
        user, password = (handler.rfile.read(handler.rfile.read(1)[0]).decode() for _ in range(2))
        known = f"{user}:{password}" == server.login
        handler.wfile.write(b"\x01\x00" if known else b"\x01\x01")
        if not known:
            return
    handler.rfile.read(4)
    name = handler.rfile.read(handler.rfile.read(1)[0]).decode()
    (port,) = struct.unpack(">H", handler.rfile.read(2))
    server.asked.append((name, port))
    handler.wfile.write((b"\x05\x05" if server.refuses else b"\x05\x00") + b"\x00\x01\x7f\x00\x00\x01\x00\x00")
    if not server.refuses:
        handler.pump(create_connection(("127.0.0.1", port)))


@pytest.fixture
def socks(relay):
    """Starts a SOCKS proxy."""

    def socks(**options):
        proxy = relay(speak=speak_socks, **options)
        proxy.url = proxy.url.replace("http://", "socks5://")
        return proxy

    return socks


def test_a_socks_proxy_looks_up_the_name(serve, secured, socks, http, ca):
    plain, encrypted, proxy = serve(lambda _: {"by": "plain"}), secured(lambda _: {"by": "TLS"}), socks()
    api = http(url=f"http://rag.example:{plain.server_port}", proxy=proxy.url)
    assert api.call("GET", "/x").json() == {"by": "plain"}
    api = http(url=f"https://rag.example:{encrypted.port}", proxy=proxy.url, tls={"ca": ca})
    assert api.call("GET", "/x").json() == {"by": "TLS"}
    assert proxy.asked == [("rag.example", plain.server_port), ("rag.example", encrypted.port)]


def test_a_login_of_a_socks_proxy(serve, socks, http, failure):
    server, proxy = serve(lambda _: {}), socks(login="eve:hunter22")
    http(url=server.url.replace("127.0.0.1", "rag.example"), proxy=proxy.url.replace("//", "//eve:hunter22@")).call(
        "GET", "/x"
    )
    assert failure(http(url="http://rag.example", proxy=proxy.url.replace("//", "//eve:hunter23@"))) == (
        "proxy",
        (
            f"api: GET /x was not let through: the proxy {proxy.url} does not accept the user and password: "
            f"set HTTP_PROXY to {proxy.url.replace('//', '//user:password@')} in the environment, "
            "and leave proxy out of the file."
        ),
    )


@pytest.mark.parametrize(
    ("refuses", "said"),
    [
        ("the connection", "Proxy Server could not connect: Connection refused"),
        ("something else", "Malformed reply"),
    ],
)
def test_a_socks_proxy_that_refuses(socks, http, failure, refuses, said):
    proxy = socks(refuses=refuses)
    assert failure(http(url="http://rag.example", proxy=proxy.url)) == (
        "proxy",
        f"api: GET /x was not let through: asked for rag.example, the proxy {proxy.url} said: {said}.",
    )


def test_a_socks_proxy_that_is_not_there(http, closed_port, failure):
    assert failure(http(url="http://rag.example", proxy=f"socks5://127.0.0.1:{closed_port}")) == (
        "refused",
        f"api: GET /x was not sent: nothing listens at the proxy socks5://127.0.0.1:{closed_port}.",
    )
