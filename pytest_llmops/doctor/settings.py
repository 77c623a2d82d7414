"""What can be told of a target without asking it: keys that are not set, thresholds that cannot speak."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.doctor.findings import Finding
from pytest_llmops.errors import ConfigError, did_you_mean
from pytest_llmops.judge.thresholds import breach, fits

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_llmops.target.load import Target
    from pytest_llmops.target.thresholds import Threshold

PARTS = ("", ".ttft", ".ttfo", ".tpot", ".cold_load", ".error_rate")
STATISTICS = ("", ".typical", ".mean", ".p50", ".p90", ".p95", ".p99")


def missing_secrets(target: Target) -> list[dict[str, Any]]:
    """Every variable that the file names and the environment lacks, with the components that need it."""
    if target.table.embedded:
        return []  # the sandbox makes its own keys
    needed: dict[str, list[str]] = {}
    for name, part in target.table.components.configured().items():
        for variable in part.auth.variables if part.auth else ():
            if not target.environ.get(variable) and name not in needed.setdefault(variable, []):
                needed[variable].append(name)
    return [{"variable": variable, "components": names} for variable, names in needed.items() if names]


def threshold_findings(target: Target, checks: Sequence[dict[str, Any]]) -> Iterator[Finding]:
    """The file's own thresholds that no known metric fits, or whose unit none can have.

    Args:
        target: the deployment.
        checks: as planned, of all suites.
    """
    units = {record["name"]: record["unit"] for check in checks for record in check["records"]}
    timed = [f"{one['name']}{part}" for check in checks for one in check["measures"] for part in PARTS]
    units |= {f"{name}{which}": "" if name.endswith(".error_rate") else "s" for name in timed for which in STATISTICS}
    for name in target.own_thresholds:
        known = [metric for metric in units if fits(name, metric)]
        if not known:
            yield Finding(
                "warning",
                f"no ready check measures {name!r}, which has a threshold",
                did_you_mean(name, units).strip() or "Is it measured by a test of your own?",
            )
        elif said := _misfit(known[0], units[known[0]], target.table.thresholds[name]):
            yield Finding("warning", said, "Give it that unit, or none.")


def _misfit(metric: str, unit: str, threshold: Threshold) -> str:
    """How a limit's unit does not fit; empty where all do."""
    for level in ("target", "warning", "critical"):
        others = dict.fromkeys({"target", "warning", "critical"} - {level})
        try:
            breach(metric, 0.0, unit, threshold.model_copy(update=others))
        except ConfigError as error:
            return str(error).rstrip(".")
    return ""
