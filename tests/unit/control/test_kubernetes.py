"""The driver of Kubernetes against a recorded API: what it reads, what it asks for, and what refuses it."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import yaml

from pytest_llmops.control.drivers import hands_by, hands_on
from pytest_llmops.errors import ControlError, NotInstalled
from pytest_llmops.target.load import Target, load
from pytest_llmops.target.models import TargetTable

TOKEN = "s3cr3t-t0ken"
WHAT = "deployment/ollama in namespace rag"
APPS = "/apis/apps/v1/namespaces/rag"
DEPLOYMENT = {
    "kind": "Deployment",
    "metadata": {"name": "ollama", "uid": "d-1", "generation": 1},
    "spec": {"replicas": 3, "selector": {"matchLabels": {"app": "ollama"}}},
    "status": {"observedGeneration": 1, "replicas": 3, "readyReplicas": 3, "updatedReplicas": 3},
}


def pod(name):
    return {
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "creationTimestamp": f"2026-01-01T00:00:{len(name):02}Z",
            "labels": {"pod-template-hash": "5d4f"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "ollama-5d4f", "uid": "r-1"}],
        },
        "spec": {"containers": [{"name": "server"}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "server", "state": {"running": {}}}],
        },
    }


class Api:
    """Answers as it is told, and remembers what it was asked.

    Attributes:
        answers: status and body by method and path.
        afterwards: what it answers once anything was changed.
        asked: method, path, body.
    """

    def __init__(self):
        self.answers = {
            ("GET", f"{APPS}/deployments/ollama"): (200, DEPLOYMENT),
            ("GET", "/api/v1/namespaces/rag/pods"): (200, {"items": [pod("a"), pod("bb"), pod("ccc")]}),
        }
        self.afterwards = {}
        self.asked = []
        self.signed = set()

    def says(self, status, message, method="GET", path=f"{APPS}/deployments/ollama"):
        self.answers[method, path] = (status, {"kind": "Status", "message": message})


@pytest.fixture
def api():
    api = Api()

    class Handler(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path, _, _ = self.path.partition("?")
            api.asked.append((self.command, self.path, json.loads(body or "null")))
            api.signed.add(self.headers["Authorization"])
            api.answers.update(api.afterwards if self.command == "PATCH" else {})
            status, said = api.answers.get((self.command, path), (200, {}))
            data = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_PATCH = do_DELETE = answer  # noqa: N815 (the library's names)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_address[1]}"
    yield api
    server.shutdown()
    thread.join()
    server.server_close()


def kubeconfig(url, **cluster):
    return {
        "clusters": [{"name": "bench", "cluster": {"server": url, **cluster}}],
        "users": [{"name": "somebody", "user": {"token": TOKEN}}],
        "contexts": [
            {"name": name, "context": {"cluster": "bench", "user": "somebody"}} for name in ("staging", "prod")
        ],
        "current-context": "staging",
    }


@pytest.fixture
def hands_at(tmp_path):
    """Hands on the deployment of an API server."""
    held = []

    def hands_at(url, environ=None, config=None, **table):
        (tmp_path / "kubeconfig").write_text(config or yaml.safe_dump(kubeconfig(url)))
        table = {"driver": "kubernetes", "workload": "deployment/ollama", "namespace": "rag"} | table
        lines = [
            f"{key} = {json.dumps(value)}" for key, value in ({"kubeconfig": "kubeconfig"} | table).items() if value
        ]
        file = tmp_path / "llmops.toml"
        file.write_text(
            '[targets.here.components.ollama]\nurl = "http://127.0.0.1:1"\n[targets.here.components.ollama.control]\n'
            + "\n".join(lines)
        )
        held.append(hands_on(load(file, None, tmp_path, environ or {}), "ollama"))
        return held[-1]

    yield hands_at
    for hands in held:
        hands.driver.close()


def refused(hands, kind, ask=None):
    with pytest.raises(ControlError) as raised:
        (ask or (lambda: hands.driver.status(hands.deadline_s)))()
    assert raised.value.kind == kind
    assert TOKEN not in str(raised.value)
    return str(raised.value)


def changes(api):
    return [(method, path, body) for method, path, body in api.asked if method != "GET"]


def test_it_says_how_the_deployment_is(api, hands_at):
    hands = hands_at(api.url)
    status = hands.status()
    assert repr(hands) == f"Hands(ollama: {WHAT})"
    assert (status.state, status.detail, status.settled) == ("running", "3 of 3 ready", True)
    assert (status.instance, status.kept) == ("uid-a uid-bb uid-ccc", {"replicas": 3})
    assert [path for _, path, _ in api.asked] == [
        f"{APPS}/deployments/ollama",
        "/api/v1/namespaces/rag/pods?labelSelector=app%3Dollama",
    ]
    assert api.signed == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("wanted", "kept", "replicas"), [(0, {"replicas": 3}, 3), (0, {}, 1), (0, {"replicas": 0}, 1), (2, {}, 2)]
)
def test_it_starts_as_many_as_were_kept_else_as_are_wanted_else_one(api, hands_at, wanted, kept, replicas):
    told = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": wanted}}
    api.answers["GET", f"{APPS}/deployments/ollama"] = (200, told)
    hands_at(api.url).driver.act("start", 5, kept)
    assert changes(api) == [("PATCH", f"{APPS}/deployments/ollama/scale", {"spec": {"replicas": replicas}})]


def test_one_that_runs_with_fewer_replicas_than_it_had_is_scaled(api, hands_at):
    one = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "replicas": 1}}
    api.answers["GET", f"{APPS}/deployments/ollama"] = (200, one)
    api.afterwards["GET", f"{APPS}/deployments/ollama"] = (200, DEPLOYMENT)
    assert hands_at(api.url).bring_back("running", {"replicas": 3}).kept == {"replicas": 3}
    assert changes(api) == [("PATCH", f"{APPS}/deployments/ollama/scale", {"spec": {"replicas": 3}})]


def test_it_stops_by_scaling_to_0(api, hands_at):
    hands_at(api.url).driver.act("stop", 5, {})
    assert changes(api) == [("PATCH", f"{APPS}/deployments/ollama/scale", {"spec": {"replicas": 0}})]


@pytest.mark.parametrize("act", ["restart", "roll"])
def test_it_restarts_by_the_annotation_of_kubectl(api, hands_at, act):
    hands_at(api.url).driver.act(act, 5, {})
    [(method, path, body)] = changes(api)
    stamp = body["spec"]["template"]["metadata"]["annotations"].pop("kubectl.kubernetes.io/restartedAt")
    assert (method, path) == ("PATCH", f"{APPS}/deployments/ollama")
    assert body == {"spec": {"template": {"metadata": {"annotations": {}}}}}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00", stamp)


def test_it_kills_each_pod_that_it_saw_and_no_other_of_its_name(api, hands_at):
    api.says(404, 'pods "bb" not found', "DELETE", "/api/v1/namespaces/rag/pods/bb")
    hands_at(api.url).driver.act("kill", 5, {})
    assert changes(api) == [
        (
            "DELETE",
            f"/api/v1/namespaces/rag/pods/{name}",
            {"gracePeriodSeconds": 0, "preconditions": {"uid": f"uid-{name}"}},
        )
        for name in ("a", "bb", "ccc")
    ]


def test_lines_of_several_pods_are_in_the_order_of_their_time_and_say_whose_they_are(api, hands_at):
    for name, seconds in (("a", (1, 4)), ("bb", (2,)), ("ccc", (3, 5))):
        text = "".join(f"2026-01-01T00:00:0{second}.123456789Z line {second}\n" for second in seconds)
        api.answers["GET", f"/api/v1/namespaces/rag/pods/{name}/log"] = (200, text)
    assert hands_at(api.url).logs(4) == ["bb: line 2", "ccc: line 3", "a: line 4", "ccc: line 5"]


def test_a_line_without_a_time_stays_behind_the_one_before_it_and_a_pod_that_ended_has_none(api, hands_at):
    text = "2026-01-01T00:00:01Z begun\nunable to retrieve container logs\n2026-01-01T00:00:03Z going on\n"
    api.answers["GET", "/api/v1/namespaces/rag/pods/a/log"] = (200, text)
    api.answers["GET", "/api/v1/namespaces/rag/pods/bb/log"] = (200, "2026-01-01T00:00:02+00:00 \n")
    api.says(404, 'pods "ccc" not found', path="/api/v1/namespaces/rag/pods/ccc/log")
    assert hands_at(api.url).logs() == ["a: begun", "a: unable to retrieve container logs", "bb: ", "a: going on"]


def test_a_deployment_that_is_not_there_and_those_that_are(api, hands_at):
    api.says(404, 'deployments.apps "ollama" not found')
    said = f"the API server at {api.url} has no {WHAT}."
    for names, near in (
        (("ollama-gpu", "qdrant"), " Did you mean 'ollama-gpu'?"),
        (("redis", "qdrant"), " It has: qdrant, redis."),
        ((), " It has: none."),
    ):
        api.answers["GET", f"{APPS}/deployments"] = (200, {"items": [{"metadata": {"name": name}} for name in names]})
        assert refused(hands_at(api.url), "absent") == f"{said}{near}"
    api.says(403, "no", path=f"{APPS}/deployments")
    assert refused(hands_at(api.url), "absent") == said


def test_what_is_not_allowed_is_named_as_a_role_names_it(api, hands_at):
    api.says(403, 'deployments.apps "ollama" is forbidden: User "sre" cannot get resource "deployments"')
    assert refused(hands_at(api.url), "refused") == (
        "context staging may not get deployments.apps in namespace rag (403). "
        "Have it allowed: a role with --verb=get --resource=deployments.apps."
    )


def test_an_act_that_is_not_allowed_is_named_too(api, hands_at):
    api.says(403, "forbidden", "PATCH", f"{APPS}/deployments/ollama/scale")
    hands = hands_at(api.url, context="prod")
    assert refused(hands, "refused", lambda: hands.driver.act("stop", 5, {})) == (
        "context prod may not patch deployments.apps/scale in namespace rag (403). "
        "Have it allowed: a role with --verb=patch --resource=deployments.apps/scale."
    )


@pytest.mark.parametrize(
    ("status", "message"),
    [(401, "Unauthorized"), (403, 'deployments.apps "ollama" is forbidden: User "system:anonymous" cannot get')],
)
def test_credentials_that_the_api_server_does_not_know(api, hands_at, status, message):
    api.says(status, message)
    assert refused(hands_at(api.url), "refused") == (
        f"the API server at {api.url} does not know who asks (401). "
        "Renew the credentials of context staging; kubectl auth whoami tells whether it knows them."
    )


@pytest.mark.parametrize(
    ("status", "kind"), [(422, "refused"), (409, "refused"), (429, "away"), (500, "away"), (503, "away")]
)
def test_any_other_answer_is_quoted(api, hands_at, status, kind):
    api.says(status, "etcdserver: leader changed.")
    assert refused(hands_at(api.url), kind) == (
        f"get deployments.apps was answered with {status} at {api.url}: etcdserver: leader changed."
    )


def test_an_answer_that_is_none_of_kubernetes(api, hands_at):
    api.answers["GET", f"{APPS}/deployments/ollama"] = (502, "<html>Bad gateway</html>")
    assert refused(hands_at(api.url), "away") == f"get deployments.apps was answered with 502 at {api.url}."


def test_a_stop_that_would_delete_volumes_is_refused(api, hands_at):
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"}}
    told = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], **policy}}
    api.answers["GET", f"{APPS}/statefulsets/qdrant"] = (200, told)
    hands = hands_at(api.url, workload="statefulset/qdrant")
    assert refused(hands, "refused", lambda: hands.driver.act("stop", 5, {})) == (
        "statefulset/qdrant in namespace rag is not stopped, for that would delete its volumes: "
        "spec.persistentVolumeClaimRetentionPolicy.whenScaled is Delete. Set it to Retain."
    )
    assert changes(api) == []


def test_pods_that_all_end_before_others_begin_are_not_rolled(api, hands_at):
    told = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "strategy": {"type": "Recreate"}}}
    api.answers["GET", f"{APPS}/deployments/ollama"] = (200, told)
    hands = hands_at(api.url)
    assert refused(hands, "refused", lambda: hands.driver.act("roll", 5, {})) == (
        f"{WHAT} is not rolled, for all of its pods end before new ones begin (spec.strategy is Recreate). "
        "Restart it, or change that."
    )
    assert changes(api) == []


def test_a_restart_that_would_change_no_pod_is_refused(api, hands_at):
    told = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "paused": True}}
    api.answers["GET", f"{APPS}/deployments/ollama"] = (200, told)
    hands = hands_at(api.url)
    assert refused(hands, "refused", lambda: hands.driver.act("restart", 5, {})) == (
        f"{WHAT} is not restarted, for its rollout is paused (spec.paused). Kill it, or change that."
    )
    assert changes(api) == []


def test_where_nothing_listens(hands_at):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert refused(hands_at(url), "away") == f"no API server answers at {url}: nothing listens there."


@pytest.mark.parametrize("drips", [False, True])
def test_a_server_that_never_answers_is_left_at_the_deadline(hands_at, drips):
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        over = threading.Event()

        def accept():
            with server.accept()[0] as near:
                near.recv(65536)
                near.sendall(b"HTTP/1.1 200 OK\r\n" if drips else b"")
                while not over.wait(0.02):
                    near.sendall(b"x" if drips else b"")

        thread = threading.Thread(target=accept)
        thread.start()
        hands = hands_at(url, deadline=0.4)
        began = time.monotonic()
        said = refused(hands, "timeout")
        took_s = time.monotonic() - began
        over.set()
        thread.join()
    assert said == f"get deployments.apps was not answered within 0.4 s at {url}."
    assert 0.3 < took_s < 5


def test_what_a_person_types(hands_at):
    hands = hands_at("http://127.0.0.1:1", kubeconfig="", context="a b")
    kubectl = "kubectl --context 'a b' --namespace rag"
    assert hands.by_hand("running", "stopped", {}) == [f"{kubectl} scale deployment/ollama --replicas=0"]
    assert hands.by_hand("stopped", "running", {"replicas": 3}) == [f"{kubectl} scale deployment/ollama --replicas=3"]
    assert hands.driver.by_hand("restart", {}) == f"{kubectl} rollout restart deployment/ollama"


KUBECTL = """#!/bin/sh
case $* in
    *delete*) echo "$*" >>{0}/deleted ;;
    *subresource*) echo app=ollama ;;
    *app=ollama*) cat {0}/pods ;;
