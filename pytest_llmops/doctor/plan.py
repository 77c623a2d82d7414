"""Which suites can run here, as pytest itself says: one plan over all of them, nothing is called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import LlmopsError
from pytest_llmops.procedures.catalogue import SUITES

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_llmops.target.load import Target

PACKAGE = Path(__file__).parent.parent
FOLDER = next((f for f in (PACKAGE / "suites", PACKAGE.parent / "suites") if f.is_dir()), PACKAGE / "suites")
"""The ready suites: within the installed package, or beside it in a clone."""

WITHIN_S = 120.0
NOTHING_TO_RUN = 5


def plan_of(target: Target) -> dict[str, Any]:
    """The plan of all ready suites, as in ``plan.json``.

    Raises:
        LlmopsError: pytest could not read the suites; its words.
    """
    with tempfile.TemporaryDirectory(prefix="llmops-doctor-") as folder:
        command = [sys.executable, "-m", "pytest", str(FOLDER), "-c", os.devnull, f"--rootdir={target.root}"]
        command += ["-p", "pytest_llmops.plugin", "-p", "no:cacheprovider", "--import-mode=importlib", "-q"]
        command += ["--llmops-plan", f"--llmops-report={folder}", f"--llmops-target={target.name}"]
        command += [f"--llmops-config={target.file.resolve()}"] if target.file else []
        done = subprocess.run(  # noqa: S603 (our own plugin)
            command,
            env=_environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=WITHIN_S,
        )
        if done.returncode not in {0, NOTHING_TO_RUN}:
            said = "\n".join(done.stdout.strip().splitlines()[-10:])
            raise LlmopsError(f"the suites in {FOLDER} cannot be planned; pytest says:\n{said}")
        plan: dict[str, Any] = json.loads((Path(folder) / "plan.json").read_text(encoding="utf-8"))
        return plan


def _environ() -> dict[str, str]:
    """This process's environment, without what would add plugins and options of the user's own runs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "LLMOPS_"))}
    return {**kept, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def suites_of(plan: dict[str, Any], absent: Collection[str]) -> list[dict[str, Any]]:
    """Each suite that has tests: how many checks apply, what is left out and why.

    Args:
        plan: of all suites.
        absent: components that are configured, but not there.
    """
    return [suite for name in SUITES if (suite := _suite(name, plan, absent))["checks"] or suite["left_out"]]


def _suite(suite: str, plan: dict[str, Any], absent: Collection[str]) -> dict[str, Any]:
    checks = [check for check in plan["checks"] if suite in check["suites"]]
    return {
        "suite": suite,
        "checks": len(checks),
        "timed": sum(check["timed"] for check in checks),
        "calls": sum(check["calls"] for check in checks),
        "tokens": sum(check["tokens"] for check in checks),
        "blocked": dict(Counter(name for check in checks for name in check["components"] if name in absent)),
        "left_out": dict(Counter(one["reason"] for one in plan["left_out"] if suite in one["suites"])),
    }
