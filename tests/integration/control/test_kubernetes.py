"""What only Kubernetes has: replicas, autoscalers, roles. Real or played back, see ``workloads.py``."""

import json
import urllib.request

import pytest

from pytest_llmops.control.drivers import hands_on
from pytest_llmops.errors import ControlError
from pytest_llmops.target.load import load

from .recording import Tape
from .rig import awaited, free_port
from .workloads import KUBECONFIG, NAMESPACE, TAPES, bench, made_token

TARGET = '[targets.here.components.ollama]\nurl = "http://127.0.0.1:1"\n[targets.here.components.ollama.control]\n'


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    tape = Tape(TAPES / "kubernetes.json", recording=bool(KUBECONFIG))
    with bench(tmp_path_factory.mktemp("kubernetes"), tape) as made:
        yield made


@pytest.fixture
def hands_of(cluster, tmp_path):
    held = []

    def hands_of(workload, token=None):
        file = tmp_path / "llmops.toml"
        table = cluster.table(workload, token)
        file.write_text(TARGET + "\n".join(f"{key} = {json.dumps(value)}" for key, value in table.items()))
        held.append(hands_on(load(file, None, tmp_path), "ollama"))
        return held[-1]

    yield hands_of
    for hands in held:
        hands.driver.close()


def told(cluster, path):
    """What the API server says of an object."""
    with urllib.request.urlopen(f"{cluster.url}{path.format(NAMESPACE)}", timeout=10) as answer:
        return json.load(answer)


def spec(cluster, workload):
    kind, _, name = workload.partition("/")
    return told(cluster, f"/apis/apps/v1/namespaces/{{}}/{kind}s/{name}")["spec"]


def test_what_is_still_being_stopped_is_brought_back(cluster, hands_of):
    cluster.has("deployment/stopping", replicas=2, words=("server.py", "0", "--deaf"), grace_s=2)
    hands = hands_of("deployment/stopping")
    before = hands.bring_back("running", {})
    hands.driver.act("stop", 20, {})
    assert (hands.status().state, hands.status().settled) == ("stopped", False)
    after = hands.bring_back(before.state, before.kept)
    assert (after.state, after.detail, after.settled) == ("running", "2 of 2 ready", True)


@pytest.mark.parametrize("kind", ["deployment", "statefulset"])
def test_three_replicas_are_stopped_and_come_back_as_three(cluster, hands_of, kind):
    workload = f"{kind}/three"  # with the same labels both times: neither counts the other's pods
    cluster.has(workload, replicas=3, **({"serviceName": "three"} if kind == "statefulset" else {}))
    hands = hands_of(workload)
    before, declared = hands.bring_back("running", {}), spec(cluster, workload)
    assert (before.detail, before.kept, len(before.instance.split())) == ("3 of 3 ready", {"replicas": 3}, 3)
    stopped = hands.act("stop")
    assert (stopped.state, stopped.detail, stopped.instance) == ("stopped", "scaled to 0", "")
    after = hands.bring_back(before.state, before.kept)
    assert (after.state, after.detail, after.kept) == (before.state, before.detail, before.kept)
    assert not set(after.instance.split()) & set(before.instance.split())
    assert spec(cluster, workload) == declared


def test_an_autoscaler_rests_while_it_is_stopped_and_is_as_before_afterwards(cluster, hands_of):
    cluster.has("deployment/scaled", replicas=3)
    cluster.scales("scaled", least=2, most=5)
    hands = hands_of("deployment/scaled")
    before = hands.bring_back("running", {})
    path = "/apis/autoscaling/v2/namespaces/{}/horizontalpodautoscalers/scaled"
    declared = told(cluster, path)["spec"]
    hands.act("stop")

    def resting():
        conditions = told(cluster, path).get("status", {}).get("conditions", [])
        return [one["reason"] for one in conditions if (one["type"], one["status"]) == ("ScalingActive", "False")]

    assert awaited(lambda: "ScalingDisabled" in resting())
    assert hands.status().state == "stopped"
    after = hands.bring_back(before.state, before.kept)
    assert (after.state, after.detail, after.kept) == ("running", "3 of 3 ready", {"replicas": 3})
    assert told(cluster, path)["spec"] == declared


def test_three_replicas_are_restarted_and_killed_whole(cluster, hands_of):
    cluster.has("deployment/many", replicas=3)
    hands = hands_of("deployment/many")
    seen = [hands.bring_back("running", {}), hands.act("restart")]
    hands.act("kill")
    seen.append(hands.bring_back("running", {}))
    assert [status.detail for status in seen] == ["3 of 3 ready"] * 3
    assert len({uid for status in seen for uid in status.instance.split()}) == 9


def test_a_deployment_of_which_one_pod_is_not_ready_runs_and_can_be_stopped(cluster, hands_of):
    port = free_port()
    words = ("server.py", str(port))  # the second one finds the port taken
    cluster.has("deployment/degraded", replicas=2, words=words)
    hands = hands_of("deployment/degraded")
    awaited(lambda: hands.status().restarts)
    assert hands.status().state == "running"
    assert hands.act("stop").state == "stopped"


def test_pods_of_another_deployment_with_the_same_labels_are_left_alone(cluster, hands_of):
    cluster.has("deployment/main")
    cluster.has("deployment/main-canary", labels={"app": "main"})
    main, canary = hands_of("deployment/main"), hands_of("deployment/main-canary")
    before = canary.bring_back("running", {})
    main.bring_back("running", {})
    main.act("kill")
    main.act("stop")
    assert canary.status() == before


def test_lines_of_several_pods_say_whose_they_are(cluster, hands_of):
    cluster.has("statefulset/talking", replicas=2, serviceName="talking")
    hands = hands_of("statefulset/talking")
    hands.bring_back("running", {})

    def both():
        lines = hands.logs(50)
        return {line.partition(": ")[0] for line in lines} == {"talking-0", "talking-1"} and lines

    lines = awaited(both)
    assert all(line.partition(": ")[2].startswith("line ") for line in lines)


def test_what_a_role_does_not_allow_is_said_and_nothing_is_done(cluster, hands_of):
    cluster.has("deployment/guarded")
    hands = hands_of("deployment/guarded", made_token(cluster, "looks"))
    before = hands.bring_back("running", {})
    said = []
    for act in ("stop", "restart", "kill"):
        with pytest.raises(ControlError) as raised:
            hands.driver.act(act, 20, {})
        said.append((raised.value.kind, str(raised.value)))
    what = "context bench may not"
    asked = (("patch", "deployments.apps/scale"), ("patch", "deployments.apps"), ("delete", "pods"))
    assert said == [
        (
            "refused",
            (
                f"{what} {verb} {resource} in namespace {NAMESPACE} (403). "
                f"Have it allowed: a role with --verb={verb} --resource={resource}."
            ),
        )
        for verb, resource in asked
    ]
    assert hands.status() == before


def test_a_token_that_nobody_knows_is_said_and_not_shown(cluster, hands_of):
    with pytest.raises(ControlError) as raised:
        hands_of("deployment/guarded", "no-such-token").driver.status(20)
    assert raised.value.kind == "refused"
    assert str(raised.value) == (
        f"the API server at {cluster.url} does not know who asks (401). "
        "Renew the credentials of context bench; kubectl auth whoami tells whether it knows them."
    )
