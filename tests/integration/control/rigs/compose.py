"""A service of a real Compose, on the same engine."""

import json
import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest

from ..containers import IMAGE, SEEN, engine
from ..rig import SERVE, Rig, free_port


@contextmanager
def placed(folder, port, shared):
    command = next((words for words in (["docker", "compose"], ["docker-compose"]) if _runs(words)), None)
    if command is None:
        pytest.skip("Compose is not installed")
    host = shared.of(engine)
    deaf_port = free_port()
    file = folder / "compose.yml"
    seen = [f"{one}:{one}:ro" for one in SEEN]
    common = {"image": IMAGE, "network_mode": "host", "volumes": seen, "stop_grace_period": "1s"}
    services = {
        "model": {**common, "command": [*SERVE, str(port)]},
        "deaf": {**common, "command": [*SERVE, str(deaf_port), "--deaf"]},
    }
    file.write_text(json.dumps({"version": "2.4", "services": services}))  # YAML, as all JSON is
    project = f"rig{os.getpid()}"
    environ = {**os.environ, "DOCKER_HOST": host, "COMPOSE_PROJECT_NAME": project}
    whole = [*command, "-f", str(file)]
    subprocess.run([*whole, "up", "--no-start"], env=environ, check=True, capture_output=True)
    table = {"driver": "compose", "service": "model", "file": str(file), "project": project, "host": host}
    table["command"] = command  # or each test would try which one is there
    said = f"ollama: {file} has no service 'modle'. Did you mean 'model'?"
    try:
        yield Rig(
            table,
            port,
            absent=({**table, "service": "modle"}, said),
            deaf=({**table, "service": "deaf"}, "stopped"),
            deaf_port=deaf_port,
        )
    finally:
        subprocess.run([*whole, "down", "-t", "0"], env=environ, check=True, capture_output=True)


def _runs(words):
    return (
        shutil.which(words[0]) and not subprocess.run([*words, "version"], capture_output=True, check=False).returncode
    )
