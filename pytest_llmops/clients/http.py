"""The only door to httpx: signed, budgeted calls with one deadline each, and errors in plain words."""

from __future__ import annotations

import json
import ssl
import time
from contextlib import contextmanager
from contextvars import ContextVar
from http.cookiejar import CookieJar, DefaultCookiePolicy
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import httpx

from pytest_llmops import __version__
from pytest_llmops.clients.answer import Answer
from pytest_llmops.clients.asked import Asked
from pytest_llmops.clients.certificates import trouble, trusted
from pytest_llmops.clients.connecting import not_connected, not_let_through
from pytest_llmops.clients.deadline import Deadline, DeadlineBackend
from pytest_llmops.clients.exchange import begin_exchange, keep_answer
from pytest_llmops.clients.form_file import FormFile
from pytest_llmops.clients.reproduction import as_curl
from pytest_llmops.clients.signing import WRONG, signature
from pytest_llmops.clients.stream_lines import lines_of
from pytest_llmops.errors import CallFailed, ConfigError
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.secrets import without_userinfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_llmops.clients.login import Login
    from pytest_llmops.clients.signing import Signature
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.proxies import Proxy

__all__ = ["PURPOSE", "Answer", "Http", "purpose"]

KEEP_ALIVE_S = 1.5
"""An idle connection is not used again after this: servers close theirs after 2 to 75 s, and the two must not meet."""

CLOSED = ("Server disconnected", "peer closed", "peer unexpectedly closed")
LOCATION = "Invalid URL in location header"
"""How the library's words begin, of which it makes one kind of error: what follows may be the server's."""

PURPOSE: ContextVar[str] = ContextVar("purpose", default="check")
"""Why: ``preflight``, ``check``, ``measure``, ``probe`` or ``doctor``; servers see it in the User-Agent."""


@contextmanager
def purpose(word: str) -> Iterator[None]:
    """Calls within are made for this."""
    token = PURPOSE.set(word)
    try:
        yield
    finally:
        PURPOSE.reset(token)


