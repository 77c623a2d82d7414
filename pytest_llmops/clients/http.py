"""The only door to httpx: signed, budgeted calls with one deadline each, and errors in plain words."""

from __future__ import annotations

import json
import shlex
import ssl
import time
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from pytest_llmops import __version__
from pytest_llmops.clients.deadline import Deadline, DeadlineBackend
from pytest_llmops.clients.signing import Signature, signature
from pytest_llmops.errors import CallFailed, ConfigError
from pytest_llmops.target.durations import spoken
from pytest_llmops.target.secrets import without_userinfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.components import Tls
    from pytest_llmops.target.load import Target

KEEP_ALIVE_S = 1.5
"""An idle connection is not used again after this: servers close theirs after 2 to 75 s, and the two must not meet."""

PURPOSE: ContextVar[str] = ContextVar("purpose", default="check")
"""Why calls are made: ``preflight``, ``check`` or ``measure``; servers see it in the User-Agent."""

last_exchange: ContextVar[str] = ContextVar("last_exchange", default="")
"""The newest call of this test as a curl command, secrets by name."""


@contextmanager
def purpose(word: str) -> Iterator[None]:
    """Calls within are made for this."""
    token = PURPOSE.set(word)
    try:
        yield
    finally:
        PURPOSE.reset(token)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        component: who answered.
        asked: method and path.
        status: HTTP status.
        text: the body.
        elapsed_s: from the start of the call to the end of the body.
        headers: lower-cased names.
    """

    component: str
    asked: str
    status: int
    text: str = field(repr=False)
    elapsed_s: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            CallFailed: it is none (kind ``bad-answer``).
        """
        try:
            return json.loads(self.text)
        except ValueError:
            raise CallFailed(
                self.component, "bad-answer", f"{self.component}: {self.asked} answered no JSON: {self.text[:80]!r}."
            ) from None

    @property
    def failure(self) -> str:
        """Why a timed call with this outcome is no success; empty if it is one."""
        return f"http-{self.status}" if self.status >= 400 else ""

    @property
    def is_json(self) -> bool:
        """Whether the body can be read as JSON."""
        try:
            json.loads(self.text)
        except ValueError:
            return False
        return True

    def table(self) -> dict[str, Any]:
        """The body as a JSON object.

        Raises:
            CallFailed: it is none (kind ``bad-answer``).
        """
        found = self.json()
        if not isinstance(found, dict):
            raise CallFailed(
                self.component,
                "bad-answer",
                f"{self.component}: {self.asked} answered no JSON object: {self.text[:80]!r}.",
            )
        return found

    def ok(self) -> Answer:
        """This answer, if its status is 2xx.

        Raises:
            CallFailed: it is not (kind ``http-500`` and so on, ``throttled`` for 429).
        """
        if 200 <= self.status < 300:
            return self
        if self.status == 429:
            wait = self.headers.get("retry-after", "")
            after = f" (Retry-After: {wait} s)" if wait else ""
            raise CallFailed(self.component, "throttled", f"{self.component}: {self.asked} is throttled{after}.")
        raise CallFailed(
            self.component,
            f"http-{self.status}",
            f"{self.component}: {self.asked} answered {self.status}: {self.text.strip()[:120] or 'an empty body'}",
        )


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
        self._deadline = Deadline()
        self._client = httpx.Client(
            base_url=self.url,
            verify=_verify(self.part.tls, target.root),
            trust_env=not loopback(self.url),
            limits=httpx.Limits(keepalive_expiry=KEEP_ALIVE_S),
            timeout=None,  # noqa: S113 (DeadlineBackend cuts every step to the call's own deadline)
        )
        for transport in (self._client._transport, *self._client._mounts.values()):  # noqa: SLF001
            if isinstance(transport, httpx.HTTPTransport):
                # There is no public way to hand a network backend to httpx; the deadline tests guard this one.
                pool = transport._pool  # noqa: SLF001
                pool._network_backend = DeadlineBackend(pool._network_backend, self._deadline)  # noqa: SLF001

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
        deadline_s: float | None = None,
    ) -> Answer:
        """Make one call and read the whole answer, whatever its status.

        Args:
            method: GET, POST, …
            path: below the component's url.
            body: sent as JSON.
            query: query parameters.
            role: which of ``auth.roles`` signs it.
            deadline_s: for the whole call; the component's own by default.

        Raises:
            CallFailed: no whole answer came (kinds ``refused``, ``timeout``, ``connection``).
            BudgetSpent: the run may not make this call.
        """
        with self._sent(method, path, body, query, role, deadline_s) as (response, start):
            response.read()
            elapsed_s = time.perf_counter() - start
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(self.component, f"{method} {path}", response.status_code, response.text, elapsed_s, headers)

    def lines(
        self, method: str, path: str, *, body: Any = None, deadline_s: float | None = None
    ) -> Iterator[tuple[float, str]]:
        """Make one call and yield the lines of its streamed answer as they come, each with its time in seconds.

        Raises:
            CallFailed: as in :meth:`call`; also for a status that is not 2xx.
        """
        with self._sent(method, path, body, None, None, deadline_s) as (response, start):
            if not 200 <= response.status_code < 300:
                response.read()
                elapsed_s = time.perf_counter() - start
                asked = f"{method} {path}"
                Answer(self.component, asked, response.status_code, response.text, elapsed_s, response.headers).ok()
            try:
                for line in response.iter_lines():
                    if line:
                        yield time.perf_counter() - start, line
            except (httpx.RemoteProtocolError, httpx.ReadError):
                raise CallFailed(
                    self.component, "cut-stream", f"{self.component}: {method} {path} was cut before its last chunk."
                ) from None

    @contextmanager
    def _sent(
        self,
        method: str,
        path: str,
        body: Any,
        query: Mapping[str, Any] | None,
        role: str | None,
        deadline_s: float | None,
    ) -> Iterator[tuple[httpx.Response, float]]:
        self.ledger.admit(self.component, self.part.rate_limit)
        signed = signature(self.target, self.component, role)
        headers = {"User-Agent": f"pytest-llmops/{__version__} ({PURPOSE.get()})", **(signed.headers if signed else {})}
        request = self._client.build_request(method, path, json=body, params=dict(query or {}), headers=headers)
        last_exchange.set(_curl(request, body, signed))
        allowed_s = deadline_s or self.part.deadline
        self._deadline.start(allowed_s)
        start = time.perf_counter()
        try:
            response = self._client.send(request, stream=True)
            try:
                yield response, start
            finally:
                response.close()
        except httpx.RequestError as error:
            kind, words = _in_words(error, allowed_s)
            raise CallFailed(self.component, kind, f"{self.component}: {method} {path} {words}.") from None
        finally:
            self.ledger.charge(self.component, requests=1)


