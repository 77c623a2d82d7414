"""What ``llmops history --json`` says of a run, a check, a value."""

from __future__ import annotations

import json
from typing import Any

from pytest_llmops.target.moments import utc

INNER = ("number", "good", "kinds")
SPENT = ("requests", "tokens", "seconds")


def plain(row: dict[str, Any]) -> dict[str, Any]:
    """Plain JSON: keys as in ``run.json``, times in ISO 8601 and UTC; ``run`` is the id of a check's or value's run."""
    made = {key: value for key, value in row.items() if key not in INNER}
    made["started"] = utc(row["started"])
    if "exit_status" in row:
        made["spent"] = {key: made.pop(key) for key in SPENT}
        return made
    del made["id"]
    if "threshold" in row:
        made["threshold"] = json.loads(row["threshold"]) if row["threshold"] else None
        made["suspect"] = bool(row["suspect"])
        made["good"] = bool(row["good"])
    return made
