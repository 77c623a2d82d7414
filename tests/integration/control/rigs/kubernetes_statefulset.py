"""A stateful set of Kubernetes; see ``workloads.py``."""

from contextlib import contextmanager

from ..workloads import placed as workload


@contextmanager
def placed(folder, port, shared):
    with workload("kubernetes_statefulset", folder, port, serviceName="ollama") as rig:
        yield rig
