"""Deployments and stateful sets of Kubernetes: scaled, restarted and killed as kubectl does it."""

from __future__ import annotations

import json
import re
import shlex
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_llmops.control.cluster import Cluster, Request
from pytest_llmops.control.deadline import Deadline
from pytest_llmops.control.workload import Pod, Workload
from pytest_llmops.errors import ControlError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_llmops.control.driver import Ability, Act, Driver, Status
    from pytest_llmops.target.control import Kubernetes
    from pytest_llmops.target.load import Target

METHODS = {"deployment": "deployment", "statefulset": "stateful_set"}
"""How the client's methods call a kind."""

RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"
"""What ``kubectl rollout restart`` writes into the pod template."""

OWNERS = {"deployment": "ReplicaSet/{}-[a-z0-9]+", "statefulset": "StatefulSet/{}"}
"""Who owns a kind's pods; the hash of a replica set has no hyphen."""

OWNER = ".metadata.ownerReferences[?(@.controller==true)]"
EACH_POD = f'{{{OWNER}.kind}}/{{{OWNER}.name}} {{.metadata.name}}{{"\\n"}}'
PODS_BY_OWNER = f"--output=jsonpath={{range .items[*]}}{EACH_POD}{{end}}"

MOST_PODS = 10
"""So many pods' logs are read, the newest."""


class Line(NamedTuple):
    """What a pod wrote."""

    at: datetime
    pod: str
    text: str


def driver(settings: Kubernetes, target: Target) -> Driver:
    """The driver of a ``control`` table."""
    return Workloads(settings, target)


