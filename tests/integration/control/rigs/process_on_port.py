"""A process of this machine, found by the port where it listens."""

import shutil
from contextlib import contextmanager

import psutil

from ..rig import BESIDE, SERVE, Rig


@contextmanager
def placed(folder, port, shared):
    table = {"driver": "process", "port": port, "start": [*SERVE, str(port), *BESIDE]}
    types = frozenset() if shutil.which("ss") else frozenset({"by hand"})
    yield Rig(table, port, lacks=frozenset({"logs"}) | types)
    for one in psutil.net_connections("tcp"):
        if one.laddr.port == port and one.status == psutil.CONN_LISTEN:
            psutil.Process(one.pid).kill()
