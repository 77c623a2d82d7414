"""The runbook's cadences as markers, and the few words that say what a test needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

SUITES = {
    "daily": "the daily procedures: health, answers, short timings",
    "weekly": "the weekly reviews",
    "monthly": "the monthly reviews",
    "security": "what gets in, what gets out, who may do what",
    "dr": "disaster drills, backups and restores",
    "load": "load tests",
    "quality": "is it still right",
    "incident": "triage while something is wrong",
    "maintenance": "maintenance windows",
    "deploy": "before, during and after a deploy",
    "monitor": "what monitoring watches all the time",
}

OTHERS = {
    "procedure(*ids, fault=None)": "the runbook steps that a test carries out, and the sandbox's faults (separated by "
    "commas) that turn it red; several such markers are several steps, each with its own",
    "generic": "runs on any target whose components it needs, whatever its profile",
    "needs(*components)": "components that the target must have, beside those of the test's fixtures",
    "disruptive": "changes the target; runs alone, and only with both keys; implied by the fixture change",
    "exclusive": "runs while no other test does; implied by anything timed",
    "after_changes": "looks at what the run's changes came to: runs alone, after all that change the target, and "
    "sees nothing that was looked up before",
}


def register(config: pytest.Config) -> None:
    """Declare them, so that ``--strict-markers`` knows them and ``pytest --markers`` lists them."""
    for name, meaning in SUITES.items():
        config.addinivalue_line("markers", f"{name}: llmops suite: {meaning}")
    for form, meaning in OTHERS.items():
        config.addinivalue_line("markers", f"{form}: llmops: {meaning}")