class Workloads:
    """See :class:`pytest_llmops.control.driver.Driver`. Kubernetes knows no pause.

    Args:
        settings: the table.
        target: whose file and environment it resolves by.
    """

    can: frozenset[Ability] = frozenset({"start", "stop", "restart", "roll", "kill", "logs"})

    def __init__(self, settings: Kubernetes, target: Target) -> None:
        self.what = settings.what
        self._settings = settings
        self._workload = settings.workload
        self._kind, _, self._name = settings.workload.partition("/")
        self._resource = f"{self._kind}s.apps"
        self._method = METHODS[self._kind]
        self._cluster = Cluster(settings, target)

    @property
    def control(self) -> Kubernetes:
        """Its table, with kubeconfig and context."""
        own = {"kubeconfig": self._cluster.kubeconfig, "context": self._cluster.context}
        return self._settings.model_copy(update=own)

    def status(self, within_s: float) -> Status:
        """How the component is now."""
        deadline = Deadline(within_s)
        workload = self._read(deadline)
        return workload.status(self._pods(workload, deadline))

    def act(self, act: Act, within_s: float, kept: Mapping[str, Any]) -> None:
        """Have it done; whether it came about is seen by ``status``."""
        deadline = Deadline(within_s)
        workload = self._read(deadline)
        if act == "stop":
            self._stop(workload, deadline)
        elif act == "start":
            self._scale(int(kept.get("replicas", 0)) or workload.wanted or 1, deadline)
        elif act == "roll" and workload.interrupts:
            raise ControlError(
                "", "refused", f"{self.what} is not rolled, for {workload.interrupts}. Restart it, or change that."
            )
        elif act in {"restart", "roll"}:
            self._restart(workload, deadline)
        elif act == "kill":
            for pod in self._pods(workload, deadline):
                self._kill(pod, deadline)

    def logs(self, lines: int, within_s: float) -> list[str]:
        """The newest lines that its newest pods wrote, oldest first; of several pods each line begins with its pod."""
        deadline = Deadline(within_s)
        pods = [pod for pod in self._pods(self._read(deadline), deadline) if pod.wrote]
        newest = sorted(pods, key=lambda pod: pod.created, reverse=True)[:MOST_PODS]
        found = [line for pod in newest for line in self._log(pod, lines, deadline)]
        found.sort(key=lambda line: line.at)
        return [f"{line.pod}: {line.text}" if len(newest) > 1 else line.text for line in found[-lines:]]

    def by_hand(self, act: Act, kept: Mapping[str, Any]) -> str:
        """The command that a person types for the same."""
        if act in ("stop", "start"):
            replicas = 0 if act == "stop" else int(kept.get("replicas", 0)) or 1
            return self._cluster.kubectl("scale", self._workload, f"--replicas={replicas}")
        if act in {"restart", "roll"}:
            return self._cluster.kubectl("rollout", "restart", self._workload)
        told = ("get", self._workload, "--subresource=scale", "--output=jsonpath={.status.selector}")
        listed = self._cluster.kubectl("get", "pods", PODS_BY_OWNER, "--selector")
        own = shlex.quote(f"s#^{OWNERS[self._kind].format(re.escape(self._name))} ##p")
        killed = self._cluster.kubectl("delete", "pods", "--grace-period=0", "--force")
        return f'{listed} "$({self._cluster.kubectl(*told)})" | sed -nE {own} | xargs -r {killed}'

    def close(self) -> None:
        """Give connections back."""
        self._cluster.close()

    def _read(self, deadline: Deadline) -> Workload:
        request = Request("get", self._resource, f"read_namespaced_{self._method}")
        try:
            return Workload(json.loads(self._cluster.ask(request, deadline, self._name)))
        except ControlError as error:
            if error.kind == "absent":
                raise ControlError("", "absent", self._absent(deadline)) from None
            raise

    def _absent(self, deadline: Deadline) -> str:
        """That there is none of that name, and which there are, where we may know."""
        request = Request("list", self._resource, f"list_namespaced_{self._method}")
        said = f"the API server{self._cluster.by} has no {self.what}."
        try:
            listed = self._cluster.ask(request, deadline, limit=MOST_PODS * 10)
        except ControlError:
            return said
        return f"{said}{nearest(self._name, sorted(item['metadata']['name'] for item in json.loads(listed)['items']))}"

    def _pods(self, workload: Workload, deadline: Deadline) -> list[Pod]:
        request = Request("list", "pods", "list_namespaced_pod")
        listed = json.loads(self._cluster.ask(request, deadline, label_selector=workload.selector))
        return [pod for pod in map(Pod, listed["items"]) if pod.active and workload.owns(pod)]

    def _stop(self, workload: Workload, deadline: Deadline) -> None:
        if workload.loses_volumes:
            raise ControlError(
                "",
                "refused",
                f"{self.what} is not stopped, for that would delete its volumes: "
                "spec.persistentVolumeClaimRetentionPolicy.whenScaled is Delete. Set it to Retain.",
            )
        self._scale(0, deadline)

    def _scale(self, replicas: int, deadline: Deadline) -> None:
        request = Request("patch", f"{self._resource}/scale", f"patch_namespaced_{self._method}_scale")
        self._cluster.ask(request, deadline, self._name, body={"spec": {"replicas": replicas}})

    def _restart(self, workload: Workload, deadline: Deadline) -> None:
        if workload.holds_still:
            raise ControlError(
                "", "refused", f"{self.what} is not restarted, for {workload.holds_still}. Kill it, or change that."
            )
        stamp = {RESTARTED_AT: datetime.now(UTC).isoformat(timespec="microseconds")}
        body = {"spec": {"template": {"metadata": {"annotations": stamp}}}}
        request = Request("patch", self._resource, f"patch_namespaced_{self._method}")
        self._cluster.ask(request, deadline, self._name, body=body)

    def _kill(self, pod: Pod, deadline: Deadline) -> None:
        request = Request("delete", "pods", "delete_namespaced_pod")
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": pod.uid}}
        try:
            self._cluster.ask(request, deadline, pod.name, body=options)
        except ControlError as error:
            if error.kind != "absent":
                raise

    def _log(self, pod: Pod, lines: int, deadline: Deadline) -> list[Line]:
        request = Request("get", "pods/log", "read_namespaced_pod_log")
        options = {"container": pod.container, "tail_lines": lines, "timestamps": True}
        try:
            text = self._cluster.ask(request, deadline, pod.name, **options).decode(errors="replace")
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
