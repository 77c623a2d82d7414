"""Which suites can run here, as pytest itself says: one plan over all of them, nothing is called."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_llmops.doctor.inner_pytest import FOLDER, command, environ, last_words
from pytest_llmops.errors import LlmopsError
from pytest_llmops.procedures.catalogue import SUITES
from pytest_llmops.state.planned import operations

if TYPE_CHECKING:
    from collections.abc import Collection

    from pytest_llmops.target.load import Target

WITHIN_S = 120.0
NOTHING_TO_RUN = 5


def suites_plan(target: Target, within_s: float = WITHIN_S) -> dict[str, Any]:
    """The plan of all ready suites, as in ``plan.json``.

    Args:
        target: the deployment.
        within_s: seconds that pytest has for it.

    Raises:
        LlmopsError: pytest could not plan the suites, or not in time; its last words.
    """
    with tempfile.TemporaryDirectory(prefix="llmops-doctor-") as folder:
        try:
            done = subprocess.run(  # noqa: S603 (our own plugin)
                _command(target, folder),
                env=environ(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=within_s,
            )
        except subprocess.TimeoutExpired as late:
            raise _unplanned(f"pytest did not end within {within_s:g} s", late.output or b"") from None
        if done.returncode not in {0, NOTHING_TO_RUN}:
            raise _unplanned(f"pytest ended with status {done.returncode}", done.stdout)
        try:
            plan: dict[str, Any] = json.loads((Path(folder) / "plan.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise _unplanned("pytest wrote no plan", done.stdout) from None
        return plan


def _command(target: Target, folder: str) -> list[str]:
    words = [str(FOLDER), "--llmops-plan", f"--llmops-report={folder}", f"--llmops-target={target.name}"]
    return command(target.root, *words, *([f"--llmops-config={target.file.resolve()}"] if target.file else []))


def _unplanned(what: str, output: bytes) -> LlmopsError:
    last = last_words(output)
    said = f"; it said:\n{last}" if last else ", and said nothing."
    return LlmopsError(f"the suites in {FOLDER} cannot be planned: {what}{said}")


def suite_reports(plan: dict[str, Any], absent: Collection[str]) -> list[dict[str, Any]]:
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
        "calls": sum(operations(checks).values()),
        "tokens": sum(check["tokens"] for check in checks),
        "blocked": dict(Counter(name for check in checks for name in check["components"] if name in absent)),
        "left_out": dict(Counter(one["reason"] for one in plan["left_out"] if suite in one["suites"])),
    }
