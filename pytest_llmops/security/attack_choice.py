"""Which attacks are sent within the declared calls, and how many calls that makes."""

from __future__ import annotations

from itertools import zip_longest
from random import Random
from typing import TYPE_CHECKING

from pytest_llmops.detect.attack import corpus
from pytest_llmops.detect.imports import read
from pytest_llmops.detect.mutations import MUTATIONS, mutated

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_llmops.detect.attack import Attack
    from pytest_llmops.target.load import Target

CONTROLS = 8
"""Harmless questions that an API is asked beside."""

MUTATED = 0.25
"""Share of the attacks' calls that goes to attacks in another dress."""


def chosen(target: Target, *, controls: bool, prompt: bool) -> tuple[list[Attack], list[str]]:
    """The attacks that are sent within the declared calls, and the ids of the harmless questions.

    From each category in turns, those first that a filter is to know or cannot know, the rest in an order of the
    seed; three quarters as they stand, then some of them in another dress.

    Args:
        target: its ``security`` table.
        controls: whether harmless questions are asked beside.
        prompt: whether its system prompt is known: attacks that ask for it say nothing else, but for those that a
            filter is to know.

    Raises:
        ConfigError: a file of further attacks cannot be read.
    """
    table, known = target.table.security, corpus()
    rng = Random(f"{table.seed} {known.version}")  # noqa: S311 (it draws attacks, and no secret)
    imported = [attack for name in table.attacks for attack in read(target.root / name)]
    beside = [*known.controls][:CONTROLS] if controls else []
    left = table.attack_calls - len(beside)
    pool = [
        one
        for one in (*known.attacks, *imported)
        if prompt or not one.asks_for_prompt or (controls and one.level == "known")
    ]
    plain = _within(_in_turns(pool, rng), int(left * (1 - MUTATED)), table.generations)
    left -= sum(map(_cost, plain)) * table.generations
    drawn = rng.sample(plain, len(plain))
    dressed = [mutated(one, MUTATIONS[at % len(MUTATIONS)], rng) for at, one in enumerate(drawn)]
    return [*plain, *_within(dressed, left, table.generations)], beside


def planned_calls(target: Target, *, of_api: bool) -> int:
    """How many calls a review makes at most.

    Raises:
        ConfigError: a file of further attacks, or of the system prompt, cannot be read.
    """
    prompt = bool(target.table.security.prompt(target.root)) or not of_api
    attacks, controls = chosen(target, controls=of_api, prompt=prompt)
    return sum(map(_cost, attacks)) * target.table.security.generations + len(controls)


def _in_turns(pool: Sequence[Attack], rng: Random) -> list[Attack]:
    """One of each category, then the next of each."""
    by_category: dict[str, list[Attack]] = {}
    for attack in rng.sample([*pool], len(pool)):
        by_category.setdefault(attack.category, []).append(attack)
    ordered = [sorted(by_category[name], key=lambda one: not one.level) for name in sorted(by_category)]
    return [attack for row in zip_longest(*ordered) for attack in row if attack is not None]


def _within(attacks: Iterable[Attack], calls: int, generations: int) -> list[Attack]:
    """As many of them as the calls are enough for."""
    found = []
    for attack in attacks:
        if (cost := _cost(attack) * generations) <= calls:
            found.append(attack)
            calls -= cost
    return found


def _cost(attack: Attack) -> int:
    return len(attack.turns)
