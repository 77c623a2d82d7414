"""A process of a sandbox, which is found by its part's name."""

import json
import subprocess
import sys
from contextlib import contextmanager

from ..rig import Rig, free_port

LINES = {"started": "", "ready": "", "stopped": "", "works": "line {count} of {began}", "every": "1 s"}
PROCESS = {**LINES, "log": "server.log", "routes": {"GET /": {"ok": {"body": "{process} {began}"}}}}


@contextmanager
def placed(folder, port, shared):
    deaf_port = free_port()
    order = {
        "components": {"services": {"server": {}, "deaf": {}}},
        "sandbox": {"processes": {"server": PROCESS, "deaf": {**PROCESS, "log": "deaf.log"}}},
        "faults": ["deaf:wont-stop"],
        "addresses": {"server": f"http://127.0.0.1:{port}", "deaf": f"http://127.0.0.1:{deaf_port}"},
    }
    command = [sys.executable, "-m", "pytest_llmops.sandbox"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sandbox:
        sandbox.stdin.write(f"{json.dumps(order)}\n")
        sandbox.stdin.flush()
        table = {"driver": "sandbox", "socket": json.loads(sandbox.stdout.readline())["socket"], "part": "server"}
        said = "ollama: the sandbox has no part 'serve'. Did you mean 'server'?"
        yield Rig(
            table,
            port,
            absent=({**table, "part": "serve"}, said),
            deaf=({**table, "part": "deaf"}, "running"),
            deaf_port=deaf_port,
        )
        sandbox.stdin.close()
