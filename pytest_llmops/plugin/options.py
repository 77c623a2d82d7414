"""The values of the ``--llmops-*`` options: command line, then environment, then default."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


@dataclass(frozen=True)
class Options:
    """The options of one run."""

    config: Path | None
    target: str | None
    baseline: str
    allow_disruption: str | None
    gate: bool
    plan: bool
    faults: tuple[str, ...]
    engine: str
    report: Path | None

    @classmethod
    def from_config(cls, config: pytest.Config) -> Options:
        """Read them."""
        path = config.getoption("llmops_config") or os.environ.get("LLMOPS_CONFIG")
        report = config.getoption("llmops_report")
        faults = tuple(config.getoption("llmops_sandbox_fault"))
        start = config.invocation_params.dir
        return cls(
            config=start / path if path else None,
            target=config.getoption("llmops_target") or os.environ.get("LLMOPS_TARGET"),
            baseline=config.getoption("llmops_baseline"),
            allow_disruption=_typed(config, "--llmops-allow-disruption"),
            gate=config.getoption("llmops_gate"),
            plan=config.getoption("llmops_plan"),
            faults=faults,
            engine=config.getoption("llmops_sandbox_engine"),
            report=start / report if report else None,
        )


def _typed(config: pytest.Config, option: str) -> str | None:
    """An option's value only where it stands on the command line as invoked: not from ini, addopts or environment."""
    words = [str(word) for word in config.invocation_params.args]
    for index, word in enumerate(words):
        if word.startswith(f"{option}="):
            return word.partition("=")[2]
        if word == option and index + 1 < len(words):
            return words[index + 1]
    return None
