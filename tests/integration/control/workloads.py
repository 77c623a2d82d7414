"""Deployments and stateful sets for the contract: of a real API server, or of one whose answers were taken down.

``LLMOPS_TEST_KUBECONFIG`` names the kubeconfig of a real one, whose user has a token and may do everything; its
namespace ``llmops-contract`` is ours. It has to run on this machine, without a scheduler: ``node.py`` is its
node. What passes is written to ``recorded/``; run the tests in one process (``-n 0``), for each would write its own.
Without that variable the tests play the tapes.
"""

import os
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
import yaml

from .recording import Tape, to
from .rig import Rig, awaited, free_port

KUBECONFIG = os.environ.get("LLMOPS_TEST_KUBECONFIG")
TAPES = Path(__file__).parent / "recorded"
NAMESPACE = "llmops-contract"
API = {"deployment": "deployment", "statefulset": "stateful_set"}


class Bench:
    """Workloads of a namespace, and tables that drive them through the tape's front.

    Attributes:
        real: the client of a real API server; None where the tape is played.
        url: where the API server's front listens.
    """

    def __init__(self, folder, tape, url, real=None):
        self.folder = folder
        self.tape = tape
        self.url = url
        self.real = real

    def has(self, workload, replicas=1, words=("server.py", "0"), port=None, grace_s=30, labels=None, **spec):
        """Make a workload, and wait until its controller has seen it. Where the tape is played it is there."""
        if self.real is None:
            return
        kind, _, name = workload.partition("/")
        container = {"name": "server", "image": "server", "command": ["python", *words]}
        container |= {"ports": [{"containerPort": port}]} if port else {}
        labels = labels or {"app": name}
        template = {
            "metadata": {"labels": labels},
            "spec": {
                "containers": [container],
                "terminationGracePeriodSeconds": grace_s,
                "automountServiceAccountToken": False,
            },
        }
        spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template, **spec}
        body = {"metadata": {"name": name}, "spec": spec}
        self.apps(f"create_namespaced_{API[kind]}")(NAMESPACE, body, _preload_content=False)
        read = self.apps(f"read_namespaced_{API[kind]}")
        awaited(lambda: read(name, NAMESPACE).status.observed_generation)

    def scales(self, name, least, most):
        """Put an autoscaler over a deployment."""
        if self.real is None:
            return
        from kubernetes.client import AutoscalingV2Api

        resource = {"type": "Resource", "resource": {"name": "cpu"}}
        resource["resource"]["target"] = {"type": "Utilization", "averageUtilization": 80}
        over = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
        spec = {"scaleTargetRef": over, "minReplicas": least, "maxReplicas": most, "metrics": [resource]}
        make = AutoscalingV2Api(self.real).create_namespaced_horizontal_pod_autoscaler
        make(NAMESPACE, {"metadata": {"name": name}, "spec": spec}, _preload_content=False)

    def apps(self, method):
        from kubernetes.client import AppsV1Api

        return getattr(AppsV1Api(self.real), method)

    def table(self, workload, token=None):
        """The ``control`` table of a workload."""
        file = self.folder / f"kubeconfig{len(list(self.folder.iterdir()))}"
        user = {"token": token} if token else {}
        config = {
            "clusters": [{"name": "bench", "cluster": {"server": self.url}}],
            "users": [{"name": "somebody", "user": user}],
            "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "somebody"}}],
            "current-context": "bench",
        }
        file.write_text(yaml.safe_dump(config))
        return {"driver": "kubernetes", "workload": workload, "namespace": NAMESPACE, "kubeconfig": str(file)}


@contextmanager
def bench(folder, tape):
    """A bench with a node, empty; and the tape kept afterwards."""
    with ExitStack() as stack:
        real = passes = None
        if tape.recording:
            real = stack.enter_context(reached())
            stack.enter_context(emptied(real))
            passes = to(real.configuration.host, real.rest_client.pool_manager, signature(real))
            stack.callback(tape.keep)
        port = stack.enter_context(tape.front("api", 0, passes))
        yield Bench(folder, tape, f"http://127.0.0.1:{port}", real)


