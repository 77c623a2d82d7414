"""A process of this machine, found by its pid file."""

import os
import signal
from contextlib import contextmanager, suppress

from ..rig import BESIDE, SERVE, Rig, free_port


@contextmanager
def placed(folder, port, shared):
    deaf_port = free_port()
    table = {
        "driver": "process",
        "pid_file": str(folder / "server.pid"),
        "start": [*SERVE, str(port), *BESIDE],
        "log": str(folder / "server's.log"),
    }
    deaf = {**table, "pid_file": str(folder / "deaf.pid"), "start": [*SERVE, str(deaf_port), "--deaf", *BESIDE]}
    yield Rig(table, port, deaf=(deaf, "running"), deaf_port=deaf_port)
    for file in folder.glob("*.pid"):
        with suppress(ProcessLookupError, FileNotFoundError):
            os.kill(int(file.read_text()), signal.SIGKILL)
