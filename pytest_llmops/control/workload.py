"""What Kubernetes tells of a deployment or a stateful set and of its pods, and what that means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.control.driver import Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

OPERATORS = {"In": "in", "NotIn": "notin"}
OVER = ("Succeeded", "Failed")
HASH = "pod-template-hash"
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, as the API tells it."""

    told: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its name; a stateful set gives the same one again."""
        return str(self.told["metadata"]["name"])

    @property
    def uid(self) -> str:
        """What no other pod has, nor ever will."""
        return str(self.told["metadata"]["uid"])

    @property
    def created(self) -> str:
        """When, in text that sorts."""
        return str(self.told["metadata"]["creationTimestamp"])

    @property
    def active(self) -> bool:
        """Whether it is not over: what was evicted stays on the list."""
        return self.told.get("status", {}).get("phase") not in OVER

    @property
    def ending(self) -> bool:
        """Whether it was told to end."""
        return "deletionTimestamp" in self.told["metadata"]

    @property
    def ready(self) -> bool:
        """Whether it takes requests."""
        conditions = self.told.get("status", {}).get("conditions", [])
        return not self.ending and any((one["type"], one["status"]) == ("Ready", "True") for one in conditions)

    @property
    def container(self) -> str:
        """The container whose logs kubectl would show."""
        marked = self.told["metadata"].get("annotations", {}).get(DEFAULT_CONTAINER)
        return str(marked or self.told["spec"]["containers"][0]["name"])

    @property
    def wrote(self) -> bool:
        """Whether that container has begun, so that there can be logs."""
        ours = (one for one in self._containers if one["name"] == self.container)
        return any("waiting" not in one.get("state", {}) or one.get("restartCount") for one in ours)

    @property
    def restarts(self) -> int:
        """How often its containers were started again."""
        return sum(one.get("restartCount", 0) for one in self._containers)

    @property
    def _containers(self) -> list[dict[str, Any]]:
        return list(self.told.get("status", {}).get("containerStatuses", []))


@dataclass(frozen=True, slots=True)
class Workload:
    """A deployment or a stateful set, as the API tells it."""

    told: Mapping[str, Any]

    @property
    def wanted(self) -> int:
        """How many pods it is to have."""
        return int(self._spec.get("replicas", 1))

    @property
    def selector(self) -> str:
        """By which its pods are listed; ``owns`` tells which of those are really its own."""
        selector = self._spec["selector"]
        words = [f"{key}={value}" for key, value in selector.get("matchLabels", {}).items()]
        for rule in selector.get("matchExpressions", []):
            key, operator = rule["key"], rule["operator"]
            if operator in OPERATORS:
                words.append(f"{key} {OPERATORS[operator]} ({','.join(rule['values'])})")
            else:
                words.append(key if operator == "Exists" else f"!{key}")
        return ",".join(words)

    def owns(self, pod: Pod) -> bool:
        """Whether the pod is of this workload: selectors of two may overlap, and the pods of one are not the other's.

        A stateful set owns its pods; a deployment owns replica sets, named after it and the hash of their pods.
        """
        owners = pod.told["metadata"].get("ownerReferences", [])
        if self.told["kind"] == "StatefulSet":
            return any(one["uid"] == self.told["metadata"]["uid"] for one in owners)
        by_hash = f"{self.told['metadata']['name']}-{pod.told['metadata'].get('labels', {}).get(HASH)}"
        return any((one["kind"], one["name"]) == ("ReplicaSet", by_hash) for one in owners)

    @property
    def loses_volumes(self) -> bool:
        """Whether to scale it to 0 deletes what its pods wrote."""
        return bool(self._spec.get("persistentVolumeClaimRetentionPolicy", {}).get("whenScaled") == "Delete")

    @property
    def holds_still(self) -> str:
        """Why a changed template does not come into its pods; empty where it does."""
        if self._spec.get("paused"):
            return "its rollout is paused (spec.paused)"
        strategy = self._spec.get("updateStrategy", {})
        if strategy.get("type") == "OnDelete":
            return "its pods are only replaced when they are deleted (spec.updateStrategy is OnDelete)"
        if strategy.get("rollingUpdate", {}).get("partition"):
            return "some of its pods are held back (spec.updateStrategy.rollingUpdate.partition)"
        return ""

    @property
    def interrupts(self) -> str:
        """Why nobody is served while its pods are replaced; empty where others serve meanwhile."""
        if self._spec.get("strategy", {}).get("type") == "Recreate":
            return "all of its pods end before new ones begin (spec.strategy is Recreate)"
        if self.told["kind"] == "StatefulSet" and self.wanted == 1:
            return "it has one pod, which ends before the new one begins"
        return ""

    def status(self, pods: Sequence[Pod]) -> Status:
        """How it is.

        Args:
            pods: its active ones.
        """
        staying = [pod for pod in pods if not pod.ending]
        ready = sum(pod.ready for pod in staying)
        settled = self._complete and ready == len(staying) == self.wanted if self.wanted else not pods
        return Status(
            "running" if self.wanted else "stopped",
            instance=" ".join(sorted(pod.uid for pod in staying)),
            detail=self._detail(len(pods), ready, settled=settled),
            restarts=sum(pod.restarts for pod in staying),
            kept={"replicas": self.wanted},
            settled=settled,
        )

    def _detail(self, pods: int, ready: int, *, settled: bool) -> str:
        if not self.wanted:
            return f"scaled to 0, {pods} {'pod is' if pods == 1 else 'pods are'} left" if pods else "scaled to 0"
        being = "" if settled or ready < self.wanted else ", being replaced"
        return f"{ready} of {self.wanted} ready{being}"

    @property
    def _complete(self) -> bool:
        """Whether its controller has seen what is wanted, and made it so: each pod ready, none of an older template."""
        counts = [self._status.get("replicas", 0), self._status.get("readyReplicas", 0)]
        if not self.holds_still:
            counts.append(self._status.get("updatedReplicas", 0))
        return self._observed and all(count == self.wanted for count in counts)

    @property
    def _observed(self) -> bool:
        return bool(self._status.get("observedGeneration", 0) >= self.told["metadata"].get("generation", 0))

    @property
    def _spec(self) -> Mapping[str, Any]:
        spec: Mapping[str, Any] = self.told["spec"]
        return spec

    @property
    def _status(self) -> Mapping[str, Any]:
        status: Mapping[str, Any] = self.told.get("status", {})
        return status