@contextmanager
def reached():
    from kubernetes.config import new_client_from_config

    real = new_client_from_config(KUBECONFIG, persist_config=False)
    yield real
    real.rest_client.pool_manager.clear()


@contextmanager
def emptied(real):
    """The namespace, new, with a node that runs its pods; deleted afterwards."""
    from kubernetes.client import ApiException, CoreV1Api

    from . import node

    core = CoreV1Api(real)

    def gone():
        try:
            return core.read_namespace(NAMESPACE) is None
        except ApiException as error:
            return error.status == 404

    def delete():
        with suppress(ApiException):
            core.delete_namespace(NAMESPACE, _preload_content=False)
        awaited(gone, within_s=60)

    delete()
    core.create_namespace({"metadata": {"name": NAMESPACE}})
    with node.running(real, NAMESPACE):
        awaited(lambda: core.list_namespaced_service_account(NAMESPACE).items)
        yield
        delete()


def made_token(made, account):
    """The token of an account that may only look; any, where the tape is played."""
    if made.real is None:
        return "played"
    from kubernetes.client import CoreV1Api, RbacAuthorizationV1Api

    core, rbac = CoreV1Api(made.real), RbacAuthorizationV1Api(made.real)
    named = {"metadata": {"name": account}}
    core.create_namespaced_service_account(NAMESPACE, named)
    looks = {"apiGroups": ["apps", ""], "resources": ["deployments", "pods"], "verbs": ["get", "list"]}
    rbac.create_namespaced_role(NAMESPACE, {**named, "rules": [looks]})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
    subject = {"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}
    rbac.create_namespaced_role_binding(NAMESPACE, {**named, "roleRef": role, "subjects": [subject]})
    return core.create_namespaced_service_account_token(account, NAMESPACE, {"spec": {}}).status.token


def signature(real):
    key = real.configuration.get_api_key_with_prefix("BearerToken", alias="authorization")
    return {"Authorization": key or real.configuration.get_api_key_with_prefix("authorization")}


@contextmanager
def placed(workload, folder, port, **spec):
    """A rig of the contract: ``ollama`` and ``deaf``, of one kind."""
    tape = Tape(TAPES / f"{workload}.json", workload, recording=bool(KUBECONFIG))
    kind = workload.removeprefix("kubernetes_")
    if not (tape.recording or tape.file.exists()):
        pytest.skip(f"no {tape.file.name}, and LLMOPS_TEST_KUBECONFIG is not set")
    with bench(folder, tape) as made, ExitStack() as stack:
        deaf_port = free_port()
        behind = {"server": free_port(), "deaf": free_port()}
        for name, front in (("server", port), ("deaf", deaf_port)):
            passes = to(f"http://127.0.0.1:{behind[name]}") if tape.recording else None
            stack.enter_context(tape.front(name, front, passes))
            if passes:
                stack.callback(passes.close)
        made.has(f"{kind}/ollama", words=("server.py", str(behind["server"])), port=behind["server"], **spec)
        words = ("server.py", str(behind["deaf"]), "--deaf")
        made.has(f"{kind}/deaf", replicas=0, words=words, port=behind["deaf"], grace_s=1, **spec)
        said = f"ollama: the API server at {made.url} has no {kind}/olama in namespace {NAMESPACE}."
        yield Rig(
            made.table(f"{kind}/ollama"),
            port,
            absent=(made.table(f"{kind}/olama"), f"{said} Did you mean 'ollama'?"),
            deaf=(made.table(f"{kind}/deaf"), "stopped"),
            deaf_port=deaf_port,
            comes_back=True,
            lacks=frozenset({"pause", "resume"}) | (frozenset() if tape.recording else frozenset({"by hand"})),
        )
