"""``--llmops-plan``: what each selected test would do and cost. Nothing is called, started or changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pytest_llmops.clients.client import lint_calls, preflight_calls, traffic_calls
from pytest_llmops.plugin.attack_cost import ATTACKS, attack_tokens
from pytest_llmops.plugin.backup_cost import backup_asks_of
from pytest_llmops.plugin.checks import ASKS, DIAGNOSTICS, TRAFFIC, needed_roles, our_fixtures
from pytest_llmops.plugin.cost import Asking
from pytest_llmops.plugin.disruption_plan import calls_of, disruption_of
from pytest_llmops.plugin.figure_cost import cost_of_figures
from pytest_llmops.plugin.golden_cost import GOLDEN, GOLDEN_SETS, JUDGED, golden_tokens
from pytest_llmops.plugin.leak_cost import LEAKS, leak_tokens, once_for_leaks
from pytest_llmops.plugin.markers import SUITES
from pytest_llmops.plugin.ours import AFRESH, CHECK
from pytest_llmops.plugin.reading import CHANGE, cost_of
from pytest_llmops.plugin.retrieval_cost import RETRIEVAL, once_for_retrieval
from pytest_llmops.plugin.security_cost import ERASURE, asks_of, once_for_erasure
from pytest_llmops.plugin.triage_cost import once_for_triage
from pytest_llmops.procedures.bindings import COMPARING
from pytest_llmops.security.access import access_calls
from pytest_llmops.security.hostile import hostile_calls
from pytest_llmops.state.planned import measurements, together
from pytest_llmops.target.components import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pytest

    from pytest_llmops.plugin.run import Run
    from pytest_llmops.target.components import Components
    from pytest_llmops.target.load import Target

ONCE = {
    TRAFFIC: traffic_calls,
    "lint": lint_calls,
    "access": access_calls,
    "hostile_input": hostile_calls,
    **GOLDEN_SETS,
    **ATTACKS,
}
"""Fixtures that ask once a run, whoever needs them, and what they ask."""

KEPT = frozenset({"lint", DIAGNOSTICS})
"""What is not asked once more after the run's changes."""


def planned(
    item: pytest.Item, target: Target, *, recording: bool = False, lacking: Sequence[str] = (), afresh: bool = False
) -> dict[str, Any]:
    """What one of our tests would do, as plain JSON; the fields are described in docs/plan.md."""
    from pytest_llmops.measure.planning import usual_calls

    check = item.stash[CHECK]
    parts = target.table.components
    serving = {role: parts.serving(role) for role in needed_roles(item, ROLES)}
    fixtures = our_fixtures(item)
    cost = cost_of(
        item,
        Asking(
            components=called_by(fixtures, parts),
            tables=parts.configured(),
            prompts=len(target.table.prompts),
            timed=lambda name: usual_calls(target, name, recording=recording),
            params=getattr(getattr(item, "callspec", None), "params", {}),
            suffix="".join(item.name.partition("[")[1:]),
            changes=CHANGE in fixtures,
            load=target.table.load,
            asks=asks_of(target) | backup_asks_of(target),
        ),
    )
    read = cost_of_figures(cost.figures, target)
    operations = Counter(cost.operations) + Counter(read.operations) + calls_of(cost.carried_out, target)
    asked = {name: calls(target) for name, calls in ONCE.items() if name in fixtures}
    asked |= {**once_for_triage(fixtures, target), **read.once}
    asked |= once_for_leaks(item, target) if LEAKS in fixtures else {}
    whole = once_for_erasure(item, target) if ERASURE in fixtures else {}
    whole |= once_for_retrieval(item, target) if RETRIEVAL in fixtures else {}
    asked |= whole
    reached = cost.reached | {
        name.partition(".")[0]
        for calls in (*whole.values(), asked.get(GOLDEN, {}), asked.get(JUDGED, {}))
        for name in calls
    }
    if afresh:
        asked = {name if name in KEPT else f"{name}{AFRESH}": calls for name, calls in asked.items()}
    return {
        **check.identity,
        "suites": carried_suites(item),
        "components": sorted({name for name in serving.values() if name} | read.components | reached),
        "timed": bool(fixtures & COMPARING),
        "alone": check.exclusive,
        "calls": sum(operations.values()),
        "tokens": cost.tokens + read.tokens,
        "timed_calls": cost.timed_calls,
        "timed_tokens": cost.timed_tokens,
        "operations": dict(operations),
        "once": asked,
        "once_tokens": attack_tokens(fixtures, target) | golden_tokens(fixtures, target) | leak_tokens(asked, target),
        "measures": cost.measures,
        "records": cost.records,
        "disruption": disruption_of(cost.changes, cost.carried_out, target, lacking, fixtures, cost.loads)
        if check.disruptive
        else None,
    }


