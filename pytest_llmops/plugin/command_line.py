"""The ``--llmops-*`` options as pytest learns of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

BASELINE_MODES = ("compare", "record", "off")
ENGINES = ("synthetic", "llama.cpp")


def add(parser: pytest.Parser) -> None:
    """Add the options, in one group of ``pytest --help``."""
    group = parser.getgroup("llmops", "LLM operations")
    group.addoption("--llmops-config", metavar="PATH", help="the llmops.toml to read (env LLMOPS_CONFIG)")
    group.addoption("--llmops-target", metavar="NAME", help="the target to run against (env LLMOPS_TARGET)")
    group.addoption(
        "--llmops-against",
        metavar="NAME",
        help="side by side: make every timed call in turns on the target and on this one, in random order; "
        "judged against each other, without a stored baseline (a canary against stable)",
    )
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
    group.addoption(
        "--llmops-plan",
        action="store_true",
        help="print what each selected test would do, call and cost; run nothing, change nothing",
    )
    group.addoption("--llmops-gate", action="store_true", help="stricter exit status, for a CI that gates deploys")
    group.addoption(
        "--llmops-sandbox-fault",
        metavar="NAME",
        action="append",
        default=[],
        help="make the embedded sandbox sick, e.g. llm:slow=1.6 or api:down,llm:down (may be given again)",
    )
    group.addoption(
        "--llmops-sandbox-engine", choices=ENGINES, default="synthetic", help="what generates the sandbox's answers"
    )
    group.addoption(
        "--llmops-notify",
        action="store_true",
        help="tell the target's channels and Alertmanager which checks are red, worse or well again since they were "
        "told last",
    )
    group.addoption(
        "--llmops-textfile",
        metavar="PATH",
        help="write the outcome for Prometheus into this file of node-exporter's textfile collector (*.prom)",
    )
    group.addoption("--llmops-report", metavar="DIR", help="where reports are written (default: reports)")


def asked(config: pytest.Config) -> bool:
    """Whether this run was given one of the options that only a run of ours has."""
    words = ("config", "target", "gate", "plan", "notify", "textfile", "sandbox_fault")
    given = any(config.getoption(f"llmops_{name}") for name in words) or config.getoption("llmops_against") is not None
    return given or config.getoption("llmops_sandbox_engine") != ENGINES[0]
