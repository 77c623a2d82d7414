"""The values of the ``--llmops-*`` options: command line, then environment, then default."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmops.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


@dataclass(frozen=True)
class Options:
    """The options of one run."""

    config: Path | None
    target: str | None
    against: str | None
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
        against = config.getoption("llmops_against")
        baseline = config.getoption("llmops_baseline")
        if against is not None and baseline == "compare":
            baseline = "off"  # the other deployment is what is compared with
        return cls(
            config=start / path if path else None,
            target=config.getoption("llmops_target") or os.environ.get("LLMOPS_TARGET"),
            against=against,
            baseline=baseline,
            allow_disruption=_typed(config, "--llmops-allow-disruption"),
            gate=config.getoption("llmops_gate"),
            plan=config.getoption("llmops_plan"),
            faults=faults,
            engine=config.getoption("llmops_sandbox_engine"),
            report=start / report if report else None,
        )

    def check(self) -> None:
        """See whether they go together.

        Raises:
            ConfigError: they do not.
        """
        if self.against == "":
            raise ConfigError(
                "--llmops-against names no target; give the name of one to call in turns with, or leave it out."
            )
        if self.against is not None and self.baseline == "record":
            raise ConfigError(
                "--llmops-baseline record keeps what is normal for one target, and under --llmops-against "
                "the calls of two are made in turns; leave out one of them."
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
