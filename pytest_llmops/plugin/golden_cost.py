"""What a golden set costs, said before it is asked: it is asked once a run, whoever reads its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import LlmopsError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_llmops.target.load import Target

GOLDEN = "golden_set"
"""The fixture that hands out its answers."""


def golden_calls(target: Target) -> dict[str, int]:
    """Calls that ask it: ``component.method`` to how many.

    None where there is none, or it does not hold: its own checks say so.
    """
    from pytest_llmops.golden.of_target import golden_of
    from pytest_llmops.measure.golden_asking import API, asked_of

    try:
        cases, of = len(golden_of(target)), asked_of(target)
    except LlmopsError:
        return {}
    component, method = (API, "query") if of == API else (target.table.components.serving(of), "generate")
    return {f"{component}.{method}": cases * target.table.golden.repeats}


def golden_tokens(fixtures: Iterable[str], target: Target) -> dict[str, int]:
    """Tokens that a model server generates at most; an API's own are not ours to count."""
    if GOLDEN not in fixtures:
        return {}
    generated = sum(calls for name, calls in golden_calls(target).items() if name.endswith(".generate"))
    return {GOLDEN: generated * target.table.golden.max_tokens} if generated else {}
