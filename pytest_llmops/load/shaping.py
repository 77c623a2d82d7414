"""From a target's ``load`` table to a plan: its shapes as stages, its workloads as prompts and calls."""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any, TypeVar

from pytest_llmops.errors import ConfigError, did_you_mean
from pytest_llmops.load.plan import Stage
from pytest_llmops.samples import Prompt, Workload

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_llmops.target.component import RateLimit
    from pytest_llmops.target.load import Target
    from pytest_llmops.target.loads import LoadPrompt, LoadShape, LoadWorkload

Named = TypeVar("Named")

WORDS = [
    "harbour",
    "ledger",
    "window",
    "signal",
    "garden",
    "copper",
    "travel",
    "margin",
    "season",
    "bridge",
    "letter",
    "silver",
    "corner",
    "market",
    "engine",
    "winter",
    "paper",
    "voyage",
    "anchor",
    "cotton",
    "meadow",
    "kettle",
    "branch",
    "ribbon",
    "saddle",
    "timber",
    "valley",
    "walnut",
    "pepper",
    "quarry",
]
"""What made-up context consists of."""

BEYOND = 1.3
"""Times as many calls as a limit lets pass, that are too many."""

BURST_S, AFTER_S = 10.0, 8.0
"""How long these take, where the target's cap allows that rate, and how long calls are made once the limit is over."""


def shape_of(target: Target, name: str) -> LoadShape:
    """A shape of a target, by its name.

    Raises:
        ConfigError: it has none of that name; names the nearest.
    """
    return _named(target, "shapes", target.table.load.shapes, name)


def workload_of(target: Target, name: str) -> LoadWorkload:
    """A workload of a target, by its name.

    Raises:
        ConfigError: it has none of that name; names the nearest.
    """
    return _named(target, "workloads", target.table.load.workloads, name)


def _named(target: Target, what: str, tables: Mapping[str, Named], name: str) -> Named:
    if name not in tables:
        known = ", ".join(tables) or "none"
        near = did_you_mean(name, tables)
        raise ConfigError(f"{target.where[:-1]}.load.{what}] has no {name!r}.{near} It has: {known}.")
    return tables[name]


def arriving(target: Target, name: str, rate: float | None = None) -> dict[str, Any]:
    """How calls arrive in a shape: fields of `LoadPlan`.

    Args:
        target: whose shape.
        name: of the shape.
        rate: calls a second that its stages are times of, in place of its own.

    Raises:
        ConfigError: the target has no such shape.
    """
    shape, load = shape_of(target, name), target.table.load
    stops = {"stops": shape.stops} if shape.stops else {}
    if shape.concurrency:
        closed = {"concurrency": shape.concurrency, "calls": shape.calls, "seconds": shape.lasts}
        return {"arrivals": "closed", **closed, **stops}
    of = rate or shape.rate or load.rate
    stages = tuple(
        Stage(seconds=one.lasts, rate=of * one.times, to=None if one.to is None else of * one.to)
        for one in shape.stages
    )
    return {"arrivals": shape.arrivals, "stages": stages, **stops}


def beyond(limit: RateLimit, cap: float, faster: float) -> tuple[Stage, Stage, Stage]:
    """More than a limit lets pass, a wait until it has passed, and a few more.

    Args:
        limit: of a component.
        cap: calls a second at the most.
        faster: how much faster than the clock the target's time goes by.
    """
    rate = min(BEYOND * limit.calls / BURST_S, cap)
    burst = Stage(seconds=BEYOND * limit.calls / rate, rate=rate)
    return burst, Stage(seconds=limit.per_s / faster + 1.0, rate=0.0), Stage(seconds=AFTER_S, rate=1.0)


def calls_beyond(limit: RateLimit, *, after: bool) -> int:
    """Calls of the stages of `beyond`; ``after``: of those after the wait as well."""
    return math.ceil(BEYOND * limit.calls + (AFTER_S if after else 0))


def prompts_of(workload: LoadWorkload, own: Workload) -> Workload:
    """What a workload asks, in the order in which it is sent: the target's own prompts where it has none.

    A prompt of weight 3 is sent three times as often as one of weight 1, as evenly spread as can be.
    """
    if not workload.prompts:
        return own
    texts = {one.id: _text(one, workload.seed) for one in workload.prompts}
    return Workload(tuple(Prompt(one.id, texts[one.id], one.expect) for one in _in_turn(workload.prompts)))


def _in_turn(prompts: Sequence[LoadPrompt]) -> list[LoadPrompt]:
    """Each as often as it weighs (smooth weighted round robin, as of nginx)."""
    whole, credit = sum(one.weight for one in prompts), [0] * len(prompts)
    turns = []
    for _ in range(whole):
        credit = [have + one.weight for have, one in zip(credit, prompts, strict=True)]
        place = credit.index(max(credit))
        credit[place] -= whole
        turns.append(prompts[place])
    return turns


def _text(prompt: LoadPrompt, seed: int) -> str:
    """Its text, after so many words of context as it asks for: the same in every run."""
    if not prompt.words:
        return prompt.text
    drawn = random.Random(f"{seed} {prompt.id}")  # noqa: S311 (no secret)
    return f"{' '.join(drawn.choices(WORDS, k=prompt.words))}.\n\n{prompt.text}"