def _in_words(error: httpx.RequestError, allowed_s: float) -> tuple[str, str]:
    if isinstance(error, httpx.TimeoutException):
        return "timeout", f"gave no whole answer within {spoken(allowed_s)}"
    if isinstance(error, httpx.ConnectError):
        text = str(error)
        if "Connection refused" in text:
            return "refused", "was refused: nothing listens there"
        if "CERTIFICATE" in text or "certificate" in text:
            return "tls", f"failed in TLS: {text}"
        return "refused", f"could not connect: {text}"
    if isinstance(error, httpx.DecodingError):
        return "bad-answer", "answered what its Content-Encoding does not decode"
    if isinstance(error, httpx.UnsupportedProtocol):
        return "connection", "was not sent: the url must start with http:// or https://"
    if isinstance(error, httpx.LocalProtocolError):
        # Its own words quote the header, and with it the secret.
        return "connection", "was not sent: HTTP allows no such header; look for a line break in the secret"
    return "connection", "broke off: the connection was closed before the answer was whole"


def loopback(url: str) -> bool:
    """Whether the address is this machine: then no proxy of the environment is asked."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _verify(tls: Tls | None, root: Path) -> ssl.SSLContext | bool:
    if tls is None:
        return True
    try:
        context = ssl.create_default_context(cafile=str(root / tls.ca) if tls.ca else None)
        if tls.cert:
            context.load_cert_chain(str(root / tls.cert), str(root / tls.key) if tls.key else None)
    except OSError as error:  # ssl.SSLError is one
        named = ", ".join(f"{key} = {value}" for key, value in tls if value)
        raise ConfigError(f"tls ({named}; relative to {root}) cannot be used: {error.strerror or error}.") from None
    return context


def _curl(request: httpx.Request, body: Any, signed: Signature | None) -> str:
    """The call as a command to paste; the secret stands there by the name of its variable."""
    words = ["curl", "-sS", "-X", request.method, shlex.quote(without_userinfo(str(request.url)))]
    if signed:
        words += ["-H", f'"{signed.header}: {signed.shown}"']
    if body is not None:
        words += ["-H", "'Content-Type: application/json'", "-d", shlex.quote(json.dumps(body))]
    return " ".join(words)
