"""The generating process's door to a component: what clients ask of ``clients/http.py``, over sockets of gevent.

So calls under load are built, read and judged by the very clients that make all other calls.
"""

from __future__ import annotations

import json
import ssl
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import certifi

from pytest_llmops import __version__
from pytest_llmops.clients.answer import Answer
from pytest_llmops.clients.certificates import trouble, trusted
from pytest_llmops.clients.client import connect
from pytest_llmops.clients.connecting import not_connected
from pytest_llmops.clients.login import Login
from pytest_llmops.clients.signing import signature
from pytest_llmops.clients.stream_lines import lines_of
from pytest_llmops.errors import CallFailed
from pytest_llmops.load.wire import CAME, BrokenOff, NotHttp, Wire
from pytest_llmops.state.ledger import Uncounted
from pytest_llmops.target.durations import spoken

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmops.clients.signing import Signature
    from pytest_llmops.load.plan import LoadPlan
    from pytest_llmops.load.wire import Exchange
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target

PURPOSE = "load"
"""Servers see it in the User-Agent."""


class Door:
    """Calls to one component, many at a time.

    Args:
        target: the deployment.
        component: which of its endpoints.
        ledger: as clients know it.
        deadline_s: for a whole call; the component's own by default.

    Raises:
        ConfigError: a file of ``tls`` cannot be used.
    """

    def __init__(self, target: Target, component: str, ledger: Ledger, deadline_s: float | None = None) -> None:
        self.target = target
        self.component = component
        self.ledger = ledger
        self.part = target.component(component)
        self.url = (self.part.url or "").rstrip("/")
        self._deadline_s = deadline_s or self.part.deadline
        self._wire = Wire(self.url, trusted(target, component, _everyone()) if self.part.encrypted else None)
        login = self.part.auth is not None and self.part.auth.login
        self._login = Login(target, component, self._logging_in) if login else None
        self._signatures: dict[str | None, Signature | None] = {}

    def close(self) -> None:
        """Give the connections back."""
        self._wire.close()

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
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one call and read the whole answer, whatever its status; as ``clients/http.py`` does.

        Raises:
            CallFailed: no whole answer came.
        """
        start = time.perf_counter()
        signature = self._signature(role) if signed else None
        try:
            until = start + (deadline_s or self._deadline_s)
            exchange = self._ask(method, _with(path, query), body, signature, until, headers or {})
            text = b"".join(piece for _, piece in exchange.pieces()).decode("utf-8", "replace")
        except (OSError, BrokenOff, NotHttp) as error:
            raise self._failed(error, method, path, deadline_s) from None
        return self._answer(method, path, exchange, text, CAME.get() - start)

    def lines(
        self, method: str, path: str, *, body: Any = None, deadline_s: float | None = None
    ) -> Iterator[tuple[float, str]]:
        """Make one call and yield the lines of its streamed answer, each with the time at which its last byte came.

        Raises:
            CallFailed: no whole answer came; also for a status that is not 2xx.
        """
        start, begun = time.perf_counter(), False
        try:
            until = start + (deadline_s or self._deadline_s)
            exchange = self._ask(method, path, body, self._signature(None), until, {})
            if not 200 <= exchange.status < 300:
                text = b"".join(piece for _, piece in exchange.pieces()).decode("utf-8", "replace")
                self._answer(method, path, exchange, text, CAME.get() - start).ok()
            begun = True
            pieces = exchange.pieces()  # named: else it would be over, and the connection given back, before `end`
            try:
                for came, line in lines_of(pieces):
                    yield came - start, line
            except GeneratorExit:
                exchange.end()
                raise
        except BrokenOff as error:
            if not begun:
                raise self._failed(error, method, path, deadline_s) from None
            said = f"{self.component}: {method} {path} was cut before its last chunk."
            raise CallFailed(self.component, "cut-stream", said) from None
        except (OSError, NotHttp) as error:
            raise self._failed(error, method, path, deadline_s) from None

    def admit(self) -> None:
        """Get what signs calls."""
        self._signature(None)

    def _signature(self, role: str | None) -> Signature | None:
        if self._login is not None:
            return self._login.signature()
        if role not in self._signatures:
            self._signatures[role] = signature(self.target, self.component, role)
        return self._signatures[role]

    def _logging_in(self, method: str, path: str, body: Any, _shown: Any) -> Answer:
        return self.call(method, path, body=body, signed=False)

    def _ask(
        self,
        method: str,
        path: str,
        body: Any,
        signed: Signature | None,
        until: float,
        further: Mapping[str, str],
    ) -> Exchange:
        headers = {"User-Agent": f"pytest-llmops/{__version__} ({PURPOSE})", **(signed.headers if signed else {})}
        headers |= further
        text = b""
        if body is not None:
            text = json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        return self._wire.ask(method, path, headers, text, until)

    def _answer(self, method: str, path: str, exchange: Exchange, text: str, elapsed_s: float) -> Answer:
        asked = f"{method} {path}"
        return Answer(self.component, asked, exchange.status, text, elapsed_s, exchange.headers, self.url)

    def _failed(self, error: Exception, method: str, path: str, deadline_s: float | None) -> CallFailed:
        CAME.set(time.perf_counter())
        kind, words = self._in_words(error, deadline_s or self._deadline_s)
        return CallFailed(self.component, kind, f"{self.component}: {method} {path} {words}.")

    def _in_words(self, error: Exception, allowed_s: float) -> tuple[str, str]:
        if isinstance(error, TimeoutError):
            return "timeout", f"gave no whole answer within {spoken(allowed_s)}"
        if isinstance(error, NotHttp):
            return "connection", "answered something that is not HTTP"
        if isinstance(error, BrokenOff):
            return "connection", "broke off: the connection was closed before the answer was whole"
        if tls := trouble(error, ours=bool(self.part.tls and self.part.tls.cert)):
            return "tls", f"failed in TLS: {tls}"
        return not_connected(error, self.url)


def clients_of(plan: LoadPlan, target: Target) -> dict[str, Any]:
    """A client of each component that the plan calls, all of them through doors of this process.

    Raises:
        ConfigError: the target has no such component, or a file of its ``tls`` cannot be used.
    """

    def door(target: Target, component: str, ledger: Ledger) -> Door:
        return Door(target, component, ledger, plan.deadline)

    ledger = Uncounted()
    return {component: connect(target, component, ledger, door) for component in plan.components}


def _with(path: str, query: Mapping[str, Any] | None) -> str:
    if not query:
        return path
    return f"{path}{'&' if '?' in path else '?'}{urlencode(query, doseq=True)}"


def _everyone() -> ssl.SSLContext:
    """Trusts what this machine trusts, and the usual authorities."""
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()
    return context
