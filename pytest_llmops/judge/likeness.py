"""Which accepted runs a measurement is like, and what of that somebody had to take on trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.judge.recording import UNTOLD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_llmops.judge.recording import BaselineRun, Recording


def standing(
    found: Sequence[tuple[BaselineRun, Recording]], fingerprint: Mapping[str, str | int]
) -> list[tuple[BaselineRun, Recording]]:
    """The runs that are alike, and that no newer one of them replaces; newest last, as they are given."""
    alike = [(run, one) for run, one in found if not differences(one.fingerprint, fingerprint)]
    up_to = _replaced_up_to(run for run, _ in alike)
    return [(run, one) for run, one in alike if _after(run, up_to)]


def standing_runs(accepted: Sequence[BaselineRun], candidate: BaselineRun) -> list[BaselineRun]:
    """The runs whose metrics a candidate is expected to have: those that none it is compared with replaces.

    Where it is like none of them, any of them replaces: it may be the first one after a change of the model.
    """
    alike = [run for run in accepted if any(_alike(run, one) for one in candidate.recordings)]
    up_to = _replaced_up_to(alike or accepted)
    return [run for run in accepted if _after(run, up_to)]


def _replaced_up_to(runs: Iterable[BaselineRun]) -> int:
    return max((run.accepted.replaces for run in runs if run.accepted), default=0)


def _after(run: BaselineRun, number: int) -> bool:
    return run.number > number or not number


def _alike(run: BaselineRun, now: Recording) -> bool:
    then = run.find(now.metric.name)
    return then is not None and not differences(then.fingerprint, now.fingerprint)


def taken_as_like(alike: Sequence[tuple[BaselineRun, Recording]]) -> str:
    """``0001 was imported, and its file tells no model and no workload; taken as like on ada's word``."""
    told: dict[str, list[str]] = {}
    for run, one in alike:
        untold = [f"no {key}" for key, value in one.fingerprint.items() if value == UNTOLD]
        if untold and run.accepted:
            words = f"its file tells {', '.join(untold)}; taken as like on the word of {run.accepted.by}"
            told.setdefault(words, []).append(f"{run.number:04d}")
    return "; ".join(f"{', '.join(numbers)} was imported, and {words}" for words, numbers in told.items())


def differences(baseline: Mapping[str, str | int], now: Mapping[str, str | int]) -> str:
    """``model is A now, B in the baseline``, for each key of ``now`` that differs; empty where none does.

    What an imported file did not tell differs from nothing.
    """
    found = [
        f"{key} is {_said(value)} now, {_said(baseline.get(key))} in the baseline"
        for key, value in now.items()
        if UNTOLD not in (value, baseline.get(key)) and baseline.get(key) != value
    ]
    return "; ".join(found)


def _said(value: str | int | None) -> str:
    return "unknown" if value in {"", None} else str(value)
