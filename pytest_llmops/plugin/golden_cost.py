"""What a golden set costs, said before it is asked: it is asked once a run, whoever reads its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.errors import LlmopsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llmops.target.load import Target

GOLDEN = "golden_set"
"""The fixture that hands out its answers."""

CANDIDATE = "candidate_set"
"""The one that hands out those of a model that does not serve yet."""


JUDGED = "judged_answers"
"""The one that hands out what a judge says of them."""


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


def candidate_calls(target: Target) -> dict[str, int]:
    """The same of a model that does not serve yet; none where the target names none, or an API answers."""
    part = target.table.components.ollama
    calls = golden_calls(target)
    return calls if part is not None and part.candidate and "ollama.generate" in calls else {}


def judge_calls(target: Target) -> dict[str, int]:
    """Calls that ask a judge about the answers; none where the target names none, or no case has a rubric."""
    from pytest_llmops.golden.of_target import golden_of

    table = target.table.golden.judge
    if table is None or table.component not in target.table.components.configured():
        return {}
    try:
        wanted = sum(bool(case.rubric) for case in golden_of(target))
    except LlmopsError:
        return {}
    return {f"{table.component}.generate": wanted * table.repeats} if wanted else {}


GOLDEN_SETS: Mapping[str, Callable[[Target], dict[str, int]]] = {
    GOLDEN: golden_calls,
    CANDIDATE: candidate_calls,
    JUDGED: judge_calls,
}
"""Fixture to the calls that it asks once a run."""


def golden_tokens(fixtures: Iterable[str], target: Target) -> dict[str, int]:
    """Tokens that a model server generates at most; an API's own are not ours to count."""
    asked = {name: calls(target) for name, calls in GOLDEN_SETS.items() if name in fixtures}
    generated = {
        name: sum(count for operation, count in calls.items() if operation.endswith(".generate"))
        for name, calls in asked.items()
    }
    table = target.table.golden
    length = dict.fromkeys(generated, table.max_tokens) | ({JUDGED: table.judge.max_tokens} if table.judge else {})
    return {name: count * length[name] for name, count in generated.items() if count}
