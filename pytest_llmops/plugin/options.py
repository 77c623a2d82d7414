"""The ``--llmops-*`` options: command line, then environment, then default."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

BASELINE_MODES = ("compare", "record", "off")
ENGINES = ("synthetic",)


def add(parser: pytest.Parser) -> None:
    """Add the options, in one group of ``pytest --help``."""
    group = parser.getgroup("llmops", "LLM operations")
    group.addoption("--llmops-config", metavar="PATH", help="the llmops.toml to read (env LLMOPS_CONFIG)")
    group.addoption("--llmops-target", metavar="NAME", help="the target to run against (env LLMOPS_TARGET)")
    group.addoption(
        "--llmops-baseline",
        choices=BASELINE_MODES,
        default="compare",
        help="record: also write this run as a candidate for 'llmops baseline accept'; off: compare with nothing",
    )
    group.addoption(
        "--llmops-allow-disruption",
        metavar="TARGET",
        help="second of two keys for tests that change the target: its name, typed here",
    )
    group.addoption("--llmops-gate", action="store_true", help="stricter exit status, for a CI that gates deploys")
    group.addoption(
        "--llmops-sandbox-fault",
        metavar="NAME",
        action="append",
        default=[],
        help="make the embedded sandbox sick, e.g. llm:slow=1.6 (may be given again)",
    )
    group.addoption(
        "--llmops-sandbox-engine", choices=ENGINES, default="synthetic", help="what generates the sandbox's answers"
    )
    group.addoption("--llmops-report", metavar="DIR", help="where reports are written (default: reports)")


@dataclass(frozen=True)
class Options:
    """The options of one run."""

    config: Path | None
    target: str | None
    baseline: str
    allow_disruption: str | None
    gate: bool
    faults: tuple[str, ...]
    engine: str
    report: Path | None
    given: bool

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
            faults=faults,
            engine=config.getoption("llmops_sandbox_engine"),
            report=start / report if report else None,
            given=bool(
                config.getoption("llmops_config")
                or config.getoption("llmops_target")
                or config.getoption("llmops_gate")
                or faults
            ),
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
