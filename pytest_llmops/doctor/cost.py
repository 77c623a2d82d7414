"""What a daily run will cost, from its plan and from how long calls took just now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.doctor.findings import Finding, Pace
from pytest_llmops.state.ledger import RESERVE
from pytest_llmops.state.planned import operations, together

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_llmops.target.load import Target

GENERATING = "generate"
LIKE = {"query": "query", "ask_all": "query", "knows": "query", "embed": "embed"}
"""Methods whose calls take as long as the one that was timed; any other takes what reaching the component took."""


def embedded_pace(target: Target) -> Pace:
    """How long calls of the embedded sandbox take: its own settings say so."""
    engine = target.table.sandbox
    pace = Pace(calls=dict.fromkeys(target.table.components.configured(), 0.0))
    longest = 1
    for name in ("ollama", "openai"):
        part = target.table.components.configured().get(name)
        if part is not None:
            pace.first_s[name], pace.token_s[name] = engine.delay_s, engine.token_s
            pace.calls[f"{name}.embed"] = engine.embed_s
            longest = max(longest, getattr(part, "max_tokens", 1))
    pace.calls["api.query"] = engine.embed_s + engine.delay_s + longest * engine.token_s
    return pace


def seconds_of(checks: Sequence[dict[str, Any]], pace: Pace) -> float:
    """About how long these checks take; a component that did not answer takes no time."""
    total = 0.0
    for operation, calls in operations(checks).items():
        component, _, method = operation.partition(".")
        if method == GENERATING and component in pace.first_s:
            total += calls * pace.first_s[component]
        else:
            like = f"{component}.{LIKE.get(method, method)}"
            total += calls * pace.calls.get(like, pace.calls.get(component, 0.0))
    for check in checks:
        generating = [name for name in check["components"] if name in pace.token_s]
        total += check["tokens"] * max((pace.token_s[name] for name in generating), default=0.0)
    return total


def daily_cost(checks: Sequence[dict[str, Any]], preflight: Mapping[str, int], pace: Pace) -> dict[str, Any]:
    """What these checks come to together, with the preflights of their components, and how long that takes."""
    total = together(checks, preflight)
    return {
        **total,
        "seconds": round(seconds_of(checks, pace), 1),
        "untimed": sorted(set(total["calls_by_component"]) - set(pace.calls)),
        "measuring_s": round(seconds_of([check for check in checks if check["timed"]], pace), 1),
    }


def cost_findings(target: Target, cost: dict[str, Any]) -> Iterator[Finding]:
    """Where a run would meet the budget or a rate limit."""
    budget, kept = target.table.budget, f"{RESERVE:.0%} of it is kept to confirm a regression"
    for word, planned, allowed in (
        ("requests", cost["calls"], budget.requests),
        ("tokens", cost["tokens"], budget.tokens),
        ("seconds", cost["measuring_s"], budget.seconds),
    ):
        if planned > (1 - RESERVE) * allowed:
            what = f"a daily run takes about {planned:g} {word}, and budget.{word} is {allowed:g} ({kept})"
            yield Finding("warning", what, f"Raise budget.{word}, or select fewer tests.")
    for name, part in target.table.components.configured().items():
        limit, planned = part.rate_limit, cost["calls_by_component"].get(name, 0)
        if limit is not None and planned > limit.calls and cost["seconds"] < limit.per_s:
            what = f"{name}: a daily run makes about {planned} calls, and rate_limit allows {limit.calls}"
            advice = "Raise it if the service allows more, or select fewer tests: the calls beyond it are not made."
            yield Finding("warning", f"{what} in {limit.per_s:g} s", advice, name)
