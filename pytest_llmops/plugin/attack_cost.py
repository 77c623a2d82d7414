"""What a review by attacks costs at most, said before it begins: it is asked once a run, whoever reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_llmops.target.load import Target

ON_API, ON_MODEL = "attacks", "model_attacks"
"""The fixtures that hand out a review."""


def _on_api(target: Target) -> dict[str, int]:
    """Calls of the attacks on the API; none where it takes no question."""
    from pytest_llmops.security.attack_choice import planned_calls

    part = target.table.components.api
    if part is None or "query" not in part.routes:
        return {}
    return {"api.query": planned_calls(target, of_api=True)}


def _on_model(target: Target) -> dict[str, int]:
    """Calls of the attacks on the model server."""
    from pytest_llmops.security.attack_choice import planned_calls

    name = target.table.components.serving("llm")
    return {f"{name}.converse": planned_calls(target, of_api=False)} if name else {}


ATTACKS: Mapping[str, Callable[[Target], dict[str, int]]] = {ON_API: _on_api, ON_MODEL: _on_model}
"""Fixture to the calls of its review: ``component.method`` to how many at most."""


def attack_tokens(fixtures: Iterable[str], target: Target) -> dict[str, int]:
    """Tokens that the model generates at most, by the fixture; the API's own are not ours to count."""
    if ON_MODEL not in fixtures:
        return {}
    from pytest_llmops.security.attacks import TOKENS

    return {ON_MODEL: TOKENS * sum(_on_model(target).values())}
