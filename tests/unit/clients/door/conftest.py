import ssl
import threading
from base64 import b64encode
from contextlib import suppress
from socket import SHUT_RDWR, create_connection
from socketserver import StreamRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

import pytest
import trustme

from pytest_llmops.errors import CallFailed


@pytest.fixture
def failure():
    """The kind and the words of a call that fails."""

    def failure(http, path="/x", **more):
        with pytest.raises(CallFailed) as caught:
            http.call("GET", path, **more).ok()
        return caught.value.kind, str(caught.value)

    return failure


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch):
    """The proxies of whoever runs these tests are none of their business."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture(scope="session")
def authority():
    """An authority that nobody knows."""
    return trustme.CA()


@pytest.fixture
def ca(authority, tmp_path):
    """The authority's file, as ``tls.ca`` names it."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return "ca.pem"


@pytest.fixture
def secured(serve, authority):
    """Starts a server with TLS: ``secured(answer)`` for 127.0.0.1 and localhost; options change its certificate."""

    def secured(answer, *names, clients=None, **issued):
        server = serve(answer)
        certificate = authority.issue_cert(*(names or ("127.0.0.1", "localhost", "rag.example")), **issued)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)
        if clients:
            clients.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.url = server.url.replace("http://", "https://")
        server.port = server.server_port
        return server

    return secured


class Relay(ThreadingTCPServer):
    """A proxy: CONNECT and absolute requests. Every name is this machine for it.

    Args:
        login: ``user:password`` that it asks for.
        refuses: status line in place of a tunnel.
        issued: its certificate, for TLS between us and it.
        speak: what it does with a connection, in place of HTTP.
    """

    daemon_threads = True

    def __init__(self, login="", refuses="", issued=None, speak=None):
        super().__init__(("127.0.0.1", 0), Relayed)
        self.login, self.refuses, self.speak, self.asked, self.open = login, refuses, speak, [], []
        if issued:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            issued.configure_cert(context)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"{'https' if issued else 'http'}://127.0.0.1:{self.server_address[1]}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self.thread.start()

    def end(self):
        self.shutdown()
        self.thread.join()
        self.server_close()
        for one in self.open:
            with suppress(OSError):
                one.shutdown(SHUT_RDWR)
            one.close()


class Relayed(StreamRequestHandler):
    def handle(self):
        if self.server.speak:
            self.server.speak(self)
            return
        lines = []
        while line := self.rfile.readline().decode().rstrip():
            lines.append(line)
        if not lines:
            return
        self.server.asked.append(lines[0])
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        login = "Basic " + b64encode(self.server.login.encode()).decode()
        if self.server.login and headers.get("proxy-authorization") != login:
            self.answer("407 Proxy Authentication Required")
        elif self.server.refuses:
            self.answer(self.server.refuses)
        else:
            self.relay(*lines[0].split(), lines[1:])

    def answer(self, status):
        self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())

    def relay(self, method, target, version, headers):
        parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
        there = create_connection(("127.0.0.1", parts.port))
        if method == "CONNECT":
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            kept = [line for line in headers if not line.lower().startswith("proxy-")]
            path = f"{parts.path}?{parts.query}" if parts.query else parts.path
            there.sendall("\r\n".join([f"{method} {path} {version}", *kept, "", ""]).encode())
        self.pump(there)

    def pump(self, there):
        self.server.open += [there, self.connection]
        back = threading.Thread(target=copy, args=(there.recv, self.connection), daemon=True)
        back.start()
        copy(self.rfile.read1, there)
        back.join()


def copy(read, to):
    with suppress(OSError, ValueError):
        while part := read(65536):
            to.sendall(part)
    with suppress(OSError):
        to.shutdown(SHUT_RDWR)


@pytest.fixture
def relay():
    """Starts a proxy; it ends with the test."""
    started = []

    def relay(**options):
        started.append(Relay(**options))
        return started[-1]

    yield relay
    for one in started:
        one.end()
