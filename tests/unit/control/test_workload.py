"""What a workload of Kubernetes and its pods say of the state of a component."""

import pytest

from pytest_llmops.control.driver import Status
from pytest_llmops.control.workload import Pod, Workload


def workload(replicas=2, ready=2, *, seen=5, updated=None, total=None, kind="StatefulSet", **spec):
    updated = ready if updated is None else updated
    return Workload(
        {
            "kind": kind,
            "metadata": {"name": "ollama", "uid": "w-1", "generation": 5},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": "ollama"}}, **spec},
            "status": {
                "observedGeneration": seen,
                "replicas": ready if total is None else total,
                "readyReplicas": ready,
                "updatedReplicas": updated,
            },
        }
    )


def pod(
    name, *, phase="Running", restarts=0, state=None, ending=False, ready=True, owner=None, labels=None, **metadata
):
    owner = owner or {"kind": "StatefulSet", "name": "ollama", "uid": "w-1"}
    metadata |= {"deletionTimestamp": "2026-01-01T00:00:00Z"} if ending else {}
    conditions = [{"type": "Initialized", "status": "True"}, {"type": "Ready", "status": str(ready)}]
    container = {"name": "server", "restartCount": restarts, "state": state or {"running": {}}}
    return Pod(
        {
            "metadata": {
                "name": name,
                "uid": f"uid-{name}",
                "ownerReferences": [owner],
                "labels": labels or {},
                **metadata,
            },
            "spec": {"containers": [{"name": "server"}, {"name": "exporter"}]},
            "status": {"phase": phase, "containerStatuses": [container], "conditions": conditions},
        }
    )


def test_it_runs_where_all_are_ready():
    status = workload().status([pod("b", restarts=2), pod("a", restarts=1)])
    assert status == Status("running", "uid-a uid-b", "2 of 2 ready", restarts=3, kept={"replicas": 2})


def test_it_is_stopped_where_it_is_scaled_to_0_and_no_pod_is_left():
    assert workload(0, 0).status([]) == Status("stopped", "", "scaled to 0", restarts=0, kept={"replicas": 0})


@pytest.mark.parametrize(
    ("now", "ready", "state", "detail"),
    [
        (workload(3, 1), [True, False, False], "running", "1 of 3 ready"),
        (workload(3, 3), [True, True, False], "running", "2 of 3 ready"),  # its controller has not seen that
        (workload(3, 3), [], "running", "0 of 3 ready"),
        (workload(3, 3, seen=4), [True] * 3, "running", "3 of 3 ready, being replaced"),
        (workload(3, 3, updated=1), [True] * 3, "running", "3 of 3 ready, being replaced"),
        (workload(3, 3, total=4), [True] * 4, "running", "4 of 3 ready, being replaced"),
        (workload(0, 0), [True], "stopped", "scaled to 0, 1 pod is left"),
        (workload(0, 0), [True] * 2, "stopped", "scaled to 0, 2 pods are left"),
    ],
)
def test_on_its_way_it_is_where_it_goes_and_not_settled(now, ready, state, detail):
    status = now.status([pod(str(number), ready=one) for number, one in enumerate(ready)])
    assert (status.state, status.settled, status.detail) == (state, False, detail)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ({"paused": True}, "its rollout is paused (spec.paused)"),
        (
            {"updateStrategy": {"type": "OnDelete"}},
            "its pods are only replaced when they are deleted (spec.updateStrategy is OnDelete)",
        ),
        (
            {"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}},
            "some of its pods are held back (spec.updateStrategy.rollingUpdate.partition)",
        ),
    ],
)
def test_what_holds_still_is_settled_though_its_pods_are_of_an_older_template(spec, why):
    held = workload(updated=0, **spec)
    assert (held.holds_still, held.status([pod("a"), pod("b")]).settled) == (why, True)


def test_a_pod_that_ends_is_no_instance_any_more():
    status = workload(1, 1).status([pod("old", ending=True, restarts=7), pod("new")])
    assert (status.instance, status.restarts) == ("uid-new", 0)


def test_an_evicted_pod_stays_on_the_list_and_is_none():
    assert [pod("a", phase=phase).active for phase in ("Pending", "Running", "Failed", "Succeeded")] == [
        True,
        True,
        False,
        False,
    ]


def test_pods_of_another_workload_with_the_same_labels_are_not_its_own():
    ours = {"kind": "ReplicaSet", "name": "ollama-5d4f", "uid": "r-1"}
    others = {"kind": "ReplicaSet", "name": "ollama-canary-5d4f", "uid": "r-2"}
    labels = {"pod-template-hash": "5d4f"}
    pods = [pod("a", owner=owner, labels=labels) for owner in (ours, others)] + [pod("b")]
    assert [workload(kind="Deployment").owns(one) for one in pods] == [True, False, False]
    assert [workload(kind="StatefulSet").owns(one) for one in pods] == [False, False, True]
    assert not workload().owns(pod("a", owner={"kind": "StatefulSet", "name": "ollama", "uid": "w-2"}))


def test_a_selector_as_requests_write_it():
    rules = [
        {"key": "tier", "operator": "In", "values": ["gpu", "cpu"]},
        {"key": "old", "operator": "NotIn", "values": ["yes"]},
        {"key": "app", "operator": "Exists"},
        {"key": "canary", "operator": "DoesNotExist"},
    ]
    selector = workload(selector={"matchLabels": {"app": "ollama", "in": "eu"}, "matchExpressions": rules}).selector
    assert selector == "app=ollama,in=eu,tier in (gpu,cpu),old notin (yes),app,!canary"


def test_the_container_is_the_marked_one_else_the_first():
    marked = pod("a", annotations={"kubectl.kubernetes.io/default-container": "exporter"})
    assert (pod("a").container, marked.container) == ("server", "exporter")


@pytest.mark.parametrize(
    ("state", "restarts", "wrote"),
    [
        ({"running": {}}, 0, True),
        ({"terminated": {}}, 0, True),
        ({"waiting": {"reason": "ContainerCreating"}}, 0, False),
        ({"waiting": {"reason": "CrashLoopBackOff"}}, 3, True),
    ],
)
def test_there_are_logs_once_the_container_has_begun(state, restarts, wrote):
    assert pod("a", state=state, restarts=restarts).wrote is wrote


@pytest.mark.parametrize(
    ("policy", "lost"), [({}, False), ({"whenScaled": "Retain"}, False), ({"whenScaled": "Delete"}, True)]
)
def test_volumes_are_lost_where_the_stateful_set_says_so(policy, lost):
    assert workload(persistentVolumeClaimRetentionPolicy=policy).loses_volumes is lost
