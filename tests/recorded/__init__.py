"""Outcomes of runs on the embedded stack as they were written: all well, slower, a component down, drills."""

import json
from pathlib import Path

HERE = Path(__file__).parent
RUNS = ("healthy", "regression", "down", "drills")


def path(name):
    """Of a run.json."""
    return HERE / f"{name}.json"


def recorded(name):
    """The outcome itself, a new one each time."""
    return json.loads(path(name).read_text(encoding="utf-8"))
