"""Which accepted runs a measurement is like, and what of that somebody had to take on trust."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.judge.recording import UNTOLD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.judge.recording import BaselineRun, Recording


def standing(
    found: Sequence[tuple[BaselineRun, Recording]], fingerprint: Mapping[str, str | int]
) -> list[tuple[BaselineRun, Recording]]:
    """The runs that are alike, and that no newer one of them replaces; newest last, as they are given."""
    alike = [(run, one) for run, one in found if not differences(one.fingerprint, fingerprint)]
    replaced_up_to = max((run.accepted.replaces for run, _ in alike if run.accepted), default=0)
    return [(run, one) for run, one in alike if run.number > replaced_up_to or not replaced_up_to]


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
