"""``--llmops-plan``: what each selected test would do and cost. Nothing is called, started or changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.client import preflight_calls
from pytest_llmops.plugin.checks import needed_roles, our_fixtures
from pytest_llmops.plugin.cost import Asking, cost_of
from pytest_llmops.plugin.markers import SUITES
from pytest_llmops.plugin.ours import CHECK
from pytest_llmops.state.planned import together
from pytest_llmops.target.components import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from pytest_llmops.plugin.run import Run
    from pytest_llmops.target.load import Target


def planned(item: pytest.Item, target: Target) -> dict[str, Any]:
    """What one of our tests would do, as plain JSON; the fields are described in docs/plan.md."""
    check = item.stash[CHECK]
    parts = target.table.components
    serving = {role: parts.serving(role) for role in needed_roles(item, ROLES)}
    fixtures = our_fixtures(item)
    cost = cost_of(
        item,
        Asking(
            components={role: name for role, name in serving.items() if name and role in fixtures},
            tables=parts.configured(),
            prompts=len(target.table.prompts),
            timed=_timed_calls() if "measure" in fixtures else 0,
            params=getattr(getattr(item, "callspec", None), "params", {}),
            suffix="".join(item.name.partition("[")[1:]),
        ),
    )
    return {
        **check.identity,
        "suites": carried_suites(item),
        "components": sorted({name for name in serving.values() if name}),
        "timed": "measure" in fixtures,
        "alone": check.exclusive,
        "calls": sum(cost.operations.values()),
        "tokens": cost.tokens,
        "operations": dict(cost.operations),
        "measures": cost.measures,
        "records": cost.records,
    }


def _timed_calls() -> int:
    """Calls of a measurement that raises no suspicion."""
    from pytest_llmops.judge.looks import LOOKS, WARM_UP

    return WARM_UP + LOOKS[0]


def carried_suites(item: pytest.Item) -> list[str]:
    """The suites' markers that a test carries."""
    carried = {marker.name for marker in item.iter_markers()}
    return [name for name in SUITES if name in carried]


def total_of(checks: Iterable[dict[str, Any]], target: Target) -> dict[str, Any]:
    """What they come to together, the components' preflights included."""
    return together(list(checks), preflight_calls(target))


def stay_here(config: pytest.Config) -> None:
    """No workers, no results of other plugins: a plan is made in this process, and is all that is written."""
    for option, nothing in (("numprocesses", None), ("dist", "no"), ("tx", []), ("allure_report_dir", None)):
        if hasattr(config.option, option):
            setattr(config.option, option, nothing)


def plan_of(run: Run) -> dict[str, Any]:
    """The whole plan, as in ``plan.json``."""
    target, selected = run.declared, run.selected
    checks = selected.planned if selected else []
    return {
        "target": target.name,
        "profile": target.table.profile,
        "environment": target.table.environment,
        "embedded": target.table.embedded,
        "budget": target.table.budget.model_dump(mode="json"),
        "total": total_of(checks, target),
        "preflight_calls": preflight_calls(target),
        "not_applicable": selected.not_applicable if selected else {},
        "checks": checks,
        "left_out": selected.left_out if selected else [],
    }
