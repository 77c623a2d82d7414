"""Many processes that meet at one history, started by fork and let go at once.

    python many_processes.py keep|import FOLDER PROCESSES RUNS

Prints, as one JSON list, what each of them had to say.
"""

import json
import os
import sys
import time
from pathlib import Path

from pytest_llmops.state.history.place import place_of
from pytest_llmops.state.history.unwritten import import_all, kept_or_put_aside
from pytest_llmops.target.load import load


def a_run(name, **changes):
    """A run as in run.json: two checks with a metric each."""
    checks = [
        {
            "test": f"daily/test_it.py::test_{word}", "suite": "daily", "section": "Morning",
            "procedures": ["voyageur.morning-health.service-status"], "outcome": "passed", "category": "",
            "severity": "", "reason": "", "notes": [], "duration_s": 1.0, "last_passed": None,
            "metrics": [{
                "name": f"speed_{word}", "unit": "s", "value": 0.1, "baseline": 0.1, "ratio": 1.0, "low": 0.9,
                "high": 1.1, "n": 30, "state": "ok", "suspect": False, "threshold": None, "reason": "",
                "last_good": None,
            }],
        }
        for word in ("one", "two")
    ]  # fmt: skip
    return {
        "id": name, "version": "0.1.0", "target": "here", "profile": "ollama", "environment": "staging",
        "against": None, "started": time.time(), "duration_s": 2.0, "exit_status": 0, "checks": checks,
        "spent": {"requests": 3, "tokens": 4, "seconds": 5.0}, **changes,
    }  # fmt: skip


def main(what, folder, processes, runs):
    root = Path(folder)
    file = root / "llmops.toml"
    place = place_of(load(file if file.exists() else None, "sandbox", root))
    gate, closed = os.pipe()
    heard, told = os.pipe()
    children = []
    for process in range(int(processes)):
        child = os.fork()
        if child == 0:
            os.close(closed)
            os.read(gate, 1)  # until the parent closes its end
            if what == "import":
                said = import_all(place)
            else:
                names = [f"{process:04x}{number:04x}" for number in range(int(runs))]
                said = [line for name in names for line in kept_or_put_aside(place, a_run(name))]
            os.write(told, (json.dumps(said) + "\n").encode())
            os._exit(0)
        children.append(child)
    os.close(closed)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    os.close(told)
    with os.fdopen(heard) as lines:
        sys.stdout.write(json.dumps([json.loads(line) for line in lines]))


if __name__ == "__main__":
    main(*sys.argv[1:])
