"""A container of a real Docker Engine."""

import os
import subprocess
from contextlib import contextmanager

from ..containers import IMAGE, SEEN, engine
from ..rig import SERVE, Rig, free_port


@contextmanager
def placed(folder, port, shared):
    host = shared.of(engine)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    name = f"{chr(ord('a') + int(worker)) * 9}-ollama"  # near to none of the other workers' at the same engine
    deaf_port = free_port()
    _make(host, name, IMAGE, *SERVE, str(port))
    _make(host, f"{name}-deaf", "--stop-timeout", "1", IMAGE, *SERVE, str(deaf_port), "--deaf")
    table = {"driver": "docker", "container": name, "host": host}
    absent = {**table, "container": name[:-1]}
    near = f"Did you mean {name!r} or '{name}-deaf'?"
    said = f"ollama: the Docker Engine at {host} has no container '{name[:-1]}'. {near}"
    try:
        yield Rig(
            table,
            port,
            absent=(absent, said),
            deaf=({**table, "container": f"{name}-deaf"}, "stopped"),
            deaf_port=deaf_port,
        )
    finally:
        subprocess.run(["docker", "-H", host, "rm", "-f", name, f"{name}-deaf"], check=True, capture_output=True)


def _make(host, name, *words):
    seen = [word for folder in SEEN for word in ("-v", f"{folder}:{folder}:ro")]
    command = ["docker", "-H", host, "create", "--name", name, "--network", "host", *seen, *words]
    subprocess.run(command, check=True, capture_output=True)
