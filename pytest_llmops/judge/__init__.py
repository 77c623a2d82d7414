"""Decides whether measurements hold: verdicts, looks, error rates, baselines. Sends nothing."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmops.judge.baselines import Match, Store
    from pytest_llmops.judge.benchmark_json import load, write_candidate
    from pytest_llmops.judge.decision import Verdict
    from pytest_llmops.judge.estimate import statistic
    from pytest_llmops.judge.failures import judge_failures
    from pytest_llmops.judge.looks import CONFIRM_PAUSE_S, LOOKS, WARM_UP, Collect, Done, Looks, Rule
    from pytest_llmops.judge.pass_gate import PassRule, PassVerdict, judge_passes
    from pytest_llmops.judge.pass_rate import CaseRuns, PassRate
    from pytest_llmops.judge.point import judge_point
    from pytest_llmops.judge.recording import Acceptance, BaselineRun, Recording
    from pytest_llmops.judge.schedule import MIN_N
    from pytest_llmops.judge.verdict import judge_samples

# numpy and scipy cost half a second; who imports the room pays only for the module whose name is asked for.
_HOMES = {
    "Acceptance": "recording",
    "BaselineRun": "recording",
    "CONFIRM_PAUSE_S": "looks",
    "CaseRuns": "pass_rate",
    "Collect": "looks",
    "Done": "looks",
    "LOOKS": "looks",
    "Looks": "looks",
    "MIN_N": "schedule",
    "Match": "baselines",
    "PassRate": "pass_rate",
    "PassRule": "pass_gate",
    "PassVerdict": "pass_gate",
    "Recording": "recording",
    "Rule": "looks",
    "Store": "baselines",
    "Verdict": "decision",
    "WARM_UP": "looks",
    "judge_failures": "failures",
    "judge_passes": "pass_gate",
    "judge_point": "point",
    "judge_samples": "verdict",
    "load": "benchmark_json",
    "statistic": "estimate",
    "write_candidate": "benchmark_json",
}

__all__ = [
    "CONFIRM_PAUSE_S",
    "LOOKS",
    "MIN_N",
    "WARM_UP",
    "Acceptance",
    "BaselineRun",
    "CaseRuns",
    "Collect",
    "Done",
    "Looks",
    "Match",
    "PassRate",
    "PassRule",
    "PassVerdict",
    "Recording",
    "Rule",
    "Store",
    "Verdict",
    "judge_failures",
    "judge_passes",
    "judge_point",
    "judge_samples",
    "load",
    "statistic",
    "write_candidate",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