class Http:
    """Calls to one component: one connection pool, one way to sign, one ledger.

    Args:
        target: the deployment.
        component: which of its endpoints.
        ledger: where calls are counted.
    """

    def __init__(self, target: Target, component: str, ledger: Ledger) -> None:
        self.target = target
        self.component = component
        self.ledger = ledger
        self.part = target.component(component)
        self.url = without_userinfo(self.part.url or "").rstrip("/")
        self.proxy = target.proxy(component)
        self._login: Login | None = None
        self._deadline = Deadline()
        transport = self._transport()
        self._failures = _failures(self.proxy)
        # There is no public way to hand a network backend to httpx; the deadline tests guard this one.
        pool = transport._pool  # noqa: SLF001
        pool._network_backend = DeadlineBackend(pool._network_backend, self._deadline)  # noqa: SLF001
        self._client = httpx.Client(
            base_url=self.url,
            transport=transport,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # each call shows no more than its own key
            timeout=None,  # noqa: S113 (DeadlineBackend cuts every step to the call's own deadline)
        )

    def _transport(self) -> httpx.HTTPTransport:
        """How connections are made: whom they trust, and through which proxy they go.

        Raises:
            ConfigError: a file of ``tls`` or the proxy cannot be used.
        """
        # Nobody has to be trusted where nothing is encrypted, and reading all authorities takes 50 ms.
        everyone = _everyone() if self.part.encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return httpx.HTTPTransport(
            verify=trusted(self.target, self.component, everyone),
            limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE_S),
            proxy=self._proxy_settings(self.proxy) if self.proxy else None,
        )

    def _proxy_settings(self, proxy: Proxy) -> httpx.Proxy:
        place = f"{self.target.where[:-1]}.components.{self.component}] proxy"
        place = f"the environment's {proxy.variable}" if proxy.variable else place
        if proxy.scheme.startswith("socks") and find_spec("socksio") is None:
            raise ConfigError(
                f"{place} = {proxy} speaks SOCKS, which needs a package that is not installed: "
                f"run pip install 'httpx[socks]'."
            )
        context = _everyone() if proxy.scheme == "https" else None
        tls = self.part.tls
        if context and tls and tls.ca:
            context.load_verify_locations(str(self.target.root / tls.ca))
        try:
            return httpx.Proxy(proxy.url, ssl_context=context)
        except httpx.InvalidURL:  # a host that no name server could know
            raise ConfigError(f"{place} is no proxy; write for example http://proxy.example:3128.") from None

    def __repr__(self) -> str:
        return f"Http({self.component} at {self.url})"

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        role: str | None = None,
        signed: bool = True,
        deadline_s: float | None = None,
        content: bytes | FormFile | None = None,
        headers: Mapping[str, str] | None = None,
        past_limit: bool = False,
    ) -> Answer:
        """Make one call and read the whole answer, whatever its status.

        Args:
            method: GET, POST, …
            path: below the component's url.
            body: sent as JSON.
            query: query parameters.
            role: which of ``auth.roles`` signs it.
            signed: whether it is signed at all.
            deadline_s: for the whole call; the component's own by default.
            content: sent as it is, in place of ``body``, and said to be JSON; or a file, sent in a form.
            headers: further ones, such as Origin.
            past_limit: whether it is meant to go beyond the component's own rate limit.

        Raises:
            CallFailed: no whole answer came (kinds ``refused``, ``unresolved``, ``timeout``, ``tls``, ``proxy``,
                ``connection``).
            BudgetSpent: the run may not make this call.
        """
        signature = self._signature(role) if signed else None
        asked = Asked(method, path, body, query, content, headers or {}, past_limit)
        with self._sent(asked, signature, deadline_s) as (response, start):
            response.read()
            elapsed_s = time.perf_counter() - start
            if response.status_code >= 500:  # a server that stumbled may hang up without having said so
                response.extensions["network_stream"].close()
            answer = self._answer(method, path, response, elapsed_s)
        keep_answer(answer)
        return answer

    def download(self, path: str, into: Path, *, deadline_s: float) -> None:
        """Make a GET, and write the bytes of the answer to a file as they come.

        Raises:
            CallFailed: as in :meth:`call`; also for a status that is not 2xx.
        """
        with self._sent(Asked("GET", path), self._signature(None), deadline_s) as (response, start):
            if not 200 <= response.status_code < 300:
                response.read()
                self._answer("GET", path, response, time.perf_counter() - start).ok()
            with into.open("wb") as file:
                for piece in response.iter_bytes():
                    file.write(piece)

    def admit(self) -> None:
        """Get what signs calls; makes one where a token has to be asked for.

        Raises:
            CallFailed: it was refused.
        """
        self._signature(None)

    def _signature(self, role: str | None) -> Signature | None:
        """How a call is signed: by what a variable holds, or by the token that it gets where one logs in."""
        auth = self.part.auth
        if auth is None or auth.login is None or role == WRONG:
            return signature(self.target, self.component, role)
        if self._login is None:
            from pytest_llmops.clients.login import Login

            self._login = Login(self.target, self.component, self._logging_in)
        return self._login.signature()

    def _logging_in(self, method: str, path: str, body: Any, shown: Any) -> Answer:
        with self._sent(Asked(method, path, body), None, None, shown) as (response, start):
            response.read()
            return self._answer(method, path, response, time.perf_counter() - start)

    def lines(
        self, method: str, path: str, *, body: Any = None, deadline_s: float | None = None
    ) -> Iterator[tuple[float, str]]:
        """Make one call and yield the lines of its streamed answer as they come, each with its time in seconds.

        That is when its last byte was read from the connection, whatever was done since with that and with others.
        Whoever has all that is wanted may stop reading: the connection is closed then, for servers that close theirs
        after a stream are met by a call that takes it for open.

        Raises:
            CallFailed: as in :meth:`call`; also for a status that is not 2xx.
        """
        with self._sent(Asked(method, path, body), self._signature(None), deadline_s) as (response, start):
            if not 200 <= response.status_code < 300:
                response.read()
                self._answer(method, path, response, time.perf_counter() - start).ok()
            try:
                for came, line in lines_of((self._deadline.came, piece) for piece in response.iter_bytes()):
                    yield came - start, line
            except GeneratorExit:
                response.extensions["network_stream"].close()
                return
            except (httpx.RemoteProtocolError, httpx.ReadError):
                raise CallFailed(
                    self.component, "cut-stream", f"{self.component}: {method} {path} was cut before its last chunk."
                ) from None

    @contextmanager
    def _sent(
        self, asked: Asked, signed: Signature | None, deadline_s: float | None, shown: Any = None
    ) -> Iterator[tuple[httpx.Response, float]]:
        method, path = asked.method, asked.path
        headers = {"User-Agent": f"pytest-llmops/{__version__} ({PURPOSE.get()})", **(signed.headers if signed else {})}
        content = asked.sent
        if isinstance(content, FormFile):
            headers |= content.headers
        elif content is not None:
            headers["Content-Type"] = "application/json"
        # Parameters that are handed to httpx take the place of those in the path, also where there are none
        address = httpx.URL(path).copy_merge_params(dict(asked.query)) if asked.query else path
        request = self._client.build_request(method, address, content=content, headers={**headers, **asked.headers})
        # Whatever cannot be sent has raised by now.
        self.ledger.admit(self.component, None if asked.past_limit else self.part.rate_limit)
        told = asked.told if shown is None else json.dumps(shown, ensure_ascii=False)
        begin_exchange(as_curl(self.target, self.component, method, str(request.url), told, signed, asked.headers))
        allowed_s = deadline_s or self.part.deadline
        self._deadline.start(allowed_s)
        start, answered = time.perf_counter(), False
        try:
            response = self._client.send(request, stream=True)
            try:
                yield response, start
                answered = response.status_code < 500
            finally:
                response.close()
        except self._failures as error:
            kind, words = self._in_words(error, allowed_s)
            if self.proxy and self.proxy.scheme.startswith("socks") and self._deadline.stream:
                self._deadline.stream.close()  # the library forgets it where the proxy refuses
            raise CallFailed(self.component, kind, f"{self.component}: {method} {path} {words}.") from None
        finally:
            if answered:
                self.ledger.answer(self.component)

    def _answer(self, method: str, path: str, response: httpx.Response, elapsed_s: float) -> Answer:
        """The answer, if it is the component's own.

        Raises:
            CallFailed: it is the proxy's, which asks who we are (kind ``proxy``).
        """
        if self.proxy and response.status_code == 407:
            words = not_let_through("407", self.proxy, self.url)
            raise CallFailed(self.component, "proxy", f"{self.component}: {method} {path} {words}.")
        headers = {name.lower(): value for name, value in response.headers.items()}
        through = str(self.proxy or "")
        asked, status = f"{method} {path}", response.status_code
        return Answer(self.component, asked, status, response.text, elapsed_s, headers, self.url, through)

    def _in_words(self, error: Exception, allowed_s: float) -> tuple[str, str]:
        """The kind of a failure, and what to say of it."""
        through = f" through the proxy {self.proxy}" if self.proxy else ""
        if isinstance(error, httpx.TimeoutException):
            return "timeout", f"gave no whole answer within {spoken(allowed_s)}{through}"
        if self.proxy and (isinstance(error, httpx.ProxyError) or not isinstance(error, httpx.RequestError)):
            return "proxy", not_let_through(str(error), self.proxy, self.url)
        if tls := self._tls_trouble(error, through):
            return "tls", tls
        if isinstance(error, httpx.ConnectError):
            return not_connected(error, self.url, self.proxy)
        if isinstance(error, httpx.DecodingError):
            return "bad-answer", "answered what its Content-Encoding does not decode"
        if isinstance(error, httpx.LocalProtocolError):
            # Its own words quote the header, and with it the secret.
            return "connection", "was not sent: HTTP allows no such header; look for a line break in the secret"
        said = str(error)
        if said.startswith(LOCATION):
            return "connection", "answered a redirect whose Location is no address"
        if isinstance(error, httpx.RemoteProtocolError) and not said.startswith(CLOSED):
            return "connection", f"answered something that is not HTTP{through}"
        return "connection", f"broke off{through}: the connection was closed before the answer was whole"

    def _tls_trouble(self, error: Exception, through: str) -> str:
        ours = bool(self.part.tls and self.part.tls.cert)
        if self.proxy and self.proxy.scheme == "https" and self._deadline.handshakes == 1:
            whose, through = f"the proxy {self.proxy}", ""
        else:
            whose = "the server"
        said = trouble(error, whose, ours=ours)
        return f"failed in TLS{through}: {said}" if said else ""


def _everyone() -> ssl.SSLContext:
    """Trusts what this machine trusts (SSL_CERT_FILE goes first), and the authorities that come with httpx."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def _failures(proxy: Proxy | None) -> tuple[type[Exception], ...]:
    """How a call can fail; where a SOCKS proxy speaks something else, httpx raises no error of its own."""
    if proxy is None or not proxy.scheme.startswith("socks"):
        return (httpx.RequestError,)
    return (httpx.RequestError, import_module("socksio").ProtocolError)
