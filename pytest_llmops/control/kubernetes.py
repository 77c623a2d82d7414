"""Deployments and stateful sets of Kubernetes: scaled, restarted and killed as kubectl does it."""

from __future__ import annotations

import json
import shlex
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llmops.control.cluster import Cluster, Request
from pytest_llmops.control.workload import Pod, Workload
from pytest_llmops.errors import ConfigError, ControlError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmops.control.driver import Ability, Act, Driver, Status
    from pytest_llmops.target.control import Kubernetes
    from pytest_llmops.target.load import Target

METHODS = {"deployment": "deployment", "statefulset": "stateful_set"}
"""How the client's methods call a kind."""

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""What ``kubectl rollout restart`` writes into the pod template."""

MOST_PODS = 10
"""So many pods' logs are read, the newest."""


class Line(NamedTuple):
    """What a pod wrote."""

    at: datetime
    pod: str
    text: str


def driver(settings: Kubernetes, target: Target) -> Driver:
    """The driver of a ``control`` table.

    Raises:
        ConfigError: the extra is not installed.
    """
    if find_spec("kubernetes") is None:
        raise ConfigError("the kubernetes driver needs kubernetes: run pip install 'pytest-llmops[kubernetes]'.")
    return Workloads(settings, target)


class Workloads:
    """See :class:`pytest_llmops.control.driver.Driver`. Kubernetes knows no pause.

    Args:
        settings: the table.
        target: whose file and environment it resolves by.
    """

    can: frozenset[Ability] = frozenset({"start", "stop", "restart", "kill", "logs"})

    def __init__(self, settings: Kubernetes, target: Target) -> None:
        self.what = f"{settings.workload} in namespace {settings.namespace}"
        self._workload = settings.workload
        self._kind, _, self._name = settings.workload.partition("/")
        self._resource = f"{self._kind}s.apps"
        self._method = METHODS[self._kind]
        self._cluster = Cluster(self.what, settings, target)

    def status(self, within_s: float) -> Status:
        """How the component is now."""
        ends_at = time.monotonic() + within_s
        workload = self._read(ends_at)
        return workload.status(self._pods(workload, ends_at))

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Have it done; whether it came about is seen by ``status``."""
        ends_at = time.monotonic() + within_s
        workload = self._read(ends_at)
        if act == "stop":
            self._stop(workload, ends_at)
        elif act == "start":
            self._scale(int(kept.get("replicas", 0)) or workload.wanted or 1, ends_at)
        elif act == "restart":
            self._restart(workload, ends_at)
        elif act == "kill":
            for pod in self._pods(workload, ends_at):
                self._kill(pod, ends_at)

    def logs(self, lines: int, within_s: float) -> list[str]:
        """The newest lines that its newest pods wrote, oldest first; of several pods each line begins with its pod."""
        ends_at = time.monotonic() + within_s
        pods = [pod for pod in self._pods(self._read(ends_at), ends_at) if pod.wrote]
        newest = sorted(pods, key=lambda pod: pod.created, reverse=True)[:MOST_PODS]
        found = [line for pod in newest for line in self._log(pod, lines, ends_at)]
        found.sort(key=lambda line: line.at)
        return [f"{line.pod}: {line.text}" if len(newest) > 1 else line.text for line in found[-lines:]]

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The command that a person types for the same."""
        if act in ("stop", "start"):
            replicas = 0 if act == "stop" else int(kept.get("replicas", 0)) or 1
            return shlex.join(self._cluster.kubectl("scale", self._workload, f"--replicas={replicas}"))
        if act == "restart":
            return shlex.join(self._cluster.kubectl("rollout", "restart", self._workload))
        told = ("get", self._workload, "--subresource=scale", "--output=jsonpath={.status.selector}")
        selector = shlex.join(self._cluster.kubectl(*told))
        killed = shlex.join(self._cluster.kubectl("delete", "pods", "--grace-period=0", "--force", "--selector"))
        return f'{killed} "$({selector})"'

    def close(self) -> None:
        """Give connections back."""
        self._cluster.close()

    def _read(self, ends_at: float) -> Workload:
        request = Request("get", self._resource, f"read_namespaced_{self._method}")
        try:
            return Workload(json.loads(self._cluster.ask(request, ends_at, self._name)))
        except ControlError as error:
            if error.kind == "absent":
                raise ControlError("", "absent", self._absent(ends_at)) from None
            raise

    def _absent(self, ends_at: float) -> str:
        """That there is none of that name, and which there are, where we may know."""
        namespace = self._cluster.namespace
        try:
            listed = self._cluster.ask(
                Request("list", self._resource, f"list_namespaced_{self._method}"), ends_at, limit=MOST_PODS * 10
            )
        except ControlError:
            return f"There is no {self._workload} in namespace {namespace}."
        names = sorted(item["metadata"]["name"] for item in json.loads(listed)["items"])
        there = f"; it has: {', '.join(names)}" if names else f"; it has no {self._kind} at all"
        return f"There is no {self._workload} in namespace {namespace}{there}.{did_you_mean(self._name, names)}"

    def _pods(self, workload: Workload, ends_at: float) -> list[Pod]:
        request = Request("list", "pods", "list_namespaced_pod")
        listed = json.loads(self._cluster.ask(request, ends_at, label_selector=workload.selector))
        return [pod for pod in map(Pod, listed["items"]) if pod.active and workload.owns(pod)]

    def _stop(self, workload: Workload, ends_at: float) -> None:
        if workload.loses_volumes:
            raise ControlError(
                "",
                "refused",
                f"{self.what}: it is not stopped, for that would delete its volumes: "
                "spec.persistentVolumeClaimRetentionPolicy.whenScaled is Delete. Set it to Retain.",
            )
        self._scale(0, ends_at)

    def _scale(self, replicas: int, ends_at: float) -> None:
        request = Request("patch", f"{self._resource}/scale", f"patch_namespaced_{self._method}_scale")
        self._cluster.ask(request, ends_at, self._name, body={"spec": {"replicas": replicas}})

    def _restart(self, workload: Workload, ends_at: float) -> None:
        if workload.holds_still:
            raise ControlError(
                "", "refused", f"{self.what}: it is not restarted, for {workload.holds_still}. Kill it, or change that."
            )
        stamp = {RESTARTED_AT: datetime.now(UTC).isoformat(timespec="microseconds")}
        body = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
        request = Request("patch", self._resource, f"patch_namespaced_{self._method}")
        self._cluster.ask(request, ends_at, self._name, body=body)

    def _kill(self, pod: Pod, ends_at: float) -> None:
        request = Request("delete", "pods", "delete_namespaced_pod")
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod.uid}}
        try:
            self._cluster.ask(request, ends_at, pod.name, body=options)
        except ControlError as error:
            if error.kind != "absent":
                raise

    def _log(self, pod: Pod, lines: int, ends_at: float) -> list[Line]:
        request = Request("get", "pods/log", "read_namespaced_pod_log")
        options = {"container": pod.container, "tail_lines": lines, "timestamps": True}
        try:
            text = self._cluster.ask(request, ends_at, pod.name, **options).decode(errors="replace")
        except ControlError as error:
            if error.kind == "absent":  # it ended meanwhile
                return []
            raise
        return list(_timed(text, pod))


def _timed(text: str, pod: Pod) -> Iterator[Line]:
    """Lines of one pod; one without a time, as a node that has lost them writes it, has that of the line before."""
    at = datetime.min.replace(tzinfo=UTC)
    for line in text.splitlines():
        stamp, _, said = line.partition(" ")
        try:
            at = datetime.fromisoformat(stamp)
        except ValueError:
            said = line
        yield Line(at, pod.name, said)
