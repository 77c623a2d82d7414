"""A Kubernetes API server: every request ends within its deadline, and what went wrong is a sentence."""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pytest_llmops.control.kubeconfig import UnusableError, configured, current_context, place_of
from pytest_llmops.errors import ControlError, excerpt

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, ApiException

    from pytest_llmops.control.deadline import Deadline
    from pytest_llmops.target.control import Kubernetes
    from pytest_llmops.target.load import Target

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
        settings: namespace, context and kubeconfig.
        target: whose folder and environment they resolve by.
    """

    def __init__(self, settings: Kubernetes, target: Target) -> None:
        self.namespace = settings.namespace
        self._context = settings.context
        self._file = settings.resolved(target.root, target.environ).kubeconfig
        self._environ = target.environ
        self._client: ApiClient | None = None

    @cached_property
    def context(self) -> str | None:
        """The context; where the table names none, that which is the current one when it is first asked for."""
        return self._context or current_context(self._file, self._environ)

    @property
    def kubeconfig(self) -> str | None:
        """The whole path of the file, or of several as in ``KUBECONFIG``; None for a pod's own account."""
        return place_of(self._file, self._environ)

    def ask(self, request: Request, deadline: Deadline, *words: str, **options: Any) -> bytes:
        """What the API server answers.

        Args:
            request: what is asked for.
            deadline: until when.
            words: for the client's method, such as the object's name.
            options: for it too.

        Raises:
            ControlError: it does not answer, or says no.
        """
        late = f"{request} was not answered within {deadline.within_s:.3g} s"
        if self._client is None:
            self._client = deadline.call(self._connected, f"{late}.")
        client, late = self._client, f"{late}{self.by}."
        try:
            return deadline.call(lambda: self._asked(client, request, deadline.left_s, words, options), late)
        except TimeoutError:
            raise ControlError("", "timeout", late) from None

    def close(self) -> None:
        """Give connections back."""
        if self._client is not None:
            self._client.rest_client.pool_manager.clear()
            self._client.close()
            self._client = None

    def kubectl(self, *words: str) -> str:
        """The command by which a person asks the same server."""
        several = self._file is not None and os.pathsep in self._file  # which only the variable can name
        variable = f"KUBECONFIG={shlex.quote(str(self._file))} " if several else ""
        kubeconfig = ["--kubeconfig", self._file] if self._file and not several else []
        context = ["--context", self.context] if self.context else []
        return variable + shlex.join(["kubectl", *kubeconfig, *context, "--namespace", self.namespace, *words])

    def _asked(
        self,
        connected: ApiClient,
        request: Request,
        within_s: float,
        words: tuple[str, ...],
        options: dict[str, Any],
    ) -> bytes:
        import urllib3
        from kubernetes import client
        from urllib3 import exceptions

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
            raise ControlError("", "away", f"no API server answers{self.by}: {_why(error)}.") from None
        return data

    def _connected(self) -> ApiClient:
        """The client, made when anything is first asked: files are read, and plug-ins for credentials run."""
        from kubernetes.client import ApiClient

        try:
            return ApiClient(configured(self._file, self.context, self._environ))
        except UnusableError as error:
            raise ControlError("", "away", str(error)) from None

    @property
    def by(self) -> str:
        """Who is asked, for messages: the address without what could be secret in it."""
        if self._client is None:
            return ""
        parts = urlsplit(self._client.configuration.host)
        return f" at {parts.scheme}://{parts.netloc.rpartition('@')[2]}"

    def _no(self, request: Request, error: ApiException) -> ControlError:
        """What the API server's refusal means, and what to do."""
        said = _said(error)
        if error.status == 0:  # how the client tells of TLS
            return ControlError("", "away", f"no API server answers{self.by}: TLS failed.")
        if error.status == 401 or (error.status == 403 and "system:anonymous" in said):
            return ControlError(
                "",
                "refused",
                f"the API server{self.by} does not know who asks (401). "
                f"Renew the credentials of {self._whose}; kubectl auth whoami tells whether it knows them.",
            )
        if error.status == 403:
            return ControlError(
                "",
                "refused",
                f"{self._whose} may not {request} in namespace {self.namespace} (403). "
                f"Have it allowed: a role with --verb={request.verb} --resource={request.resource}.",
            )
        kind = "absent" if error.status == 404 else "away" if error.status >= 500 or error.status == BUSY else "refused"
        why = f": {excerpt(said, REASON_LENGTH)}" if said else ""
        return ControlError("", kind, f"{request} was answered with {error.status}{self.by}{why}.")

    @property
    def _whose(self) -> str:
        return f"context {self.context}" if self.context else "the account of this pod"


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
