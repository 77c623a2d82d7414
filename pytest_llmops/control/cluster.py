"""A Kubernetes API server: every request ends within its deadline, and what went wrong is a sentence."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_llmops.control.kubeconfig import UnusableError, configured
from pytest_llmops.errors import ControlError, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubernetes.client import ApiClient, ApiException

    from pytest_llmops.target.control import Kubernetes
    from pytest_llmops.target.load import Target

AN_INSTANT_S = 0.01
BUSY = 429
REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Request:
    """One kind of request.

    Attributes:
        verb: what a role has to allow, e.g. ``patch``.
        resource: of what, e.g. ``deployments.apps/scale``.
        method: the client's method that makes it.
    """

    verb: str
    resource: str
    method: str

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}"


class Cluster:
    """The API server that a kubeconfig names.

    Args:
        what: what is acted on there, with which every message begins.
        settings: namespace, context and kubeconfig.
        target: whose file and environment they resolve by.
    """

    def __init__(self, what: str, settings: Kubernetes, target: Target) -> None:
        self.what = what
        self.namespace = settings.namespace
        self.context = settings.context
        self.kubeconfig = str(target.root / Path(settings.kubeconfig).expanduser()) if settings.kubeconfig else None
        self._environ = target.environ
        self._client: ApiClient | None = None

    def ask(self, request: Request, ends_at: float, *words: str, **options: Any) -> bytes:
        """What the API server answers.

        Args:
            request: what is asked for.
            ends_at: until when, on the monotonic clock.
            words: for the client's method, such as the object's name.
            options: for it too.

        Raises:
            ControlError: it does not answer, or says no.
        """
        within_s = max(AN_INSTANT_S, ends_at - time.monotonic())
        try:
            return self._in_time(lambda: self._asked(request, within_s, words, options), within_s)
        except TimeoutError:
            late = f"{request} was not answered within {round(within_s, 1):g} s{self._by}"
            raise ControlError("", "timeout", f"{self.what}: {late}.") from None

    def close(self) -> None:
        """Give connections back."""
        if self._client is not None:
            self._client.rest_client.pool_manager.clear()
            self._client.close()
            self._client = None

    def kubectl(self, *words: str) -> list[str]:
        """The words by which a person asks the same server."""
        context = ["--context", self.context] if self.context else []
        kubeconfig = ["--kubeconfig", self.kubeconfig] if self.kubeconfig else []
        return ["kubectl", *kubeconfig, *context, "--namespace", self.namespace, *words]

    def _in_time(self, call: Callable[[], bytes], within_s: float) -> bytes:
        """Call, in a thread of its own.

        Sockets have timeouts, but names are resolved, plug-ins for credentials run and answers drip without one.
        """
        answer: Future[bytes] = Future()

        def made() -> None:
            try:
                answer.set_result(call())
            except BaseException as error:  # noqa: BLE001 (raised again by whoever waits)
                answer.set_exception(error)

        threading.Thread(target=made, name=f"llmops {self.what}", daemon=True).start()
        return answer.result(within_s + AN_INSTANT_S)

    def _asked(self, request: Request, within_s: float, words: tuple[str, ...], options: dict[str, Any]) -> bytes:
        import urllib3
        from kubernetes import client
        from urllib3 import exceptions

        connected = self._connected()
        if not connected.configuration.verify_ssl:
            urllib3.disable_warnings(exceptions.InsecureRequestWarning)  # the kubeconfig asks for it
        apps = client.AppsV1Api(connected)
        method = getattr(apps, request.method, None) or getattr(client.CoreV1Api(connected), request.method)
        try:
            response = method(*words, self.namespace, **options, _preload_content=False, _request_timeout=within_s)
            data: bytes = response.data
        except client.ApiException as error:
            raise self._no(request, error) from None
        except exceptions.HTTPError as error:
            if isinstance(error, exceptions.TimeoutError) and not isinstance(error, exceptions.NewConnectionError):
                raise TimeoutError from None
            raise ControlError("", "away", f"{self.what}: no API server answers{self._by}: {_why(error)}.") from None
        return data

    def _connected(self) -> ApiClient:
        """The client, made when it is first asked for anything."""
        if self._client is None:
            from kubernetes.client import ApiClient

            try:
                self._client = ApiClient(configured(self.kubeconfig, self.context, self._environ))
            except UnusableError as error:
                raise ControlError("", "away", f"{self.what}: {error}") from None
        return self._client

    @property
    def _by(self) -> str:
        """Who is asked, for messages: the address without what could be secret in it."""
        if self._client is None:
            return ""
        parts = urlsplit(self._client.configuration.host)
        return f" at {parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def _no(self, request: Request, error: ApiException) -> ControlError:
        """What the API server's refusal means, and what to do."""
        said = _said(error)
        if error.status == 0:  # how the client tells of TLS
            return ControlError("", "away", f"{self.what}: no API server answers{self._by}: TLS failed.")
        if error.status == 401 or (error.status == 403 and "system:anonymous" in said):
            return ControlError(
                "",
                "refused",
                f"{self.what}: the API server{self._by} does not know who asks (401). "
                f"Renew the credentials of {self._whose}; kubectl auth whoami tells whether it knows them.",
            )
        if error.status == 403:
            return ControlError(
                "",
                "refused",
                f"{self.what}: {self._whose} may not {request} in namespace {self.namespace} (403). "
                f"Have it allowed: a role with --verb={request.verb} --resource={request.resource}.",
            )
        kind = "absent" if error.status == 404 else "away" if error.status >= 500 or error.status == BUSY else "refused"
        why = f": {excerpt(said, REASON_LENGTH)}" if said else ""
        return ControlError("", kind, f"{self.what}: {request} was answered with {error.status}{self._by}{why}.")

    @property
    def _whose(self) -> str:
        return f"context {self.context}" if self.context else "the current context"


def _said(error: ApiException) -> str:
    """The message of a Kubernetes ``Status``; empty where the answer is none."""
    try:
        status = json.loads(error.body or "")
    except ValueError:
        return ""
    return str(status.get("message", "")).rstrip(".") if isinstance(status, dict) else ""


def _why(error: Exception) -> str:
    """Why there is no connection; the exception's own text can hold a proxy's password."""
    from urllib3 import exceptions

    reasons: list[tuple[type[Exception], str]] = [
        (exceptions.NameResolutionError, "its name cannot be resolved"),
        (exceptions.NewConnectionError, "nothing listens there"),
        (exceptions.ProxyError, "the proxy between gives no way to it"),
        (exceptions.SSLError, "TLS failed"),
        (exceptions.ProtocolError, "the connection broke"),
    ]
    return next((reason for kind, reason in reasons if isinstance(error, kind)), type(error).__name__)
