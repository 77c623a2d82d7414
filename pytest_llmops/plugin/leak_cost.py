"""About what the look for leaks will cost: what it asks stands in the target's tables, so nothing is called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmops.clients.client import traffic_calls
from pytest_llmops.plugin.source import methods_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from pytest_llmops.target.load import Target

LEAKS = "leaks"
"""The fixture that looks for leaks."""

ASKED = 3
"""Questions that a model server is asked, or routes of an API that takes none."""

ANSWERS, GENERATE = "leaks-answers", ".generate"
"""The look at answers, and how a model server is asked for them."""

WRONG = 4
"""Requests that no route wants."""

TRACES = 20
"""Pages of the traces that a leak affects, at most: a thousand of a user's, a thousand of all."""

LOOKS = 5
"""Looks at most by which a log is waited for that is written late; two more are the first and the last."""


def once_for_leaks(item: pytest.Item, target: Target) -> dict[str, dict[str, int]]:
    """What a test asks for once a run that looks for leaks: the name of each look to ``component.method`` to calls."""
    looks = methods_of(item, LEAKS)
    found: dict[str, dict[str, int]] = {}
    for look in sorted(looks):
        calls = {name: count for name, count in _calls(look, target).items() if count}
        if look == "answers" and "api.query" in traffic_calls(target):
            found["traffic"] = traffic_calls(target)
        elif calls:
            found[f"leaks-{look.replace('_', '-')}"] = calls
    return found


def leak_tokens(asked: Mapping[str, Mapping[str, int]], target: Target) -> dict[str, int]:
    """Tokens that a model server generates at most where its answers are looked through: the look to how many."""
    parts = target.table.components.configured()
    calls = {name.partition(".")[0]: count for name, count in asked.get(ANSWERS, {}).items() if name.endswith(GENERATE)}
    tokens = sum(count * getattr(parts[name], "max_tokens", 0) for name, count in calls.items())
    return {ANSWERS: tokens} if tokens else {}


def _calls(look: str, target: Target) -> dict[str, int]:
    parts = target.table.components
    api, logs = parts.api, parts.logs
    read = {"logs.raw": len(logs.sources)} if logs else {}
    again = {name: count * (LOOKS + 2) for name, count in read.items()}
    asked = {"ui.ask": 1} if parts.ui else {"api.query": 1} if api else {}
    if look == "answers":
        return _answers(target)
    if look == "error_pages":
        return {"api.wrong": WRONG if api and "query" in api.routes else 1} if api else {}
    if look == "metrics":
        return {"api.metrics": int(bool(api and api.metrics)), "ui.metrics": int(parts.ui is not None)}
    return {
        "logs": read,
        "told": {**asked, **again},
        "detected": {**asked, "logs.entries": LOOKS + 1} if logs else {},
        "traces": {"langfuse.newest": 1},
        "affected": {"langfuse.newest": TRACES, "langfuse.traces": 1},
    }.get(look, {})


def _answers(target: Target) -> dict[str, int]:
    api = target.table.components.api
    if api is None:
        llm = target.table.components.serving("llm")
        return {f"{llm}.generate": ASKED} if llm else {}
    return {"api.analyses": 1, "api.explain": 1} if "explain" in api.routes else {"api.call": ASKED}
