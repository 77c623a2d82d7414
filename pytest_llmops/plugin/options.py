"""The values of the ``--llmops-*`` options: command line, then environment, then default."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_llmops.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
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
    allowed_elsewhere: bool
    gate: bool
    plan: bool
    faults: tuple[str, ...]
    engine: str
    report: Path | None
    notify: bool = False
    textfile: Path | None = None

    @classmethod
    def from_config(cls, config: pytest.Config) -> Options:
        """Read them."""
        path = config.getoption("llmops_config") or os.environ.get("LLMOPS_CONFIG")
        report = config.getoption("llmops_report")
        textfile = config.getoption("llmops_textfile")
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
            allow_disruption=typed_key(config),
            allowed_elsewhere=bool(config.getoption("llmops_allow_disruption")) and typed_key(config) is None,
            gate=config.getoption("llmops_gate"),
            plan=config.getoption("llmops_plan"),
            faults=faults,
            engine=config.getoption("llmops_sandbox_engine"),
            report=start / report if report else None,
            notify=config.getoption("llmops_notify"),
            textfile=start / textfile if textfile else None,
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
        if self.textfile is not None and self.textfile.suffix != ".prom":
            raise ConfigError(
                f"--llmops-textfile {self.textfile.name}: node-exporter reads files that end in .prom, and no others."
            )
        for name, given in (("notify", self.notify), ("textfile", self.textfile is not None)):
            if self.against is not None and given:
                raise ConfigError(
                    f"--llmops-{name} tells of one target over time, and --llmops-against judges two by each other; "
                    "leave out one of them."
                )


def typed_key(config: pytest.Config) -> str | None:
    """The second key, only where it stands on the command line as invoked: not in ini, addopts or environment.

    A worker takes it from its controller, which is the process that was invoked.
    """
    workerinput: Mapping[str, Any] | None = getattr(config, "workerinput", None)
    if workerinput is not None:
        handed_over = workerinput["llmops_typed_key"]
        return None if handed_over is None else str(handed_over)
    typed = _typed([str(word) for word in config.invocation_params.args], "--llmops-allow-disruption")
    return typed if typed == config.getoption("llmops_allow_disruption") else None  # pytest understood it so, too


def _typed(words: Sequence[str], option: str) -> str | None:
    """The last value that was typed for an option."""
    found = None
    for index, word in enumerate(words):
        if word.startswith(f"{option}="):
            found = word.partition("=")[2]
        if word == option and index + 1 < len(words):
            found = words[index + 1]
    return found
