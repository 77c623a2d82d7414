"""A deployment of Kubernetes; see ``workloads.py``."""

from contextlib import contextmanager

from ..workloads import placed as workload


@contextmanager
def placed(folder, port, shared):
    with workload("kubernetes_deployment", folder, port, strategy={"type": "Recreate"}) as rig:  # one port for all pods
        yield rig