esac
"""


@pytest.mark.parametrize(
    ("workload", "killed"), [("deployment/ollama", "ollama-5d4f-a ollama-77-b"), ("statefulset/ollama", "ollama-0")]
)
def test_a_person_who_kills_leaves_pods_of_others_with_the_same_labels_alone(hands_at, tmp_path, workload, killed):
    (tmp_path / "kubectl").write_text(KUBECTL.format(tmp_path))
    (tmp_path / "kubectl").chmod(0o755)
    (tmp_path / "pods").write_text(
        "ReplicaSet/ollama-5d4f ollama-5d4f-a\nReplicaSet/ollama-77 ollama-77-b\n"
        "ReplicaSet/ollama-canary-5d4f ollama-canary-5d4f-c\nStatefulSet/ollama ollama-0\n"
        "StatefulSet/ollama-b ollama-b-0\n/ lonely\n"
    )
    typed = hands_at("http://127.0.0.1:1", workload=workload).driver.by_hand("kill", {})
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    subprocess.run(["sh", "-c", typed], env=environ, check=True, timeout=20)
    words = f"--kubeconfig {tmp_path}/kubeconfig --context staging --namespace rag"
    assert (tmp_path / "deleted").read_text() == f"{words} delete pods --grace-period=0 --force {killed}\n"


def test_a_kubeconfig_is_relative_to_the_file(hands_at, tmp_path):
    typed = hands_at("http://127.0.0.1:1").driver.by_hand("restart", {})
    kubectl = f"kubectl --kubeconfig {tmp_path}/kubeconfig --context staging --namespace rag"
    assert typed == f"{kubectl} rollout restart deployment/ollama"


def test_the_files_of_the_environment_are_named_by_it(api, hands_at, tmp_path):
    files = f"{tmp_path}/kubeconfig:{tmp_path}/other"
    hands = hands_at(api.url, environ={"KUBECONFIG": files}, kubeconfig="")
    kubectl = f"KUBECONFIG={files} kubectl --context staging --namespace rag"
    assert hands.by_hand("running", "stopped", {}) == [f"{kubectl} scale deployment/ollama --replicas=0"]
    assert hands.status().state == "running"


def test_what_it_acts_on_stays_the_same_whatever_context_is_chosen_later(api, hands_at, tmp_path):
    hands = hands_at(api.url, environ={"KUBECONFIG": str(tmp_path / "kubeconfig")}, kubeconfig="")
    before = hands.control
    assert (before.context, before.kubeconfig) == ("staging", f"{tmp_path}/kubeconfig")
    changed = {**kubeconfig("http://127.0.0.1:1"), "current-context": "prod"}
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(changed))
    assert hands.control == before
    other = Target(name="here", table=TargetTable(), root=tmp_path / "elsewhere", environ={})
    later = hands_by(before, other, "ollama")
    assert later.control == before
    later.driver.close()


def test_a_pod_whose_account_is_not_there_is_told_so(hands_at, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    hands = hands_at("", environ={"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, kubeconfig="")
    said = "the account of this pod cannot be used (Service host/port is not set); set kubeconfig."
    assert refused(hands, "away") == said
    assert (hands.control.kubeconfig, hands.control.context) == (None, None)


def test_the_kubeconfig_of_the_environment(api, hands_at, tmp_path):
    hands = hands_at(api.url, environ={"KUBECONFIG": str(tmp_path / "kubeconfig")}, kubeconfig="")
    assert hands.status().state == "running"


@pytest.mark.parametrize(
    ("config", "table", "why"),
    [
        ("", {"kubeconfig": "none"}, "there is no such file."),
        ("", {"context": "stagin"}, "it has no context 'stagin', but: staging, prod. Did you mean 'staging'?"),
        (f"users: [{TOKEN}", {}, "it cannot be read."),
        (TOKEN, {}, "it cannot be read."),
        ("contexts: []", {}, "it has no current context, but: none."),
        (
            "contexts: [{name: a, context: {cluster: gone}}]\ncurrent-context: a",
            {},
            "it names no cluster, or a file that is not there.",
        ),
    ],
)
def test_a_kubeconfig_that_cannot_be_used(hands_at, tmp_path, config, table, why):
    file = tmp_path / table.get("kubeconfig", "kubeconfig")
    hands = hands_at("http://127.0.0.1:1", config=config, **table)
    assert refused(hands, "away") == f"the kubeconfig {file} cannot be used: {why}"


def with_plugin(url, *command):
    config = kubeconfig(url)
    plugin = {"apiVersion": "client.authentication.k8s.io/v1", "command": command[0], "args": list(command[1:])}
    config["users"][0]["user"] = {"exec": plugin}
    return yaml.safe_dump(config)


def test_a_plugin_that_fails_is_named_and_what_it_wrote_is_not_shown(hands_at, tmp_path, caplog):
    hands = hands_at("", config=with_plugin("http://127.0.0.1:1", "sh", "-c", f"echo {TOKEN} >&2; exit 1"))
    assert refused(hands, "away") == (
        f"the kubeconfig {tmp_path}/kubeconfig cannot be used: its plug-in sh gave no credentials. "
        "What kubectl says by it tells why."
    )
    assert TOKEN not in caplog.text


def test_a_plugin_that_hangs_is_left_at_the_deadline(hands_at):
    hands = hands_at("", config=with_plugin("http://127.0.0.1:1", "sleep", "1"), deadline=0.2)
    assert refused(hands, "timeout") == "get deployments.apps was not answered within 0.2 s."


def test_a_plugin_gives_the_token(api, hands_at):
    said = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "given"}}
    assert hands_at("", config=with_plugin(api.url, "echo", json.dumps(said))).status().state == "running"
    assert api.signed == {"Bearer given"}


def test_a_proxy_of_the_environment_is_not_asked_for_loopback(api, hands_at, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert hands_at(api.url, environ={"HTTP_PROXY": "http://127.0.0.1:1"}).status().state == "running"


def test_a_lacking_extra_is_one_line(hands_at, monkeypatch):
    monkeypatch.setitem(sys.modules, "kubernetes", None)
    with pytest.raises(NotInstalled) as raised:
        hands_at("http://127.0.0.1:1")
    said = "driver 'kubernetes' needs the kubernetes package: run pip install 'pytest-llmops[kubernetes]'."
    assert str(raised.value) == said