def called_by(fixtures: Iterable[str], parts: Components) -> dict[str, str]:
    """Fixtures of a test whose methods call a component, and that component; what is asked once was asked before."""
    asked = {name: ASKS.get(name, name) for name in fixtures if name not in {TRAFFIC, *ATTACKS}}
    serving = {name: parts.serving(role) for name, role in asked.items() if role in ROLES}
    return {name: component for name, component in serving.items() if component}


def carried_suites(item: pytest.Item) -> list[str]:
    """The suites' markers that a test carries."""
    carried = {marker.name for marker in item.iter_markers()}
    return [name for name in SUITES if name in carried]


def total_of(checks: Iterable[dict[str, Any]], target: Target) -> dict[str, Any]:
    """What they come to together, the components' preflights included."""
    return together(list(checks), preflight_calls(target))


def share_of(checks: Sequence[dict[str, Any]], target: Target) -> dict[str, Any] | None:
    """What each measurement of these checks may cost; None where nothing is measured."""
    from pytest_llmops.judge.schedule import SLOW_LOOKS
    from pytest_llmops.measure.planning import shares

    count = measurements(checks)
    if not count:
        return None
    where_slow = None if target.table.baseline.looks else SLOW_LOOKS[0]
    share = asdict(shares(target.table.budget, count))
    del share["cost"]  # money is not shared out: whoever comes first may spend it
    return {"measurements": count, **share, "calls_where_slow": where_slow}


def against(run: Run) -> dict[str, Any] | None:
    """What the deployment that is called in turns with the target would be asked; None without one."""
    twin, selected = run.twin, run.selected
    if twin is None:
        return None
    timed = [check for check in (selected.planned if selected else []) if check["timed"]]
    called = {measured["component"] for check in timed for measured in check["measures"]}
    preflights = preflight_calls(twin.declared)
    return {
        "target": twin.declared.name,
        "called": twin.said,
        "budget": twin.declared.table.budget.model_dump(mode="json"),
        "calls": sum(check["timed_calls"] for check in timed) + sum(preflights.get(name, 0) for name in called),
        "tokens": sum(check["timed_tokens"] for check in timed),
    }


def stay_here(config: pytest.Config) -> None:
    """No workers, no results of other plugins: a plan is made in this process, and is all that is written."""
    for option, nothing in (("numprocesses", None), ("dist", "no"), ("tx", []), ("allure_report_dir", None)):
        if hasattr(config.option, option):
            setattr(config.option, option, nothing)


def plan_of(run: Run) -> dict[str, Any]:
    """The whole plan, as in ``plan.json``; without secrets, for a parametrized id may be one."""
    target, selected = run.declared, run.selected
    checks = selected.planned if selected else []
    plan = {
        "target": target.name,
        "profile": target.table.profile,
        "environment": target.table.environment,
        "embedded": target.table.embedded,
        "budget": target.table.budget.model_dump(mode="json"),
        "total": total_of(checks, target),
        "share": share_of(checks, target),
        "preflight_calls": preflight_calls(target),
        "not_applicable": selected.not_applicable if selected else {},
        "against": against(run),
        "checks": checks,
        "left_out": selected.left_out if selected else [],
    }
    cleaned: dict[str, Any] = run.redactor.inside(plan)
    return cleaned
