"""The certificates that the target's endpoints show: whether the chain verifies, for which names, and how long yet."""

from __future__ import annotations

import socket
import ssl
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pytest_llmops.clients.certificates import trouble, trusted
from pytest_llmops.clients.connecting import not_connected
from pytest_llmops.errors import CallFailed, Unsupported
from pytest_llmops.target.durations import DAY_S, spoken

if TYPE_CHECKING:
    from pytest_llmops.state.ledger import Ledger
    from pytest_llmops.target.load import Target

PORTS = {"https": 443, "rediss": 6379}
OLD = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)
"""Versions that nobody should speak any more (RFC 8996)."""


@dataclass(frozen=True, slots=True)
class Served:
    """A certificate that verified.

    Attributes:
        component: whose.
        days_left: until it expires.
        names: for which it is good.
        issuer: who signed it.
    """

    component: str
    days_left: float
    names: tuple[str, ...]
    issuer: str


class Certificates:
    """The certificates of all endpoints that are reached by TLS.

    Args:
        target: the deployment.
        ledger: where the handshakes are counted.
    """

    def __init__(self, target: Target, ledger: Ledger) -> None:
        self._target = target
        self._ledger = ledger

    def served(self) -> list[Served]:
        """Each of them, the one that expires first is the first.

        Raises:
            CallFailed: a chain does not verify, or nobody answers.
            Unsupported: no endpoint has a certificate that counts.
        """
        parts = self._target.table.components.configured()
        encrypted = [name for name, part in parts.items() if part.encrypted]
        verified = [name for name in encrypted if (tls := parts[name].tls) is None or tls.verify]
        if not verified:
            said = f"; any will do for {', '.join(encrypted)} (tls.verify = false)" if encrypted else ""
            raise Unsupported(f"target {self._target.name} has no endpoint with a certificate to look at{said}.")
        return sorted((self.of(name) for name in verified), key=lambda one: one.days_left)

    def old_versions(self) -> list[str]:
        """Endpoints that shake hands by a version of TLS below 1.2, a sentence each.

        Raises:
            CallFailed: nobody answers.
            Unsupported: no endpoint is reached by TLS.
        """
        names = [name for name, part in self._target.table.components.configured().items() if part.encrypted]
        if not names:
            raise Unsupported(f"target {self._target.name} has no endpoint that is reached by TLS.")
        tried = [(component, version) for component in names for version in OLD]
        return [
            f"{component} shakes hands by {version.name.replace('_', '.')}; let it want TLS 1.2"
            for component, version in tried
            if self._shakes(component, version)
        ]

    def _shakes(self, component: str, version: ssl.TLSVersion) -> bool:
        """Whether an endpoint agrees to one version of TLS, whoever it is."""
        part = self._target.component(component)
        parts = urlsplit(part.url or "")
        place = (parts.hostname or "", parts.port or PORTS[parts.scheme])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")  # else this machine would refuse, and not the server
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = context.maximum_version = version
        self._ledger.admit(component, part.rate_limit)
        try:
            with (
                socket.create_connection(place, part.deadline) as plain,
                context.wrap_socket(plain, server_hostname=parts.hostname),
            ):
                self._ledger.answer(component)
                return True
        except ssl.SSLError:
            self._ledger.answer(component)
            return False
        except OSError as error:
            kind, words = not_connected(error, f"{parts.hostname}")
            raise CallFailed(component, kind, f"{component}: {words}.") from None

    def of(self, component: str) -> Served:
        """The certificate of one endpoint, of a handshake of its own.

        Raises:
            CallFailed: its chain does not verify (``tls``), or nobody answers.
            Unsupported: a proxy stands between.
        """
        part = self._target.component(component)
        if self._target.proxy(component) is not None:
            raise Unsupported(f"{component}: a proxy stands between, so its certificate is not seen from here.")
        parts = urlsplit(part.url or "")
        host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
        context = trusted(self._target, component, ssl.create_default_context())
        self._ledger.admit(component, part.rate_limit)
        try:
            with (
                socket.create_connection((host, port), part.deadline) as plain,
                context.wrap_socket(plain, server_hostname=host) as secure,
            ):
                shown = secure.getpeercert() or {}
        except TimeoutError:
            message = f"{component}: no TLS handshake within {spoken(part.deadline)}."
            raise CallFailed(component, "timeout", message) from None
        except OSError as error:
            ours = bool(part.tls and part.tls.cert)
            if said := trouble(error, ours=ours):
                raise CallFailed(component, "tls", f"{component}: {said}.") from None
            kind, words = not_connected(error, f"{host}:{port}")
            raise CallFailed(component, kind, f"{component}: {words}.") from None
        self._ledger.answer(component)
        expires = ssl.cert_time_to_seconds(str(shown["notAfter"]))
        names = tuple(str(pair[1]) for pair in shown.get("subjectAltName", ()))
        issuer = ", ".join(str(pair[1]) for row in shown.get("issuer", ()) for pair in row if isinstance(pair, tuple))
        return Served(component, (expires - time.time()) / DAY_S, names, issuer)
